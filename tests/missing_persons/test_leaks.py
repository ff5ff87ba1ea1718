"""Leak walk: every public address, form, feed, socket and push, for every sort of person.

Addresses are taken from the application itself, so that a new one is walked from its first day.
"""

import base64
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from casa.agencies.permissions import Role
from casa.alerts.models import PublishedMessage
from casa.alerts.publication import decode_message
from casa.alerts.redaction import readable_content
from casa.alerts.withdrawal import is_public
from casa.database import Database, now
from casa.delivery.followers import Following
from casa.delivery.following import SequenceFollower
from casa.exchange import pfif
from casa.exchange.pfif_records import Note, Person
from casa.geography.places import place_key
from casa.missing_persons.media import Media
from casa.missing_persons.retention import Retention
from casa.settings import Settings
from tests.missing_persons.conftest import case_of

NAME = "Tansy Fictional"
PRIVATE = ("Elm Road", "trafficking", "insulin", "Contactson", "believed_dead", "photo.example")
PLACE = "Mango Walk"
QUERIES = {
    "/v1/alerts": ("", "?since=0", "?active=false", "?kind=missing_person", "?language=es"),
    "/v1/missing-persons": ("", "?limit=1"),
    "/v1/missing-persons/search": ("?name=Tansy", "?place=JM-14", "?age=9", "?age=34"),
    "/feeds/pfif.atom": ("", "?limit=1", "?min_entry_date=2020-01-01T00:00:00Z"),
    "/feeds/pfif-notes.atom": ("", "?skip=0"),
}
IDENTIFIED = re.compile(r"<[^>]+>")


def paths(app: Flask, identifiers: list[str], names: list[str]) -> Iterator[str]:
    """Every address that can be read, with every identifier that there is, whoever may read it."""
    for rule in app.url_map.iter_rules():
        # The document of the interface has examples of everything, and of nobody.
        if "GET" not in (rule.methods or ()) or rule.rule.startswith(("/static", "/openapi")):
            continue
        holes = IDENTIFIED.findall(rule.rule)
        if not holes:
            yield from (rule.rule + query for query in QUERIES.get(rule.rule, ("",)))
        elif "suffix" in rule.rule:
            for one in identifiers:
                yield from (
                    f"/v1/alerts/{one}.{form}" for form in ("json", "xml", "geojson", "jws")
                )
        elif "uuid" in holes[0]:
            yield from (IDENTIFIED.sub(one, rule.rule) for one in identifiers)
        elif rule.rule.startswith("/media"):
            yield from (f"/media/{name}" for name in names)


def read(answer: Any) -> str:
    assert answer.status_code < 500, answer.text
    if answer.status_code == 200 and answer.content_type == "application/jose":
        payload = answer.text.split(".")[1]
        return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    if answer.content_type == "application/pdf":
        import io

        from pypdf import PdfReader

        return str(PdfReader(io.BytesIO(answer.data)).pages[0].extract_text())
    if answer.content_type.startswith("image/"):
        return "a photograph"
    return str(answer.text)


class Walk:
    """All that anybody without credentials reads, by address; sockets and pushes beside them."""

    def __init__(self, app: Flask, client: FlaskClient, database: Database) -> None:
        self._app, self._client, self._database = app, client, database
        self.identifiers: list[str] = []
        self.files: list[str] = []

    def told(self) -> dict[str, str]:
        with self._database.reading() as session:
            sent = list(session.scalars(select(PublishedMessage.identifier)))
        known = list(dict.fromkeys([*self.identifiers, *sent]))
        found = {}
        for path in paths(self._app, known, self.files):
            answer = self._client.get(path)
            found[path] = read(answer)
            if any(s in found[path] for s in ("Tansy", "a photograph")):
                self._is_kept_briefly(path, answer)
        follower = SequenceFollower(self._database, lambda *_: None, 1)
        following = Following(frozenset([place_key("JM-14")]))
        found["socket"] = str(follower.follow("away", following, 0))
        with self._database.reading() as session:
            content = session.scalars(select(readable_content()).where(is_public()))
            found["push"] = str([decode_message(one) for one in content])
        return found

    def _is_kept_briefly(self, path: str, answer: Any) -> None:
        caching = answer.headers["Cache-Control"]
        age = re.search(r"max-age=(\d+)", caching)
        assert "no-cache" in caching or "no-store" in caching or (age and int(age[1]) <= 60), path
        assert "noindex" in answer.headers["X-Robots-Tag"], path


def telling(told: dict[str, str], *secrets: str) -> list[str]:
    return [path for path, text in told.items() if any(one in text for one in secrets)]


@pytest.fixture
def walk(app: Flask, client: FlaskClient, database: Database) -> Walk:
    return Walk(app, client, database)


@pytest.mark.parametrize(
    ("category", "age"),
    [("missing_child", 9), ("missing_adult", 34), ("suspected_trafficking", 34)],
)
def test_of_our_own(
    walk: Walk, client: FlaskClient, database: Database, settings: Settings, police: Any, add: Any,
    officer: Any, category: str, age: int,
) -> None:  # fmt: skip
    body = case_of(
        category=category, full_name=NAME, age=age, last_known_location=PLACE,
        description={"en": "Has a dog."}, medical_need={"en": "insulin"},
        contacts=[{"name": "Marva Contactson"}], languages=["en", "es"],
        area=[{"places": ["JM-14"]}],
    )  # fmt: skip
    author = officer("police-jm", Role.AUTHOR).headers
    case = client.post("/v1/missing-persons", json=body, headers=author).json
    walk.identifiers = [case["id"], case["alert"]["identifier"]]
    assert telling(walk.told(), NAME, PLACE, *PRIVATE[:4]) == [], "before publication"
    path = f"/v1/missing-persons/{case['id']}"
    client.patch(f"{path}?publish=true", json={}, headers=police)
    photographs = add(case).json["photographs"]
    walk.files = [one["uri"].rpartition("/")[2] for one in photographs[0]["renditions"]]
    told = walk.told()
    assert telling(told, *PRIVATE) == [], "while public"
    assert {f"{path}/poster.pdf", f"{path}.pfif", "socket", "push", "/v1/alerts?since=0",
            "/feeds/cap.atom", "/feeds/alerts.geojson", "/feeds/pfif.atom",
            f"/missing-persons/{case['id']}"} <= set(telling(told, NAME))  # fmt: skip
    assert len(telling(told, PLACE)) > 5
    client.patch(path, json={"public": {"last_known_location": False}}, headers=author)
    assert telling(walk.told(), PLACE, *PRIVATE) == [], "after redaction"
    assert client.post(f"{path}/end", json={}, headers=police).status_code == 200
    assert telling(walk.told(), NAME, PLACE, "a photograph", *PRIVATE) == [], "after the end"
    with database.writing() as session:
        retention = Retention(Media(settings.media_store), timedelta(days=30))
        retention.erase(session, now() + timedelta(days=31))
    assert telling(walk.told(), NAME, PLACE, "a photograph", *PRIVATE) == [], "after erasure"


@pytest.mark.parametrize("age", ["9", "34", None])
def test_of_other_registries(
    walk: Walk, client: FlaskClient, database: Database, settings: Settings, police: Any,
    officer: Any, published: Any, age: str | None,
) -> None:  # fmt: skip
    there = "registry.example"
    person = Person(
        person_record_id=f"{there}/1", source_date=now() - timedelta(days=2), full_name=NAME,
        age=age, home_country="JM", home_state="14", description="At 12 Elm Road.",
        photo_url="https://photo.example/1.jpg", author_name="Marva Contactson",
        home_neighborhood=PLACE,
    )  # fmt: skip
    note = Note(
        note_record_id=f"{there}/n1", person_record_id=f"{there}/1", author_name="Contactson",
        source_date=now() - timedelta(days=1), status="believed_dead", text="12 Elm Road",
        last_known_location="Elm Road", photo_url="https://photo.example/2.jpg",
        linked_person_record_id=f"127.0.0.1/{published['id']}",
    )  # fmt: skip
    headers = police | {"Content-Type": "application/pfif+xml"}
    assert client.post("/v1/pfif", data=pfif.write([person], [note]), headers=headers).json[
        "persons"
    ] == {"new": 1}
    approver = officer("police-jm", Role.APPROVER, Role.SAFEGUARDING).headers
    (one,) = client.get("/v1/pfif", headers=approver).json["records"]
    walk.identifiers = [one["id"], published["id"]]
    assert telling(walk.told(), NAME, PLACE, *PRIVATE) == [], "before release"
    release = f"/v1/pfif/{one['id']}/release"
    chosen = {"facts": ["home_neighborhood"]}
    assert client.post(release, json=chosen, headers=approver).status_code == 200
    told = walk.told()
    assert telling(told, *PRIVATE) == [], "while public"
    assert {"/v1/missing-persons", "/feeds/pfif.atom", f"/v1/missing-persons/{one['id']}",
            f"/v1/missing-persons/{one['id']}.pfif"} <= set(telling(told, NAME))  # fmt: skip
    assert client.post(release, json={}, headers=approver).status_code == 200
    told = walk.told()
    assert telling(told, PLACE, *PRIVATE) == [], "after redaction"
    assert telling(told, NAME)
    # A note ties it to a case of ours: with that it goes.
    path = f"/v1/missing-persons/{published['id']}/end"
    assert client.post(path, json={}, headers=police).status_code == 200
    assert telling(walk.told(), NAME, PLACE, *PRIVATE) == [], "after the end"
    with database.writing() as session:
        retention = Retention(Media(settings.media_store), timedelta(days=30))
        retention.erase(session, now() + timedelta(days=31))
    assert telling(walk.told(), NAME, PLACE, *PRIVATE) == [], "after erasure"


def test_robots_are_asked_to_stay_away(client: FlaskClient) -> None:
    told = client.get("/robots.txt")
    assert told.content_type.startswith("text/plain")
    for kept in ("/missing-persons/", "/media/", "/v1/", "/feeds/"):
        assert f"Disallow: {kept}\n" in told.text
