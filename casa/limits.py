"""How much one caller may ask for: by key, officer or device that is proven, else by address.

Every answer to a limited request says what is left in ``RateLimit-*`` fields (IETF draft
draft-ietf-httpapi-ratelimit-headers-07). Where processes share a Redis they share the counts;
while it is away each counts for itself.
"""

import re
import time
from collections.abc import Callable

from flask import Flask, Response, request
from flask_limiter import Limiter, RequestLimit

from casa.hardening import neighbourhood
from casa.problems import Problem
from casa.settings import Settings

_TRIED = {
    "/v1/session": "sign-in",
    "/v1/invitations/accept": "sign-in",
    "/v1/session/passkey": "passkey",
    "/v1/session/step-up": "step-up",
    "/v1/session/step-up/passkey": "step-up",
}
_COSTLY = re.compile(r"/v1/missing-persons/(search|[^/]+/poster\.pdf)")
_SIGHTING = re.compile(r"/v1/(missing-persons/[^/]+/sightings|sightings/.+)")


def init_app(app: Flask, settings: Settings, proven: Callable[[], str | None]) -> None:
    """Limit the requests of ``app``; those that only read in public are a cache's to bear.

    But for searches and posters, which take a process many times as long as a list does.
    ``proven`` names who has shown in the request who they are.
    """

    def limit() -> str:
        match _narrow():
            case "sign-in" | "passkey" | "step-up":
                return f"{settings.rate_sign_in} per minute"
            case "sighting":
                return f"{settings.rate_sightings} per minute"
            case "search":
                return f"{settings.rate_searches} per minute"
        rate = settings.rate_agency if proven() else settings.rate_public
        return f"{rate} per minute"

    def who() -> str:
        """Who is proven, else the address; in what anybody may try, the address alone.

        Credentials that are not right are nobody's: a fresh guess gets no fresh count.
        """
        address = neighbourhood(request.remote_addr)
        match narrow := _narrow():
            case None:
                return proven() or address
            case "step-up":
                return f"step-up:{proven() or address}"
        return f"{narrow}:{address}"

    limiter = Limiter(
        who,
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
    """What anybody may try; each sort has a count of its own, so that none uses up another's."""
    if _COSTLY.fullmatch(request.path):
        return "search"
    if request.method != "POST":
        return None
    if _SIGHTING.fullmatch(request.path):
        return "sighting"
    return _TRIED.get(request.path)


def _is_free() -> bool:
    reads = request.method in ("GET", "HEAD", "OPTIONS")
    shown = "Authorization" in request.headers or "casa-session" in request.cookies
    return reads and not shown and not _COSTLY.fullmatch(request.path)


def _seconds_to(moment: float) -> int:
    return max(int(moment - time.time()), 0) + 1


def _too_many(limit: RequestLimit) -> Response:
    detail = "Too many requests: wait as long as Retry-After says."
    headers = {"Retry-After": str(_seconds_to(limit.reset_at))}
    return Problem(429, "too-many-requests", detail, headers=headers).response()
