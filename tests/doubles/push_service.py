"""A double of browsers' push services (RFC 8030): any number of names on one loopback server.

Messages leave CASA through a proxy here, which leads every name to the server, as an operator's
own proxy would lead them to the Internet. What comes in is checked as a push service does (VAPID,
headers) and opened as the browser does, by another implementation of RFC 8291 than CASA's.
"""

import asyncio
import base64
import json
import os
import ssl
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import http_ece
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.doubles import certificates
from tests.doubles.loopback import Drop, Request, Response, serve


@dataclass
class Browser:
    """A subscription of one browser, with the private half that only the browser has."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def subscription(self) -> dict[str, Any]:
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        keys = {"p256dh": _encode(point), "auth": _encode(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def open(self, body: bytes) -> Any:
        text = http_ece.decrypt(
            body, private_key=self.key, auth_secret=self.auth, version="aes128gcm"
        )
        return json.loads(text)


@dataclass
class Delivery:
    """One request as it came in; ``content`` is what the browser read."""

    endpoint: str
    headers: dict[str, str]
    http: str
    claims: dict[str, Any]
    content: Any


class PushService:
    """Names under ``*.push.example.org``. A browser's path tells what it is answered:

    ``/ok/…`` 201, ``/gone/…`` 410, ``/STATUS/…`` that status, ``/slow/…`` nothing for a minute,
    ``/drop/…`` the connection cut after it was taken, ``/endless/…`` an answer of megabytes,
    ``/moved/…`` a redirect. ``/retry-SECONDS-STATUS/…`` the status with Retry-After.
    """

    def __init__(self, folder: Path) -> None:
        self.ca = folder / "ca.pem"
        self.deliveries: list[Delivery] = []
        self.asked: list[str] = []
        self.tunnels: list[str] = []
        self._browsers: dict[str, Browser] = {}
        self._context = self._certify(folder)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        server = self._do(serve(self._answer, self._context, 0))
        self._port = server.sockets[0].getsockname()[1]
        proxy = self._do(asyncio.start_server(self._tunnel, "127.0.0.1", 0))
        self.proxy = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"

    def stop(self) -> None:
        """End what is under way, then the loop: nothing is left for later tests to trip over."""
        self._do(_end_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def browser(self, path: str, host: str = "one.push.example.org") -> Browser:
        """A new browser with that endpoint."""
        endpoint = f"https://{host}/{path}"
        self._browsers[endpoint] = Browser(endpoint)
        return self._browsers[endpoint]

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _certify(self, folder: Path) -> ssl.SSLContext:
        certificates.make(folder, [x509.DNSName("*.push.example.org")])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        return context

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """CONNECT (RFC 9110 section 9.3.6), always to the double."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.tunnels.append(head.split()[1].decode())
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))

    async def _answer(self, request: Request) -> Response:
        host = request.headers.get(":authority") or request.headers["host"]
        endpoint = f"https://{host}{request.path}"
        self.asked.append(endpoint)
        claims = _vapid_claims(request.headers["authorization"])
        fault = _fault(request, claims, endpoint)
        if fault:
            return Response(400, fault.encode())
        content = self._browsers[endpoint].open(request.body)
        what = urlsplit(endpoint).path.split("/")[1]
        if what == "slow":
            await asyncio.sleep(60)
        if what.startswith("retry-"):
            _, seconds, status = what.split("-")
            return Response(int(status), b"", {"retry-after": seconds})
        if what in ("ok", "drop", "endless"):
            made = Delivery(endpoint, request.headers, request.http_version, claims, content)
            self.deliveries.append(made)
        if what == "drop":
            raise Drop
        if what == "endless":
            return Response(201, b"x" * 60_000 * 3)
        if what == "moved":
            return Response(307, b"", {"location": endpoint.replace("/moved/", "/ok/")})
        status = {"ok": 201, "gone": 410}.get(what) or int(what)
        return Response(status, b"")


async def _end_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


def _vapid_claims(header: str) -> dict[str, Any]:
    """The claims of a token that its own key has signed (RFC 8292 section 3)."""
    scheme, _, rest = header.partition(" ")
    assert scheme == "vapid"
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    point = base64.urlsafe_b64decode(parts["k"] + "=" * (-len(parts["k"]) % 4))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    token = jwt.decode(parts["t"], ECKey.import_key(pem), algorithms=["ES256"])
    return {**token.claims, "k": parts["k"]}


def _fault(request: Request, claims: dict[str, Any], endpoint: str) -> str:
    origin = "https://" + urlsplit(endpoint).netloc
    checks = {
        "aud": claims.get("aud") == origin,
        "sub": str(claims.get("sub")).startswith("mailto:"),
        "TTL": request.headers.get("ttl", "").isdigit(),
        "Topic": 1 <= len(request.headers.get("topic", "")) <= 32,
        "Content-Encoding": request.headers.get("content-encoding") == "aes128gcm",
        "size": len(request.body) <= 4_096,
        "method": request.method == "POST",
    }
    return next((name for name, holds in checks.items() if not holds), "")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
