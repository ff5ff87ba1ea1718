"""Open cases for everybody: found however the name is spelt, on a poster, in feeds; then gone."""

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import etree
from pypdf import PdfReader

from casa.exchange.pfif import read
from tests.exchange import pfif_rules
from tests.missing_persons.conftest import NAME, case_of


def found(client: FlaskClient, query: str) -> list[str]:
    answer = client.get(f"/v1/missing-persons/search?{query}")
    assert answer.status_code == 200, answer.json
    return [one["full_name"] for one in answer.json["records"]]


def end(client: FlaskClient, police: dict[str, str], case: dict[str, Any]) -> None:
    path = f"/v1/missing-persons/{case['id']}/end"
    answer = client.post(path, json={"outcome": "found_safe"}, headers=police)
    assert answer.status_code == 200, answer.json


@pytest.mark.parametrize(
    ("query", "hit"),
    [
        ("name=Ann Demo", True),
        ("name=anne demo", True),
        ("name=Àn Démo", True),
        ("name=Pierre Louis", False),
        ("name=Ann Demo&place=JM-14", True),
        ("name=Ann Demo&place=TT", False),
        ("name=Ann Demo&age=10", True),
        ("name=Ann Demo&age=30", False),
        ("age=9", True),
        ("age=12", False),
        ("place=JM-14", True),
        ("place=JM", True),
        ("place=TT", False),
        ("since=2020-01-01", True),
        ("until=2020-01-01", False),
        ("age=9&place=JM-14&since=2020-01-01&until=2999-01-01", True),
    ],
)
def test_search(client: FlaskClient, published: dict[str, Any], query: str, hit: bool) -> None:
    assert found(client, query) == ([NAME] if hit else [])


def test_search_knows_what_is_published_and_no_draft(
    client: FlaskClient, police: dict[str, str], published: dict[str, Any]
) -> None:
    path = f"/v1/missing-persons/{published['id']}"
    changed = client.patch(path, json={"full_name": "Zora Other"}, headers=police)
    assert changed.status_code == 200, changed.json
    assert found(client, "name=Zora Other") == []
    draft = client.post("/v1/missing-persons", json=case_of(full_name="Yves Third"), headers=police)
    assert draft.status_code == 201
    assert found(client, "name=Yves Third") == []


def test_search_knows_the_local_day(client: FlaskClient, police: dict[str, str]) -> None:
    """Three in the morning in UTC is the evening before in Jamaica."""
    case = case_of(last_seen="2026-03-02T03:00:00Z")
    made = client.post("/v1/missing-persons?publish=true", json=case, headers=police)
    assert made.status_code == 201, made.json
    assert found(client, "since=2026-03-01&until=2026-03-01") == [NAME]
    assert found(client, "since=2026-03-02") == []
    assert found(client, "until=2026-02-28") == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("since=yesterday", "/since"), ("since=2026-03-02&until=2026-03-01", "/until"), ("", "/name")],
)
def test_search_says_what_is_wrong(client: FlaskClient, query: str, pointer: str) -> None:
    answer = client.get(f"/v1/missing-persons/search?{query}")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == pointer


def test_search_asks_for_something(client: FlaskClient) -> None:
    assert client.get("/v1/missing-persons/search").status_code == 422
    assert client.get("/v1/missing-persons/search?name=Ann&place=XX").status_code == 422


@pytest.mark.parametrize("language", ["en", "fr", "ht", "nl", "es"])
def test_poster(
    client: FlaskClient,
    police: dict[str, str],
    published: dict[str, Any],
    add: Callable[..., Any],
    language: str,
) -> None:
    assert add(published).status_code == 201
    path = f"/v1/missing-persons/{published['id']}/poster.pdf?language={language}"
    answer = client.get(path)
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    reader = PdfReader(io.BytesIO(answer.data))
    assert len(reader.pages) == 1
    told = " ".join(reader.pages[0].extract_text().split())
    assert NAME in told
    assert "Spanish Town market" in told
    assert reader.pages[0].images
    assert b"SECRET-PHONE" not in answer.data
    end(client, police, published)
    closed = client.get(path)
    assert closed.status_code == 410
    assert NAME not in closed.text


def test_no_poster_of_a_draft(client: FlaskClient, police: dict[str, str]) -> None:
    draft = client.post("/v1/missing-persons", json=case_of(), headers=police).json
    assert client.get(f"/v1/missing-persons/{draft['id']}/poster.pdf").status_code == 404


def test_pfif(client: FlaskClient, police: dict[str, str], published: dict[str, Any]) -> None:
    answer = client.get("/feeds/pfif.atom")
    assert answer.content_type == "application/atom+xml"
    assert pfif_rules.faults(answer.data) == []
    found = read(answer.data)
    (person,), (note,) = found.persons, found.notes
    assert (person.full_name, person.age, person.sex) == (NAME, "9", "female")
    assert (note.status, note.last_known_location) == ("believed_missing", "Spanish Town market")
    single = client.get(f"/v1/missing-persons/{published['id']}.pfif")
    assert single.content_type == "application/pfif+xml"
    assert pfif_rules.faults(single.data) == []
    assert read(single.data) == found
    assert person.expiry_date is not None
    end(client, police, published)
    for path in ("/feeds/pfif.atom", f"/v1/missing-persons/{published['id']}.pfif"):
        ended = client.get(path)
        assert NAME not in ended.text
        assert pfif_rules.faults(ended.data) == []
        (gone,) = read(ended.data).persons
        assert gone.is_placeholder
        assert gone.person_record_id == person.person_record_id
        assert read(ended.data).notes == ()


def test_pfif_shows_the_photograph(
    client: FlaskClient, published: dict[str, Any], add: Callable[..., Any]
) -> None:
    assert add(published).status_code == 201
    (person,) = read(client.get("/feeds/pfif.atom").data).persons
    path = urlsplit(str(person.photo_url)).path
    assert client.get(path).content_type == "image/jpeg"


def test_no_pfif_of_a_draft(client: FlaskClient, police: dict[str, str]) -> None:
    draft = client.post("/v1/missing-persons", json=case_of(), headers=police).json
    assert client.get(f"/v1/missing-persons/{draft['id']}.pfif").status_code == 404


def test_feeds_of_what_is_in_force(
    client: FlaskClient, police: dict[str, str], published: dict[str, Any]
) -> None:
    here, elsewhere = (client.get(f"/feeds/cap.atom?place={code}") for code in ("JM-14", "TT"))
    entries = "{http://www.w3.org/2005/Atom}entry"
    assert [len(etree.fromstring(one.data).findall(entries)) for one in (here, elsewhere)] == [1, 0]
    collection = client.get("/feeds/alerts.geojson?place=JM-14&language=ht")
    assert collection.content_type == "application/geo+json"
    assert [one["properties"]["language"] for one in collection.json["features"]] == ["ht"]
    assert client.get("/feeds/cap.atom?place=XX").status_code == 422
    end(client, police, published)
    assert NAME not in client.get("/feeds/cap.atom").text
    assert NAME not in client.get("/feeds/alerts.geojson").text
