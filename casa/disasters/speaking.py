"""An advisory's messages: planned from what the event has said so far, and published together.

All of them are published in the one transaction that the caller has open, or none. A thread that
nothing is to be said of is renewed before it runs out, told to nobody. One that an officer has
cancelled by hand has ended; one that ran out is opened anew where its level still stands.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casa.agencies.caller import Caller
from casa.alerts import approval, areas, lifecycle, policy, publication
from casa.alerts.content import Content
from casa.alerts.kinds import AlertKind
from casa.alerts.message import Message, Resource, Untold
from casa.alerts.models import Alert, PublishedMessage
from casa.alerts.states import State
from casa.disasters import levels, shelters, wording
from casa.disasters.advisory import Advisory, decode
from casa.disasters.edits import Group
from casa.disasters.facts import LEVELS
from casa.disasters.levels import (
    GRAVEST_FIRST,
    Level,
    Levels,
    Places,
    Saying,
    Thread,
    follow,
    what_to_say,
)
from casa.disasters.messages import Continuing, Ending, Opening, Said, messages, renewal
from casa.disasters.models import AdvisoryMessage, HazardAdvisory, HazardEvent, HazardThread
from casa.disasters.parts import is_zone, named

_RENEWED_FROM = wording.LIFETIME / 2


@dataclass(frozen=True)
class Plan:
    """What an advisory is to publish: each message and its content, in order.

    With an officer's ``own_words`` somewhere in them, also what ends has to be approved.
    """

    threads: tuple[Thread, ...]
    sayings: tuple[Saying, ...]
    messages: tuple[tuple[Said, Content], ...]
    heads: dict[str, Alert]
    own_words: bool


def plan(
    session: Session, caller: Caller, event: HazardEvent, given: Advisory, moment: datetime
) -> Plan:
    """What publishing an advisory now would say."""
    rows = session.scalars(
        select(HazardThread)
        .where(HazardThread.event_id == event.id)
        .order_by(HazardThread.position)
    ).all()
    heads = _heads(session, [row.identifier for row in rows])
    threads = tuple(_as_it_is(row, heads[row.identifier], moment) for row in rows)
    before = levels_before(session, event)
    for row in rows:
        if _ran_out(heads[row.identifier], moment):
            before |= dict.fromkeys(_heard(row).places, Level.NONE)
    sayings = _sayings(before, given.by_part, threads)
    held = {row.identifier: frozenset(row.held) for row in rows}
    said = (*messages(sayings, threads, held), *_renewals(threads, sayings, heads, moment))
    links = shelters.links(session, event)
    texts = ((one, _text(event, given, caller, moment, one, heads)) for one in said)
    linked = tuple((one, _with_link(one, text, links)) for one, text in texts)
    return Plan(threads, sayings, linked, heads, bool(given.edits or given.contact))


def _sayings(before: Levels, after: Levels, threads: Sequence[Thread]) -> tuple[Saying, ...]:
    """What is to be said of places together, and of each zone by itself: all Alerts first.

    Zones are not told of together, as their followers are found by their shapes: a thread of
    several would say of one to those of another.
    """
    heard = {code for thread in threads for code in thread.heard}
    known = {*before, *after, *heard}
    zones = sorted(code for code in known if is_zone(code))
    found: list[Saying] = []
    for group in (known.difference(zones), *({zone} for zone in zones)):
        own = [thread for thread in threads if group.intersection(thread.heard)]
        found += what_to_say(_among(before, group), _among(after, group), own)
    return tuple(sorted(found, key=lambda one: not isinstance(one, levels.Alert)))


def _among(by_part: Levels, group: Collection[str]) -> dict[str, Level]:
    return {code: level for code, level in by_part.items() if code in group}


def levels_before(session: Session, event: HazardEvent) -> dict[str, Level]:
    """The level of each part by the last published advisory."""
    last = last_published(session, event)
    return last.by_part if last else {}


def last_published(session: Session, event: HazardEvent) -> Advisory | None:
    last = session.scalars(
        select(HazardAdvisory.content)
        .where(HazardAdvisory.event_id == event.id, HazardAdvisory.state == State.PUBLISHED)
        .order_by(HazardAdvisory.number.desc())
        .limit(1)
    ).first()
    return decode(last) if last else None


def check(caller: Caller, kind: AlertKind, planned: Plan) -> None:
    """Refuse what ``caller`` may not publish; what ends a thread may always be said.

    Raises:
        InvalidContent, OutsideMandate.
    """
    for said, text in planned.messages:
        if not isinstance(said, Ending):
            lifecycle.check(caller, kind, text)


def needs_second_officer(kind: AlertKind, planned: Plan) -> bool:
    """Whether one of the messages asks for a second officer, and so the advisory does."""
    return any(
        policy.needs_second_officer(kind, text, _replaced(planned, said))
        for said, text in planned.messages
        if planned.own_words or not isinstance(said, Ending)
    )


def _replaced(planned: Plan, said: Said) -> Message | None:
    return None if isinstance(said, Opening) else publication.message_of(planned.heads[said.thread])


def groups(planned: Plan) -> Iterator[tuple[Group, list[str]]]:
    """The parts that each message tells of a level, and the languages in which it does."""
    for said, text in planned.messages:
        if said.level is not Level.NONE:
            yield (said.level, sorted(said.places)), [info.language for info in text.info]


def is_told(said: Said) -> bool:
    """Whether those at the message's level are notified of it."""
    return not isinstance(said, Continuing) or not said.places <= said.untold.keys()


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

    Raises:
        as ``lifecycle.publish``, ``lifecycle.cancel`` and ``lifecycle.break_glass``.
    """
    heads = dict(planned.heads)
    published = []
    for position, (said, text) in enumerate(planned.messages):
        if isinstance(said, Ending) and not planned.own_words:
            alert = release.end(session, kind, heads[said.thread], text)
        else:
            alert = _publish(session, kind, advisory, said, text, heads, release)
        heads[alert.thread] = alert
        published.append(alert.thread)
        session.add(_kept(advisory, position, said, alert))
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


def _heads(session: Session, threads: Sequence[str]) -> dict[str, Alert]:
    """The last published message of each thread."""
    last = (
        select(func.max(PublishedMessage.sequence))
        .where(PublishedMessage.thread.in_(threads))
        .group_by(PublishedMessage.thread)
    )
    query = select(Alert).join(Alert.published).where(PublishedMessage.sequence.in_(last))
    return {alert.thread: alert for alert in session.scalars(query)}


def _heard(row: HazardThread) -> Thread:
    return Thread(row.identifier, {place: Level(level) for place, level in row.heard.items()})


def _ran_out(head: Alert, moment: datetime) -> bool:
    expired = publication.state_now(head, moment) is State.EXPIRED
    return expired and head.msg_type != "Cancel"


def _as_it_is(row: HazardThread, head: Alert, moment: datetime) -> Thread:
    """The thread, at no level where it was cancelled by hand or ran out."""
    thread = _heard(row)
    if head.msg_type != "Cancel" and not _ran_out(head, moment):
        return thread
    over = {place: Level.NONE if level.stands else level for place, level in thread.heard.items()}
    return Thread(thread.identifier, over)


def _renewals(
    threads: Sequence[Thread],
    sayings: Sequence[Saying],
    heads: dict[str, Alert],
    moment: datetime,
) -> Iterator[Continuing]:
    """Updates of the threads that stand, that nothing is said of, and that would soon run out."""
    spoken_of = {getattr(one, "thread", None) for one in sayings}
    for thread in threads:
        published = heads[thread.identifier].published
        if thread.level is None or thread.identifier in spoken_of or published is None:
            continue
        if published.expires - moment < _RENEWED_FROM:
            yield renewal(thread)


def _text(
    event: HazardEvent,
    given: Advisory,
    caller: Caller,
    moment: datetime,
    said: Said,
    heads: dict[str, Alert],
) -> Content:
    if isinstance(said, Opening):
        return wording.content(event, given, caller, moment, said.level, said.places, said.ends)
    message = publication.message_of(heads[said.thread])
    if message is None:
        raise LookupError(f"the thread {said.thread} was never published")
    if said.level is Level.NONE:
        text = wording.lifted(message, moment, said.places)
    else:
        ends = wording.level_of(message)
        text = wording.content(event, given, caller, moment, said.level, said.places, ends)
    return msgspec.structs.replace(text, untold=tuple(_untold(said.untold, said.places)))


def _with_link(said: Said, text: Content, links: Mapping[str, Resource]) -> Content:
    """With where the shelters are, if there are any in the states that a standing level is for."""
    if not links:
        return text
    states = {place.state for place in areas.target(text.area).places}
    found = next((links[state] for state in sorted(states & links.keys())), None)
    if found is None or not said.level.stands:
        return text
    info = tuple(msgspec.structs.replace(one, resource=(found,)) for one in text.info)
    return msgspec.structs.replace(text, info=info)


def _untold(untold: Mapping[str, Level], places: Places) -> Iterator[Untold]:
    """As codes; those of the message's own area just as the area has them."""
    for of_area in (True, False):
        for level in GRAVEST_FIRST:
            codes = [
                place
                for place, one in untold.items()
                if one is level and (place in places) is of_area
            ]
            if codes:
                zones = tuple(code for code in named(codes) if is_zone(code))
                others = tuple(code for code in named(codes) if not is_zone(code))
                yield Untold(others, LEVELS[level][1], zones)


def _kept(advisory: HazardAdvisory, position: int, said: Said, alert: Alert) -> AdvisoryMessage:
    return AdvisoryMessage(
        advisory_id=advisory.id,
        position=position,
        identifier=alert.identifier,
        thread=alert.thread,
        msg_type=alert.msg_type,
        level=said.level,
        places=list(named(said.places)),
        told=is_told(said),
    )


def _keep_threads(session: Session, event_id: str, planned: Plan, opened: Iterator[str]) -> None:
    """What each place has heard; ``opened`` begin with the threads of the sayings' Alerts."""
    for position, thread in enumerate(follow(planned.threads, planned.sayings, opened)):
        row = session.get(HazardThread, thread.identifier)
        if row is None:
            row = HazardThread(
                identifier=thread.identifier,
                event_id=event_id,
                position=position,
                held=sorted(thread.heard),
            )
            session.add(row)
        row.heard = {place: str(level) for place, level in sorted(thread.heard.items())}
