"""Holds every answer against the OpenAPI document: its status, its media type, its body.

Stricter than a reader need be: what an answer holds and the document does not name is a fault too.
"""

import json
import re
from typing import Any

import jsonschema_rs
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from casa.documenting import LateApi

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PROBLEM = "application/problem+json"


class AnswerFault(AssertionError):
    """The service answered something that its document does not say."""


class Document:
    """An OpenAPI 3.1 document whose schemas are compiled when they are first needed."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.paths: dict[str, dict[str, Any]] = document["paths"]
        self._responses = document["components"]["responses"]
        self._components = {"schemas": _closed(document["components"]["schemas"])}
        self._validators: dict[str, jsonschema_rs.Validator] = {}

    def check(self, path: str, method: str, status: int, media_type: str, body: bytes) -> None:
        """Raise AnswerFault unless this is an answer that the document gives the operation."""
        where = f"{method} {path} {status}"
        try:
            responses = self.paths[path][method.lower()]["responses"]
        except KeyError:
            raise AnswerFault(f"{where}: no such operation in the document") from None
        # Some tests break a part of the service on purpose.
        known = "default" if status == 500 else str(status)
        if known not in responses:
            raise AnswerFault(f"{where}: an undocumented status")
        response = responses[known]
        if "$ref" in response:
            response = self._responses[response["$ref"].rpartition("/")[2]]
        content = response.get("content", {})
        if not content:
            if body and method != "HEAD":
                raise AnswerFault(f"{where}: documented without a body; has {body[:100]!r}")
            return
        wanted = (media_type, media_type.split("/")[0] + "/*", "*/*")
        schema = next((content[one]["schema"] for one in wanted if one in content), None)
        if schema is None:
            raise AnswerFault(f"{where}: {media_type!r} is not one of {list(content)}")
        if media_type.endswith("json"):
            self._check_body(where, schema, body)

    def _check_body(self, where: str, schema: dict[str, Any], body: bytes) -> None:
        key = json.dumps(schema)
        if key not in self._validators:
            whole = {**_closed(schema), "components": self._components}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        error = next(self._validators[key].iter_errors(json.loads(body)), None)
        if error is not None:
            raise AnswerFault(f"{where}: at {error.instance_path}: {error.message[-300:]}")


def _closed(schema: Any) -> Any:
    """The schema, but that objects hold nothing that it does not name."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    if "properties" in schema and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


_made: list[Document] = []


def document_of(app: Flask) -> Document:
    """The document of the service, which is the same for all settings: made once in a process."""
    if not _made:
        api: LateApi = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
        _made.append(Document(api.document()))
    return _made[0]


class CheckedClient(FlaskClient):
    """Flask's client, to which a service of ours can answer nothing undocumented."""

    def open(self, *arguments: Any, **named: Any) -> TestResponse:
        response = super().open(*arguments, **named)
        if "flask-smorest" in self.application.extensions:
            self._check(response)
        return response

    def _check(self, response: TestResponse) -> None:
        method, path = response.request.method, response.request.path
        media_type = response.mimetype or ""
        # Socket.IO stands before the application and is described by a document of its own.
        if method not in _METHODS or path.startswith("/socket.io"):
            return
        try:
            rule, _ = self.application.url_map.bind("localhost").match(
                path, method, return_rule=True
            )
        except HTTPException:
            assert media_type == PROBLEM or response.status_code < 400
            return
        if rule.endpoint in ("api-docs.openapi_json", "static") or "." not in rule.endpoint:
            return
        body = b"" if response.is_streamed and not media_type.endswith("json") else response.data
        template = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        document_of(self.application).check(
            template, method, response.status_code, media_type, body
        )
