"""A partner that follows the feeds page by page ends with exactly what is public.

The reader uses nothing of CASA: it knows Atom, PFIF 1.4 and the link ``next``.
``CASA_TEST_FEED_CHANGES`` makes it a long run (6000).
"""

import os
import random
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from flask.testing import FlaskClient
from sqlalchemy import select

from casa.agencies.caller import Caller
from casa.agencies.mandates import Mandate
from casa.agencies.models import Agency
from casa.database import Database, now
from casa.exchange import pfif_import
from casa.exchange.pfif_reading import Document
from casa.exchange.pfif_records import Note, Person
from casa.missing_persons import foreign, releasing
from casa.missing_persons.models import ForeignPerson
from casa.missing_persons.releasing import EVERYTHING
from tests.missing_persons.conftest import case_of

CHANGES = int(os.environ.get("CASA_TEST_FEED_CHANGES", "150"))
PFIF = "{http://zesty.ca/pfif/1.4}"
ATOM = "{http://www.w3.org/2005/Atom}"
THERE = "people.example.org"


class Reader:
    """Copies a feed: what is newer replaces, a placeholder takes the person and notes away."""

    def __init__(self, client: FlaskClient, path: str, kind: str) -> None:
        self._client, self._path, self._kind = client, path, kind
        self._since = ""
        self._next = ""
        self.copies: dict[str, dict[str, str]] = {}

    def read_page(self) -> bool:
        """Read one page; whether there is another."""
        begin = f"?limit=7&min_entry_date={self._since}" if self._since else "?limit=7"
        answer = self._client.get(self._next or self._path + begin)
        assert answer.status_code == 200, answer.text
        root = ElementTree.fromstring(answer.data)
        dates = []
        for entry in root.findall(f"{ATOM}entry"):
            (record,) = entry.findall(f"{PFIF}{self._kind}")
            told = {one.tag[len(PFIF) :]: one.text or "" for one in record if len(one) == 0}
            dates.append(told["entry_date"])
            self._take(told)
        assert dates == sorted(dates)
        if dates:
            self._since = dates[-1]
        links = [one.get("href") for one in root.findall(f"{ATOM}link") if one.get("rel") == "next"]
        self._next = ""
        if links:
            parts = urlsplit(str(links[0]))
            self._next = f"{parts.path}?{parts.query}"
        return bool(links)

    def read_on(self) -> None:
        while self.read_page():
            pass

    def _take(self, told: dict[str, str]) -> None:
        identifier = told[f"{self._kind}_record_id"]
        empty = not told.get("full_name") if self._kind == "person" else not told.get("text")
        if empty:
            self.copies.pop(identifier, None)
        else:
            self.copies[identifier] = told


def importer(database: Database, actor: str) -> Caller:
    with database.reading() as session:
        agency = session.scalars(select(Agency).where(Agency.code == "police-jm")).one()
    mandate = Mandate(("missing_person",), ("JM",), "Extreme")
    roles = frozenset({"approver", "safeguarding"})
    return Caller(
        agency.id, "police-jm", "P", "p", None, None, (mandate,), actor=actor, roles=roles,
        stepped_up=True,
    )  # fmt: skip


def change(database: Database, chance: random.Random, number: int) -> None:
    """One change of one of some records: sent, released, hidden, expired, taken down."""
    one, other = importer(database, "officer:a"), importer(database, "officer:b")
    which, moment = chance.randrange(40), now()
    name = f"{THERE}/{which}"
    with database.writing() as session:
        row = session.scalars(
            select(ForeignPerson).where(ForeignPerson.person_record_id == name)
        ).first()
        chosen = chance.random()
        if row is None or row.gone or chosen < 0.35:
            person = Person(
                person_record_id=name, source_date=moment, full_name=f"P {which} {number // 40}",
                age="34", home_country="JM", description=f"Text {number}",
            )  # fmt: skip
            note = Note(
                note_record_id=f"{name}n", person_record_id=name, author_name="A",
                source_date=moment, text=f"Note {number}",
            )  # fmt: skip
            document = Document((person,), (note,), ())
            pfif_import.take_in(session, one, document, "127.0.0.1", moment)
        elif chosen < 0.75:
            facts = ["description"] if chance.random() < 0.5 else []
            notes = {f"{name}n": ["text"]} if chance.random() < 0.5 else {}
            releasing.release(session, other, row, EVERYTHING, moment, facts=facts, notes=notes)
        elif chosen < 0.85:
            releasing.hide(session, other, row, moment)
        elif chosen < 0.97 or row.withdrawn:
            foreign.wipe(session, row, moment)
        else:
            foreign.withdraw(session, row, moment)


def public(database: Database) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """What is public of foreign records by their tables: persons' facts, and notes' texts."""
    persons, notes = {}, {}
    with database.reading() as session:
        for row in foreign.page(session, now(), None, 1000):
            persons[row.person_record_id] = dict(row.shown)
            for note in foreign.released_notes_of(session, row):
                notes[note.note_record_id] = note.shown["text"]
    return persons, notes


def test_a_reader_ends_with_exactly_what_is_public(
    client: FlaskClient, database: Database, police: dict[str, str]
) -> None:
    chance = random.Random(7)
    readers = [
        Reader(client, "/feeds/pfif.atom", "person"),
        Reader(client, "/feeds/pfif-notes.atom", "note"),
    ]
    cases: list[dict[str, Any]] = []
    for number in range(CHANGES):
        change(database, chance, number)
        if number % 25 == 0:
            body = case_of(full_name=f"Case {number}", area=[{"places": ["JM-14"]}])
            made = client.post("/v1/missing-persons?publish=true", json=body, headers=police)
            cases.append(made.json)
        if number % 60 == 59:
            ended = cases.pop(0)
            client.post(f"/v1/missing-persons/{ended['id']}/end", json={}, headers=police)
        # Pages are read while things change.
        if number % 5 == 0:
            for reader in readers:
                reader.read_page()
    for reader in readers:
        reader.read_on()
    persons, notes = public(database)
    own = {f"127.0.0.1/{one['id']}": one for one in cases}
    copied = readers[0].copies
    assert set(copied) == {*persons, *own}
    for name, facts in persons.items():
        for fact in ("full_name", "age", "description"):
            assert copied[name].get(fact) == facts.get(fact), name
    for name, one in own.items():
        assert copied[name]["full_name"] == one["facts"]["full_name"]
    said = {name: told["text"] for name, told in readers[1].copies.items()}
    assert {n: t for n, t in said.items() if n.startswith(THERE)} == notes
    assert {n.split(".status")[0] for n in said if not n.startswith(THERE)} == set(own)


def test_skip_and_pages(client: FlaskClient, police: dict[str, str]) -> None:
    for number in range(3):
        body = case_of(full_name=f"Case {number}")
        client.post("/v1/missing-persons?publish=true", json=body, headers=police)

    def names(query: str) -> list[str]:
        root = ElementTree.fromstring(client.get(f"/feeds/pfif.atom{query}").data)
        return [str(one.text) for one in root.iter(f"{PFIF}full_name")]

    assert names("") == ["Case 0", "Case 1", "Case 2"]
    assert names("?skip=1&max_results=1") == ["Case 1"]
    later = (now() + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    assert names(f"?min_entry_date={later}") == []
    assert client.get("/feeds/pfif.atom?min_entry_date=yesterday").status_code == 422
