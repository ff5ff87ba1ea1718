"""One case from its first draft to its end, as each of those concerned sees it."""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from lxml import etree
from PIL import Image
from pypdf import PdfReader

from casa.agencies.permissions import Role
from casa.database import Database
from casa.delivery.dispatch import Sender, work_once
from casa.delivery.followers import Following
from casa.delivery.following import SequenceFollower
from casa.delivery.planning import plan_next
from casa.delivery.providers import senders
from casa.exchange.pfif import read
from casa.geography.places import place_key
from casa.settings import Settings
from tests.conftest import approve, later
from tests.doubles.fcm_process import FcmDouble
from tests.missing_persons.conftest import NAME, case_of, phone_photograph

EXACT = {"longitude": -76.9512345, "latitude": 17.9912345}
SECRETS = (NAME, "Zuzu", "uniform", "Spanish Town market", "/media/", "4711", "Perdita", "Quiet")
CASE = case_of(
    known_as=["Zuzu"],
    height=131,
    hair="black",
    clothing={"en": "Blue school uniform."},
    medical_need={"en": "Quiet disease."},
    vehicle={"plate": "QX 4711"},
    contacts=[{"name": "Perdita Demo", "phone": "+1 876 555 0147"}],
    expires=None,
)
HERE, WIDER, ELSEWHERE = "JM-14", "JM-08", "JM-01"
LEASE = timedelta(seconds=30)
Told = Callable[[], dict[str, dict[str, str]]]


@pytest.fixture(scope="module")
def double(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FcmDouble]:
    running = FcmDouble(tmp_path_factory.mktemp("fcm"))
    yield running
    running.stop()


@pytest.fixture
def told(database: Database, settings: Settings, double: FcmDouble) -> Iterator[Told]:
    """Deliver what waits; what each phone was sent since the last time."""
    double.forget()
    found = replace(
        settings, firebase_credentials=double.account, fcm_url=double.url, fcm_ca=double.ca
    )
    with senders(found) as providers:

        def told_() -> dict[str, dict[str, str]]:
            before = len(double.record())
            _drain(database, providers)
            new = [row["message"] for row in double.record()[before:]]
            assert len({one["token"] for one in new}) == len(new), "somebody was told twice"
            return {one["token"]: one["data"] for one in new}

        yield told_


def _drain(database: Database, providers: Mapping[str, Sender]) -> None:
    while plan_next(database, "worker", LEASE, 1_000):
        pass
    while work_once(database, providers, "worker", LEASE, 100):
        pass


def register(client: FlaskClient, name: str, code: str) -> None:
    """A phone that follows a parish."""
    body = {"platform": "android", "push": {"provider": "fcm", "token": name}, "languages": ["en"]}
    secret = client.post("/v1/devices", json=body).json["secret"]
    answer = client.put(
        "/v1/devices/me/places", json={"places": [{"code": code}]},
        headers={"Authorization": f"Bearer {secret}"},
    )  # fmt: skip
    assert answer.status_code in (200, 204), answer.json


def heard_by(database: Database, since: int) -> list[dict[str, Any]]:
    """What a phone in Saint Catherine is told over its socket that was away since then."""
    follower = SequenceFollower(database, lambda *_: None, 1)
    answer = follower.follow("phone", Following(frozenset([place_key(HERE)])), since)
    missed: list[dict[str, Any]] = answer["missed"]
    return missed


def atom_entries(client: FlaskClient) -> list[Any]:
    feed = etree.fromstring(client.get("/feeds/cap.atom").data)
    return feed.findall("{http://www.w3.org/2005/Atom}entry")


def test_from_missing_to_found(
    client: FlaskClient, database: Database, officer: Any, told: Told
) -> None:
    constable = officer("police-jm", Role.AUTHOR).headers
    sergeant = officer("police-jm", Role.APPROVER, Role.SAFEGUARDING).headers
    for phone, place in (("here", HERE), ("wider", WIDER), ("elsewhere", ELSEWHERE)):
        register(client, phone, place)

    # The constable drafts, with the photograph from the mother's phone, and asks for approval.
    body = {name: value for name, value in CASE.items() if value is not None}
    case = client.post("/v1/missing-persons", json=body, headers=constable)
    assert case.status_code == 201, case.json
    path = f"/v1/missing-persons/{case.json['id']}"
    added = client.post(
        f"{path}/photographs?public=true&publish=true",
        data=phone_photograph(), content_type="image/heic", headers=constable,
    )  # fmt: skip
    assert added.status_code == 201, added.json
    assert added.json["alert"]["state"] == "submitted"
    alert = added.json["alert"]["identifier"]
    assert client.get(f"/v1/alerts/{alert}").status_code == 404
    assert client.get("/v1/missing-persons").json["records"] == []
    own = approve(client, f"/v1/alerts/{alert}", constable, publish=True)
    assert own.status_code == 403
    assert told() == {}

    # The sergeant looks at the picture, approves and publishes.
    preview = f"{path}/photographs/{added.json['photographs'][0]['id']}"
    assert client.get(preview, headers=sergeant).status_code == 200
    approved = approve(client, f"/v1/alerts/{alert}", sergeant, publish=True)
    assert approved.json["state"] == "published", approved.json

    # Phones in the parish, and no others, get the shape and a thumbnail fit for a weak network.
    pushed = told()
    assert set(pushed) == {"here"}
    shape = json.loads(pushed["here"]["area"])
    assert shape["geocode"] == [HERE]
    assert shape["circle"] == [[-76.95, 18.0, 3000]]
    assert NAME in pushed["here"]["headline"]
    thumbnail = client.get(urlsplit(pushed["here"]["thumbnail"]).path)
    assert thumbnail.status_code == 200
    assert len(thumbnail.data) <= 10_000
    assert max(Image.open(io.BytesIO(thumbnail.data)).size) == 96
    assert NAME in heard_by(database, 0)[0]["headline"]

    # Everybody sees the picture, and nothing of where it was taken.
    document = etree.fromstring(client.get(f"/v1/alerts/{alert}.xml").data)
    uris = {urlsplit(one.text).path for one in document.findall(".//{*}resource/{*}uri")}
    every_size = {urlsplit(one["uri"]).path for one in added.json["photographs"][0]["renditions"]}
    assert {int(one.rpartition("-")[2].split(".")[0]) for one in every_size} == {96, 640, 1600}
    assert len(uris) == 3
    assert uris < every_size
    for uri in every_size:
        got = client.get(uri)
        assert got.status_code == 200
        assert b"SECRET" not in got.data
        assert not Image.open(io.BytesIO(got.data)).getexif()
    (person,) = read(client.get("/feeds/pfif.atom").data).persons
    assert (person.full_name, person.alternate_names) == (NAME, "Zuzu")
    assert len(atom_entries(client)) == 1
    poster = PdfReader(io.BytesIO(client.get(f"{path}/poster.pdf").data)).pages[0]
    assert "Blue school uniform" in " ".join(poster.extract_text().split())

    # Somebody has seen the child.
    open_case = client.get("/v1/missing-persons").json["records"][0]
    assert open_case["id"] == case.json["id"]
    sighting = {"text": "At the bus park", "seen_at": later(minutes=-2), "position": EXACT}
    receipt = client.post(f"{path}/sightings", json=sighting).json["receipt"]
    sent = client.post(
        f"/v1/sightings/{receipt}/photographs",
        data=phone_photograph("olive"), content_type="image/heic",
    )  # fmt: skip
    assert sent.status_code == 201, sent.json
    (read_,) = client.get(f"{path}/sightings?state=new", headers=constable).json["sightings"]
    assert read_["reports"][0]["position"] == EXACT
    picture = f"{path}/sightings/{read_['id']}/photographs/{read_['photographs'][0]['id']}"
    assert Image.open(io.BytesIO(client.get(picture, headers=constable).data)).size == (800, 600)
    weighed = client.patch(
        f"{path}/sightings/{read_['id']}", json={"state": "credible"}, headers=constable
    )
    assert weighed.json["state"] == "credible"

    # The constable widens the search: the next parish is asked to look out too.
    wider = {"area": [{"places": [HERE, WIDER]}]}
    update = client.patch(f"{path}?publish=true", json=wider, headers=constable).json["alert"]
    assert told() == {}
    approved = approve(client, f"/v1/alerts/{update['identifier']}", sergeant, publish=True)
    assert len(approved.json["info"][0]["resource"]) == 3
    pushed = told()
    assert set(pushed) == {"here", "wider"}
    assert all(NAME in one["headline"] and one["msg_type"] == "Update" for one in pushed.values())
    # Then to the next parish alone: the first is told that it no longer concerns it.
    moved = client.patch(
        f"{path}?publish=true", json={"area": [{"places": [WIDER]}]}, headers=constable
    ).json["alert"]
    approve(client, f"/v1/alerts/{moved['identifier']}", sergeant, publish=True)
    pushed = told()
    assert {phone: bool(one.get("departed")) for phone, one in pushed.items()} == {
        "here": True,
        "wider": False,
    }

    # Found: one officer is enough, and both audiences are told, but not of whom.
    found = client.post(f"{path}/end", json={"outcome": "found_safe"}, headers=sergeant)
    assert found.status_code == 200, found.json
    pushed = told()
    assert set(pushed) == {"here", "wider"}
    assert {one["msg_type"] for one in pushed.values()} == {"Cancel"}
    assert {one["headline"] for one in pushed.values()} == {"Case closed"}
    assert not any("thumbnail" in one for one in pushed.values())
    # Whoever was away and is no longer where the search went hears of the end as well.
    assert [one["msg_type"] for one in heard_by(database, 0)] == ["Cancel"]

    # The photograph is gone in every size, PFIF and Atom show the record as expired.
    gone = [client.get(uri) for uri in every_size]
    assert {one.status_code for one in gone} == {410}
    (expired,) = read(client.get("/feeds/pfif.atom").data).persons
    assert expired.is_placeholder
    assert expired.person_record_id == person.person_record_id
    assert atom_entries(client) == []

    # Nothing public names or shows the child.
    withdrawn = [
        client.get(f"/v1/alerts/{identifier}{form}")
        for identifier in (alert, update["identifier"], moved["identifier"])
        for form in ("", ".json", ".xml", ".geojson", ".jws", "/thread")
    ]
    assert {one.status_code for one in withdrawn} == {410}
    cancel = found.json["alert"]["identifier"]
    addresses = [
        f"/v1/alerts/{cancel}{form}"
        for form in ("", ".json", ".xml", ".geojson", ".jws", "/thread")
    ]
    addresses += [
        f"/v1/alerts{query}"
        for query in ("", "?since=0", "?place=JM-14", "?active=false", "?active=true",
                      "?kind=missing_person", "?bbox=-78,17,-76,19", "?language=fr")
    ]  # fmt: skip
    addresses += ["/v1/missing-persons", f"/v1/missing-persons/search?name={NAME}", "/metrics",
                  "/feeds/pfif.atom", "/feeds/cap.atom", "/feeds/alerts.geojson",
                  "/openapi.json"]  # fmt: skip
    read_again = [client.get(one) for one in addresses]
    assert {one.status_code for one in read_again} == {200}
    closed = [client.get(path), client.get(f"{path}/poster.pdf"), client.get(preview),
              client.get(f"{path}/sightings"), client.get(f"{path}/photographs"),
              client.post(f"{path}/sightings", json=sighting),
              client.post(f"/v1/sightings/{receipt}/reports", json={"text": "Again"}),
              client.get(path.removeprefix("/v1")), client.get(f"{path}.pfif")]  # fmt: skip
    found_there = [one.status_code for one in closed]
    assert found_there == [410, 410, 401, 401, 401, 410, 410, 410, 200]
    said = [one.text for one in [*gone, *withdrawn, *read_again[:-1], *closed]]
    said += [str(pushed), str(heard_by(database, 0))]
    assert [(s, one[:200]) for one in said for s in SECRETS if s in one] == []
    assert NAME not in read_again[-1].text
