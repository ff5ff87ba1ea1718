"""One case from its first draft to its end, as each of those concerned sees it."""

import io
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from lxml import etree
from PIL import Image

from casa.agencies.permissions import Role
from casa.database import Database
from casa.delivery.followers import Following
from casa.delivery.following import SequenceFollower
from casa.geography.places import place_key
from tests.conftest import later
from tests.missing_persons.conftest import NAME, case_of, phone_photograph

EXACT = {"longitude": -76.9512345, "latitude": 17.9912345}


def heard_by(database: Database, since: int) -> list[dict[str, Any]]:
    """What a phone in Saint Catherine is told that was away since then."""
    follower = SequenceFollower(database, lambda *_: None, 1)
    answer = follower.follow("phone", Following(frozenset([place_key("JM-14")])), since)
    missed: list[dict[str, Any]] = answer["missed"]
    return missed


def test_from_missing_to_found(client: FlaskClient, database: Database, officer: Any) -> None:
    constable = officer("police-jm", Role.AUTHOR).headers
    sergeant = officer("police-jm", Role.APPROVER, Role.SAFEGUARDING).headers

    # The constable drafts, with the photograph from the mother's phone, and asks for approval.
    case = client.post("/v1/missing-persons", json=case_of(), headers=constable)
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
    own = client.post(f"/v1/alerts/{alert}/approve?publish=true", headers=constable)
    assert own.status_code == 403

    # The sergeant looks at the picture, approves and publishes.
    preview = f"{path}/photographs/{added.json['photographs'][0]['id']}"
    assert client.get(preview, headers=sergeant).status_code == 200
    approved = client.post(f"/v1/alerts/{alert}/approve?publish=true", headers=sergeant)
    assert approved.json["state"] == "published", approved.json

    # Everybody sees the picture, and nothing of where it was taken.
    document = etree.fromstring(client.get(f"/v1/alerts/{alert}.xml").data)
    uris = {urlsplit(one.text).path for one in document.findall(".//{*}resource/{*}uri")}
    every_size = {urlsplit(one["uri"]).path for one in added.json["photographs"][0]["renditions"]}
    assert len(uris) == 3
    assert uris < every_size
    for uri in every_size:
        got = client.get(uri)
        assert got.status_code == 200
        assert b"SECRET" not in got.data
        assert not Image.open(io.BytesIO(got.data)).getexif()
    assert NAME in heard_by(database, 0)[0]["headline"]

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
    (read,) = client.get(f"{path}/sightings?state=new", headers=constable).json["sightings"]
    assert read["reports"][0]["position"] == EXACT
    picture = f"{path}/sightings/{read['id']}/photographs/{read['photographs'][0]['id']}"
    assert Image.open(io.BytesIO(client.get(picture, headers=constable).data)).size == (800, 600)
    weighed = client.patch(
        f"{path}/sightings/{read['id']}", json={"state": "credible"}, headers=constable
    )
    assert weighed.json["state"] == "credible"

    # The search goes on elsewhere.
    wider = {"area": [{"places": ["JM-08"]}]}
    update = client.patch(f"{path}?publish=true", json=wider, headers=constable).json["alert"]
    approved = client.post(
        f"/v1/alerts/{update['identifier']}/approve?publish=true", headers=sergeant
    )
    assert len(approved.json["info"][0]["resource"]) == 3

    # Found: one officer is enough, and nothing public names or shows the child.
    found = client.post(f"{path}/end", json={"outcome": "found_safe"}, headers=sergeant)
    assert found.status_code == 200, found.json
    assert {client.get(uri).status_code for uri in every_size} == {410}
    public = [
        client.get(f"/v1/alerts/{identifier}{form}")
        for identifier in (alert, update["identifier"])
        for form in ("", ".xml", ".geojson", ".jws", "/thread")
    ]
    assert {one.status_code for one in public} == {410}
    cancel = found.json["alert"]["identifier"]
    public += [client.get(f"/v1/alerts/{cancel}{form}") for form in ("", ".xml", ".jws", "/thread")]
    public += [client.get(one) for one in ("/v1/alerts?since=0", "/v1/missing-persons")]
    said = [one.text for one in public] + [str(heard_by(database, 0))]
    assert [one for one in said if NAME in one or "/media/" in one] == []
    # Who was told at first, and is no longer where the search went, hears of the end.
    assert [one["msg_type"] for one in heard_by(database, 0)] == ["Cancel"]
    assert client.post(f"{path}/sightings", json=sighting).status_code == 410
