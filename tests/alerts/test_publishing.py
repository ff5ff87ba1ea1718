"""The life of an alert over HTTP, on both databases."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from casa.alerts.models import Alert, Dispatch, PublishedMessage
from casa.assembly import KINDS
from casa.database import Database

Bearer = Callable[[str], dict[str, str]]
Publish = Callable[..., dict[str, Any]]


def test_draft_edit_publish(
    client: FlaskClient, bearer: Bearer, warning: dict[str, Any], database: Database
) -> None:
    headers = bearer("cdema")
    draft = client.post("/v1/alerts", json=warning, headers=headers)
    assert draft.status_code == 201
    address = draft.headers["Location"]
    assert draft.json["state"] == "draft"
    assert draft.json["sequence"] is None
    assert client.get(address).status_code == 404
    assert client.get(address, headers=bearer("police-jm")).status_code == 404
    assert client.get("/v1/alerts").json["alerts"] == []

    edited = {name: value for name, value in warning.items() if name != "kind"}
    edited["info"][0]["headline"] = "Hurricane warning: stay in"
    assert client.put(address, json=edited, headers=headers).status_code == 200
    published = client.post(address + "/publish", headers=headers)
    assert published.status_code == 200
    assert published.json["sequence"] == 1
    shown = client.get(address).json
    assert shown["info"][0]["headline"] == "Hurricane warning: stay in"
    assert shown["state"] == "published"
    with database.reading() as session:
        rows = session.scalars(select(Dispatch).order_by(Dispatch.channel)).all()
        assert [(row.sequence, row.channel, row.state) for row in rows] == [
            (1, "push", "waiting"), (1, "webhook", "waiting")
        ]  # fmt: skip
    again = client.post(address + "/publish", headers=headers)
    assert again.status_code == 409
    assert client.put(address, json=edited, headers=headers).status_code == 409
    assert client.delete(address, headers=headers).status_code == 409
    assert client.get("/v1/alerts").json["sequence"] == 1


def test_update_and_cancel_make_a_thread(
    client: FlaskClient, bearer: Bearer, warning: dict[str, Any], publish: Publish
) -> None:
    first = publish(warning)
    content = {name: value for name, value in warning.items() if name != "kind"}
    content["area"] = [{"places": ["BB"]}]
    answer = client.post(
        f"/v1/alerts/{first['identifier']}/update?publish=true",
        json=content,
        headers=bearer("cdema"),
    )
    assert answer.status_code == 201
    second = answer.json
    assert second["msg_type"] == "Update"
    cancelled = client.post(
        f"/v1/alerts/{second['identifier']}/cancel",
        json={"reason": {"en": "The storm has turned away."}},
        headers=bearer("cdema"),
    ).json
    thread = client.get(f"/v1/alerts/{first['identifier']}/thread").json["alerts"]
    assert [message["msg_type"] for message in thread] == ["Alert", "Update", "Cancel"]
    assert [message["state"] for message in thread] == ["updated", "cancelled", "published"]
    assert [message["sequence"] for message in thread] == [1, 2, 3]
    assert [one["identifier"] for one in thread[2]["references"]] == [
        first["identifier"],
        second["identifier"],
    ]
    assert {message["thread"] for message in thread} == {first["identifier"]}
    english, french = cancelled["info"]
    assert english["headline"] == "Cancelled: Hurricane warning"
    assert english["description"] == "The storm has turned away."
    assert french["headline"] == "Annulé: Alerte ouragan"
    for identifier in (first["identifier"], second["identifier"], cancelled["identifier"]):
        for verb in ("cancel", "update"):
            answer = client.post(
                f"/v1/alerts/{identifier}/{verb}",
                json={} if verb == "cancel" else content,
                headers=bearer("cdema"),
            )
            if identifier == cancelled["identifier"] and verb == "update":
                continue
            assert answer.status_code == 409, (identifier, verb, answer.json)
            assert answer.json["type"] == "urn:casa:problem:wrong-state"


def test_two_updates_of_the_same_alert_cannot_both_be_published(
    client: FlaskClient, bearer: Bearer, warning: dict[str, Any], publish: Publish
) -> None:
    first = publish(warning)
    content = {name: value for name, value in warning.items() if name != "kind"}
    address = f"/v1/alerts/{first['identifier']}/update"
    drafts = [
        client.post(address, json=content, headers=bearer("cdema")).json["identifier"]
        for _ in range(2)
    ]
    answers = [
        client.post(f"/v1/alerts/{draft}/publish", headers=bearer("cdema")).status_code
        for draft in drafts
    ]
    assert answers == [200, 409]
    assert client.get("/v1/alerts").json["sequence"] == 2


def test_published_messages_never_change(
    client: FlaskClient,
    bearer: Bearer,
    warning: dict[str, Any],
    publish: Publish,
    database: Database,
) -> None:
    first = publish(warning)
    with database.reading() as session:
        before = session.scalars(select(PublishedMessage.content)).one()
    client.post(f"/v1/alerts/{first['identifier']}/cancel", json={}, headers=bearer("cdema"))
    with database.reading() as session:
        contents = session.scalars(
            select(PublishedMessage.content).order_by(PublishedMessage.sequence)
        ).all()
    assert contents[0] == before
    assert len(contents) == 2


def test_another_agency_can_neither_change_nor_cancel(
    client: FlaskClient, bearer: Bearer, warning: dict[str, Any], publish: Publish
) -> None:
    first = publish(warning)
    address = f"/v1/alerts/{first['identifier']}/cancel"
    assert client.post(address, json={}, headers=bearer("odpem")).status_code == 403
    assert client.post(address, json={}).status_code == 401


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"info": []}, "/info"),
        ({"area": []}, "/area"),
        ({"area": [{"places": ["ZZ"]}]}, "/area/0/places/0"),
        ({"area": [{}]}, "/area/0"),
        ({"area": [{"shapes": [{"type": "Point", "coordinates": [1]}]}]}, "/area/0/shapes/0"),
        ({"kind": "weather"}, "/kind"),
        ({"sent": "2199-01-01T00:00:00Z"}, "/sent"),
        ({"sent": "yesterday"}, "/sent"),
        ({"identifier": "mine"}, "/identifier"),
        ({"status": "Actual!"}, "/status"),
    ],
)
def test_bad_content_names_the_field(
    client: FlaskClient,
    bearer: Bearer,
    warning: dict[str, Any],
    database: Database,
    change: dict[str, Any],
    pointer: str,
) -> None:
    answer = client.post("/v1/alerts?publish=true", json=warning | change, headers=bearer("cdema"))
    assert answer.status_code == 422, answer.json
    assert answer.content_type == "application/problem+json"
    assert any(error["pointer"].startswith(pointer) for error in answer.json["errors"]), answer.json
    with database.reading() as session:
        assert session.scalars(select(Alert)).all() == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"expires": "2001-01-01T00:00:00Z"}, "/info/0/expires"),
        ({"expires": "2199-01-01T00:00:00Z"}, "/info/0/expires"),
        ({"onset": "2199-01-01T00:00:00Z"}, "/info/0/onset"),
        ({"severity": "Grave"}, "/info/0/severity"),
        ({"severity": "Minor"}, "/info/1/severity"),
        ({"headline": "x" * 161}, "/info/0/headline"),
        ({"headline": "  "}, "/info/0/headline"),
        ({"headline": "a\u0007b"}, "/info/0/headline"),
        ({"language": "français"}, "/info/0/language"),
        ({"language": "fr"}, "/info/1/language"),
        ({"expires": 12}, "/info/0/expires"),
        ({"unknown": 1}, "/info/0/unknown"),
        ({"web": "javascript:alert(1)"}, "/info/0/web"),
    ],
)
def test_bad_info_names_the_field(
    client: FlaskClient,
    bearer: Bearer,
    warning: dict[str, Any],
    change: dict[str, Any],
    pointer: str,
) -> None:
    warning["info"][0] |= change
    answer = client.post("/v1/alerts", json=warning, headers=bearer("cdema"))
    assert answer.status_code == 422, answer.json
    assert pointer in [error["pointer"] for error in answer.json["errors"]], answer.json


def test_bad_requests(client: FlaskClient, bearer: Bearer, warning: dict[str, Any]) -> None:
    headers = bearer("cdema")
    json_type = {"Content-Type": "application/json"}
    broken = client.post("/v1/alerts", data="{nope", headers=headers | json_type)
    assert broken.status_code == 400
    huge = client.post("/v1/alerts", data=b" " * 1_100_000, headers=headers | json_type)
    assert huge.status_code == 413
    listed = client.post("/v1/alerts", json=[warning], headers=headers)
    assert listed.status_code == 422
    plain = client.post("/v1/alerts", data="hello", headers=headers)
    assert plain.status_code in (415, 422)
    query = client.post("/v1/alerts?publish=maybe", json=warning, headers=headers)
    assert query.status_code == 422
    unknown = client.post("/v1/alerts?publsh=true", json=warning, headers=headers)
    assert unknown.status_code == 422
    for answer in (broken, huge, listed, plain, query, unknown, client.get("/nowhere")):
        assert answer.content_type == "application/problem+json"
        assert set(answer.json) >= {"type", "title", "status", "detail"}


@pytest.mark.parametrize(
    "header",
    ["", "Basic abc", "Bearer", "Bearer casa_x", "Bearer casa_" + "0" * 12 + "_" + "0" * 40],
)
def test_wrong_keys(client: FlaskClient, warning: dict[str, Any], header: str) -> None:
    answer = client.post("/v1/alerts", json=warning, headers={"Authorization": header})
    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer.headers


def test_own_list_pages(
    client: FlaskClient, bearer: Bearer, warning: dict[str, Any], publish: Publish
) -> None:
    made = [publish(warning)["identifier"] for _ in range(3)]
    made.append(client.post("/v1/alerts", json=warning, headers=bearer("cdema")).json["identifier"])
    found: list[str] = []
    address: str | None = "/v1/agencies/me/alerts?limit=2"
    while address:
        page = client.get(address, headers=bearer("cdema")).json
        found += [alert["identifier"] for alert in page["alerts"]]
        address = page["next"] and f"/v1/agencies/me/alerts?limit=2&cursor={page['next']}"
    assert found == made[::-1]
    drafts = client.get("/v1/agencies/me/alerts?state=draft", headers=bearer("cdema")).json
    assert [alert["identifier"] for alert in drafts["alerts"]] == made[3:]
    assert client.get("/v1/agencies/me/alerts", headers=bearer("odpem")).json["alerts"] == []


@pytest.mark.parametrize(
    ("kind", "category"), [("missing_person", "Met"), ("accident", "Geo"), ("disaster", "Rescue")]
)
def test_a_kind_has_categories_of_its_own(
    client: FlaskClient, bearer: Any, warning: dict[str, Any], kind: str, category: str
) -> None:
    blocks = [one | {"category": [category]} for one in warning["info"]]
    body = warning | {"kind": kind, "info": blocks}
    for path in ("/v1/alerts", "/v1/alerts/preview"):
        answer = client.post(path, json=body, headers=bearer("cdema"))
        assert answer.status_code == 422
        assert answer.json["errors"][0]["pointer"] == "/info/0/category"


def test_an_alert_without_an_end_lives_as_long_as_its_kind_usually_does(
    client: FlaskClient, bearer: Any, warning: dict[str, Any]
) -> None:
    for block in warning["info"]:
        del block["expires"]
    answer = client.post("/v1/alerts", json=warning, headers=bearer("cdema"))
    assert answer.status_code == 201, answer.json
    ends = {datetime.fromisoformat(one["expires"]) for one in answer.json["info"]}
    assert len(ends) == 1
    left = ends.pop() - datetime.now(UTC)
    lifetime = KINDS["disaster"].policy.lifetime
    assert lifetime - timedelta(minutes=2) < left <= lifetime
