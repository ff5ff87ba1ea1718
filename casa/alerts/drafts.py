"""What routes of every kind share: finding an agency's own alert, and domain errors as problems."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from casa.agencies.caller import Caller
from casa.agencies.mandates import OutsideMandate
from casa.agencies.permissions import Verb, allows, require
from casa.agencies.refusals import refusals
from casa.alerts import approval, areas, crossing, publication
from casa.alerts.approval import ApprovalMissing, OwnDraft
from casa.alerts.content import InvalidContent
from casa.alerts.models import Alert
from casa.alerts.states import WrongState
from casa.database import now
from casa.problems import FieldError, Problem, invalid, not_found


@contextmanager
def problems() -> Iterator[None]:
    """The domain's refusals as problem responses: 422, 403 and 409."""
    try:
        with refusals():
            yield
    except InvalidContent as error:
        raise invalid([FieldError(*fault) for fault in error.faults]) from error
    except OutsideMandate as error:
        raise Problem(403, "outside-mandate", str(error), places=list(error.places)) from error
    except OwnDraft as error:
        raise Problem(403, "own-draft", str(error)) from error
    except ApprovalMissing as error:
        raise Problem(409, "approval-missing", str(error)) from error
    except WrongState as error:
        raise Problem(409, "wrong-state", str(error)) from error
    except (StaleDataError, IntegrityError) as error:
        detail = "Someone else changed this at the same moment; read it again and retry."
        raise Problem(409, "conflict", detail) from error


def own_alert(session: Session, caller: Caller, identifier: str) -> Alert:
    """The caller's alert, draft or published, to change it.

    Raises:
        Problem: 404; another agency's draft is not told from none, and 403 for its public alert.
    """
    alert = session.get(Alert, identifier)
    if alert is None or (alert.agency_id != caller.agency_id and alert.published is None):
        raise not_found("such alert")
    if alert.agency_id != caller.agency_id:
        raise Problem(403, "another-agency", "This alert is another agency's.")
    return alert


def readable_alert(session: Session, caller: Caller, identifier: str) -> Alert:
    """An alert as its agency sees it, for its officers and for who may read all.

    Raises:
        Problem: as ``own_alert``; 403 for who may not read.
    """
    with problems():
        if not allows(caller, Verb.READ_ALL):
            require(caller, Verb.READ)
            return own_alert(session, caller, identifier)
    alert = session.get(Alert, identifier)
    if alert is None:
        raise not_found("such alert")
    return alert


def foreign_part(session: Session, caller: Caller, identifier: str) -> Alert:
    """The part of another agency's alert that waits for consent in the caller's state.

    Raises:
        Problem: 404, also where it is another state's to consent.
    """
    part = session.get(Alert, identifier)
    if part is None or part.border is None:
        raise not_found("such alert")
    if not crossing.may_consent(caller.mandates, part.kind, part.border, now()):
        raise not_found("such alert")
    return part


def draft_json(alert: Alert) -> dict[str, Any]:
    """An alert as its own agency sees it: its life, and its content while it is a draft."""
    message = publication.message_of(alert)
    described: dict[str, Any] = {
        "identifier": alert.identifier,
        "thread": alert.thread,
        "kind": alert.kind,
        "msg_type": alert.msg_type,
        "state": publication.state_now(alert).value,
        "replaces": alert.replaces,
        "rejection": alert.note,
        "cross_border": alert.crosses,
        "border": alert.border,
        "home": alert.home,
        "digest": None if message else approval.digest(alert),
        "created": alert.created.isoformat(),
        "changed": alert.changed.isoformat(),
        "sequence": message.sequence if message else None,
    }
    said = message or publication.draft_content(alert)
    built: dict[str, Any] = msgspec.to_builtins(said)
    described |= {name: value for name, value in built.items() if name not in described}
    described["reaches"] = [place.code for place in areas.target(said.area).places]
    return described
