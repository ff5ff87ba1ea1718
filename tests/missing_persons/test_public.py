"""Open cases for everybody: found however the name is spelt, on a poster, in feeds; then gone."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from lxml import etree
from pypdf import PdfReader
from sqlalchemy import delete

from casa import create_app
from casa.database import Database, now
from casa.exchange.pfif import read
from casa.missing_persons import search
from casa.missing_persons.models import SearchedName, SearchedPerson, SearchedPlace
from casa.missing_persons.search import enter_missing
from casa.settings import Settings
from tests.exchange import pfif_rules
from tests.missing_persons.conftest import NAME, case_of

ADULT = case_of(category="missing_adult", age=34)


def opened(client: FlaskClient, police: dict[str, str], case: dict[str, Any]) -> dict[str, Any]:
    answer = client.post("/v1/missing-persons?publish=true", json=case, headers=police)
    assert answer.status_code == 201, answer.json
    made: dict[str, Any] = answer.json
    return made


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
        ("name=Ann Demo&age=35", True),
        ("name=Ann Demo&age=50", False),
        ("age=34", True),
        ("age=37", False),
        ("place=JM-14", True),
        ("place=JM", True),
        ("place=TT", False),
        ("since=2020-01-01", True),
        ("until=2020-01-01", False),
        ("age=34&place=JM-14&since=2020-01-01&until=2999-01-01", True),
    ],
)
def test_search(client: FlaskClient, police: dict[str, str], query: str, hit: bool) -> None:
    opened(client, police, ADULT)
    assert found(client, query) == ([NAME] if hit else [])


def test_a_guarded_case_is_found_by_place_and_not_by_name(
    client: FlaskClient, published: dict[str, Any]
) -> None:
    assert found(client, f"name={NAME}") == []
    assert found(client, "place=JM-14&age=9") == [NAME]


def test_a_state_may_choose_that_nobody_is_found_by_name(settings: Settings, bearer: Any) -> None:
    app = create_app(replace(settings, no_name_search="tt, jm"))
    client = app.test_client()
    opened(client, bearer("police-jm"), ADULT)
    assert found(client, f"name={NAME}") == []
    assert found(client, "place=JM-14") == [NAME]
    app.extensions["casa.database"].dispose()


@pytest.mark.parametrize(
    ("name", "query"),
    [("姚明", "Ming Yao"), ("姚明", "yao ming"), ("李", "Li"), ("YamadaTaro", "Taro Yamada"),
     ("LaToya Jones", "Latoya"), ("Jean-Baptiste Dieudonné", "Jan Batis Dyedone"),
     ("Kezia Baptiste", "Keiza Batpiste"), ("O", "O")],
)  # fmt: skip
def test_search_finds_names_of_every_shape(
    client: FlaskClient, police: dict[str, str], name: str, query: str
) -> None:
    opened(client, police, ADULT | {"full_name": name, "description": {"en": "Tall."}})
    assert found(client, f"name={query}") == [name]


def test_search_follows_what_is_published(client: FlaskClient, police: dict[str, str]) -> None:
    case = opened(client, police, ADULT)
    path = f"/v1/missing-persons/{case['id']}?publish=true"
    changed = {"full_name": "Zora Other", "description": {"en": "Tall."}}
    renamed = client.patch(path, json=changed, headers=police)
    assert renamed.status_code == 200, renamed.json
    assert found(client, f"name={NAME}") == []
    assert found(client, "name=Zora Other") == ["Zora Other"]
    end(client, police, case)
    assert found(client, "name=Zora Other") == []
    assert found(client, "place=JM-14") == []


def test_what_was_public_before_there_was_an_index_is_entered(
    client: FlaskClient, police: dict[str, str], database: Database
) -> None:
    opened(client, police, ADULT)
    with database.writing() as session:
        session.execute(delete(SearchedName))
        session.execute(delete(SearchedPlace))
        session.execute(delete(SearchedPerson))
    assert found(client, f"name={NAME}") == []
    for _ in range(2):
        with database.writing() as session:
            enter_missing(session, now())
    assert found(client, f"name={NAME}") == [NAME]


def test_only_so_many_search_at_a_time(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_PATIENCE", 0.01)
    with search._AT_ONCE, search._AT_ONCE:
        answer = client.get("/v1/missing-persons/search?name=Ann")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "10"


@pytest.mark.parametrize("path", ["search?name=Ann", f"{UUID(int=7)}/poster.pdf"])
def test_costly_reading_is_limited(settings: Settings, path: str) -> None:
    app = create_app(replace(settings, rate_searches=2))
    client = app.test_client()
    answers = [client.get(f"/v1/missing-persons/{path}") for _ in range(3)]
    assert [one.status_code == 429 for one in answers] == [False, False, True]
    assert client.get("/v1/missing-persons").status_code == 200
    app.extensions["casa.database"].dispose()


def test_search_knows_what_is_published_and_no_draft(
    client: FlaskClient, police: dict[str, str]
) -> None:
    path = f"/v1/missing-persons/{opened(client, police, ADULT)['id']}"
    changed = client.patch(path, json={"full_name": "Zora Other"}, headers=police)
    assert changed.status_code == 200, changed.json
    assert found(client, "name=Zora Other") == []
    third = ADULT | {"full_name": "Yves Third"}
    draft = client.post("/v1/missing-persons", json=third, headers=police)
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
