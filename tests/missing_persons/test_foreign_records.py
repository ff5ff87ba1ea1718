"""Other registries' records: taken in once, shown as foreign, gone when they expire."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, inspect, select, text

from casa.agencies.caller import Caller
from casa.agencies.mandates import Mandate
from casa.agencies.models import Agency
from casa.agencies.permissions import Role
from casa.alerts.models import Dispatch, PublishedMessage
from casa.database import Database, now
from casa.delivery.worker import Worker
from casa.exchange import pfif, pfif_import
from casa.exchange.pfif_reading import Document
from casa.exchange.pfif_records import Note, Person
from casa.missing_persons import foreign, releasing
from casa.missing_persons.media import Media
from casa.missing_persons.models import ForeignNote, ForeignPerson, ForeignSource
from casa.missing_persons.retention import Retention
from casa.settings import Settings
from tests.exchange import pfif_rules
from tests.missing_persons.conftest import NAME, case_of

THERE = "people.example.org"
OWN = "127.0.0.1"
NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
XML = {"Content-Type": "application/pfif+xml"}


def person(number: int = 1, **fields: Any) -> Person:
    told = {
        "source_date": NOON,
        "entry_date": NOON,
        "expiry_date": now() + timedelta(days=30),
        "full_name": "Kezia Baptiste",
        "source_name": "Example Registry",
        "source_url": f"https://{THERE}/{number}",
        "sex": "female",
        "age": "30-34",
        "home_country": "JM",
        "home_state": "14",
        "author_email": "secret@example.org",
        "author_phone": "876 555 0199",
        "date_of_birth": "1994-05-06",
    }
    return Person(person_record_id=f"{THERE}/{number}", **(told | fields))


def note(number: int = 1, of: str = f"{THERE}/1", **fields: Any) -> Note:
    told = {
        "source_date": NOON,
        "author_name": "A. Neighbour",
        "status": "believed_alive",
        "text": "Seen at the market.",
        "phone_of_found_person": "876 555 0198",
    }
    return Note(note_record_id=f"{THERE}/n{number}", person_record_id=of, **(told | fields))


@pytest.fixture
def send(
    client: FlaskClient, database: Database, agency_keys: dict[str, str], police: dict[str, str]
) -> Callable[..., Any]:
    """Import persons and notes of a trusted source, or a document as it is; the answer."""
    with database.writing() as session:
        agency = session.scalars(select(Agency).where(Agency.code == "police-jm")).one()
        session.add(
            ForeignSource(
                agency_id=agency.id, domain=THERE, trusted=True, statuses=[],
                keys=[agency_keys["police-jm"].split("_")[1]], registered_by="officer:another",
            )
        )  # fmt: skip

    def send_(
        persons: Any = (), notes: Any = (), *, xml: bytes | None = None, **headers: str
    ) -> Any:
        data = pfif.write(persons, notes) if xml is None else xml
        return client.post("/v1/pfif", data=data, headers=police | XML | headers)

    return send_


@pytest.fixture
def release(client: FlaskClient, officer: Any) -> Callable[..., Any]:
    """Release a record with some facts of it and of its notes, by another officer; the answer."""
    headers = officer("police-jm", Role.APPROVER, Role.SAFEGUARDING).headers

    def release_(one: dict[str, Any], facts: Any = (), notes: Any = None) -> Any:
        body = {"facts": list(facts), "notes": notes or {}}
        answer = client.post(f"/v1/pfif/{one['id']}/release", json=body, headers=headers)
        assert answer.status_code == 200, answer.json
        return answer

    return release_


def listed(client: FlaskClient) -> list[dict[str, Any]]:
    records = client.get("/v1/missing-persons").json["records"]
    return [one for one in records if "foreign" in one]


def everything(database: Database) -> str:
    with database.engine.connect() as connection:
        return "\n".join(
            repr(bytes(value) if isinstance(value, memoryview) else value)
            for table in inspect(connection).get_table_names()
            for row in connection.execute(text(f"SELECT * FROM {table}"))
            for value in row
        )


def rows(database: Database) -> list[tuple[Any, ...]]:
    """What both tables of foreign records hold, but for the numbers of their rows."""
    with database.reading() as session:
        persons = select(
            ForeignPerson.person_record_id, ForeignPerson.source_date, ForeignPerson.entry_date,
            ForeignPerson.gone, ForeignPerson.content,
        )  # fmt: skip
        notes = select(ForeignNote.note_record_id, ForeignNote.entry_date, ForeignNote.content)
        found = [*session.execute(persons), *session.execute(notes)]
    return sorted((tuple(one) for one in found), key=repr)


def test_a_foreign_record_is_shown_as_foreign(client: FlaskClient, send: Any, release: Any) -> None:
    made = send([person()], [note()])
    assert made.status_code == 200, made.json
    assert (made.json["persons"], made.json["notes"], made.json["faults"]) == (
        {"new": 1}, {"new": 1}, [],
    )  # fmt: skip
    (one,) = listed(client)
    assert "source_url" not in one["foreign"]
    release(one, ["source_url"], {f"{THERE}/n1": ["text", "author_name"]})
    (one,) = listed(client)
    assert one["alert"] is None
    told = one["foreign"]
    assert (told["person_record_id"], told["registry"]) == (f"{THERE}/1", THERE)
    assert (told["source_name"], told["source_url"]) == (
        "Example Registry", f"https://{THERE}/1",
    )  # fmt: skip
    assert told["source_date"] == "2026-08-01T12:00:00Z"
    assert told["full_name"] == "Kezia Baptiste"
    single = client.get(f"/v1/missing-persons/{one['id']}")
    assert single.status_code == 200
    (said,) = single.json["notes"]
    assert (said["text"], said["author_name"]) == ("Seen at the market.", "A. Neighbour")
    assert "status" not in said
    assert client.get("/feeds/cap.atom").text.count("Kezia") == 0


def test_it_never_alerts_anybody(database: Database, send: Any) -> None:
    send([person()], [note()])
    with database.reading() as session:
        for model in (PublishedMessage, Dispatch):
            assert session.scalar(select(func.count()).select_from(model)) == 0


def test_contacts_and_birthdays_are_not_kept(database: Database, send: Any) -> None:
    send([person(home_street="7 Hidden Lane")], [note()])
    kept = everything(database)
    assert "Kezia" in kept
    for secret in ("secret@", "555 0199", "555 0198", "1994-05-06", "Hidden Lane"):
        assert secret not in kept


def test_the_same_file_twice_is_the_same_case(
    client: FlaskClient, database: Database, send: Any
) -> None:
    document = pfif.write([person(), person(2)], [note(), note(2, f"{THERE}/2")])
    send(xml=document)
    before, first = rows(database), listed(client)
    again = send(xml=document)
    assert again.json["persons"] == {"unchanged": 2}
    assert again.json["notes"] == {"unchanged": 2}
    assert rows(database) == before
    assert listed(client) == first


def test_newer_replaces_and_older_changes_nothing(
    client: FlaskClient, send: Any, police: dict[str, str]
) -> None:
    send([person()], [note()])
    (first,) = listed(client)
    day = timedelta(days=1)
    newer = person(full_name="Kezia B. Baptiste", source_date=NOON + day)
    assert send([newer]).json["persons"] == {"replaced": 1}
    (one,) = listed(client)
    assert one["id"] == first["id"]
    assert one["foreign"]["full_name"] == "Kezia B. Baptiste"
    older = person(full_name="Old Name", source_date=NOON - day)
    assert send([older]).json["persons"] == {"unchanged": 1}
    entered = person(full_name="Entered Later", source_date=NOON + day, entry_date=NOON + day)
    assert send([entered]).json["persons"] == {"replaced": 1}
    assert [one["foreign"]["full_name"] for one in listed(client)] == ["Entered Later"]
    later = note(status="believed_missing", source_date=NOON + day)
    assert send([], [later, note()]).json["notes"] == {"replaced": 1}
    (said,) = client.get(f"/v1/pfif/{one['id']}", headers=police).json["notes"]
    assert said["status"] == "believed_missing"


@pytest.mark.parametrize("status", pfif_rules.FORMATS["status"].split("|"))
def test_every_status_comes_in_and_only_two_go_out(
    client: FlaskClient, send: Any, release: Any, police: dict[str, str], officer: Any, status: str
) -> None:
    send([person()], [note(status=status, author_made_contact=True, last_known_location="Here")])
    (one,) = listed(client)
    (said,) = client.get(f"/v1/pfif/{one['id']}", headers=police).json["notes"]
    assert (said["status"], said["entitled"]) == (status, status in releasing.SPEAKABLE)
    assert pfif.read(client.get("/feeds/pfif.atom").data).notes == ()
    wanted = {f"{THERE}/n1": ["author_made_contact", "status", "last_known_location"]}
    if status in ("information_sought", "believed_missing"):
        release(one, notes=wanted)
        (gone_out,) = pfif.read(client.get("/feeds/pfif.atom").data).notes
        assert (gone_out.status, gone_out.author_made_contact) == (status, True)
        assert gone_out.last_known_location == "Here"
        return
    approver = officer("police-jm", Role.APPROVER).headers
    refused = client.post(f"/v1/pfif/{one['id']}/release", json={"notes": wanted}, headers=approver)
    assert [e["pointer"] for e in refused.json["errors"]] == [
        f"/notes/{THERE}~1n1/1", f"/notes/{THERE}~1n1/2",
    ]  # fmt: skip
    assert status not in client.get("/feeds/pfif.atom").text


def test_duplicates_are_linked_whichever_way_they_point(
    client: FlaskClient, send: Any, release: Any
) -> None:
    send([person(), person(2)], [note(linked_person_record_id=f"{THERE}/2")])
    assert [one["foreign"]["same_as"] for one in listed(client)] == [[], []]
    (first,) = (one for one in listed(client) if one["foreign"]["person_record_id"].endswith("/1"))
    release(first, notes={f"{THERE}/n1": ["linked_person_record_id"]})
    found = {
        one["foreign"]["person_record_id"]: one["foreign"]["same_as"] for one in listed(client)
    }
    assert found == {f"{THERE}/1": [f"{THERE}/2"], f"{THERE}/2": [f"{THERE}/1"]}


def test_what_goes_out_is_what_was_released_of_what_came_in(
    client: FlaskClient, send: Any, release: Any
) -> None:
    sent = person(description="Tall.", photo_url="https://example.org/1.jpg", home_city="Yallahs")
    began = now()
    send([sent], [note()])
    (one,) = listed(client)
    for chosen in ((), ("description",), releasing.CHOOSABLE):
        release(one, chosen, {f"{THERE}/n1": ["text"]})
        for answer in (
            client.get("/feeds/pfif.atom"), client.get(f"/v1/missing-persons/{one['id']}.pfif"),
        ):  # fmt: skip
            assert answer.status_code == 200
            assert pfif_rules.faults(answer.data) == []
            found = pfif.read(answer.data)
            assert found.faults == ()
            (gone_out,), (said,) = found.persons, found.notes
            for name in Person.__struct_fields__:
                if name == "entry_date":
                    assert gone_out.entry_date >= began
                elif name in ("person_record_id", *releasing.USUAL, *chosen):
                    assert getattr(gone_out, name) == getattr(sent, name), name
                else:
                    assert getattr(gone_out, name) is None, name
            assert (said.note_record_id, said.author_name) == (f"{THERE}/n1", THERE)
            assert said.status is None


def test_an_expired_record_is_wiped_to_a_placeholder(
    client: FlaskClient, database: Database, send: Any
) -> None:
    document = pfif.write([person(expiry_date=now() + timedelta(days=1))], [note()])
    send(xml=document)
    (one,) = listed(client)
    with database.writing() as session:
        foreign.expire(session, now())
    assert "Kezia" in everything(database)
    with database.writing() as session:
        foreign.expire(session, now() + timedelta(days=2))
    kept = everything(database)
    for secret in ("Kezia", "market", "Neighbour"):
        assert secret not in kept
    assert listed(client) == []
    assert client.get(f"/v1/missing-persons/{one['id']}").status_code == 410
    assert send(xml=document).json["persons"] == {"expired": 1}
    assert "Kezia" not in everything(database)


def test_the_placeholder_is_what_others_get(
    client: FlaskClient, database: Database, send: Any
) -> None:
    send([person(expiry_date=now() + timedelta(seconds=1))], [note()])
    (one,) = listed(client)
    expiry = datetime.fromisoformat(one["foreign"]["expiry_date"])
    time.sleep((expiry - now()).total_seconds() + 0.01)
    for wiped in (False, True):
        if wiped:
            with database.writing() as session:
                foreign.expire(session, now())
        assert listed(client) == []
        for path in ("/feeds/pfif.atom", f"/v1/missing-persons/{one['id']}.pfif"):
            answer = client.get(path)
            assert pfif_rules.faults(answer.data) == []
            assert "Kezia" not in answer.text
            (gone,) = pfif.read(answer.data).persons
            assert gone.is_placeholder
            assert (gone.person_record_id, gone.expiry_date) == (f"{THERE}/1", expiry)


def test_what_comes_expired_is_never_kept(
    client: FlaskClient, database: Database, send: Any
) -> None:
    past = person(expiry_date=NOON)
    answer = send([past, person(2)], [note()])
    assert answer.json["persons"] == {"expired": 1, "new": 1}
    assert answer.json["notes"] == {"expired": 1}
    send([pfif.expired(person(2), now())])
    assert listed(client) == []
    assert "Kezia" not in everything(database)
    assert send([person(2, source_date=now() - timedelta(minutes=1))]).json["persons"] == {
        "expired": 1
    }
    revived = person(2, source_date=now() + timedelta(minutes=1))
    assert send([revived]).json["persons"] == {"replaced": 1}


def test_none_stays_longer_than_a_year(client: FlaskClient, database: Database, send: Any) -> None:
    send([person(expiry_date=None), person(2, expiry_date=datetime(9999, 12, 31, tzinfo=UTC))])
    found = pfif.read(client.get("/feeds/pfif.atom").data).persons
    assert {one.expiry_date and one.expiry_date.year for one in found} == {None, 9999}
    with database.writing() as session:
        foreign.expire(session, now() + timedelta(days=364))
    assert len(listed(client)) == 2
    with database.writing() as session:
        foreign.expire(session, now() + timedelta(days=366))
    assert listed(client) == []
    gone = pfif.read(client.get("/feeds/pfif.atom").data).persons
    assert [one.is_placeholder for one in gone] == [True, True]


def test_our_own_records_never_come_back_as_foreign(
    client: FlaskClient, send: Any, published: dict[str, Any], police: dict[str, str]
) -> None:
    answer = send(xml=client.get("/feeds/pfif.atom").data)
    assert (answer.json["persons"], answer.json["notes"]) == ({"own": 1}, {"own": 1})
    assert listed(client) == []


def test_what_others_say_of_our_case_is_for_its_agency(
    client: FlaskClient, send: Any, published: dict[str, Any], police: Any, bearer: Any
) -> None:
    ours = f"{OWN}/{published['id']}"
    assert send([], [note(1, ours, text="By the river.")]).json["notes"] == {"new": 1}
    path = f"/v1/missing-persons/{published['id']}"
    (said,) = client.get(f"{path}/foreign-notes", headers=police).json["notes"]
    assert said["text"] == "By the river."
    assert client.get(f"{path}/foreign-notes").status_code == 401
    assert client.get(f"{path}/foreign-notes", headers=bearer("police-tt")).status_code == 404
    for public in (path, f"{path}.pfif", "/feeds/pfif.atom", "/v1/missing-persons"):
        assert "river" not in client.get(public).text


def test_notes_of_nobody_known_are_named(
    client: FlaskClient, send: Any, police: dict[str, str]
) -> None:
    draft = client.post("/v1/missing-persons", json=case_of(), headers=police).json
    answer = send([], [note(), note(2, f"{OWN}/{draft['id']}"), note(3, f"{OWN}/nothing")])
    assert answer.json["notes"] == {"stranger": 3}


@pytest.mark.parametrize("when", ["before", "after", "after erasure"])
def test_a_foreign_record_goes_with_the_case_that_it_is_tied_to(
    client: FlaskClient, database: Database, settings: Settings, send: Any,
    published: dict[str, Any], police: Any, when: str,
) -> None:  # fmt: skip
    tied = (
        [person(full_name=NAME)],
        [note(1, f"{THERE}/1", linked_person_record_id=f"{OWN}/{published['id']}")],
    )
    send(*tied if when == "before" else (tied[0],))
    (one,) = listed(client)
    path = f"/v1/missing-persons/{published['id']}"
    assert client.post(f"{path}/end", json={}, headers=police).status_code == 200
    retention = Retention(Media(settings.media_store), timedelta(days=30))
    if when == "after erasure":
        with database.writing() as session:
            retention.erase(session, now() + timedelta(days=31))
    if when != "before":
        assert send(*tied).json["notes"] == {"withdrawn": 1}
    for public in (
        "/v1/missing-persons",
        "/feeds/pfif.atom",
        "/v1/missing-persons/search?name=Ann",
    ):
        assert NAME not in client.get(public).text
    answer = client.get(f"/v1/missing-persons/{one['id']}")
    assert answer.status_code == 410
    assert NAME not in answer.text
    placeholder = client.get(f"/v1/missing-persons/{one['id']}.pfif")
    assert [gone.is_placeholder for gone in pfif.read(placeholder.data).persons] == [True]
    with database.writing() as session:
        retention.erase(session, now() + timedelta(days=31))
    assert NAME not in everything(database)


def test_taken_down_for_good(
    client: FlaskClient, database: Database, send: Any, bearer: Any, officer: Any
) -> None:
    send([person()], [note()])
    (one,) = listed(client)
    path = f"/v1/pfif/{one['id']}"
    assert client.delete(path).status_code == 401
    assert client.delete(path, headers=bearer("odpem")).status_code == 403
    auditor = officer("police-jm", Role.AUDITOR).headers
    assert client.delete(path, headers=auditor).status_code == 403
    author = officer("police-jm", Role.AUTHOR).headers
    assert client.delete(path, headers=author).status_code == 204
    assert client.get(f"/v1/missing-persons/{one['id']}").status_code == 410
    for told in (f"/v1/missing-persons/{one['id']}.pfif", "/feeds/pfif.atom"):
        (gone,) = pfif.read(client.get(told).data).persons
        assert gone.is_placeholder
    newer = person(source_date=now())
    assert send([newer]).json["persons"] == {"withdrawn": 1}
    assert "Kezia" not in everything(database)
    trail = client.get("/v1/audit", headers=auditor).text
    assert "pfif.import" in trail
    assert "pfif.withdraw" in trail


def test_who_may_import(client: FlaskClient, send: Any, bearer: Any, officer: Any) -> None:
    document = pfif.write([person()])

    def status(headers: dict[str, str]) -> int:
        return client.post("/v1/pfif", data=document, headers=headers | XML).status_code

    assert status({}) == 401
    assert status(bearer("cdema")) == 403
    assert status(officer("police-jm", Role.AUTHOR).headers) == 403
    assert status(officer("odpem", Role.APPROVER).headers) == 403
    assert listed(client) == []
    assert status(officer("police-jm", Role.APPROVER).headers) == 200


def test_sent_again_under_a_key_and_another_document_under_the_same(send: Any) -> None:
    one, other = (pfif.write([person(full_name=name)]) for name in ("Ann A", "Ann B"))
    key = {"Idempotency-Key": "the-same"}
    first, again = send(xml=one, **key), send(xml=one, **key)
    assert again.json == first.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert send(xml=other, **key).status_code == 422


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"", "line 1"),
        (b"<pfif", "line 1"),
        (b"<html/>", "give pfif"),
        (b"\xff\xfe<", "UTF-8"),
        (
            b'<!DOCTYPE p [<!ENTITY a "aaaa">]><pfif xmlns="http://zesty.ca/pfif/1.4"/>',
            "document type",
        ),
        (b'<pfif xmlns="http://zesty.ca/pfif/1.4"><person/></pfif>', "person[1]"),
    ],
)
def test_what_is_no_pfif(client: FlaskClient, send: Any, document: bytes, said: str) -> None:
    answer = send(xml=document)
    assert answer.status_code == 422, answer.text
    assert answer.content_type == "application/problem+json"
    assert said in str(answer.json)
    assert listed(client) == []


def test_bounds(client: FlaskClient, send: Any, police: dict[str, str]) -> None:
    assert send(xml=b"x" * 8_000_001).status_code == 413
    many = [person(number) for number in range(pfif_import.MOST_RECORDS + 1)]
    assert send(many).status_code == 422
    other = client.post("/v1/pfif", data=b"{}", headers=police | {"Content-Type": "text/plain"})
    assert other.status_code == 415
    long = Person(person_record_id=f"é{'x' * 1_500}/1", source_date=NOON, full_name="X")
    answer = send([long, person()])
    assert answer.json["persons"] == {"new": 1}
    assert answer.json["faults"][0]["field"] == "person_record_id"
    assert listed(client)[0]["foreign"]["full_name"] == "Kezia Baptiste"


def test_faults_are_named_and_the_rest_is_kept(client: FlaskClient, send: Any) -> None:
    document = pfif.write([person(), person(2)]).replace(b">female<", b">F<", 1)
    answer = send(xml=document)
    assert answer.json["persons"] == {"new": 2}
    (fault,) = answer.json["faults"]
    assert (fault["record"], fault["field"]) == (f"{THERE}/1", "sex")


def test_search_finds_foreign_records(client: FlaskClient, send: Any) -> None:
    send([person(alternate_names="Kezzy\nTi Kez")])
    day = "2026-08-01"
    for query, hit in (
        ("name=kezia batis", True), ("name=Kezzy", True), ("name=Pierre", False),
        ("age=36", True), ("age=7", False), ("place=JM-14", True), ("place=JM", True),
        ("place=TT", False), (f"since={day}&until={day}", True), ("until=2026-07-31", False),
    ):  # fmt: skip
        found = client.get(f"/v1/missing-persons/search?{query}").json["records"]
        assert [one["foreign"]["registry"] for one in found] == ([THERE] if hit else []), query


def test_pages_hold_both_sorts_once(client: FlaskClient, send: Any, police: dict[str, str]) -> None:
    for number in range(3):
        send([person(number)])
        case = case_of(full_name=f"Case {number}")
        client.post("/v1/missing-persons?publish=true", json=case, headers=police)
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/v1/missing-persons?limit=2{cursor}").json
        seen += [one["id"] for one in page["records"]]
        cursor = page["next"] and f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) == 6


def test_many_imports_at_once_make_one_record(
    app: Flask, client: FlaskClient, database: Database, police: dict[str, str], send: Any
) -> None:
    persons, notes = [person(at) for at in range(20)], [note(at) for at in range(20)]
    documents = [pfif.write(persons, notes), pfif.write(persons[::-1], notes[::-1])] * 3
    barrier = threading.Barrier(len(documents))
    answers: list[int] = []

    def send_one(document: bytes) -> None:
        barrier.wait()
        answer = app.test_client().post("/v1/pfif", data=document, headers=police | XML)
        answers.append(answer.status_code)

    threads = [threading.Thread(target=send_one, args=(one,)) for one in documents]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert set(answers) <= {200, 409}
    assert 200 in answers
    assert len(listed(client)) == 20
    assert len(rows(database)) == 40


dates = st.integers(-1, 2).map(lambda days: NOON + timedelta(days=days))
expiries = st.none() | st.sampled_from([NOON + timedelta(days=1), datetime(2999, 1, 1, tzinfo=UTC)])
versions = st.builds(
    person,
    st.integers(1, 3),
    source_date=dates,
    entry_date=st.none() | dates,
    expiry_date=expiries,
    full_name=st.sampled_from(["Ann", "Beth", "Cleo"]),
)
said = st.builds(
    note,
    st.integers(1, 3),
    st.integers(1, 3).map(lambda number: f"{THERE}/{number}"),
    source_date=dates,
    text=st.sampled_from(["x", "y"]),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(versions, max_size=6), st.lists(said, max_size=4), st.data())
def test_neither_order_nor_repetition_matters(
    sqlite_url: str, tmp_path: Path, persons: list[Person], notes: list[Note], data: st.DataObject
) -> None:
    """Any order and any cutting of the persons, then of the notes, ends the same."""
    database = Database(sqlite_url)
    moment = NOON + timedelta(days=2)
    try:
        whole = imported(database, [(persons, notes)], moment)
        mixed = data.draw(st.permutations(persons)), data.draw(st.permutations(notes))
        at = data.draw(st.integers(0, len(persons)))
        parts = [(mixed[0][:at], []), (mixed[0][at:], []), mixed, ([], mixed[1])]
        assert imported(database, parts, moment) == whole
    finally:
        database.dispose()


def imported(database: Database, parts: Any, moment: datetime) -> list[tuple[Any, ...]]:
    """What the tables hold after importing all parts into empty ones, which are emptied again."""
    with database.writing() as session:
        agency = session.scalars(select(Agency).where(Agency.code == "x")).first()
        if agency is None:
            agency = Agency(code="x", name="X", sender="x@example.org")
            session.add(agency)
            session.flush()
        mandate = Mandate(("missing_person",), ("JM",), "Extreme")
        known = Caller(
            agency.id, "x", "X", "x", None, None, (mandate,),
            roles=frozenset({"publish"}), stepped_up=True,
        )  # fmt: skip
    for persons, notes in parts:
        with database.writing() as session:
            document = Document(tuple(persons), tuple(notes), ())
            pfif_import.take_in(session, known, document, OWN, moment)
    found = rows(database)
    with database.writing() as session:
        for table in ("foreign_note", "foreign_person"):
            session.execute(text(f"DELETE FROM {table}"))
    return found


def test_the_worker_expires_them(
    database: Database, settings: Settings, send: Any, published: dict[str, Any]
) -> None:
    send([person(expiry_date=now() + timedelta(seconds=1))], [note()])
    time.sleep(1.1)
    retention = Retention(Media(settings.media_store), timedelta(days=30))
    Worker(database, settings, {}, retention.chores()).plan()
    assert "Kezia" not in everything(database)
    assert NAME in everything(database)
