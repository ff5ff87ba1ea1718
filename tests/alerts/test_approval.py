"""No order of calls by any officers publishes what a second pair of eyes has not seen."""

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from casa.agencies import keys
from casa.agencies.models import Agency, Officer
from casa.agencies.permissions import Role
from casa.alerts.models import Alert, Approval, PublishedMessage
from casa.alerts.publication import decode_message
from casa.database import Database, now
from tests.conftest import SignedIn, approve, later

GRAVE = ("Severe", "Extreme")


def body_of(severity: str, headline: str) -> dict[str, Any]:
    info = {
        "language": "en", "category": ["Met"], "event": "Flood", "urgency": "Immediate",
        "severity": severity, "certainty": "Observed", "headline": headline,
        "expires": later(hours=2),
    }  # fmt: skip
    return {"info": [info], "area": [{"places": ["JM-01"]}]}


class Officers(RuleBasedStateMachine):
    """Officers and a system do as they like; the model knows each text and who has seen it."""

    client: FlaskClient
    database: Database
    actors: dict[str, dict[str, str]]
    numbers: Iterator[int]

    alerts = Bundle("alerts")
    who = st.sampled_from(["author", "other author", "approver", "other approver", "both", "key"])
    severities = st.sampled_from(["Minor", "Moderate", *GRAVE])

    @initialize()
    def begin(self) -> None:
        self.text: dict[str, tuple[str, str]] = {}
        self.editors: dict[str, set[str]] = {}
        self.approved: dict[str, set[str]] = {}
        self.replaced: dict[str, str] = {}

    def post(self, who: str, path: str, body: Any = None, method: str = "POST") -> Any:
        return self.client.open(
            f"/v1/alerts{path}", method=method, json=body, headers=self.actors[who]
        )

    def fresh(self) -> str:
        """A headline that no example had before: the database stays the same."""
        return f"Text {next(self.numbers)}"

    def new_text(self, severity: str) -> tuple[dict[str, Any], tuple[str, str]]:
        headline = self.fresh()
        return body_of(severity, headline), (severity, headline)

    def wrote(self, who: str, identifier: str, text: tuple[str, str], answer: Any) -> None:
        self.text[identifier] = text
        self.editors.setdefault(identifier, set()).add(who)
        self.approved[identifier] = set()
        self.published_only_when_seen(identifier, answer)

    def published_only_when_seen(self, identifier: str, answer: Any) -> None:
        if answer.json["state"] != "published":
            return
        severity, headline = self.text[identifier]
        assert answer.json["info"][0]["headline"] == headline
        replaced = self.text.get(self.replaced.get(identifier, ""), ("Minor", ""))[0]
        if severity in GRAVE or replaced in GRAVE:
            assert self.approved[identifier] - self.editors[identifier]

    @rule(target=alerts, who=who, severity=severities, publish=st.booleans())
    def draft(self, who: str, severity: str, publish: bool) -> str:
        body, text = self.new_text(severity)
        path = "?publish=true" if publish else ""
        answer = self.post(who, path, {"kind": "disaster", **body})
        if answer.status_code != 201:
            assert who in ("approver", "other approver")
            return ""
        self.wrote(who, answer.json["identifier"], text, answer)
        return str(answer.json["identifier"])

    @rule(who=who, severity=severities, identifier=alerts)
    def edit(self, who: str, severity: str, identifier: str) -> None:
        body, text = self.new_text(severity)
        answer = self.post(who, f"/{identifier}", body, "PUT")
        if answer.status_code == 200:
            assert answer.json["state"] == "draft"
            self.wrote(who, identifier, text, answer)

    @rule(target=alerts, who=who, severity=severities, identifier=alerts, publish=st.booleans())
    def update(self, who: str, severity: str, identifier: str, publish: bool) -> str:
        body, text = self.new_text(severity)
        path = f"/{identifier}/update" + ("?publish=true" if publish else "")
        answer = self.post(who, path, body)
        if answer.status_code != 201:
            return ""
        self.replaced[answer.json["identifier"]] = identifier
        self.wrote(who, answer.json["identifier"], text, answer)
        return str(answer.json["identifier"])

    @rule(who=who, identifier=alerts)
    def submit(self, who: str, identifier: str) -> None:
        self.post(who, f"/{identifier}/submit")

    @rule(who=who, identifier=alerts, publish=st.booleans())
    def approve(self, who: str, identifier: str, publish: bool) -> None:
        path = f"/v1/alerts/{identifier}"
        answer = approve(self.client, path, self.actors[who], publish=publish)
        if answer.status_code == 200:
            assert who not in self.editors[identifier], "nobody approves what they wrote"
            assert who in ("approver", "other approver", "both")
            self.approved[identifier].add(who)
            self.published_only_when_seen(identifier, answer)

    @rule(who=who, identifier=alerts)
    def reject(self, who: str, identifier: str) -> None:
        answer = self.post(who, f"/{identifier}/reject", {"reason": "not so"})
        if answer.status_code == 200:
            assert answer.json["state"] == "draft"
            self.approved[identifier] = set()

    @rule(who=who, identifier=alerts)
    def publish(self, who: str, identifier: str) -> None:
        answer = self.post(who, f"/{identifier}/publish")
        if answer.status_code == 200:
            self.published_only_when_seen(identifier, answer)

    @rule(who=who, identifier=alerts)
    def cancel(self, who: str, identifier: str) -> None:
        answer = self.post(who, f"/{identifier}/cancel", {"reason": "over"})
        assert answer.status_code in (201, 403, 404, 405, 409, 422)

    @rule(who=who, identifier=alerts)
    def cancel_in_own_words(self, who: str, identifier: str) -> None:
        answer = self.post(who, f"/{identifier}/cancel", {"reason": {"en": "Come here."}})
        if answer.status_code == 201 and self.text[identifier][0] in GRAVE:
            assert answer.json["state"] == "submitted"

    @rule(identifier=alerts)
    def change_the_text_behind_the_approvers_back(self, identifier: str) -> None:
        """Whoever can write to the database still gets nothing out that was not approved."""
        with self.database.writing() as session:
            alert = session.get(Alert, identifier)
            if alert is None or not alert.content:
                return
            severity, _ = self.text[identifier]
            fresh = self.fresh()
            old = self.text[identifier][1].encode()
            alert.content = alert.content.replace(old, fresh.encode())
            self.text[identifier] = (severity, fresh)
            self.approved[identifier] = set()

    @invariant()
    def the_sequence_has_no_gaps_and_nothing_is_there_twice(self) -> None:
        with self.database.reading() as session:
            rows = session.scalars(
                select(PublishedMessage).order_by(PublishedMessage.sequence)
            ).all()
            assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
            said = [
                decode_message(row.content).info[0].headline
                for row in rows
                if row.msg_type != "Cancel"
            ]
            assert len(said) == len(set(said))


@pytest.fixture
def key(database: Database, agency_keys: dict[str, str]) -> dict[str, str]:
    """A system of ODPEM that may not publish unattended."""
    with database.writing() as session:
        agency = session.scalars(select(Agency).where(Agency.code == "odpem")).one()
        text = keys.issue(session, agency, "test", scopes=["read", "draft", "publish"])
    return {"Authorization": f"Bearer {text}"}


def test_no_sequence_of_calls_gets_round_the_second_officer(
    app: Flask,
    client: FlaskClient,
    database: Database,
    officer: Callable[..., SignedIn],
    key: dict[str, str],
) -> None:
    roles = {
        "author": (Role.AUTHOR,), "other author": (Role.AUTHOR,),
        "approver": (Role.APPROVER,), "other approver": (Role.APPROVER,),
        "both": (Role.AUTHOR, Role.APPROVER),
    }  # fmt: skip
    actors = {name: officer("odpem", *given).headers for name, given in roles.items()}

    class Machine(Officers):
        pass

    Machine.client, Machine.database = client, database
    Machine.numbers = itertools.count(1_000)
    Machine.actors = actors | {"key": key}
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=30,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def at_once(app: Flask, calls: list[tuple[str, dict[str, str]]]) -> list[int]:
    """POST all of these at the same moment; the statuses."""
    barrier = threading.Barrier(len(calls))
    statuses: list[int] = []

    def call(path: str, headers: dict[str, str]) -> None:
        with app.test_client() as client:
            barrier.wait()
            statuses.append(client.post(path, headers=headers).status_code)

    threads = [threading.Thread(target=call, args=one) for one in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(statuses)


def test_many_at_once_publish_once_and_lose_no_approval(
    app: Flask,
    client: FlaskClient,
    database: Database,
    officer: Callable[..., SignedIn],
) -> None:
    author = officer("odpem", Role.AUTHOR)
    approvers = [officer("odpem", Role.APPROVER) for _ in range(4)]
    body = {"kind": "disaster", **body_of("Extreme", "Flood")}
    made = client.post("/v1/alerts?publish=true", json=body, headers=author.headers)
    path = f"/v1/alerts/{made.json['identifier']}"
    read = f"{path}/approve?digest={made.json['digest']}"
    statuses = at_once(app, [(read, one.headers) for one in approvers])
    assert statuses == [200, 409, 409, 409]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Approval)) == 1
    statuses = at_once(app, [(f"{path}/publish", one.headers) for one in approvers])
    assert statuses == [200, 409, 409, 409]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(PublishedMessage)) == 1


def test_an_exercise_never_turns_real_half_way(
    client: FlaskClient, officer: Callable[..., SignedIn]
) -> None:
    author = officer("odpem", Role.AUTHOR)
    drill = {"kind": "disaster", "status": "Exercise", **body_of("Minor", "Drill")}
    made = client.post("/v1/alerts?publish=true", json=drill, headers=author.headers)
    path = f"/v1/alerts/{made.json['identifier']}/update"
    real = client.post(path, json=body_of("Minor", "Real"), headers=author.headers)
    assert real.status_code == 409
    assert "Exercise" in real.json["detail"]
    again = body_of("Minor", "Drill 2") | {"status": "Exercise"}
    update = client.post(path, json=again, headers=author.headers)
    assert update.status_code == 201
    edited = client.put(
        f"/v1/alerts/{update.json['identifier']}",
        json=body_of("Minor", "Real"),
        headers=author.headers,
    )
    assert edited.status_code == 409


def test_breaking_the_glass(
    client: FlaskClient,
    officer: Callable[..., SignedIn],
    caplog: pytest.LogCaptureFixture,
) -> None:
    author = officer("odpem", Role.AUTHOR)
    region = officer("cdema", Role.REGIONAL_ADMINISTRATOR)
    body = {"kind": "disaster", **body_of("Extreme", "Tsunami")}
    made = client.post("/v1/alerts", json=body, headers=author.headers)
    path = f"/v1/alerts/{made.json['identifier']}/break-glass"
    assert client.post(path, json={}, headers=region.headers).status_code == 422
    reason = {"reason": "No approver can be reached and the wave is on its way."}
    assert client.post(path, json=reason, headers=author.headers).status_code == 403
    answer = client.post(path, json=reason, headers=region.headers)
    assert answer.status_code == 200, answer.json
    assert answer.json["sender"] == "odpem@demo.invalid"
    assert "break-glass" in caplog.text
    entries = client.get("/v1/audit", headers=region.headers).json["entries"]
    loud = [entry for entry in entries if entry["action"] == "break_glass"]
    assert [entry["reason"] for entry in loud] == [reason["reason"]]


def test_a_rejected_text_tells_why(client: FlaskClient, officer: Callable[..., SignedIn]) -> None:
    author, approver = officer("odpem", Role.AUTHOR), officer("odpem", Role.APPROVER)
    body = {"kind": "disaster", **body_of("Extreme", "Flood")}
    made = client.post("/v1/alerts?publish=true", json=body, headers=author.headers)
    path = f"/v1/alerts/{made.json['identifier']}"
    reason = {"reason": "The wrong parish."}
    assert client.post(f"{path}/reject", json=reason, headers=approver.headers).status_code == 200
    shown = client.get(path, headers=author.headers).json
    assert (shown["state"], shown["rejection"]) == ("draft", "The wrong parish.")


@pytest.mark.parametrize("after_approval", [True, False])
def test_a_text_changed_in_the_database_does_not_go_out(
    client: FlaskClient,
    database: Database,
    officer: Callable[..., SignedIn],
    after_approval: bool,
) -> None:
    author, approver = officer("odpem", Role.AUTHOR), officer("odpem", Role.APPROVER)
    body = {"kind": "disaster", **body_of("Extreme", "Flood")}
    made = client.post("/v1/alerts?publish=true", json=body, headers=author.headers)
    path = f"/v1/alerts/{made.json['identifier']}"
    read = client.get(path, headers=approver.headers).json["digest"]
    if after_approval:
        answer = client.post(f"{path}/approve?digest={read}", headers=approver.headers)
        assert answer.status_code == 200
    with database.writing() as session:
        alert = session.get_one(Alert, made.json["identifier"])
        alert.content = (alert.content or b"").replace(b"Flood", b"Quake")
    if after_approval:
        refused = client.post(f"{path}/publish", headers=approver.headers)
        assert refused.json["type"] == "urn:casa:problem:approval-missing"
    else:
        answer = client.post(f"{path}/approve?digest={read}", headers=approver.headers)
        assert answer.status_code == 409
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(PublishedMessage)) == 0


def test_an_approver_who_edits_afterwards_no_longer_counts(
    client: FlaskClient, officer: Callable[..., SignedIn]
) -> None:
    author = officer("odpem", Role.AUTHOR)
    both = officer("odpem", Role.AUTHOR, Role.APPROVER)
    body = {"kind": "disaster", **body_of("Extreme", "Flood")}
    made = client.post("/v1/alerts?publish=true", json=body, headers=author.headers)
    path = f"/v1/alerts/{made.json['identifier']}"
    assert approve(client, path, both.headers).status_code == 200
    edited = client.put(path, json=body_of("Extreme", "Quake"), headers=both.headers)
    assert edited.json["state"] == "draft"
    assert client.post(f"{path}/submit", headers=author.headers).status_code == 200
    own = approve(client, path, both.headers)
    assert own.json["type"] == "urn:casa:problem:own-draft"
    assert client.post(f"{path}/publish", headers=author.headers).status_code == 409


def submitted(client: FlaskClient, headers: dict[str, str], severity: str = "Extreme") -> str:
    """The path of an alert that waits for a second officer."""
    body = {"kind": "disaster", **body_of(severity, "Flood")}
    made = client.post("/v1/alerts?publish=true", json=body, headers=headers)
    assert made.json["state"] == "submitted", made.json
    return f"/v1/alerts/{made.json['identifier']}"


def test_nobody_approves_what_was_not_read(
    client: FlaskClient, officer: Callable[..., SignedIn]
) -> None:
    author, approver = officer("odpem", Role.AUTHOR), officer("odpem", Role.APPROVER)
    path = submitted(client, author.headers)
    unread = client.post(f"{path}/approve?publish=true", headers=approver.headers)
    assert (unread.status_code, unread.json["errors"][0]["pointer"]) == (422, "/digest")
    other = client.post(f"{path}/approve?digest={'0' * 64}", headers=approver.headers)
    assert (other.status_code, other.json["type"]) == (409, "urn:casa:problem:wrong-state")
    assert client.get(path, headers=approver.headers).json["state"] == "submitted"
    assert approve(client, path, approver.headers, publish=True).json["state"] == "published"


def test_what_ones_own_key_wrote_is_ones_own(
    client: FlaskClient, database: Database, officer: Callable[..., SignedIn]
) -> None:
    """A key and its maker are one pair of eyes, also when another has rotated it since."""
    both = officer("odpem", Role.APPROVER, Role.AGENCY_ADMINISTRATOR)
    other = officer("odpem", Role.APPROVER, Role.AGENCY_ADMINISTRATOR)
    body = {"name": "desk", "scopes": ["read", "draft"]}
    made = client.post("/v1/keys", json=body, headers=both.headers).json
    path = submitted(client, {"Authorization": f"Bearer {made['key']}"})
    own = approve(client, path, both.headers, publish=True)
    assert (own.status_code, own.json["type"]) == (403, "urn:casa:problem:own-draft")
    assert approve(client, path, other.headers, publish=True).status_code == 200
    rotate = f"/v1/keys/{made['id']}/rotate"
    fresh = client.post(rotate, json={}, headers=other.headers).json["key"]
    path = submitted(client, {"Authorization": f"Bearer {fresh}"})
    for one in (both, other):
        assert approve(client, path, one.headers).json["type"] == "urn:casa:problem:own-draft"


@pytest.mark.parametrize(
    "lost",
    [{"disabled": later}, {"roles": ["author"]}, {"agency_id": 1}],
    ids=["shut out", "role", "agency"],
)
def test_an_approval_counts_no_longer_than_its_officers_right(
    client: FlaskClient,
    database: Database,
    officer: Callable[..., SignedIn],
    lost: dict[str, Any],
) -> None:
    author, approver = officer("odpem", Role.AUTHOR), officer("odpem", Role.APPROVER)
    path = submitted(client, author.headers)
    assert approve(client, path, approver.headers).status_code == 200
    with database.writing() as session:
        row = session.get_one(Officer, approver.id)
        for name, value in lost.items():
            setattr(row, name, now() if callable(value) else value)
    refused = client.post(f"{path}/publish", headers=author.headers)
    assert (refused.status_code, refused.json["type"]) == (409, "urn:casa:problem:approval-missing")
    assert client.post(f"{path}/submit", headers=author.headers).status_code == 200
    another = officer("odpem", Role.APPROVER)
    assert approve(client, path, another.headers, publish=True).json["state"] == "published"


def test_the_safeguarding_role_is_asked_for_at_publication_too(
    client: FlaskClient, database: Database, officer: Callable[..., SignedIn]
) -> None:
    author = officer("police-jm", Role.AUTHOR)
    approver = officer("police-jm", Role.APPROVER, Role.SAFEGUARDING)
    case = {"category": "missing_child", "full_name": "A. Demo", "area": [{"places": ["JM-14"]}]}
    made = client.post("/v1/missing-persons?publish=true", json=case, headers=author.headers)
    path = f"/v1/alerts/{made.json['alert']['identifier']}"
    assert approve(client, path, approver.headers).status_code == 200
    with database.writing() as session:
        session.get_one(Officer, approver.id).roles = ["approver"]
    refused = client.post(f"{path}/publish", headers=author.headers)
    assert refused.json["type"] == "urn:casa:problem:approval-missing"
