"""Sign-in with a ministry's own identity provider (OpenID Connect Core 1.0, code flow with PKCE).

The provider vouches for both factors (``amr`` must hold ``mfa``, RFC 8176) and for the address. It
is believed for officers of the agencies that the operator named and no others, or a ministry's
provider could sign in anybody.
"""

import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import RequestException

from casa.settings import Settings

_ALGORITHMS = ["RS256", "ES256", "EdDSA"]
_SCOPE = "openid email"
_SECONDS = 10
_FAULTS = (AuthlibBaseError, JoseError, RequestException, KeyError, TypeError, ValueError)
_LEEWAY = 60  # seconds that two clocks may differ


class OidcRefused(Exception):
    """The provider's answer proves nobody; the message says why, for the log alone."""


@dataclass(frozen=True)
class Pending:
    """What a sign-in that has begun must remember until the provider sends the browser back."""

    state: str
    nonce: str
    verifier: str


class Provider:
    """The identity provider of the settings; what it publishes is read once, when first needed."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._client_id = settings.oidc_client_id
        secret = settings.oidc_client_secret
        self._secret = secret.read_text().strip() if secret else None
        ca = str(settings.oidc_ca) if settings.oidc_ca else True
        # Said with each request: an environment's own bundle would win over the session's.
        self._how: dict[str, Any] = {"timeout": _SECONDS, "verify": ca}
        self._redirect = f"{settings.base_url}/v1/session/oidc/callback"
        self.agencies = tuple(
            code.strip() for code in settings.oidc_agencies.split(",") if code.strip()
        )

    def begin(self) -> tuple[str, Pending]:
        """Where to send the browser, and what to remember.

        Raises:
            OidcRefused: the provider does not answer.
        """
        pending = Pending(*(secrets.token_urlsafe(48) for _ in range(3)))
        with self._session() as session:
            address, _ = session.create_authorization_url(
                self._about["authorization_endpoint"],
                state=pending.state,
                nonce=pending.nonce,
                code_verifier=pending.verifier,
            )
        return str(address), pending

    def finish(self, pending: Pending, code: str) -> str:
        """The verified e-mail address of who signed in with both factors.

        Raises:
            OidcRefused
        """
        try:
            with self._session() as session:
                token = session.fetch_token(
                    self._about["token_endpoint"],
                    code=code,
                    code_verifier=pending.verifier,
                    **self._how,
                )
                keys = session.request(
                    "GET", self._about["jwks_uri"], withhold_token=True, **self._how
                ).json()
            found = jwt.decode(
                token["id_token"], KeySet.import_key_set(keys), algorithms=_ALGORITHMS
            )
            self._registry(pending).validate(found.claims)
            return _address(found.claims)
        except (
            AuthlibBaseError,
            JoseError,
            RequestException,
            KeyError,
            TypeError,
            ValueError,
        ) as error:
            raise OidcRefused(f"{type(error).__name__}: {error}") from error

    def _registry(self, pending: Pending) -> jwt.JWTClaimsRegistry:
        """Core section 3.1.3.7."""
        return jwt.JWTClaimsRegistry(
            leeway=_LEEWAY,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": pending.nonce},
        )

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            self._client_id,
            self._secret,
            scope=_SCOPE,
            redirect_uri=self._redirect,
            code_challenge_method="S256",
        )

    @cached_property
    def _about(self) -> dict[str, Any]:
        """Discovery 1.0; an issuer that says it is another is none (section 4.3)."""
        address = f"{self._issuer}/.well-known/openid-configuration"
        try:
            with self._session() as session:
                answer = session.request("GET", address, withhold_token=True, **self._how)
                about = dict(answer.json())
        except (RequestException, ValueError) as error:
            raise OidcRefused(f"the provider does not answer: {error}") from error
        if str(about.get("issuer", "")).rstrip("/") != self._issuer:
            raise OidcRefused("the provider says that it is another")
        return about


def _address(claims: dict[str, Any]) -> str:
    if "mfa" not in (claims.get("amr") or ()):
        raise OidcRefused("the provider does not vouch for a second factor (amr without mfa)")
    if claims.get("email_verified") is not True or not claims.get("email"):
        raise OidcRefused("the provider does not vouch for the address")
    return str(claims["email"]).lower()


def provider_of(settings: Settings) -> Provider | None:
    """The provider, where one is set up."""
    return Provider(settings) if settings.oidc_issuer else None
