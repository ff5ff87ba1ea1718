"""flask-smorest, whose OpenAPI document is true, and made when somebody first asks for it.

Describing two hundred operations takes longer than all else at the start of a process, and most
processes are never asked. What every operation has in common stands here and in no route: its
operationId, its errors, and that no request may hold what its schema does not name.
"""

import re
import threading
from collections.abc import Iterator
from typing import Any

from flask import Flask
from flask_smorest import Api
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import Schema, fields

from casa.intake import StrictParser
from casa.problems import CONTENT_TYPE

FILE = {"type": "string", "format": "binary"}
"""The schema of what is bytes."""
TEXT = {"type": "string"}
OBJECT = {"type": "object", "additionalProperties": True}
"""The schema of what another standard describes."""
GEOJSON = {
    "type": "object",
    "required": ["type"],
    "properties": {"type": {"enum": ["FeatureCollection", "Feature"]}},
    "additionalProperties": True,
}
"""The schema of a GeoJSON document (RFC 7946)."""
UNCHANGED = "What the client has is still so (If-None-Match)"
_COMPONENTS = "#/components/"


class FieldFaultSchema(Schema):
    pointer = fields.String(
        required=True, metadata={"description": "JSON pointer into the request (RFC 6901)"}
    )
    detail = fields.String(required=True)
    start = fields.Integer(metadata={"description": "Where in the text it begins, in characters"})
    end = fields.Integer(metadata={"description": "Where it ends: the first character after it"})


class ProblemSchema(Schema):
    """An RFC 9457 problem."""

    class Meta:
        unknown = "include"

    type = fields.String(required=True, metadata={"example": "urn:casa:problem:not-found"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(
        required=True, metadata={"description": "What is wrong and how to mend it"}
    )
    instance = fields.String(metadata={"description": "The request's id"})
    errors = fields.List(fields.Nested(FieldFaultSchema))


class Blueprint(SmorestBlueprint):  # type: ignore[misc]
    """flask-smorest's, reading arguments strictly."""

    ARGUMENTS_PARSER = StrictParser()


class LateApi(Api):  # type: ignore[misc]
    """``Api`` with the same routes at once, and the same document later."""

    ERROR_SCHEMA = ProblemSchema

    def __init__(self, app: Flask) -> None:
        self._undocumented: list[Blueprint] = []
        self._lock = threading.Lock()
        super().__init__(app)

    def register_blueprint(self, blp: Blueprint, **_: Any) -> None:
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp)
        self._undocumented.append(blp)

    def document(self) -> dict[str, Any]:
        """The whole document, with what is not yet described described."""
        with self._lock:
            for blueprint in self._undocumented:
                name = blueprint.name
                blueprint.register_views_in_doc(
                    self, self._app, self.spec, name=name, parameters=None
                )
                self.spec.tag({"name": name, "description": blueprint.description})
            self._undocumented.clear()
        document: dict[str, Any] = self.spec.to_dict()
        _complete(document)
        return document

    def _openapi_json(self) -> Any:
        response = self._app.json.response(self.document())
        response.headers["Cache-Control"] = "public, max-age=300"
        return response


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each operation of a document with its address and its method."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield path, method, operation


def _complete(document: dict[str, Any]) -> None:
    problem = {"content": {CONTENT_TYPE: {"schema": {"$ref": f"{_COMPONENTS}schemas/Problem"}}}}
    # flask-smorest knows one media type for all answers; ours has another for errors.
    for response in document["components"]["responses"].values():
        response.update(problem)
    for path, method, operation in operations(document):
        is_page = "text/html" in operation["responses"].get("200", {}).get("content", {})
        operation["operationId"] = _operation_id(path, method) + "_page" * is_page
        parameters = document["paths"][path].get("parameters", [])
        for status, what in _implied(method, operation, bool(parameters)).items():
            operation["responses"].setdefault(status, {"description": what})
        for status, response in operation["responses"].items():
            if status >= "400" and "$ref" not in response and "content" not in response:
                response.update(problem)
    for name in _sent(document):
        schema = document["components"]["schemas"][name]
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)


def _operation_id(path: str, method: str) -> str:
    """``get_alerts_identifier_thread``: the method, then the address in words."""
    words = re.findall(r"[A-Za-z0-9]+", path.removeprefix("/v1"))
    return "_".join([method, *words])


def _implied(method: str, operation: dict[str, Any], named: bool) -> dict[str, str]:
    """The errors that an operation has by what it is and takes."""
    found = {"400": "The request cannot be read"}
    if any(operation.get("security", [])):
        found |= {"401": "Credentials are missing or not valid", "403": "It is not allowed"}
    if named or "requestBody" in operation:
        found["404"] = "There is no such thing, or it is not the caller's to see"
    if "requestBody" in operation:
        found |= {"413": "The body is too large", "415": "The body is of another media type"}
    if method != "get":
        found["409"] = "It does not go with the state that things are in"
        found["422"] = "The request is not valid; each fault is named"
    return found | {
        "429": "Too many requests: Retry-After says how long to wait",
        "503": "It cannot be done at this moment: try again soon",
    }


def _sent(document: dict[str, Any]) -> set[str]:
    """The schemas of which requests are made."""
    found: set[str] = set()
    waiting: list[Any] = [operation.get("requestBody") for _, _, operation in operations(document)]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            name = str(part.get("$ref", "")).removeprefix(f"{_COMPONENTS}schemas/")
            if name and name not in found:
                found.add(name)
                waiting.append(document["components"]["schemas"][name])
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return found
