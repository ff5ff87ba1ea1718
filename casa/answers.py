"""Answers that are for one caller alone."""

from typing import Any

from flask import Response, json


def uncached(response: Response) -> Response:
    """``response`` as one that no cache keeps; for a blueprint's ``after_request``."""
    response.headers["Cache-Control"] = "no-store"
    return response


def private(body: Any, status: int = 200) -> Response:
    """``body`` as JSON that no cache keeps."""
    return uncached(Response(json.dumps(body), status, content_type="application/json"))
