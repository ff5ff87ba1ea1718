"""What every kind's record has in common: it owns a thread of alerts.

A record (an accident, a case, a hazard event) keeps the facts of its kind in their wire form.
Each change of the facts edits the draft at the head of its thread or drafts an Update.
"""

from datetime import datetime
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import JSON, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column

from casa import paging
from casa.agencies.caller import Caller
from casa.agencies.permissions import Verb, allows, require
from casa.alerts import cancelling, lifecycle, publication
from casa.alerts.approval import ApprovalMissing
from casa.alerts.cancelling import Reason
from casa.alerts.content import Content
from casa.alerts.kinds import AlertKind
from casa.alerts.models import Alert, PublishedMessage
from casa.alerts.states import State, WrongState
from casa.alerts.withdrawal import withdraw
from casa.database import UtcDateTime, now
from casa.problems import not_found


class Record:
    """The columns that every kind's record has."""

    @declared_attr
    def agency_id(cls) -> Mapped[int]:  # noqa: N805
        return mapped_column(ForeignKey("agency.id"), index=True)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    thread: Mapped[str] = mapped_column(String(36), unique=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    changed: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
    ended: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def beside_facts(self) -> dict[str, Any]:
        """What the agency is shown of the record that only its kind knows."""
        return {}


R = TypeVar("R", bound=Record)


def head(session: Session, record: Record) -> Alert | None:
    """The latest message of the record's thread, draft or published."""
    query = (
        select(Alert)
        .outerjoin(Alert.published)
        .where(Alert.thread == record.thread)
        .order_by(PublishedMessage.sequence.desc().nulls_first(), Alert.created.desc())
    )
    return session.scalars(query.limit(1)).first()


def change(
    session: Session,
    caller: Caller,
    kind: AlertKind,
    record: Record,
    text: Content,
    *,
    crosses: bool = False,
) -> Alert:
    """Say what the record's facts now are: in its draft, or in an Update of its thread.

    What once ``crosses`` into other states goes on to.

    Raises:
        InvalidContent, OutsideMandate, WrongState.
    """
    if record.ended is not None:
        raise WrongState("It has ended: open a new record.")
    record.changed = now()
    alert = head(session, record)
    if alert is not None and alert.published is None:
        alert.crosses = crosses or alert.crosses
        lifecycle.edit(session, caller, kind, alert, text)
        return alert
    crosses = crosses or (alert is not None and alert.crosses)
    return lifecycle.draft(session, caller, kind, text, replaces=alert, crosses=crosses)


def end(
    session: Session,
    caller: Caller,
    kind: AlertKind,
    record: Record,
    reason: Reason,
) -> None:
    """End the record: throw its draft away, whoever wrote it, and cancel what is in force.

    Raises:
        ApprovalMissing: policy asks for a second officer's approval of the caller's own words.
        Forbidden, InvalidContent, WrongState.
    """
    if record.ended is not None:
        raise WrongState("It has ended already.")
    record.ended = now()
    alert = head(session, record)
    if alert is not None and alert.published is None:
        lifecycle.discarded(session, caller, alert)
        alert = head(session, record)
    if alert is not None or not allows(caller, Verb.DRAFT):
        require(caller, Verb.CANCEL)
    if kind.closing is not None:
        withdraw(session, record.thread, record.ended)
    if alert is None or not _is_to_be_cancelled(kind, alert):
        return
    message = publication.message_of(alert)
    if message is not None and message.msg_type != "Cancel":
        ending = cancelling.cancel(session, caller, kind, alert, reason)
        if ending.published is None:
            raise ApprovalMissing(
                "Your own words need another officer's approval: end this for a ready reason, or"
                " first cancel its alert in your words."
            )


def _is_to_be_cancelled(kind: AlertKind, alert: Alert) -> bool:
    """What is in force; where persons are told of also what ran out, for whoever was told."""
    state = publication.state_now(alert)
    return state is State.PUBLISHED or (kind.closing is not None and state is State.EXPIRED)


def own(session: Session, caller: Caller, model: type[R], identifier: str) -> R:
    """The caller's record, locked for a change.

    Raises:
        Problem: 404, also for another agency's: records are not public.
    """
    require(caller, Verb.READ)
    record = session.get(model, identifier, with_for_update=True)
    if record is None or record.agency_id != caller.agency_id:
        raise not_found("such record")
    return record


def listed(
    session: Session, caller: Caller, model: type[R], after: paging.Row | None, limit: int
) -> list[R]:
    """At most ``limit`` of an agency's records, newest first, after the cursor's row."""
    require(caller, Verb.READ)
    query = select(model).where(model.agency_id == caller.agency_id)
    query = paging.newest_first(query, model.created, model.id, after, limit)
    return list(session.scalars(query))
