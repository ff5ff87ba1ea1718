"""Photographs as they are sent: taken from a request within bounds, and milled."""

import logging
import threading
from dataclasses import dataclass
from typing import Any

from flask import Response, request
from werkzeug.exceptions import UnsupportedMediaType

from casa.missing_persons.media import MediaAway
from casa.missing_persons.photographs import Photograph, PhotographError, mill_safely
from casa.missing_persons.pictures import MAX_BYTES
from casa.problems import FieldError, Problem, invalid

log = logging.getLogger(__name__)

FIELD = "photograph"
_PICTURE = {"type": "string", "format": "binary"}
BODY: dict[str, Any] = {
    "required": True,
    "description": "JPEG, PNG, WebP, AVIF or HEIC of at most 40 MB, by itself or as a form's file",
    "content": {
        "image/*": {"schema": _PICTURE},
        "application/octet-stream": {"schema": _PICTURE},
        "multipart/form-data": {
            "schema": {"type": "object", "required": [FIELD], "properties": {FIELD: _PICTURE}}
        },
    },
}
"""The request body for the API's description."""

_FORM_BYTES = 10_000
_BY_CONTENT = ("", "application/octet-stream")


@dataclass(frozen=True)
class Mills:
    """How many files are read at once, each with up to 800 MB, and how many seconds others wait."""

    room: threading.BoundedSemaphore
    patience: float


# Apart from each other, so that no flood of strangers' pictures keeps an officer waiting.
OFFICERS = Mills(threading.BoundedSemaphore(2), patience=60)
STRANGERS = Mills(threading.BoundedSemaphore(1), patience=20)


def make_room(endpoint: str | None, _values: Any) -> None:
    """Let a photograph be larger than other requests.

    To be a blueprint's ``url_value_preprocessor``: it must come before anything reads the body,
    which the application's own ``before_request`` functions do.
    """
    if request.method == "POST" and endpoint and endpoint.endswith("Photographs"):
        request.max_content_length = MAX_BYTES + _FORM_BYTES


def received() -> bytes:
    """The file in the request: its body, or the form's file ``photograph``.

    Raises:
        Problem: 422 where there is none, 415 for what is neither.
    """
    if request.mimetype == "multipart/form-data":
        if (file := request.files.get(FIELD)) is None:
            raise invalid([FieldError(f"/{FIELD}", "is missing: send the picture as this file")])
        return bytes(file.read())
    # Strangers' programs often do not know what they send: the content tells, whatever the type.
    if not request.mimetype.startswith("image/") and request.mimetype not in _BY_CONTENT:
        raise UnsupportedMediaType
    return request.get_data()


def milled(data: bytes, mills: Mills) -> Photograph:
    """The clean renditions of a file, read by one of ``mills``.

    Raises:
        Problem: 422 with what is wrong with the picture; 503 while too many are being read.
    """
    if not mills.room.acquire(timeout=mills.patience):
        detail = "Too many photographs are being read at this moment: send it again soon."
        raise Problem(503, "busy", detail, headers={"Retry-After": "10"})
    try:
        return mill_safely(data)
    except PhotographError as error:
        raise invalid([FieldError(f"/{FIELD}", str(error))]) from error
    finally:
        mills.room.release()


def away(error: MediaAway) -> Response:
    """For a blueprint's error handler: the store of photographs does not answer."""
    log.error("the store of photographs is away: %s", error)
    detail = "Photographs can be neither stored nor shown at this moment: try again soon."
    return Problem(503, "unavailable", detail, headers={"Retry-After": "10"}).response()
