"""The OpenAPI document by itself: complete, and with one name for each thing."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from casa.documenting import operations
from tests.document import PROBLEM, AnswerFault, Document


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The document knows no database."""
    return sqlite_url


def test_every_operation_is_named_and_says_what_it_answers(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    named = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(named) == len(set(named)) > 120
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        good = [one for one in operation["responses"] if one.startswith("2")]
        assert good or "302" in operation["responses"], where
        for status, response in operation["responses"].items():
            if "$ref" in response:
                response = document["components"]["responses"][response["$ref"].split("/")[-1]]
            if status in ("204", "302", "304"):
                assert "content" not in response, where
                continue
            assert all("schema" in one for one in response["content"].values()), where
            if status >= "400" and (path, status) not in _OWN_ERRORS:
                assert list(response["content"]) == [PROBLEM], where


# A page for people, and an answer for machines that watch.
_OWN_ERRORS = {("/missing-persons/{identifier}", "410"), ("/readyz", "503")}


def test_what_can_be_sent_is_closed(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    for _, _, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            name = content["schema"].get("$ref", "").split("/")[-1]
            if name:
                schema: dict[str, Any] = document["components"]["schemas"][name]
                assert "additionalProperties" in schema, name


@pytest.mark.parametrize(
    ("status", "media_type", "body"),
    [
        (299, "application/json", b"{}"),
        (200, "text/html", b"{}"),
        (200, "application/json", b'{"places": [], "more": 1}'),
        (200, "application/json", b'{"places": [{"code": 1}]}'),
        (422, "application/json", b"{}"),
        (422, PROBLEM, b'{"title": "without its type"}'),
    ],
)
def test_the_validator_finds_what_is_not_documented(
    client: FlaskClient, status: int, media_type: str, body: bytes
) -> None:
    document = Document(client.get("/openapi.json").json)
    document.check("/v1/places", "GET", 200, "application/json", b'{"places": []}')
    with pytest.raises(AnswerFault):
        document.check("/v1/places", "GET", status, media_type, body)
