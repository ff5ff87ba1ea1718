"""Every role × agency × kind × place × severity × verb over HTTP, beside a table written by hand.

``TABLE`` below says who may; it is not derived from the code's own table, which is compared with
it. ``own``: in the officer's agency; ``any``: in every agency.
"""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.agencies import keys, permissions
from casa.agencies.caller import Caller
from casa.agencies.mandates import Mandate
from casa.agencies.models import Agency, MandateRow, Officer
from casa.agencies.permissions import Role, Scope, Verb
from casa.alerts import approval, lifecycle
from casa.alerts.models import Alert
from casa.alerts.schemas import ContentSchema, content_of
from casa.assembly import KINDS
from casa.database import Database
from tests.conftest import SignedIn, approve, later

TABLE = """
verb         author  approver  safeguarding  agency_administrator  regional_administrator  auditor
read         own     own       own           own                   any                     any
draft        own     -         -             -                     -                       -
edit         own     -         -             -                     -                       -
discard      own     -         -             -                     -                       -
submit       own     -         -             -                     -                       -
approve      -       own       -             -                     -                       -
reject       -       own       -             -                     -                       -
safeguard    -       -         own           -                     -                       -
publish      own     own       -             -                     -                       -
update       own     -         -             -                     -                       -
cancel       own     own       -             -                     -                       -
break-glass  -       -         -             -                     any                     -
shelter      own     own       -             -                     -                       -
invite       -       -         -             own                   any                     -
issue        -       -         -             own                   any                     -
grant        -       -         -             -                     any                     -
confirm      -       -         -             own                   any                     -
object       -       own       -             own                   any                     -
audit        -       -         -             -                     any                     any
import       -       own       -             -                     -                       -
"""
ROLES = TABLE.split("\n")[1].split()[1:]
EXPECTED = {
    (line.split()[0], role): who
    for line in TABLE.strip().split("\n")[1:]
    for role, who in zip(ROLES, line.split()[1:], strict=True)
}
VERBS = {
    "read": Verb.READ, "draft": Verb.DRAFT, "edit": Verb.DRAFT, "discard": Verb.DRAFT,
    "submit": Verb.SUBMIT, "approve": Verb.APPROVE, "reject": Verb.APPROVE,
    "safeguard": Verb.SAFEGUARD,
    "publish": Verb.PUBLISH, "update": Verb.DRAFT, "cancel": Verb.CANCEL,
    "break-glass": Verb.BREAK_GLASS, "shelter": Verb.SHELTER, "invite": Verb.ADMINISTER_AGENCY,
    "issue": Verb.ADMINISTER_AGENCY, "confirm": Verb.ADMINISTER_AGENCY, "object": Verb.OBJECT,
    "grant": Verb.ADMINISTER_REGION, "audit": Verb.AUDIT,
    "import": Verb.IMPORT,
}  # fmt: skip
ON_ALERTS = ("read", "draft", "edit", "discard", "submit", "approve", "reject", "publish",
             "update", "cancel", "break-glass")  # fmt: skip
GOOD = {"draft": 201, "update": 201, "cancel": 201, "discard": 204}

KIND_CODES = ("accident", "missing_person", "disaster")
PLACES = ("JM-01", "HT-OU")
SEVERITIES = ("Minor", "Severe", "Extreme")
# The agency at home: accidents and missing persons in Jamaica, up to Severe.
HOME = Mandate(("accident", "missing_person"), ("JM",), "Severe")
# One officer alone, by kind (the README's words).
# An alert of a missing person that no case composed may be of a minor, so it never goes alone.
ALONE = {"accident": "Severe", "missing_person": None, "disaster": "Moderate"}
_ORDER = ("Minor", "Moderate", "Severe", "Extreme")
_EVERYTHING = Mandate(KIND_CODES, ("JM", "HT"), "Extreme")
_CATEGORIES = {"accident": "Transport", "missing_person": "Rescue", "disaster": "Met"}


NO_RECORDS = b'<pfif xmlns="http://zesty.ca/pfif/1.4"/>'


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One backend is enough for what does not ask the database's opinion."""
    return sqlite_url


@pytest.fixture
def home(database: Database) -> Caller:
    """The agency whose alerts are tried, as one that may do everything in order to set them up."""
    with database.writing() as session:
        agency = Agency(code="home", name="Home", sender="home@demo.invalid")
        agency.mandates.append(
            MandateRow(kinds=list(HOME.kinds), places=list(HOME.places), max_severity="Severe")
        )
        session.add(agency)
        session.flush()
        identity = agency.id
    return Caller(
        identity, "home", "Home", "home@demo.invalid", None, None, (_EVERYTHING,),
        actor="officer:somebody-else", roles=frozenset({*Role, *Scope}), stepped_up=True,
    )  # fmt: skip


@pytest.fixture
def officers(officer: Any, home: Caller) -> dict[tuple[str, bool], SignedIn]:
    """An officer with each role, at home and of another agency."""
    return {
        (role, own): officer("home" if own else "police-tt", Role(role))
        for role in ROLES
        for own in (True, False)
    }


def body_of(kind: str, place: str, severity: str) -> dict[str, Any]:
    info = {
        "language": "en", "category": [_CATEGORIES[kind]], "event": "Event", "urgency": "Immediate",
        "severity": severity, "certainty": "Observed", "headline": "Headline",
        "expires": later(hours=2),
    }  # fmt: skip
    return {"kind": kind, "info": [info], "area": [{"places": [place]}]}


def set_up(database: Database, home: Caller, body: dict[str, Any], verb: str) -> str:
    """An alert of the home agency in the state that ``verb`` is for; its identifier."""
    kind = KINDS[body["kind"]]
    data = ContentSchema().load({name: value for name, value in body.items() if name != "kind"})
    with database.writing() as session:
        alert = lifecycle.draft(session, home, kind, content_of(data))
        if verb in ("approve", "reject", "publish"):
            approval.submit(session, home, alert)
        if verb == "publish":
            _approved_by_a_third(session, home, alert)
        if verb in ("update", "cancel"):
            lifecycle.publish(session, home, kind, alert)
        return str(alert.identifier)


def _approved_by_a_third(session: Session, home: Caller, alert: Alert) -> None:
    third = Officer(
        agency_id=home.agency_id, email=f"{uuid.uuid4().hex}@example.org", name="Third",
        roles=[Role.APPROVER, Role.SAFEGUARDING],
    )  # fmt: skip
    session.add(third)
    session.flush()
    acting = replace(home, actor=f"officer:{third.id}")
    approval.approve(session, acting, alert, approval.digest(alert))


def call(
    client: FlaskClient, headers: dict[str, str], verb: str, identifier: str, body: dict[str, Any]
) -> Any:
    content = {name: value for name, value in body.items() if name != "kind"}
    path = f"/v1/alerts/{identifier}"
    match verb:
        case "read":
            return client.get(path, headers=headers)
        case "draft":
            return client.post("/v1/alerts", json=body, headers=headers)
        case "edit":
            return client.put(path, json=content, headers=headers)
        case "discard":
            return client.delete(path, headers=headers)
        case "update":
            return client.post(f"{path}/update", json=content, headers=headers)
        case "cancel":
            return client.post(f"{path}/cancel", json={}, headers=headers)
        case "approve":
            read = client.get(path, headers=headers).json.get("digest") or ""
            query = {"digest": read}
            return client.post(f"{path}/approve", query_string=query, headers=headers)
        case "reject" | "break-glass":
            reason = {"reason": "because it is so"}
            return client.post(f"{path}/{verb}", json=reason, headers=headers)
    return client.post(f"{path}/{verb}", headers=headers)


def inside(kind: str, place: str, severity: str) -> bool:
    return kind in HOME.kinds and place.startswith("JM") and severity != "Extreme"


def may(verb: str, role: str, own: bool) -> bool:
    who = EXPECTED[verb, role]
    return who == "any" or (who == "own" and own)


def test_the_table_of_the_code_is_the_written_one() -> None:
    for (verb, role), who in EXPECTED.items():
        allowed = permissions.TABLE[VERBS[verb]]
        assert (Role(role) in allowed) == (who != "-"), (verb, role)
    readers = permissions.TABLE[Verb.READ_ALL]
    assert readers == {Role(role) for role in ROLES if EXPECTED["read", role] == "any"}
    others = {Verb.READ_ALL, Verb.PUBLISH_UNATTENDED, Verb.PREPARE, Verb.INVESTIGATE}
    assert set(VERBS.values()) | others == set(Verb)


@pytest.mark.parametrize("verb", ON_ALERTS)
@pytest.mark.parametrize("kind", KIND_CODES)
def test_every_cell(
    client: FlaskClient,
    database: Database,
    home: Caller,
    officers: dict[tuple[str, bool], SignedIn],
    verb: str,
    kind: str,
) -> None:
    for place in PLACES:
        for severity in SEVERITIES:
            body = body_of(kind, place, severity)
            for (role, own), one in officers.items():
                cell = (verb, kind, place, severity, role, own)
                identifier = set_up(database, home, body, verb)
                answer = call(client, one.headers, verb, identifier, body)
                if verb == "draft" and not own:
                    # Drafting is always in one's own agency: this one has Trinidad and Tobago.
                    assert answer.status_code == 403, cell
                elif not may(verb, role, own):
                    assert answer.status_code in (403, 404), cell
                    if not own and EXPECTED["read", role] != "any":
                        _same_as_nothing(client, one.headers, verb, answer, body, cell)
                elif verb in ("draft", "edit", "update", "publish", "break-glass") and not inside(
                    kind, place, severity
                ):
                    assert answer.status_code == 403, cell
                    assert answer.json["type"] == "urn:casa:problem:outside-mandate", cell
                elif verb == "approve" and kind == "missing_person":
                    # Whom it is of nobody has said: it needs the safeguarding role as well.
                    assert answer.json["type"] == "urn:casa:problem:forbidden", cell
                else:
                    assert answer.status_code == GOOD.get(verb, 200), (cell, answer.json)


def _same_as_nothing(
    client: FlaskClient,
    headers: dict[str, str],
    verb: str,
    answer: Any,
    body: dict[str, Any],
    cell: Any,
) -> None:
    """Another agency's draft is not told from none; a published alert is public anyway."""
    if verb in ("update", "cancel"):
        return
    nothing = call(client, headers, verb, str(uuid.uuid4()), body)
    assert (answer.status_code, answer.json["type"], answer.json["detail"]) == (
        nothing.status_code, nothing.json["type"], nothing.json["detail"],
    ), cell  # fmt: skip


@pytest.mark.parametrize(
    "verb", ["invite", "issue", "grant", "confirm", "object", "audit", "import"]
)
def test_every_cell_of_administration(
    client: FlaskClient, officers: dict[tuple[str, bool], SignedIn], officer: Any, verb: str
) -> None:
    asker = officer("home", Role.AGENCY_ADMINISTRATOR)
    for (role, own), one in officers.items():
        match verb:
            case "invite":
                email = f"{uuid.uuid4().hex}@example.org"
                body = {"email": email, "name": "X", "roles": ["author"]}
                answer = client.post("/v1/officers?agency=home", json=body, headers=one.headers)
            case "issue":
                body = {"name": "x", "scopes": ["read"]}
                answer = client.post("/v1/keys?agency=home", json=body, headers=one.headers)
            case "grant":
                body = {"kinds": ["accident"], "places": ["JM"]}
                path = "/v1/agencies/home/mandates"
                answer = client.post(path, json=body, headers=one.headers)
            case "confirm" | "object":
                body = {"name": "x", "scopes": ["unattended"]}
                client.post("/v1/keys", json=body, headers=asker.headers)
                waits = client.get("/v1/grants", headers=asker.headers).json["grants"][-1]
                settle = "confirm" if verb == "confirm" else "cancel"
                path = f"/v1/grants/{waits['id']}/{settle}"
                answer = client.post(path, headers=one.headers)
            case "import":
                # Whoever imports answers with their own agency, so everybody is at home.
                headers, own = {**one.headers, "Content-Type": "application/pfif+xml"}, True
                answer = client.post("/v1/pfif", data=NO_RECORDS, headers=headers)
            case _:
                answer = client.get("/v1/audit", headers=one.headers)
        if may(verb, role, own):
            assert answer.status_code in (200, 201), (verb, role, own, answer.json)
        else:
            assert answer.status_code in (403, 404), (verb, role, own)


@pytest.mark.parametrize("kind", KIND_CODES)
@pytest.mark.parametrize("severity", _ORDER)
def test_who_may_publish_alone(
    client: FlaskClient,
    database: Database,
    officer: Callable[..., SignedIn],
    home: Caller,
    kind: str,
    severity: str,
) -> None:
    with database.writing() as session:
        agency = session.scalars(select(Agency).where(Agency.code == "home")).one()
        agency.mandates.append(
            MandateRow(kinds=list(KIND_CODES), places=["JM"], max_severity="Extreme")
        )
    author = officer("home", Role.AUTHOR, Role.APPROVER)
    made = client.post(
        "/v1/alerts?publish=true", json=body_of(kind, "JM-01", severity), headers=author.headers
    )
    most = ALONE[kind]
    alone = most is not None and _ORDER.index(severity) <= _ORDER.index(most)
    assert made.json["state"] == ("published" if alone else "submitted")
    path = f"/v1/alerts/{made.json['identifier']}"
    if not alone:
        refused = client.post(f"{path}/publish", headers=author.headers)
        assert refused.json["type"] == "urn:casa:problem:approval-missing"
        own = approve(client, path, author.headers)
        assert own.json["type"] == "urn:casa:problem:own-draft"
    drill = body_of(kind, "JM-01", severity) | {"status": "Exercise"}
    made = client.post("/v1/alerts?publish=true", json=drill, headers=author.headers)
    assert made.json["state"] == "published"


PERSONS = {  # category, age: what its approver needs beside that role
    ("missing_adult", 40): "nobody",
    ("missing_adult", 16): "safeguarding",
    ("vulnerable_adult", 80): "approver",
    ("missing_child", None): "safeguarding",
    ("suspected_trafficking", 30): "safeguarding",
    ("unidentified", 50): "nobody",
    ("unidentified", None): "safeguarding",
}
APPROVERS = {
    "approver": (Role.APPROVER,),
    "safeguarding": (Role.APPROVER, Role.SAFEGUARDING),
    "safeguarding alone": (Role.SAFEGUARDING,),
}


@pytest.mark.parametrize(("person", "needed"), PERSONS.items())
def test_who_may_approve_a_case(
    client: FlaskClient, officer: Any, person: tuple[str, int | None], needed: str
) -> None:
    category, age = person
    author = officer("police-jm", Role.AUTHOR)
    case = {"category": category, "full_name": "A. Demo", "area": [{"places": ["JM-14"]}]}
    if age is not None:
        case["age"] = age
    made = client.post("/v1/missing-persons?publish=true", json=case, headers=author.headers)
    alert = made.json["alert"]
    assert alert["state"] == ("published" if needed == "nobody" else "submitted"), made.json
    if needed == "nobody":
        return
    assert alert["safeguarding"] == made.json["guarded"] == (needed == "safeguarding")
    path = f"/v1/alerts/{alert['identifier']}"
    for name, roles in APPROVERS.items():
        if name == needed:
            continue
        if name == "safeguarding" and needed == "approver":
            continue
        answer = approve(client, path, officer("police-jm", *roles).headers, publish=True)
        assert answer.json["type"] == "urn:casa:problem:forbidden", (name, answer.json)
        assert ("safeguarding" in answer.json["detail"]) == (name == "approver")
    right = officer("police-jm", *APPROVERS[needed])
    answer = approve(client, path, right.headers, publish=True)
    assert answer.json["state"] == "published", answer.json


@pytest.mark.parametrize(
    ("scopes", "state"),
    [
        (("read", "draft", "publish"), "submitted"),
        (("read", "draft", "publish", "unattended"), "submitted"),
        (("read", "draft", "publish", "safeguarded"), "submitted"),
        (("read", "draft", "publish", "unattended", "safeguarded"), "published"),
    ],
)
def test_which_keys_publish_a_childs_case(
    client: FlaskClient, database: Database, home: Caller, scopes: tuple[str, ...], state: str
) -> None:
    with database.writing() as session:
        agency = session.scalars(select(Agency).where(Agency.code == "home")).one()
        key = keys.issue(session, agency, "system", scopes=scopes)
    case = {"category": "missing_child", "full_name": "A. Demo", "area": [{"places": ["JM-14"]}]}
    headers = {"Authorization": f"Bearer {key}"}
    made = client.post("/v1/missing-persons?publish=true", json=case, headers=headers)
    assert made.json["alert"]["state"] == state, made.json
