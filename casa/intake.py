"""What any request may hold, held against it before a route sees it.

One place for all routes and both databases: the address and the query are UTF-8 without control
characters, a JSON body is JSON as ``strict_json`` has it, and whatever reads arguments reads them
through ``StrictParser``.
"""

import re
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from flask import Flask, Request, request
from marshmallow import Schema, ValidationError, fields, missing
from webargs.flaskparser import FlaskParser, is_json_request
from webargs.multidictproxy import MultiDictProxy
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from casa.problems import Problem
from casa.strict_json import LARGEST, StrictProvider

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


class StrictRequest(Request):
    """Flask's request, which says what is wrong with its JSON, and cuts no body short."""

    def get_data(self, *arguments: Any, **named: Any) -> Any:
        """The whole body.

        Werkzeug ends a body of unknown length silently at the bound; what fills the bound is
        therefore refused as too large.
        """
        body = super().get_data(*arguments, **named)
        most = self.max_content_length
        if self.content_length is None and most is not None and len(body) >= most:
            raise RequestEntityTooLarge
        return body

    def on_json_loading_failed(self, error: ValueError | None) -> NoReturn:
        raise Problem(400, "bad-request", f"The body cannot be read: {error}.")


class StrictParser(FlaskParser):
    """Reads arguments by their schemas; refuses what one reader may read thus and another so."""

    def _raw_load_json(self, req: Request) -> Any:
        if not req.get_data():
            return missing
        if not is_json_request(req):
            raise UnsupportedMediaType
        return req.get_json()

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        values = MultiDictProxy(req.args, schema)
        faults = {
            name: ["is there twice; give it once"]
            for name, given in req.args.lists()
            if len(given) > 1 and name not in values.multiple_keys
        }
        faults |= {
            name: ["has more digits than this service keeps (64 bits)"]
            for name, field in schema.fields.items()
            if isinstance(field, fields.Integer) and _is_endless(req.args.get(name, ""))
        }
        if faults:
            raise ValidationError(faults)
        return values


def _is_endless(text: str) -> bool:
    try:
        return abs(int(text)) > LARGEST
    except ValueError:
        return False  # what else it is, its field finds out


def init_app(app: Flask) -> None:
    """Look at every request of ``app``; must come before what reads bodies."""
    app.request_class = StrictRequest
    app.json = StrictProvider(app)
    app.before_request(_look)


def _look() -> None:
    _check("address", request.environ.get("PATH_INFO", "").encode("latin-1"))
    _check("query", unquote_to_bytes(request.query_string))
    _check_numbers()
    if is_json_request(request) and request.get_data():
        request.get_json()


def _check_numbers() -> None:
    """No database keeps more than 64 bits."""
    for value in (request.view_args or {}).values():
        if isinstance(value, int) and value > LARGEST:
            raise Problem(400, "bad-request", "The address holds a number that is too large.")


def _check(part: str, raw: bytes) -> None:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Problem(400, "bad-request", f"The {part} is not UTF-8.") from None
    if _CONTROL.search(text):
        raise Problem(400, "bad-request", f"The {part} holds control characters.")
