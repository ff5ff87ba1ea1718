"""No order of calls by any officers publishes a grave advisory that nobody else has seen."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from casa.agencies import keys
from casa.agencies.models import Agency, Officer
from casa.agencies.permissions import Role
from casa.alerts.models import Approval, PublishedMessage
from casa.alerts.publication import decode_message
from casa.database import Database, now
from casa.disasters.models import HazardAdvisory
from tests.conftest import SignedIn, approve

GRAVE = ("warning", "emergency")
LEVELS = st.dictionaries(
    st.sampled_from(["JM-01", "JM-02", "JM-03"]),
    st.sampled_from(["watch", "warning", "emergency", "all_clear"]),
)


class Officers(RuleBasedStateMachine):
    """Officers and a system do as they like with one event; the model knows who has seen what."""

    client: FlaskClient
    database: Database
    actors: dict[str, dict[str, str]]
    numbers: Iterator[int]

    who = st.sampled_from(["author", "other author", "approver", "other approver", "both", "key"])

    @initialize()
    def begin(self) -> None:
        body = {"hazard": "flood", "name": "Demo"}
        made = self.client.post("/v1/hazard-events", json=body, headers=self.actors["author"])
        self.event = made.headers["Location"]
        self.number, self.text = 1, ""
        self.editors: set[str] = set()
        self.approved: set[str] = set()

    def call(self, who: str, path: str, body: Any = None, method: str = "POST") -> Any:
        path = f"{self.event}/advisories{path}"
        return self.client.open(path, method=method, json=body, headers=self.actors[who])

    def body(self, levels: dict[str, str]) -> dict[str, Any]:
        """What no advisory said before: whoever to call is another each time."""
        return {"levels": levels, "contact": f"Call {next(self.numbers)}"}

    def wrote(self, who: str, body: dict[str, Any], answer: Any) -> None:
        self.text = body["contact"]
        self.editors.add(who)
        self.approved = set()
        self.seen_when_published(answer)

    def seen_when_published(self, answer: Any) -> None:
        if answer.status_code not in (200, 201) or answer.json["state"] != "published":
            return
        made = [one for one in answer.json["messages"] if one["msg_type"] != "Cancel"]
        if any(one["level"] in GRAVE for one in made):
            assert self.approved - self.editors
        assert answer.json["says"]["contact"] == self.text
        self.number += 1
        self.editors, self.approved = set(), set()

    @rule(who=who, levels=LEVELS, publish=st.booleans())
    def draft(self, who: str, levels: dict[str, str], publish: bool) -> None:
        body = self.body(levels)
        answer = self.call(who, "?publish=true" if publish else "", body)
        if answer.status_code == 201:
            assert answer.json["number"] == self.number
            self.wrote(who, body, answer)

    @rule(who=who, levels=LEVELS)
    def edit(self, who: str, levels: dict[str, str]) -> None:
        body = self.body(levels)
        answer = self.call(who, f"/{self.number}", body, "PUT")
        if answer.status_code == 200:
            assert answer.json["state"] == "draft"
            self.wrote(who, body, answer)

    @rule(who=who)
    def discard(self, who: str) -> None:
        if self.call(who, f"/{self.number}", None, "DELETE").status_code == 204:
            self.editors, self.approved = set(), set()

    @rule(who=who)
    def submit(self, who: str) -> None:
        self.call(who, f"/{self.number}/submit")

    @rule(who=who, publish=st.booleans())
    def approve(self, who: str, publish: bool) -> None:
        path = f"{self.event}/advisories/{self.number}"
        answer = approve(self.client, path, self.actors[who], publish=publish)
        if answer.status_code == 200:
            assert who not in self.editors, "nobody approves what they wrote"
            assert who in ("approver", "other approver", "both")
            self.approved.add(who)
            self.seen_when_published(answer)

    @rule(who=who)
    def reject(self, who: str) -> None:
        answer = self.call(who, f"/{self.number}/reject", {"reason": "not so"})
        if answer.status_code == 200:
            self.approved = set()

    @rule(who=who)
    def publish(self, who: str) -> None:
        self.seen_when_published(self.call(who, f"/{self.number}/publish"))

    @rule()
    def change_what_it_says_behind_the_approvers_back(self) -> None:
        """Whoever can write to the database still gets nothing out that was not approved."""
        identifier = self.event.split("/")[-1]
        with self.database.writing() as session:
            query = select(HazardAdvisory).where(
                HazardAdvisory.event_id == identifier, HazardAdvisory.number == self.number
            )
            advisory = session.scalars(query).first()
            if advisory is None:
                return
            fresh = f"Call {next(self.numbers)}"
            advisory.content = advisory.content.replace(self.text.encode(), fresh.encode())
            self.text, self.approved = fresh, set()

    @invariant()
    def each_grave_message_was_approved_as_it_is(self) -> None:
        with self.database.reading() as session:
            approved = set(session.scalars(select(Approval.identifier)))
            for row in session.scalars(select(PublishedMessage)):
                message = decode_message(row.content)
                grave = message.info[0].severity in ("Severe", "Extreme")
                if grave and message.msg_type != "Cancel":
                    assert message.identifier in approved


def test_no_sequence_of_calls_gets_round_the_second_officer(
    client: FlaskClient, database: Database, officer: Callable[..., SignedIn]
) -> None:
    roles = {
        "author": (Role.AUTHOR,), "other author": (Role.AUTHOR,),
        "approver": (Role.APPROVER,), "other approver": (Role.APPROVER,),
        "both": (Role.AUTHOR, Role.APPROVER),
    }  # fmt: skip
    actors = {name: officer("odpem", *given).headers for name, given in roles.items()}
    with database.writing() as session:
        agency = session.scalars(select(Agency).where(Agency.code == "odpem")).one()
        key = keys.issue(session, agency, "test", scopes=["read", "draft", "publish"])

    class Machine(Officers):
        pass

    Machine.client, Machine.database = client, database
    Machine.numbers = itertools.count(1_000)
    Machine.actors = actors | {"key": {"Authorization": f"Bearer {key}"}}
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_an_approval_is_audited_for_the_advisory_and_for_each_alert(
    client: FlaskClient, officer: Callable[..., SignedIn]
) -> None:
    author, approver = officer("cdema", Role.AUTHOR), officer("cdema", Role.APPROVER)
    body = {"hazard": "flood", "name": "Demo"}
    event = client.post("/v1/hazard-events", json=body, headers=author.headers).headers["Location"]
    given = {"levels": {"BB": "warning", "VC": "emergency"}}
    path = f"{event}/advisories"
    made = client.post(f"{path}?publish=true", json=given, headers=author.headers)
    done = approve(client, f"{path}/1", approver.headers, publish=True)
    assert (made.json["state"], done.json["state"]) == ("submitted", "published")
    auditor = officer("cdema", Role.AUDITOR)
    entries = client.get("/v1/audit", headers=auditor.headers).json["entries"]
    actions = [entry["action"] for entry in entries]
    for action, times in {
        "event.begin": 1, "advisory.draft": 1, "advisory.submit": 1, "advisory.approve": 1,
        "advisory.publish": 1, "alert.draft": 2, "alert.carry_approval": 2, "alert.publish": 2,
    }.items():  # fmt: skip
        assert actions.count(action) == times, action
    carried = [one["after"] for one in entries if one["action"] == "alert.carry_approval"]
    assert {tuple(one["approvers"]) for one in carried} == {(f"officer:{approver.id}",)}


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.AGENCY_ADMINISTRATOR])
def test_others_read_and_do_nothing(
    client: FlaskClient, officer: Callable[..., SignedIn], role: Role
) -> None:
    author, other = officer("cdema", Role.AUTHOR).headers, officer("cdema", role).headers
    body = {"hazard": "flood", "name": "Demo"}
    event = client.post("/v1/hazard-events", json=body, headers=author).headers["Location"]
    path = f"{event}/advisories"
    client.post(path, json={"levels": {"BB": "watch"}}, headers=author)
    assert client.get(f"{path}/1", headers=other).status_code == 200
    assert client.post("/v1/hazard-events", json=body, headers=other).status_code == 403
    for step in ("submit", "publish"):
        assert client.post(f"{path}/1/{step}", headers=other).status_code == 403
    assert approve(client, f"{path}/1", other).status_code == 403
    assert client.post(f"{event}/end", headers=other).status_code == 403
    assert client.delete(f"{path}/1", headers=other).status_code == 403


def test_breaking_the_glass(
    client: FlaskClient, officer: Callable[..., SignedIn], caplog: pytest.LogCaptureFixture
) -> None:
    author = officer("odpem", Role.AUTHOR).headers
    region = officer("cdema", Role.REGIONAL_ADMINISTRATOR).headers
    body = {"hazard": "tsunami", "name": "Demo"}
    event = client.post("/v1/hazard-events", json=body, headers=author).headers["Location"]
    path = f"{event}/advisories"
    # A watch is in force: of the advisory one message is its Cancel.
    first = {"levels": {"JM-01": "watch"}}
    assert client.post(f"{path}?publish=true", json=first, headers=author).status_code == 201
    grave = {"levels": {"JM-02": "emergency"}}
    made = client.post(f"{path}?publish=true", json=grave, headers=author)
    assert made.json["state"] == "submitted"
    path = f"{path}/2"
    # The regional administrator reads what it is to say, in the agency's name.
    shown = client.get(path, headers=region)
    assert shown.json["messages"] == made.json["messages"]
    texts = client.get(f"{path}/texts", headers=region).json["texts"]
    assert "Demonstration ODPEM, Jamaica" in texts[0]["radio"]
    reason = {"reason": "No approver can be reached and the wave is on its way."}
    assert client.post(f"{path}/break-glass", json={}, headers=region).status_code == 422
    for role in (Role.AUTHOR, Role.APPROVER, Role.AGENCY_ADMINISTRATOR, Role.AUDITOR):
        for agency in ("odpem", "cdema"):
            headers = officer(agency, role).headers
            refused = client.post(f"{path}/break-glass", json=reason, headers=headers)
            assert refused.status_code == 403, (role, agency)
    done = client.post(f"{path}/break-glass", json=reason, headers=region)
    assert (done.status_code, done.json["state"]) == (200, "published"), done.json
    assert [one["msg_type"] for one in done.json["messages"]] == ["Alert", "Cancel"]
    for one in done.json["messages"]:
        alert = client.get(f"/v1/alerts/{one['identifier']}").json
        assert alert["sender"] == "odpem@demo.invalid"
        assert alert["info"][0]["sender_name"] == "Demonstration ODPEM, Jamaica"
    assert "break-glass" in caplog.text
    entries = client.get("/v1/audit", headers=region).json["entries"]
    loud = [entry for entry in entries if entry["action"] == "break_glass"]
    assert {entry["reason"] for entry in loud} == {reason["reason"]}
    assert {entry["subject"].split(":")[0] for entry in loud} == {"advisory", "alert"}
    again = client.post(f"{path}/break-glass", json=reason, headers=region)
    assert (again.status_code, again.json["type"]) == (409, "urn:casa:problem:wrong-state")


def test_breaking_the_glass_does_not_reach_beyond_the_agencys_mandate(
    client: FlaskClient, database: Database, officer: Callable[..., SignedIn]
) -> None:
    author = officer("odpem", Role.AUTHOR).headers
    region = officer("cdema", Role.REGIONAL_ADMINISTRATOR).headers
    body = {"hazard": "tsunami", "name": "Demo"}
    event = client.post("/v1/hazard-events", json=body, headers=author).headers["Location"]
    made = client.post(f"{event}/advisories", json={"levels": {"JM-01": "warning"}}, headers=author)
    with database.writing() as session:
        advisory = session.scalars(select(HazardAdvisory)).one()
        advisory.content = advisory.content.replace(b"JM-01", b"BB-01")
    path = f"{made.headers['Location']}/break-glass"
    refused = client.post(path, json={"reason": "The wave is on its way."}, headers=region)
    assert (refused.status_code, refused.json["places"]) == (403, ["BB-01"])
    with database.reading() as session:
        assert session.scalars(select(PublishedMessage)).all() == []


def test_an_advisory_is_approved_as_it_was_read_and_by_who_still_may(
    client: FlaskClient, database: Database, officer: Callable[..., SignedIn]
) -> None:
    author = officer("cdema", Role.AUTHOR).headers
    approver = officer("cdema", Role.APPROVER, Role.AGENCY_ADMINISTRATOR)
    body = {"hazard": "flood", "name": "Demo"}
    event = client.post("/v1/hazard-events", json=body, headers=author).headers["Location"]
    made = client.post(
        f"{event}/advisories?publish=true", json={"levels": {"BB": "warning"}}, headers=author
    )
    path = made.headers["Location"]
    unread = client.post(f"{path}/approve?publish=true", headers=approver.headers)
    assert (unread.status_code, unread.json["errors"][0]["pointer"]) == (422, "/digest")
    other = client.post(f"{path}/approve?digest={'0' * 64}", headers=approver.headers)
    assert (other.status_code, other.json["type"]) == (409, "urn:casa:problem:wrong-state")
    assert approve(client, path, approver.headers).json["state"] == "approved"
    with database.writing() as session:
        session.get_one(Officer, approver.id).disabled = now()
    refused = client.post(f"{path}/publish", headers=author)
    assert refused.json["type"] == "urn:casa:problem:approval-missing"
    # What an officer's key writes, that officer does not approve.
    with database.writing() as session:
        session.get_one(Officer, approver.id).disabled = None
    key = client.post(
        "/v1/keys", json={"name": "desk", "scopes": ["read", "draft"]}, headers=approver.headers
    )
    by_key = {"Authorization": f"Bearer {key.json['key']}"}
    client.put(path, json={"levels": {"BB": "emergency"}}, headers=by_key)
    client.post(f"{path}/submit", headers=by_key)
    own = approve(client, path, approver.headers, publish=True)
    assert own.json["type"] == "urn:casa:problem:own-draft"


def advised(client: FlaskClient, event: str, headers: dict[str, str], **given: Any) -> Any:
    return client.post(f"{event}/advisories?publish=true", json=given, headers=headers)


@pytest.fixture
def warned(
    client: FlaskClient, officer: Callable[..., SignedIn]
) -> tuple[str, dict[str, str], dict[str, str]]:
    """An event with a warning for Barbados in force, an author and an approver."""
    author, approver = (officer("cdema", role).headers for role in (Role.AUTHOR, Role.APPROVER))
    body = {"hazard": "flood", "name": "Demo"}
    event = client.post("/v1/hazard-events", json=body, headers=author).headers["Location"]
    advised(client, event, author, levels={"BB": "warning"})
    assert approve(client, f"{event}/advisories/1", approver, publish=True).status_code == 200
    return event, author, approver


def test_a_milder_level_in_place_of_a_grave_one_needs_a_second_officer(
    client: FlaskClient, warned: Any
) -> None:
    event, author, approver = warned
    assert advised(client, event, author, levels={"BB": "watch"}).json["state"] == "submitted"
    alone = client.post(f"{event}/advisories/2/publish", headers=author)
    assert alone.json["type"] == "urn:casa:problem:approval-missing"
    done = approve(client, f"{event}/advisories/2", approver, publish=True)
    assert done.json["state"] == "published", done.json
    again = advised(client, event, author, levels={"BB": "watch", "VC": "watch"})
    assert again.json["state"] == "published", "what it replaces is mild by now"


@pytest.mark.parametrize("own", [{"contact": "Ring 555 0100"}, {"edits": True}, {}], ids=str)
def test_an_all_clear_in_own_words_needs_a_second_officer(
    client: FlaskClient, warned: Any, own: dict[str, Any]
) -> None:
    event, author, approver = warned
    if "edits" in own:
        words = {"language": "en", "headline": "Come to the harbour"}
        own = {"edits": [{"level": "all_clear", **words}]}
    made = advised(client, event, author, levels={"BB": "all_clear"}, **own)
    assert made.json["state"] == ("submitted" if own else "published"), made.json
    if own:
        alone = client.post(f"{event}/advisories/2/publish", headers=author)
        assert alone.json["type"] == "urn:casa:problem:approval-missing"
        done = approve(client, f"{event}/advisories/2", approver, publish=True).json
        assert [one["msg_type"] for one in done["messages"]] == ["Cancel"], done


def test_the_end_of_an_event_needs_none(client: FlaskClient, warned: Any) -> None:
    event, author, _ = warned
    ended = client.post(f"{event}/end", headers=author)
    assert ended.json["advisories"][-1]["state"] == "published", ended.json
