"""A double of radio stations' and partners' servers: any number of names on one loopback server.

Requests come in through a proxy that leads every name here, as with push services. A signature is
checked as the Standard Webhooks specification (1.0) tells receivers to, from its text alone.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.doubles.loopback import Drop, Request, Response
from tests.doubles.push_service import PushService


@dataclass
class Posted:
    """One request as it came in."""

    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)

    def is_signed_by(self, secret: str) -> bool:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        identifier, moment = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        content = f"{identifier}.{moment}.".encode() + self.body
        found = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        return f"v1,{found}" in self.headers["webhook-signature"].split(" ")


class Receiver(PushService):
    """The first part of a path tells what is answered: ``/ok``, ``/slow``, ``/drop``, ``/moved`` or
    ``/STATUS``; ``answers`` says otherwise for a whole address.
    """

    def __init__(self, folder: Path) -> None:
        self.posted: list[Posted] = []
        self.answers: dict[str, str] = {}
        super().__init__(folder)

    async def _answer(self, request: Request) -> Response:
        host = request.headers.get(":authority") or request.headers["host"]
        url = f"https://{host}{request.path}"
        self.posted.append(Posted(url, request.headers, request.body))
        what = self.answers.get(url) or urlsplit(url).path.split("/")[1]
        if what == "slow":
            await asyncio.sleep(60)
        if what == "drop":
            raise Drop
        if what == "moved":
            return Response(307, b"", {"location": url.replace("/moved", "/ok")})
        return Response(200 if what == "ok" else int(what), b"")
