"""Problem responses: every error leaves the service as RFC 9457 ``application/problem+json``.

One place turns the exceptions of the domain, of the framework and of the database into a status,
a stable ``type``, a sentence on what is wrong and, for each faulty field, where it is and how to
mend it.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, json, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True)
class FieldError:
    """One fault of the input: ``pointer`` is a JSON pointer (RFC 6901) into the request.

    ``start`` and ``end`` (exclusive) are the characters of a text that it is about.
    """

    pointer: str
    detail: str
    start: int | None = None
    end: int | None = None

    def shown(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


class Problem(Exception):
    """An answer that is not what was asked for.

    ``code`` names the sort of problem for machines (``about:blank`` is never used); ``detail``
    says to a person what is wrong and how to mend it; ``headers`` go with the response. Its
    ``instance`` is the request's id.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extensions = extensions

    def response(self) -> Response:
        body: dict[str, Any] = {
            "type": f"urn:casa:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if "request_id" in g:
            body["instance"] = f"urn:uuid:{g.request_id}"
        if self.errors:
            body["errors"] = [error.shown() for error in self.errors]
        body.update(self.extensions)
        return Response(json.dumps(body), self.status, self.headers, content_type=CONTENT_TYPE)


def not_found(what: str) -> Problem:
    return Problem(404, "not-found", f"There is no {what}.")


def flatten(messages: object, pointer: str = "") -> Iterator[FieldError]:
    """The faults in marshmallow's nested messages, each with its pointer."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            step = "" if key == "_schema" else "/" + str(key).replace("~", "~0").replace("/", "~1")
            yield from flatten(inner, pointer + step)
    elif isinstance(messages, list | tuple):
        for message in messages:
            yield from flatten(message, pointer)
    elif isinstance(messages, FieldError):
        yield FieldError(pointer + messages.pointer, messages.detail)
    else:
        yield FieldError(pointer, str(messages))


def invalid(errors: Sequence[FieldError]) -> Problem:
    """422 naming every faulty field."""
    first = errors[0]
    where = f" at {first.pointer}" if first.pointer else ""
    return Problem(
        422, "invalid", f"The request is not valid{where}: {first.detail}", errors=errors
    )


_LOCATIONS = ("json", "query", "files", "form", "headers")


def _from_http(error: HTTPException) -> Problem:
    """Werkzeug's and webargs' errors, whose field messages stand in ``error.data``."""
    messages = getattr(error, "data", {}).get("messages")
    if isinstance(messages, Mapping):
        inner: object = messages
        if len(messages) == 1 and next(iter(messages)) in _LOCATIONS:
            inner = next(iter(messages.values()))
        errors = list(flatten(inner))
        if error.code == 422 and errors:
            return invalid(errors)
        if errors:
            return Problem(error.code or 400, "bad-request", errors[0].detail, errors=errors)
    code = (error.name or "error").lower().replace(" ", "-")
    headers = {
        name: value
        for name, value in error.get_headers()
        if name.lower() in ("allow", "retry-after", "www-authenticate", "content-range")
    }
    return Problem(error.code or 500, code, _mend(error), headers=headers)


def _mend(error: HTTPException) -> str:
    match error.code:
        case 404:
            return "There is nothing at this address."
        case 405:
            return f"{request.method} is not possible here; see the Allow header."
        case 413:
            return "The request body is larger than this service accepts."
        case 415:
            return "Send the body as application/json with that Content-Type."
    return error.description or "The request could not be answered."


def init_app(app: Flask) -> None:
    """Answer every exception of ``app`` with a problem response."""

    @app.errorhandler(Problem)
    def problem(error: Problem) -> Response:
        return error.response()

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        response = error.get_response()
        if response.status_code < 400 or response.content_type == CONTENT_TYPE:
            return response  # type: ignore[return-value]
        return _from_http(error).response()

    @app.errorhandler(OperationalError)
    def unavailable(error: OperationalError) -> Response:
        log.error("the database failed at %s %s: %s", request.method, request.path, error.orig)
        detail = "The service cannot reach its database; nothing was changed. Try again soon."
        return Problem(503, "unavailable", detail, headers={"Retry-After": "5"}).response()

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        identity = g.get("request_id", "-")
        log.exception("unexpected error at %s %s (%s)", request.method, request.path, identity)
        detail = "The service met an unexpected error; nothing was changed. Try again later."
        return Problem(500, "internal", detail).response()
