"""Cursors: every list takes its own and refuses what is none, whatever it looks like."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from casa import paging

NO_CURSORS = (
    "x",
    "%00",
    paging.encode([]),
    paging.encode(["no moment", "x"]),
    paging.encode(["9999-12-31T23:59:59-23:59", "x"]),
    paging.encode([{"a": 1}, None]),
    paging.encode(["\x00", "x"]),
    paging.encode(["\ud800", "x"]),
    paging.encode(["2026-01-01T00:00:00Z", "\x00"]),
    paging.encode([10**30]),
)
BY_NAME = ("/v1/shelters", "/v1/agencies/me/shelters")
"""They go on after any name."""


def lists_of(app: Flask) -> list[str]:
    """The paths of all lists that need no identifier."""
    documented: dict[str, Any] = app.test_client().get("/openapi.json").json["paths"]
    return [
        path
        for path, methods in documented.items()
        if "{" not in path
        and any(one.get("name") == "cursor" for one in methods.get("get", {}).get("parameters", []))
    ]


@pytest.mark.parametrize("cursor", NO_CURSORS)
def test_what_is_no_cursor_is_named(
    app: Flask, client: FlaskClient, bearer: Callable[[str], dict[str, str]], cursor: str
) -> None:
    lists = lists_of(app)
    assert len(lists) >= 8
    for path in lists:
        for headers in ({}, bearer("cdema")):
            answer = client.get(path, query_string={"cursor": cursor}, headers=headers)
            fits = path in BY_NAME and answer.status_code == 200
            assert fits or answer.status_code in (401, 403, 422), (path, answer.json)
            if answer.status_code == 422:
                assert [one["pointer"] for one in answer.json["errors"]] == ["/cursor"], path
