"""Who may make another registry's record public, and what of it: the rules of the house."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from casa.agencies.permissions import Role
from casa.database import Database, now
from casa.exchange import pfif
from casa.exchange.pfif_records import Note, Person
from casa.missing_persons import foreign, releasing
from casa.missing_persons.models import ForeignPerson
from casa.missing_persons.releasing import Law

XML = {"Content-Type": "application/pfif+xml"}
THERE = "registry.example"
SECRETS = ("Tansy", "Elm Road", "Neighbour", "believed_dead", "photo.example")
PUBLIC = (
    "/v1/missing-persons", "/feeds/pfif.atom", "/feeds/pfif-notes.atom", "/v1/alerts",
    "/feeds/cap.atom", "/v1/missing-persons/search?name=Tansy",
)  # fmt: skip


def document(**changes: Any) -> bytes:
    told: dict[str, Any] = {
        "person_record_id": f"{THERE}/1",
        "source_date": now() - timedelta(days=1),
        "full_name": "Tansy Fictional",
        "age": "34",
        "home_country": "JM",
        "description": "Staying at 12 Elm Road.",
        "photo_url": "https://photo.example/1.jpg",
    }
    said = Note(
        note_record_id=f"{THERE}/n1", person_record_id=f"{THERE}/1", author_name="A Neighbour",
        source_date=now() - timedelta(hours=5), status="believed_dead",
        last_known_location="12 Elm Road", text="Seen.",
    )  # fmt: skip
    values = told | changes
    return pfif.write([Person(**{k: v for k, v in values.items() if v is not None})], [said])


@pytest.fixture
def take_in(client: FlaskClient) -> Any:
    def take_in_(xml: bytes, headers: dict[str, str]) -> Any:
        answer = client.post("/v1/pfif", data=xml, headers=headers | XML)
        assert answer.status_code == 200, answer.json
        return answer.json["outcomes"][-1] if answer.json["outcomes"] else answer.json

    return take_in_


def tells(client: FlaskClient, one: str = "") -> list[str]:
    paths = [*PUBLIC, *([f"/v1/missing-persons/{one}", f"/v1/missing-persons/{one}.pfif"])]
    return [path for path in paths if any(s in client.get(path).text for s in SECRETS)]


def waiting(client: FlaskClient, headers: dict[str, str]) -> list[dict[str, Any]]:
    answer = client.get("/v1/pfif", headers=headers)
    assert answer.status_code == 200, answer.json
    return list(answer.json["records"])


@pytest.mark.parametrize("age", ["9", "10-14", "17-30", None])
def test_a_minor_waits_for_safeguarding(client: FlaskClient, officer: Any, age: str | None) -> None:
    approver = officer("police-jm", Role.APPROVER).headers
    answer = client.post("/v1/pfif", data=document(age=age), headers=approver | XML)
    assert answer.json["outcomes"][0]["waits"] == "an officer with the safeguarding role"
    (one,) = waiting(client, approver)
    assert tells(client, one["id"]) == []
    assert client.get(f"/v1/missing-persons/{one['id']}").status_code == 404
    assert client.get(f"/v1/missing-persons/{one['id']}.pfif").status_code == 404
    path, body = f"/v1/pfif/{one['id']}/release", {"digest": one["digest"]}
    another = officer("police-jm", Role.APPROVER).headers
    assert client.post(path, json=body, headers=another).status_code == 403
    assert client.post(path, json=body, headers=approver).status_code == 403
    safe = officer("police-jm", Role.APPROVER, Role.SAFEGUARDING).headers
    assert client.post(path, json={"digest": "0" * 64}, headers=safe).status_code == 409
    released = client.post(path, json=body, headers=safe)
    assert released.status_code == 200, released.json
    assert "Tansy" in client.get("/feeds/pfif.atom").text
    for public in (*PUBLIC, f"/v1/missing-persons/{one['id']}"):
        told = client.get(public).text
        assert [s for s in SECRETS[1:] if s in told] == [], public
    # The case's officers read all of it.
    (said,) = client.get(f"/v1/pfif/{one['id']}", headers=another).json["notes"]
    assert (said["status"], said["last_known_location"]) == ("believed_dead", "12 Elm Road")
    assert said["entitled"] is False


def test_an_adult_waits_for_a_second_officer(
    client: FlaskClient, officer: Any, take_in: Any
) -> None:
    mine = officer("police-jm", Role.APPROVER, Role.SAFEGUARDING).headers
    take_in(document(), mine)
    (one,) = waiting(client, mine)
    path = f"/v1/pfif/{one['id']}/release"
    own = client.post(path, json={}, headers=mine)
    assert (own.status_code, own.json["type"]) == (403, "urn:casa:problem:own-draft")
    author = officer("police-jm", Role.AUTHOR).headers
    assert client.post(path, json={}, headers=author).status_code == 403
    assert tells(client, one["id"]) == []
    another = officer("police-jm", Role.APPROVER).headers
    assert client.post(path, json={"facts": ["description"]}, headers=another).status_code == 200
    assert "Elm Road" in client.get(f"/v1/missing-persons/{one['id']}").text
    # Taken back, it is hidden at once; partners are told that it is over.
    assert client.delete(path, headers=author).status_code == 200
    assert tells(client, one["id"]) == []
    assert client.get(f"/v1/missing-persons/{one['id']}").status_code == 410
    (gone,) = pfif.read(client.get("/feeds/pfif.atom").data).persons
    assert gone.is_placeholder


def test_a_trusted_source_needs_no_second_officer_but_for_who_registered_it(
    client: FlaskClient, officer: Any, take_in: Any, bearer: Any
) -> None:
    mine = officer("police-jm", Role.APPROVER, Role.AGENCY_ADMINISTRATOR).headers
    source = f"/v1/pfif/sources/{THERE}"
    approver = officer("police-jm", Role.APPROVER).headers
    assert client.put(source, json={"trusted": True}, headers=approver).status_code == 403
    registered = client.put(
        source, json={"trusted": True, "statuses": ["believed_dead"]}, headers=mine
    )
    assert registered.status_code == 200, registered.json
    take_in(document(), mine)
    assert tells(client) == []
    newer = document(source_date=now() - timedelta(hours=1))
    take_in(newer, bearer("police-jm"))
    assert tells(client) == [], "a key that the source is not registered for"
    take_in(document(source_date=now() - timedelta(minutes=30)), approver)
    (one,) = client.get("/v1/missing-persons").json["records"]
    assert one["foreign"]["full_name"] == "Tansy Fictional"
    for public in PUBLIC:
        assert [s for s in SECRETS[1:] if s in client.get(public).text] == []
    # A minor of a trusted source waits all the same.
    child = document(source_date=now() - timedelta(minutes=10), age="12")
    take_in(child, approver)
    assert tells(client) == []
    assert client.delete(source, headers=mine).status_code == 204


def test_another_states_record_is_that_states_to_release(
    client: FlaskClient, officer: Any, take_in: Any
) -> None:
    jamaica = officer("police-jm", Role.APPROVER).headers
    take_in(document(home_country="TT", age="12"), jamaica)
    (one,) = waiting(client, jamaica)
    path = f"/v1/pfif/{one['id']}"
    here = officer("police-jm", Role.APPROVER, Role.SAFEGUARDING).headers
    assert client.post(f"{path}/release", json={}, headers=here).status_code == 403
    author = officer("police-tt", Role.AUTHOR).headers
    assert waiting(client, author) == [], "an author there reads no child that waits"
    assert client.get(path, headers=author).status_code == 404
    haiti = officer("police-ht", Role.APPROVER, Role.SAFEGUARDING).headers
    assert client.get(path, headers=haiti).status_code == 404
    assert client.delete(path, headers=haiti).status_code == 403
    there = officer("police-tt", Role.APPROVER, Role.SAFEGUARDING).headers
    assert client.post(f"{path}/release", json={}, headers=there).status_code == 200
    assert "Tansy" in client.get("/v1/missing-persons").text
    assert client.delete(path, headers=there).status_code == 204
    assert tells(client) == []


def test_each_states_law(client: FlaskClient, app: Any, officer: Any, take_in: Any) -> None:
    app.extensions["casa.foreign_law"] = Law.parse("JM: full_name age description; TT:")
    importer = officer("police-jm", Role.APPROVER).headers
    other = officer("police-jm", Role.APPROVER).headers
    take_in(document(sex="female"), importer)
    (one,) = waiting(client, other)
    path = f"/v1/pfif/{one['id']}/release"
    refused = client.post(path, json={"facts": ["photo_url"]}, headers=other)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/facts/0")
    assert client.post(path, json={"facts": ["description"]}, headers=other).status_code == 200
    (told,) = client.get("/v1/missing-persons").json["records"]
    assert "sex" not in told["foreign"]
    assert told["foreign"]["description"]
    there = officer("police-tt", Role.APPROVER).headers
    take_in(document(person_record_id=f"{THERE}/2", home_country="TT"), importer)
    (second,) = waiting(client, there)
    nothing = client.post(f"/v1/pfif/{second['id']}/release", json={}, headers=there)
    assert nothing.status_code == 422


@pytest.mark.parametrize("text", ["JM full_name", "JM: shoe_size", "JM: full_name; TT"])
def test_a_law_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match="write STATE"):
        Law.parse(text)


@pytest.mark.parametrize(
    "text",
    ["Possible human trafficking.", "Victime de la traite des êtres humains", "Trafik moun",
     "Slachtoffer van mensenhandel", "Víctima de trata de personas"],
)  # fmt: skip
def test_possible_trafficking_waits_for_safeguarding(
    client: FlaskClient, officer: Any, take_in: Any, text: str
) -> None:
    importer = officer("police-jm", Role.APPROVER).headers
    take_in(document(description=text), importer)
    assert [one["guarded"] for one in waiting(client, importer)] == [True]


def test_a_note_of_trafficking_takes_a_released_record_back(
    client: FlaskClient, officer: Any, take_in: Any
) -> None:
    importer, other = (officer("police-jm", Role.APPROVER).headers for _ in range(2))
    take_in(document(), importer)
    (one,) = waiting(client, other)
    client.post(f"/v1/pfif/{one['id']}/release", json={}, headers=other)
    assert tells(client)
    said = Note(
        note_record_id=f"{THERE}/n2", person_record_id=f"{THERE}/1", author_name="X",
        source_date=now() - timedelta(minutes=1), text="She is being trafficked.",
    )  # fmt: skip
    take_in(pfif.write([], [said]), importer)
    assert tells(client, one["id"]) == []


def test_of_a_newer_version_only_what_is_the_same_stays_public(
    client: FlaskClient, officer: Any, take_in: Any
) -> None:
    importer, other = (officer("police-jm", Role.APPROVER).headers for _ in range(2))
    take_in(document(sex="female"), importer)
    (one,) = waiting(client, other)
    path = f"/v1/pfif/{one['id']}/release"
    client.post(path, json={"facts": ["description"]}, headers=other)
    newer = document(
        sex="female", description="Now at Yallahs.", source_date=now() - timedelta(minutes=2)
    )
    take_in(newer, importer)
    (told,) = client.get("/v1/missing-persons").json["records"]
    assert told["foreign"]["sex"] == "female"
    assert "description" not in told["foreign"]
    renamed = document(full_name="Other Name", source_date=now() - timedelta(minutes=1))
    take_in(renamed, importer)
    assert client.get("/v1/missing-persons").json["records"] == []


FUTURE = datetime(2998, 1, 1, tzinfo=UTC)


def test_a_date_to_come_pins_nothing(
    client: FlaskClient, officer: Any, take_in: Any, database: Database
) -> None:
    importer = officer("police-jm", Role.APPROVER).headers
    refused = client.post("/v1/pfif", data=document(source_date=FUTURE), headers=importer | XML)
    assert [(one["field"], "more than 5 minutes" in one["detail"])
            for one in refused.json["faults"]] == [("source_date", True)]  # fmt: skip
    assert waiting(client, importer) == []
    take_in(document(source_date=now() + timedelta(minutes=3)), importer)
    assert len(waiting(client, importer)) == 1
    entered = client.post(
        "/v1/pfif", headers=importer | XML,
        data=document(entry_date=FUTURE, source_date=now() + timedelta(minutes=4)),
    )  # fmt: skip
    assert [one["field"] for one in entered.json["faults"]] == ["entry_date"]
    ended = Person(
        person_record_id=f"{THERE}/1", source_date=now() - timedelta(days=40),
        expiry_date=now() - timedelta(days=40), full_name="",
    )  # fmt: skip
    assert take_in(pfif.write([ended]), importer)["outcome"] == "expired"
    with database.reading() as session:
        (kept,) = session.query(ForeignPerson).all()
        assert (kept.content, kept.shown) == ({}, {})
    echo = take_in(document(source_date=now() - timedelta(days=1)), importer)
    assert echo["outcome"] == "expired"


def test_an_end_from_the_future_ends_as_well(
    client: FlaskClient, officer: Any, take_in: Any
) -> None:
    importer = officer("police-jm", Role.APPROVER).headers
    take_in(document(), importer)
    ended = Person(
        person_record_id=f"{THERE}/1", source_date=FUTURE,
        expiry_date=now() - timedelta(days=1), full_name="",
    )  # fmt: skip
    assert take_in(pfif.write([ended]), importer)["outcome"] == "expired"
    assert waiting(client, importer) == []


def test_what_is_said_of_our_case_goes_to_its_officers(
    client: FlaskClient, published: dict[str, Any], police: Any, officer: Any, take_in: Any
) -> None:
    said = Note(
        note_record_id=f"{THERE}/n9", person_record_id=f"127.0.0.1/{published['id']}",
        author_name="X", source_date=now() - timedelta(hours=1), status="believed_dead",
        last_known_location="12 Elm Road",
    )  # fmt: skip
    take_in(pfif.write([], [said]), police)
    path = f"/v1/missing-persons/{published['id']}"
    (told,) = client.get(f"{path}/foreign-notes", headers=police).json["notes"]
    assert (told["status"], told["last_known_location"]) == ("believed_dead", "12 Elm Road")
    assert tells(client, published["id"]) == []


def test_visible_and_the_rules_agree(database: Database) -> None:
    assert set(releasing.USUAL).isdisjoint(releasing.CHOOSABLE)
    assert "text" not in releasing.USUAL
    with database.reading() as session:
        assert foreign.page(session, now(), None, 10) == []
