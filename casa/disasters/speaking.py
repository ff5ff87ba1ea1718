"""Publishing what an advisory says: all of its messages in one transaction, or none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec
from sqlalchemy.orm import Session

from casa.agencies.caller import Caller
from casa.alerts import approval, lifecycle
from casa.alerts.content import Content
from casa.alerts.kinds import AlertKind
from casa.alerts.models import Alert
from casa.disasters.levels import follow
from casa.disasters.messages import Continuing, Ending, Said
from casa.disasters.models import AdvisoryMessage, HazardAdvisory, HazardThread
from casa.disasters.parts import named
from casa.disasters.plans import Plan, Planned, is_told
from casa.disasters.readings import Reading


class Release(Protocol):
    """How messages become public: in whose name, and by what right."""

    @property
    def speaker(self) -> Caller: ...
    def publish(self, session: Session, kind: AlertKind, alert: Alert) -> None: ...
    def end(self, session: Session, kind: AlertKind, head: Alert, text: Content) -> Alert: ...


@dataclass(frozen=True)
class Approved:
    """By the speaker's own right, where policy asks for it with the approval of ``approvers``.

    They have approved the advisory as it stands: what they approved stands for each message, whose
    own publication asks for it.
    """

    speaker: Caller
    approvers: Sequence[str]

    def publish(self, session: Session, kind: AlertKind, alert: Alert) -> None:
        if self.approvers:
            approval.carry_over(session, self.speaker, alert, self.approvers)
        lifecycle.publish(session, self.speaker, kind, alert)

    def end(self, session: Session, kind: AlertKind, head: Alert, text: Content) -> Alert:
        return lifecycle.cancel(session, self.speaker, kind, head, text)[0]


@dataclass(frozen=True)
class Unapproved:
    """In an emergency by ``officer``, in the name of the ``agency`` whose advisory it is."""

    officer: Caller
    agency: Caller
    reason: str

    @property
    def speaker(self) -> Caller:
        return replace(self.agency, actor=self.officer.actor)

    def publish(self, session: Session, kind: AlertKind, alert: Alert) -> None:
        lifecycle.break_glass(session, self.officer, self.agency, kind, alert, self.reason)

    def end(self, session: Session, kind: AlertKind, head: Alert, text: Content) -> Alert:
        return lifecycle.ended(session, self.speaker, kind, head, text)[0]


def publish(
    session: Session,
    kind: AlertKind,
    advisory: HazardAdvisory,
    planned: Plan,
    release: Release,
) -> None:
    """Publish the messages, and keep which they were and what each place has heard by now.

    The caller has a transaction open, in which all of it is.

    Raises:
        as ``lifecycle.publish``, ``lifecycle.cancel`` and ``lifecycle.break_glass``.
    """
    heads = dict(planned.heads)
    published = []
    for position, one in enumerate(planned.messages):
        if isinstance(one.said, Ending) and not planned.own_words:
            alert = release.end(session, kind, heads[one.said.thread], one.text)
        else:
            alert = _publish(session, kind, advisory, one.said, one.text, heads, release)
        heads[alert.thread] = alert
        published.append(alert.thread)
        session.add(_kept(advisory, position, one, alert))
    _keep_threads(session, advisory.event_id, planned, iter(published))
    session.flush()


def _publish(
    session: Session,
    kind: AlertKind,
    advisory: HazardAdvisory,
    said: Said,
    text: Content,
    heads: dict[str, Alert],
    release: Release,
) -> Alert:
    if isinstance(said, Ending):
        head = heads[said.thread]
        alert = lifecycle.drafted_end(session, kind, head, text, advisory.editors)
    else:
        replaces = heads[said.thread] if isinstance(said, Continuing) else None
        speaker = release.speaker
        alert = lifecycle.drafted(session, speaker, kind, text, replaces, advisory.editors)
    release.publish(session, kind, alert)
    return alert


def _kept(
    advisory: HazardAdvisory, position: int, planned: Planned, alert: Alert
) -> AdvisoryMessage:
    said = planned.said
    return AdvisoryMessage(
        advisory_id=advisory.id,
        position=position,
        identifier=alert.identifier,
        thread=alert.thread,
        msg_type=alert.msg_type,
        level=said.level,
        places=list(named(said.places)),
        told=is_told(said),
        facts=msgspec.to_builtins(planned.reading),
    )


def _keep_threads(session: Session, event_id: str, planned: Plan, opened: Iterator[str]) -> None:
    """What each place has heard; ``opened`` begin with the threads of the sayings' Alerts."""
    told = {place for saying in planned.sayings for place in saying.told}
    for position, thread in enumerate(follow(planned.threads, planned.sayings, opened)):
        row = session.get(HazardThread, thread.identifier)
        if row is None:
            row = HazardThread(
                identifier=thread.identifier, event_id=event_id, position=position, held=[]
            )
            session.add(row)
        row.heard = {place: str(level) for place, level in sorted(thread.heard.items())}
        row.held = sorted({*row.held, *thread.heard})
        row.reading = msgspec.to_builtins(thread.reading)
        row.told = {
            place: msgspec.to_builtins(_told_last(place, planned, place in told))
            for place in sorted(thread.places)
        }


def _told_last(place: str, planned: Plan, is_told_now: bool) -> Reading:
    """What a place was told last; whoever was shown something only heard what it had heard."""
    now = planned.readings.by_part.get(place, Reading())
    return now if is_told_now else planned.heard.get(place, now)
