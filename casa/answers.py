"""Answers that are for one caller alone."""

from typing import Any

from flask import Response, json


def private(body: Any, status: int = 200) -> Response:
    """``body`` as JSON that no cache keeps."""
    response = Response(json.dumps(body), status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
