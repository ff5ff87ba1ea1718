"""Answers that are for one caller alone."""

from typing import Any

from flask import Response, g, json


def uncached(response: Response) -> Response:
    """``response`` as one that no cache keeps; for a blueprint's ``after_request``."""
    response.headers["Cache-Control"] = "no-store"
    return response


def private(body: Any, status: int = 200) -> Response:
    """``body`` as JSON that no cache keeps."""
    return uncached(Response(json.dumps(body), status, content_type="application/json"))


def secret(body: Any, status: int = 200) -> Response:
    """``body``, which holds a secret, as JSON that is shown this once."""
    shown_once()
    return private(body, status)


def shown_once() -> None:
    """The request's answer holds a secret: it is not kept, and not given to who asks again."""
    g.shown_once = True
