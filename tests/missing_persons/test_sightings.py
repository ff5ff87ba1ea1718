"""Sightings: sent by anybody, sealed, added to by receipt, read and weighed by one agency."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import text

from casa.agencies.permissions import Role
from casa.database import Database
from casa.missing_persons import sightings
from casa.settings import Settings
from tests.conftest import later
from tests.missing_persons.conftest import case_of, phone_photograph

POSITION = {"longitude": -76.95123456789, "latitude": 17.99123456789}
Report = Callable[..., Any]


def sighting_of(**changes: Any) -> dict[str, Any]:
    return {
        "text": "At the bus park, with a man in a green cap.",
        "seen_at": later(minutes=-5),
        "position": POSITION,
        "contact": "876 555 0100",
    } | changes


@pytest.fixture
def report(client: FlaskClient, published: dict[str, Any]) -> Report:
    def report_(**changes: Any) -> Any:
        path = f"/v1/missing-persons/{published['id']}/sightings"
        return client.post(path, json=sighting_of(**changes))

    return report_


def listed(client: FlaskClient, case: dict[str, Any], headers: Any, query: str = "") -> Any:
    return client.get(f"/v1/missing-persons/{case['id']}/sightings{query}", headers=headers)


def send_photograph(client: FlaskClient, receipt: str) -> Any:
    path = f"/v1/sightings/{receipt}/photographs"
    return client.post(path, data=phone_photograph("olive"), content_type="image/heic")


def test_the_agency_reads_what_was_sent(
    client: FlaskClient, published: dict[str, Any], report: Report, police: Any
) -> None:
    made = report()
    assert made.status_code == 201, made.json
    assert list(made.json) == ["receipt"]
    assert made.headers["Cache-Control"] == "no-store"
    (found,) = listed(client, published, police).json["sightings"]
    assert found["state"] == "new"
    (said,) = found["reports"]
    assert said["position"] == POSITION
    assert said["text"].startswith("At the bus park")
    assert said["contact"] == "876 555 0100"


def test_least_and_most_that_can_be_sent(
    client: FlaskClient, published: dict[str, Any], police: Any
) -> None:
    path = f"/v1/missing-persons/{published['id']}/sightings"
    bare = {"text": "x", "seen_at": later(minutes=-1)}
    assert client.post(path, json=bare).status_code == 201
    assert client.post(path, json=sighting_of(text="é" * 2_000)).status_code == 201
    said = listed(client, published, police).json["sightings"][1]["reports"][0]
    assert (said["position"], said["contact"]) == (None, None)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"text": ""}, "/text"),
        ({"text": "x" * 2_001}, "/text"),
        ({"seen_at": None}, "/seen_at"),
        ({"seen_at": later(hours=1)}, "/seen_at"),
        ({"position": {"longitude": 181, "latitude": 0}}, "/position/longitude"),
        ({"position": {"longitude": 1}}, "/position/latitude"),
        ({"position": {"longitude": 1, "latitude": "NaN"}}, "/position/latitude"),
        ({"name": "x"}, "/name"),
    ],
)
def test_malformed_ones(report: Report, change: dict[str, Any], pointer: str) -> None:
    answer = report(**change)
    assert answer.status_code == 422, answer.json
    assert pointer in [error["pointer"] for error in answer.json["errors"]]


def test_nothing_of_it_is_in_the_clear(
    app: Flask, client: FlaskClient, database: Database, published: dict[str, Any],
    report: Report, settings: Settings,
) -> None:  # fmt: skip
    receipt = report().json["receipt"]
    assert send_photograph(client, receipt).status_code == 201
    with database.engine.connect() as connection:
        kept = b"".join(
            bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
            for table in ("sighting", "sighting_report", "sighting_photograph", "audit_entry")
            for row in connection.execute(text(f"SELECT * FROM {table}"))
            for value in row
        )
    for secret in ("bus park", "76.95", "555 0100", receipt):
        assert secret.encode() not in kept
    (file,) = (settings.var_dir / "media").iterdir()
    with pytest.raises(OSError, match="identify"):
        Image.open(io.BytesIO(file.read_bytes()))
    assert client.get(f"/media/{file.name}").status_code == 404


def test_a_receipt_adds_more(
    client: FlaskClient, published: dict[str, Any], report: Report, police: Any, bearer: Any
) -> None:
    receipt = report().json["receipt"]
    more = client.post(f"/v1/sightings/{receipt}/reports", json={"text": "They took a taxi."})
    assert (more.status_code, more.json) == (201, {"reports": 2, "photographs": 0})
    picture = send_photograph(client, receipt)
    assert (picture.status_code, picture.json) == (201, {"reports": 2, "photographs": 1})
    (found,) = listed(client, published, police).json["sightings"]
    assert [one["text"] for one in found["reports"]][1] == "They took a taxi."
    (photograph,) = found["photographs"]
    path = f"/v1/missing-persons/{published['id']}/sightings/{found['id']}"
    path += f"/photographs/{photograph['id']}"
    got = client.get(path, headers=police)
    assert got.content_type == "image/webp"
    image = Image.open(io.BytesIO(got.data))
    assert image.size == (800, 600)
    assert not image.getexif()
    assert client.get(path).status_code == 401
    assert client.get(path, headers=bearer("police-tt")).status_code == 404
    for wrong in ("x", receipt[:-1], f"{receipt}x"):
        assert client.post(f"/v1/sightings/{wrong}/reports", json={"text": "x"}).status_code == 404
        assert send_photograph(client, wrong).status_code == 404


def test_there_is_a_most(
    client: FlaskClient, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sightings, "MOST_REPORTS", 1)
    monkeypatch.setattr(sightings, "MOST_PHOTOGRAPHS", 1)
    receipt = report().json["receipt"]
    more = client.post(f"/v1/sightings/{receipt}/reports", json={"text": "x"})
    assert more.json["type"] == "urn:casa:problem:enough"
    assert send_photograph(client, receipt).status_code == 201
    assert send_photograph(client, receipt).status_code == 409


def test_only_open_public_cases_take_them(
    client: FlaskClient, published: dict[str, Any], report: Report, police: Any
) -> None:
    draft = client.post("/v1/missing-persons", json=case_of(), headers=police).json["id"]
    for identifier in (draft, "00000000-0000-4000-8000-000000000000"):
        path = f"/v1/missing-persons/{identifier}/sightings"
        assert client.post(path, json=sighting_of()).status_code == 404
    receipt = report().json["receipt"]
    path = f"/v1/missing-persons/{published['id']}/end"
    assert client.post(path, json={}, headers=police).status_code == 200
    assert report().status_code == 410
    more = client.post(f"/v1/sightings/{receipt}/reports", json={"text": "x"})
    assert more.status_code == 410
    assert send_photograph(client, receipt).status_code == 410
    assert len(listed(client, published, police).json["sightings"]) == 1


def test_weighing(
    client: FlaskClient, published: dict[str, Any], report: Report, police: Any, officer: Any
) -> None:
    receipt = report().json["receipt"]
    (found,) = listed(client, published, police).json["sightings"]
    path = f"/v1/missing-persons/{published['id']}/sightings/{found['id']}"
    for state in ("credible", "dismissed", "acted_on"):
        changed = client.patch(path, json={"state": state}, headers=police)
        assert changed.json["state"] == state
        query = f"?state={state}"
        assert len(listed(client, published, police, query).json["sightings"]) == 1
    assert listed(client, published, police, "?state=new").json["sightings"] == []
    assert client.patch(path, json={"state": "true"}, headers=police).status_code == 422
    client.post(f"/v1/sightings/{receipt}/reports", json={"text": "Seen again."})
    assert len(listed(client, published, police, "?state=new").json["sightings"]) == 1
    auditor = officer("police-jm", Role.AUDITOR).headers
    trail = client.get("/v1/audit", headers=auditor).text
    assert "sighting.weigh" in trail
    assert "acted_on" in trail
    assert "bus park" not in trail


def test_who_reads_them(
    client: FlaskClient, published: dict[str, Any], report: Report, bearer: Any, officer: Any
) -> None:
    report()
    assert listed(client, published, {}).status_code == 401
    assert listed(client, published, bearer("police-tt")).status_code == 404
    for role in (Role.AUDITOR, Role.AGENCY_ADMINISTRATOR):
        assert listed(client, published, officer("police-jm", role).headers).status_code == 403
    for role in (Role.AUTHOR, Role.APPROVER):
        assert listed(client, published, officer("police-jm", role).headers).status_code == 200


def test_pages(client: FlaskClient, published: dict[str, Any], report: Report, police: Any) -> None:
    for number in range(5):
        assert report(text=f"number {number}").status_code == 201
    seen, cursor = [], ""
    while cursor is not None:
        page = listed(client, published, police, f"?limit=2{cursor}").json
        seen += [one["reports"][0]["text"] for one in page["sightings"]]
        cursor = page["next"] and f"&cursor={page['next']}"
    assert sorted(seen) == [f"number {number}" for number in range(5)]
    assert listed(client, published, police, "?cursor=x").status_code == 422


class TestLimit:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, rate_sightings=2)

    def test_one_address_reports_so_often_whatever_it_shows(
        self, client: FlaskClient, published: dict[str, Any], report: Report
    ) -> None:
        receipt = report().json["receipt"]
        assert report().status_code == 201
        assert report().status_code == 429
        path = f"/v1/sightings/{receipt}/reports"
        invented = {"Authorization": "Bearer casad_another"}
        assert client.post(path, json={"text": "x"}, headers=invented).status_code == 429
        elsewhere = {"REMOTE_ADDR": "192.0.2.9"}
        answer = client.post(path, json={"text": "x"}, environ_overrides=elsewhere)
        assert answer.status_code == 201
