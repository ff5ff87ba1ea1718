"""Problem responses (RFC 9457): one form for whatever goes wrong."""

import logging

import pytest
from flask import Flask, abort, json
from sqlalchemy.exc import OperationalError

from casa import problems
from casa.problems import FieldError, Problem, flatten


@pytest.fixture
def app() -> Flask:
    made = Flask(__name__)
    problems.init_app(made)

    @made.get("/own")
    def own() -> str:
        raise Problem(409, "wrong-state", "It is over.", headers={"X-Why": "over"}, state="ended")

    @made.get("/teapot")
    def teapot() -> str:
        abort(418)

    @made.get("/broken")
    def broken() -> str:
        raise RuntimeError("the password is hunter2")

    @made.get("/database")
    def database() -> str:
        raise OperationalError("SELECT secret", {}, Exception("gone"))

    return made


def test_a_problem(app: Flask) -> None:
    answer = app.test_client().get("/own")
    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"
    assert answer.headers["X-Why"] == "over"
    assert json.loads(answer.data) == {
        "type": "urn:casa:problem:wrong-state",
        "title": "Conflict",
        "status": 409,
        "detail": "It is over.",
        "state": "ended",
    }


def test_errors_of_the_framework(app: Flask) -> None:
    client = app.test_client()
    for method, path, status in (
        ("GET", "/nowhere", 404),
        ("POST", "/own", 405),
        ("GET", "/teapot", 418),
    ):
        answer = client.open(path, method=method)
        assert answer.status_code == status
        assert answer.content_type == "application/problem+json"
        assert answer.json["status"] == status
    assert "GET" in client.post("/own").headers["Allow"]


def test_what_is_unexpected_tells_nothing_but_the_log(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = app.test_client().get("/broken")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "RuntimeError" in caplog.text


def test_a_database_that_is_away_is_worth_another_try(app: Flask) -> None:
    answer = app.test_client().get("/database")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "SELECT" not in answer.text


def test_pointers_are_json_pointers() -> None:
    messages = {
        "area": {0: {"shapes": {1: ["is open"]}}, 2: {"_schema": ["is empty"]}},
        "a/b": {"c~d": ["no"]},
        "deep": [FieldError("/inner", "odd")],
    }
    assert list(flatten(messages)) == [
        FieldError("/area/0/shapes/1", "is open"),
        FieldError("/area/2", "is empty"),
        FieldError("/a~1b/c~0d", "no"),
        FieldError("/deep/inner", "odd"),
    ]
