"""A double of Firebase Cloud Messaging: HTTP v1 and the OAuth token endpoint, on loopback TLS.

``python tests/doubles/fcm.py --port 0 --folder DIR`` prints one line of JSON when it listens:
``{"url", "ca", "account", "project_id", "pid"}``. ``ca`` (a PEM file) is to be trusted for it and
``account`` is a service account file for ``firebase_admin.credentials.Certificate``. Keys, the
record and revocations live in the folder: started again there, on the same port, it goes on
as before.

A token that begins with one of ``ANSWERS`` is answered so. Control, without authentication:

* ``GET /_record?since=N``: ``{"messages": [...]}``, each request for a message from number N on
  with ``number``, ``time``, ``device``, ``collapse_key``, ``outcome``, ``http`` and ``message``.
* ``POST /_behaviour``: ``{"prefix", "answer", "times"?, "retry_after"?, "seconds"?}``: answer
  tokens with that prefix (``""``: all) so, ``times`` times or for good.
* ``DELETE /_behaviour``: forget these. ``POST /_revoke``: no access token so far is good.
"""

import argparse
import asyncio
import json
import os
import secrets
import signal
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from fcm_keys import Keys
from fcm_schema import violations
from loopback import Drop, GoAway, Refuse, Request, Response, serve

PROJECT = "casa-demo"
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"

# answer -> (HTTP status, Google's status, FCM's code, message)
ERRORS = {
    "unregistered": (404, "NOT_FOUND", "UNREGISTERED", "Requested entity was not found."),
    "invalid": (
        400,
        "INVALID_ARGUMENT",
        "INVALID_ARGUMENT",
        "The registration token is not a valid FCM registration token",
    ),
    "mismatch": (403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", "SenderId mismatch"),
    "quota": (429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", "Quota exceeded."),
    "unavailable": (503, "UNAVAILABLE", "UNAVAILABLE", "The service is unavailable."),
    "internal": (500, "INTERNAL", "INTERNAL", "Internal error encountered."),
    "thirdparty": (
        401,
        "UNAUTHENTICATED",
        "THIRD_PARTY_AUTH_ERROR",
        "APNs certificate or web push auth key was invalid or missing",
    ),
}
# refuse: not taken. goaway: nor any later one, and the connection closed. slow: a good answer late.
# drop: taken, and the connection cut before the answer.
REFUSALS = {"refuse": Refuse, "goaway": GoAway}
ANSWERS = (*ERRORS, *REFUSALS, "slow", "drop")


class Fcm:
    """The service's state and answers."""

    def __init__(self, folder: Path, keys: Keys) -> None:
        self._keys = keys
        self._behaviours: list[dict[str, Any]] = []
        self._journal = folder / "record.jsonl"
        lines = self._journal.read_text().splitlines() if self._journal.exists() else []
        self._record: list[dict[str, Any]] = [json.loads(line) for line in lines]
        self._file = self._journal.open("a")

    async def answer(self, request: Request) -> Response:
        parts = urlsplit(request.path)
        match (request.method, parts.path):
            case ("POST", "/token"):
                return self._token(request)
            case ("POST", path) if path == f"/v1/projects/{PROJECT}/messages:send":
                return await self._send(request)
            case ("GET", "/_record"):
                since = int(parse_qs(parts.query).get("since", ["0"])[0])
                return _json(200, {"messages": self._record[since:]})
            case ("POST", "/_behaviour"):
                self._behaviours.insert(0, json.loads(request.body))
                return _json(200, {})
            case ("DELETE", "/_behaviour"):
                self._behaviours.clear()
                return _json(200, {})
            case ("POST", "/_revoke"):
                self._keys.revoke()
                return _json(200, {})
        return _error(404, "NOT_FOUND", "Requested entity was not found.")

    def _token(self, request: Request) -> Response:
        """RFC 7523: a signed assertion for an access token."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return _json(400, {"error": "unsupported_grant_type"})
        if fault := self._keys.fault(form.get("assertion", "")):
            return _json(400, {"error": "invalid_grant", "error_description": fault})
        token, life = self._keys.access_token()
        return _json(200, {"access_token": token, "expires_in": life, "token_type": "Bearer"})

    async def _send(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not self._keys.good(token):
            text = "Request had invalid authentication credentials."
            return _error(401, "UNAUTHENTICATED", text)
        try:
            content = json.loads(request.body)
        except ValueError:
            return _error(400, "INVALID_ARGUMENT", "Invalid JSON payload received.")
        found = violations(content.get("message"))
        found += [(name, f'Unknown name "{name}"') for name in set(content) - _REQUEST_FIELDS]
        if found:
            self._keep(request, content.get("message") or {}, "refused")
            fields = [{"field": field, "description": text} for field, text in found]
            details = {"@type": _BAD_REQUEST, "fieldViolations": fields}
            return _error(400, "INVALID_ARGUMENT", found[0][1], details)
        return await self._deliver(request, content["message"])

    async def _deliver(self, request: Request, message: dict[str, Any]) -> Response:
        behaviour = self._behaviour(_device(message))
        answer = behaviour["answer"]
        if answer in ERRORS:
            self._keep(request, message, answer)
            status, general, code, text = ERRORS[answer]
            response = _error(status, general, text, {"@type": _FCM_ERROR, "errorCode": code})
            if "retry_after" in behaviour:
                response.headers["retry-after"] = str(behaviour["retry_after"])
            return response
        if answer in REFUSALS:
            self._keep(request, message, answer)
            raise REFUSALS[answer]
        if answer == "slow":
            await asyncio.sleep(behaviour.get("seconds", 1.0))
        self._keep(request, message, "sent")
        if answer == "drop":
            raise Drop
        return _json(200, {"name": f"projects/{PROJECT}/messages/{secrets.token_hex(8)}"})

    def _behaviour(self, device: str) -> dict[str, Any]:
        for one in self._behaviours:
            if device.startswith(one["prefix"]) and one.get("times", 1) > 0:
                if "times" in one:
                    one["times"] -= 1
                return one
        for answer in ANSWERS:
            if device.startswith(answer):
                return {"answer": answer}
        return {"answer": "ok"}

    def _keep(self, request: Request, message: dict[str, Any], outcome: str) -> None:
        webpush, apns = message.get("webpush", {}), message.get("apns", {})
        key = (
            message.get("android", {}).get("collapse_key")
            or apns.get("headers", {}).get("apns-collapse-id")
            or webpush.get("headers", {}).get("Topic")
        )
        entry = {
            "number": len(self._record),
            "time": time.time(),
            "device": _device(message),
            "collapse_key": key,
            "outcome": outcome,
            "http": request.http_version,
            "message": message,
        }
        self._record.append(entry)
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()


_REQUEST_FIELDS = {"message", "validate_only", "validateOnly"}


def _device(message: dict[str, Any]) -> str:
    return str(message.get("token") or message.get("fid") or "")


def _json(status: int, value: Any) -> Response:
    return Response(status, json.dumps(value).encode())


def _error(status: int, general: str, text: str, *details: dict[str, Any]) -> Response:
    error = {"code": status, "message": text, "status": general, "details": list(details)}
    return _json(status, {"error": error})


async def main(folder: Path, port: int, token_life: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    keys = Keys(folder, token_life)
    fcm = Fcm(folder, keys)
    server = await serve(fcm.answer, keys.tls(), port)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    keys.write_account(PROJECT, url)
    about = {"url": url, "ca": str(folder / "ca.pem"), "account": str(folder / "account.json")}
    print(json.dumps(about | {"project_id": PROJECT, "pid": os.getpid()}), flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--folder", type=Path, required=True, help="for keys and the record")
    parser.add_argument("--token-life", type=float, default=3600, help="seconds")
    chosen = parser.parse_args()
    asyncio.run(main(chosen.folder, chosen.port, chosen.token_life))
