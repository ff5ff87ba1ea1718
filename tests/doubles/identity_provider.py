"""A double of a ministry's identity provider: OpenID Connect on loopback TLS."""

import asyncio
import base64
import hashlib
import ipaddress
import json
import secrets
import ssl
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from tests.doubles import certificates
from tests.doubles.loopback import Request, Response, serve

CLIENT, SECRET = "casa", "a-secret-of-the-client-0123456789"


class IdentityProvider:
    """``sign_in`` plays the person at the provider's page; the rest is what CASA asks by itself."""

    def __init__(self, folder: Path) -> None:
        certificates.make(folder, [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        self.ca = folder / "ca.pem"
        self.key = RSAKey.generate_key(2048, parameters={"use": "sig"}, auto_kid=True)
        self._codes: dict[str, dict[str, Any]] = {}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        made = asyncio.run_coroutine_threadsafe(serve(self._answer, context, 0), self._loop)
        self.issuer = f"https://127.0.0.1:{made.result(10).sockets[0].getsockname()[1]}"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def sign_in(self, address: str, who: str, **changed: Any) -> dict[str, str]:
        """What the browser is sent back with, after signing in at ``address`` as ``who``."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        moment = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "sub": who, "iat": moment, "exp": moment + 300,
            "nonce": asked["nonce"], "email": who, "email_verified": True,
            "amr": ["pwd", "otp", "mfa"],
        }  # fmt: skip
        self._codes[code] = asked | {"claims": claims | changed}
        return {"code": code, "state": asked["state"]}

    async def _answer(self, request: Request) -> Response:
        match urlsplit(request.path).path:
            case "/.well-known/openid-configuration":
                return _json(
                    {
                        "issuer": self.issuer,
                        "authorization_endpoint": f"{self.issuer}/authorize",
                        "token_endpoint": f"{self.issuer}/token",
                        "jwks_uri": f"{self.issuer}/keys",
                    }
                )
            case "/keys":
                return _json({"keys": [self.key.as_dict(private=False)]})
            case "/token":
                return self._token(request)
        return _json({"error": "not_found"}, 404)

    def _token(self, request: Request) -> Response:
        """RFC 6749 section 4.1.3 with RFC 7636: a code is good once, for who asked for it."""
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        given = base64.b64decode(request.headers["authorization"].split()[1]).decode()
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or given != f"{CLIENT}:{SECRET}":
            return _json({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return _json({"error": "invalid_grant"}, 400)
        return _json({"access_token": "x", "token_type": "Bearer", "id_token": self._sign(asked)})

    def _sign(self, asked: dict[str, Any]) -> str:
        claims = dict(asked["claims"])
        match claims.pop("forged", ""):
            case "key":
                other = RSAKey.generate_key(2048, parameters={"kid": self.key.kid})
                return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, other)
            case "algorithm":
                shared = OctKey.import_key(SECRET)
                return jwt.encode({"alg": "HS256"}, claims, shared, algorithms=["HS256"])
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)


def _json(body: Any, status: int = 200) -> Response:
    return Response(status, json.dumps(body).encode())
