"""How much one caller may ask for: by key or officer, by device, by address.

Every answer to a limited request says what is left in ``RateLimit-*`` fields (IETF draft
draft-ietf-httpapi-ratelimit-headers-07). Where processes share a Redis they share the counts;
while it is away each counts for itself.
"""

import hashlib
import re
import time

from flask import Flask, Response, request
from flask_limiter import Limiter, RequestLimit
from flask_limiter.util import get_remote_address

from casa.problems import Problem
from casa.settings import Settings

_SIGN_IN = ("/v1/session", "/v1/session/step-up", "/v1/session/passkey", "/v1/invitations/accept")
_COSTLY = re.compile(r"/v1/missing-persons/(search|[^/]+/poster\.pdf)")
_SIGHTING = re.compile(r"/v1/(missing-persons/[^/]+/sightings|sightings/.+)")


def init_app(app: Flask, settings: Settings) -> None:
    """Limit the requests of ``app``; those that only read in public are a cache's to bear.

    But for searches and posters, which take a process many times as long as a list does.
    """

    def limit() -> str:
        match _narrow():
            case "sign-in":
                return f"{settings.rate_sign_in} per minute"
            case "sighting":
                return f"{settings.rate_sightings} per minute"
            case "search":
                return f"{settings.rate_searches} per minute"
        rate = settings.rate_agency if _credentials() else settings.rate_public
        return f"{rate} per minute"

    limiter = Limiter(
        _who,
        app=app,
        application_limits=[limit],
        application_limits_exempt_when=_is_free,
        storage_uri=settings.shared_redis or "memory://",
        storage_options={"socket_timeout": 1} if settings.shared_redis else {},
        in_memory_fallback_enabled=bool(settings.shared_redis),
        strategy="sliding-window-counter",
        key_prefix=f"{settings.broker_queue}:limits",
        on_breach=_too_many,
    )

    @app.after_request
    def tell(response: Response) -> Response:
        # The library's own headers would put a Retry-After on every answer, over ours.
        if (current := limiter.current_limit) is not None:
            response.headers["RateLimit-Limit"] = str(current.limit.amount)
            response.headers["RateLimit-Remaining"] = str(max(current.remaining, 0))
            response.headers["RateLimit-Reset"] = str(_seconds_to(current.reset_at))
        return response


def _narrow() -> str | None:
    """What anybody may try, and so is counted by address whatever credentials come with it."""
    if request.path in _SIGN_IN:
        return "sign-in"
    if request.method == "POST" and _SIGHTING.fullmatch(request.path):
        return "sighting"
    if _COSTLY.fullmatch(request.path):
        return "search"
    return None


def _credentials() -> str:
    return request.headers.get("Authorization", "") or request.cookies.get("casa-session", "")


def _who() -> str:
    """The address that signs in or reports; else whoever the credentials are of; else the address.

    Devices count by their secret. Wrong credentials get a count of their own each, so what guards
    against guessing is that they are 160 random bits, and officers' attempts count by address.
    """
    if narrow := _narrow():
        return f"{narrow}:{get_remote_address()}"
    if found := _credentials():
        return hashlib.sha256(found.encode()).hexdigest()
    return get_remote_address()


def _is_free() -> bool:
    reads = request.method in ("GET", "HEAD", "OPTIONS")
    return reads and not _credentials() and not _COSTLY.fullmatch(request.path)


def _seconds_to(moment: float) -> int:
    return max(int(moment - time.time()), 0) + 1


def _too_many(limit: RequestLimit) -> Response:
    detail = "Too many requests: wait as long as Retry-After says."
    headers = {"Retry-After": str(_seconds_to(limit.reset_at))}
    return Problem(429, "too-many-requests", detail, headers=headers).response()
