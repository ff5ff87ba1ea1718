"""What takes an alert away needs the eyes that the alert itself needed."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from casa.agencies import keys
from casa.agencies.models import Agency
from casa.agencies.permissions import Role
from casa.database import Database
from tests.conftest import SignedIn, approve, later

WORDS = {"en": "Everybody come to the harbour."}
READY = {
    "over": {"en": "over", "fr": "terminé", "ht": "fini", "nl": "voorbij", "es": "terminado"},
    "sent_in_error": {
        "en": "in error", "fr": "par erreur", "ht": "pa erè", "nl": "vergissing", "es": "por error",
    },
    "exercise": {
        "en": "exercise", "fr": "exercice", "ht": "egzèsis", "nl": "oefening", "es": "ejercicio",
    },
}  # fmt: skip


def body_of(severity: str, headline: str = "Flood", **more: Any) -> dict[str, Any]:
    shared = {
        "category": ["Met"], "event": "Flood", "urgency": "Immediate", "severity": severity,
        "certainty": "Observed", "headline": headline, "expires": later(hours=2),
    }  # fmt: skip
    languages = more.pop("languages", ("en",))
    info = [{**shared, "language": language} for language in languages]
    return {"info": info, "area": [{"places": ["JM-01"]}], **more}


@pytest.fixture
def author(officer: Callable[..., SignedIn]) -> SignedIn:
    return officer("odpem", Role.AUTHOR)


@pytest.fixture
def approver(officer: Callable[..., SignedIn]) -> SignedIn:
    return officer("odpem", Role.APPROVER)


@pytest.fixture
def published(
    client: FlaskClient, author: SignedIn, approver: SignedIn
) -> Callable[..., dict[str, Any]]:
    """Publish an alert of ODPEM as policy has it; the answer's body."""

    def publish(severity: str, **more: Any) -> dict[str, Any]:
        body = {"kind": "disaster", **body_of(severity, **more)}
        made = client.post("/v1/alerts?publish=true", json=body, headers=author.headers).json
        if made["state"] == "submitted":
            path = f"/v1/alerts/{made['identifier']}"
            made = approve(client, path, approver.headers, publish=True).json
        assert made["state"] == "published", made
        return dict(made)

    return publish


def cancel(client: FlaskClient, alert: Any, headers: dict[str, str], reason: Any = None) -> Any:
    body = {} if reason is None else {"reason": reason}
    return client.post(f"/v1/alerts/{alert['identifier']}/cancel", json=body, headers=headers)


@pytest.mark.parametrize("reason", READY)
def test_a_ready_reason_ends_at_once_in_every_language(
    client: FlaskClient, author: SignedIn, published: Any, reason: str
) -> None:
    languages = ("en", "fr", "ht", "nl", "es", "pt")
    alert = published("Extreme", languages=languages)
    ended = cancel(client, alert, author.headers, reason)
    assert (ended.status_code, ended.json["state"]) == (201, "published"), ended.json
    texts = {info["language"]: info["description"] for info in ended.json["info"]}
    for language, word in READY[reason].items():
        assert word in texts[language]
    assert texts["pt"] == texts["en"], "a language without ready words is served in English"


def test_own_words_need_a_second_officer_where_the_alert_did(
    client: FlaskClient, author: SignedIn, approver: SignedIn, published: Any
) -> None:
    alert = published("Extreme")
    waits = cancel(client, alert, author.headers, WORDS)
    assert (waits.status_code, waits.json["state"]) == (201, "submitted"), waits.json
    assert client.get(f"/v1/alerts/{alert['identifier']}").json["state"] == "published"
    path = f"/v1/alerts/{waits.json['identifier']}"
    alone = client.post(f"{path}/publish", headers=author.headers)
    assert alone.json["type"] == "urn:casa:problem:approval-missing"
    edited = client.put(path, json=body_of("Minor"), headers=author.headers)
    assert (edited.status_code, edited.json["type"]) == (409, "urn:casa:problem:wrong-state")
    done = approve(client, path, approver.headers, publish=True)
    assert (done.json["state"], done.json["msg_type"]) == ("published", "Cancel"), done.json
    assert done.json["info"][0]["description"] == WORDS["en"]
    assert client.get(f"/v1/alerts/{alert['identifier']}").json["state"] == "cancelled"


def test_a_cancellation_that_waits_stops_no_ready_one(
    client: FlaskClient, author: SignedIn, approver: SignedIn, published: Any
) -> None:
    alert = published("Extreme")
    waits = cancel(client, alert, author.headers, WORDS).json
    assert cancel(client, alert, author.headers, "over").json["state"] == "published"
    late = approve(client, f"/v1/alerts/{waits['identifier']}", approver.headers, publish=True)
    assert late.status_code == 409
    path = f"/v1/alerts/{waits['identifier']}"
    assert client.delete(path, headers=author.headers).status_code == 204


def test_what_one_officer_may_say_alone_may_end_in_own_words(
    client: FlaskClient, author: SignedIn, published: Any
) -> None:
    for alert in (published("Moderate"), published("Extreme", status="Exercise")):
        ended = cancel(client, alert, author.headers, WORDS)
        assert ended.json["state"] == "published", ended.json


@pytest.mark.parametrize(("unattended", "state"), [(False, "submitted"), (True, "published")])
def test_a_key_ends_in_own_words_only_where_it_may_publish_so(
    client: FlaskClient, database: Database, published: Any, unattended: bool, state: str
) -> None:
    scopes = ["read", "draft", "publish", *(["unattended"] if unattended else [])]
    with database.writing() as session:
        agency = session.query(Agency).filter_by(code="odpem").one()
        key = keys.issue(session, agency, "test", scopes=scopes)
    headers = {"Authorization": f"Bearer {key}"}
    assert cancel(client, published("Extreme"), headers, WORDS).json["state"] == state


def test_a_mild_update_of_a_grave_alert_needs_a_second_officer(
    client: FlaskClient, author: SignedIn, approver: SignedIn, published: Any
) -> None:
    alert = published("Extreme")
    path = f"/v1/alerts/{alert['identifier']}/update?publish=true"
    made = client.post(path, json=body_of("Minor", "All is well"), headers=author.headers)
    assert made.json["state"] == "submitted", made.json
    path = f"/v1/alerts/{made.json['identifier']}"
    alone = client.post(f"{path}/publish", headers=author.headers)
    assert alone.json["type"] == "urn:casa:problem:approval-missing"
    assert approve(client, path, approver.headers, publish=True).json["state"] == "published"
    again = client.post(
        f"{path}/update?publish=true", json=body_of("Minor", "Still well"), headers=author.headers
    )
    assert again.json["state"] == "published", "what it replaces is mild by now"


def test_the_end_of_a_template_is_approved_with_its_alert(
    client: FlaskClient, author: SignedIn, approver: SignedIn
) -> None:
    """Whoever writes the template anew afterwards puts no words into the Cancel."""
    template = {
        "name": "Flood", "kind": "disaster", "lasts": 60,
        "info": [{
            "language": "en", "category": ["Met"], "event": "Flood", "urgency": "Immediate",
            "severity": "Extreme", "certainty": "Observed", "headline": "Flood",
        }],
        "area": [{"places": ["JM-01"]}], "cancellation": {"en": "The flood is over."},
    }  # fmt: skip
    kept = client.post("/v1/templates", json=template, headers=author.headers)
    assert kept.status_code == 201, kept.json
    template_path = f"/v1/templates/{kept.json['id']}"
    made = client.post(f"{template_path}/fill?publish=true", json={}, headers=author.headers).json
    path = f"/v1/alerts/{made['identifier']}"
    read = client.get(path, headers=approver.headers).json
    assert read["prepared_end"] == {"en": "The flood is over."}
    alert = approve(client, path, approver.headers, publish=True).json
    changed = client.put(
        template_path, json=template | {"cancellation": WORDS}, headers=author.headers
    )
    assert changed.status_code == 200
    ended = cancel(client, alert, author.headers)
    assert ended.json["state"] == "published", ended.json
    assert ended.json["info"][0]["description"] == "The flood is over."


def test_a_record_does_not_end_in_one_officers_words(
    client: FlaskClient, author: SignedIn, approver: SignedIn
) -> None:
    facts = {"hazard": "flood", "level": "emergency", "area": [{"places": ["JM-01"]}]}
    made = client.post("/v1/disasters?publish=true", json=facts, headers=author.headers)
    assert made.status_code == 201, made.json
    alert = f"/v1/alerts/{made.json['alert']['identifier']}"
    assert approve(client, alert, approver.headers, publish=True).json["state"] == "published"
    path = made.headers["Location"]
    refused = client.post(f"{path}/end", json={"reason": WORDS}, headers=author.headers)
    assert (refused.status_code, refused.json["type"]) == (409, "urn:casa:problem:approval-missing")
    assert client.get(path, headers=author.headers).json["ended"] is None
    ended = client.post(f"{path}/end", json={"reason": "over"}, headers=author.headers)
    assert ended.json["alert"]["msg_type"] == "Cancel", ended.json


def test_reasons_are_words_or_one_of_the_ready_ones(
    client: FlaskClient, author: SignedIn, published: Any
) -> None:
    alert = published("Moderate")
    for reason in ("because", 7, {"en": ""}, ["over"]):
        answer = cancel(client, alert, author.headers, reason)
        assert answer.status_code == 422, reason
        assert answer.json["errors"][0]["pointer"].startswith("/reason")
