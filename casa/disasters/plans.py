"""What publishing an advisory would say: from what the event has said so far to its messages.

A thread that nothing is to be said of is renewed before it runs out, shown to nobody as news, in
words of that moment. One that an officer has cancelled by hand has ended; one that ran out is
opened anew where its level still stands.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casa.agencies.caller import Caller
from casa.alerts import areas, lifecycle, policy, publication
from casa.alerts.content import Content, Fault
from casa.alerts.kinds import AlertKind
from casa.alerts.message import Message, Resource, Untold
from casa.alerts.models import Alert, Dispatch, PublishedMessage
from casa.alerts.states import State
from casa.disasters import levels, shelters, wording
from casa.disasters.advisory import EVERYBODY, Advisory, decode
from casa.disasters.edits import Group
from casa.disasters.facts import LEVELS
from casa.disasters.levels import (
    GRAVEST_FIRST,
    Level,
    Levels,
    Places,
    Saying,
    Thread,
    what_to_say,
)
from casa.disasters.lifting import Object, lifted
from casa.disasters.messages import Continuing, Ending, Opening, Said, messages, renewal
from casa.disasters.models import HazardAdvisory, HazardEvent, HazardThread
from casa.disasters.news import is_news
from casa.disasters.parts import all_parts, is_zone, named
from casa.disasters.readings import Reading, Readings, readings, strongest

_RENEWED_FROM = wording.LIFETIME / 2
_UNDER_WAY = ("waiting", "planned")


class Planned(NamedTuple):
    """A message: what it is in its thread, what it says, and what its places read by it."""

    said: Said
    text: Content
    reading: Reading


@dataclass(frozen=True)
class Plan:
    """What an advisory is to publish, in order; ``heard`` is what parts were told before.

    ``lifted`` are the places whose level ends with it (``lifting``). With an officer's
    ``own_words`` somewhere in them, also what ends has to be approved.
    """

    threads: tuple[Thread, ...]
    sayings: tuple[Saying, ...]
    messages: tuple[Planned, ...]
    heads: dict[str, Alert]
    readings: Readings
    heard: Mapping[str, Reading]
    lifted: tuple[Object, ...]
    own_words: bool
    moment: datetime


@dataclass(frozen=True)
class _Past:
    """What an event has said: its threads as they stand now, and what parts were told last."""

    threads: tuple[Thread, ...]
    heads: dict[str, Alert]
    held: Mapping[str, Places]
    heard: Mapping[str, Reading]
    levels: Levels


def plan(
    session: Session, caller: Caller, event: HazardEvent, given: Advisory, moment: datetime
) -> Plan:
    """What publishing an advisory now would say."""
    past = _past(session, event, moment)
    now = readings(event.hazard, given, moment, past.heard)
    tell = _to_tell(event.hazard, given, past, now)
    read = {code: reading.as_read for code, reading in now.by_part.items()}
    sayings = _sayings(past, given.by_part, read, tell)
    said = (
        *messages(sayings, past.threads, past.held),
        *_renewals(past.threads, sayings, past.heads, moment),
    )
    links = shelters.links(session, event)
    planned = []
    for one in said:
        reading = _reading(one, given, past, now)
        text = _text(event, given, caller, moment, one, past.heads, reading)
        planned.append(Planned(one, _with_link(one, text, links), reading))
    ended = tuple(lifted(levels_before(session, event), given.by_part, sayings))
    return Plan(
        threads=past.threads,
        sayings=sayings,
        messages=tuple(planned),
        heads=past.heads,
        readings=now,
        heard=past.heard,
        lifted=ended,
        own_words=bool(given.edits or given.contact),
        moment=moment,
    )


def _past(session: Session, event: HazardEvent, moment: datetime) -> _Past:
    rows = session.scalars(
        select(HazardThread)
        .where(HazardThread.event_id == event.id)
        .order_by(HazardThread.position)
    ).all()
    heads = _heads(session, [row.identifier for row in rows])
    under_way = _under_way(session, heads)
    before = levels_before(session, event)
    for row in rows:
        if _ran_out(heads[row.identifier], moment):
            before |= dict.fromkeys(_stands_for(row), Level.NONE)
    return _Past(
        threads=tuple(
            _as_it_is(row, heads[row.identifier], moment, row.identifier in under_way)
            for row in rows
        ),
        heads=heads,
        held={row.identifier: frozenset(row.held) for row in rows},
        heard=_told_last(session, event, rows),
        levels=before,
    )


def _told_last(
    session: Session, event: HazardEvent, rows: Sequence[HazardThread]
) -> dict[str, Reading]:
    """By part; where that was not kept, by the last published advisory at its time."""
    told = {place: facts for row in rows for place, facts in row.told.items()}
    found = msgspec.convert(told, dict[str, Reading])
    last = _last_published(session, event)
    if last is not None and any(place not in told for row in rows for place in _stands_for(row)):
        moment = last.published or last.changed
        found = {**readings(event.hazard, decode(last.content), moment, {}).by_part, **found}
    return found


def _to_tell(hazard: str, given: Advisory, past: _Past, now: Readings) -> Places:
    """Whom to tell at the level that they had: whose facts are news, or whom an officer names."""
    standing = {place for thread in past.threads for place in thread.places}
    known = standing & past.heard.keys() & now.by_part.keys()
    found = {one for one in known if is_news(hazard, past.heard[one], now.by_part[one])}
    # An officer's words for a place whose alert was ended by hand are meant to be told.
    found |= {place for place, one in now.by_part.items() if one.words and place not in standing}
    return frozenset(found | (named_to_tell(given) & now.by_part.keys()))


def named_to_tell(given: Advisory) -> Places:
    """The parts that an officer wants told, whatever is news."""
    if EVERYBODY in given.tell:
        return frozenset(code for code, level in given.by_part.items() if level.stands)
    return all_parts(given.tell)


def faults(given: Advisory) -> Iterator[Fault]:
    """What of an advisory cannot be told."""
    standing = {code for code, level in given.by_part.items() if level.stands}
    for number, code in enumerate(given.tell):
        if code != EVERYBODY and standing.isdisjoint(all_parts((code,))):
            yield (
                f"/tell/{number}",
                f"{code} has no level that stands: give it one, or leave it out",
            )


def _sayings(
    past: _Past, after: Levels, read: Mapping[str, Reading], tell: Places
) -> tuple[Saying, ...]:
    """What is to be said of places together, and of each zone by itself: all Alerts first.

    Zones are not told of together, as their followers are found by their shapes: a thread of
    several would say of one to those of another.
    """
    heard = {code for thread in past.threads for code in thread.heard}
    known = {*past.levels, *after, *heard}
    zones = sorted(code for code in known if is_zone(code))
    found: list[Saying] = []
    for group in (known.difference(zones), *({zone} for zone in zones)):
        own = [thread for thread in past.threads if group.intersection(thread.heard)]
        before, then = _among(past.levels, group), _among(after, group)
        found += what_to_say(before, then, own, read, tell & group)
    return tuple(sorted(found, key=lambda one: not isinstance(one, levels.Alert)))


def _among(by_part: Levels, group: Collection[str]) -> dict[str, Level]:
    return {code: level for code, level in by_part.items() if code in group}


def levels_before(session: Session, event: HazardEvent) -> dict[str, Level]:
    """The level of each part by the last published advisory."""
    last = last_published(session, event)
    return last.by_part if last else {}


def last_published(session: Session, event: HazardEvent) -> Advisory | None:
    last = _last_published(session, event)
    return decode(last.content) if last else None


def _last_published(session: Session, event: HazardEvent) -> HazardAdvisory | None:
    return session.scalars(
        select(HazardAdvisory)
        .where(HazardAdvisory.event_id == event.id, HazardAdvisory.state == State.PUBLISHED)
        .order_by(HazardAdvisory.number.desc())
        .limit(1)
    ).first()


def check(caller: Caller, kind: AlertKind, planned: Plan) -> None:
    """Refuse what ``caller`` may not publish; what ends a thread may always be said.

    Raises:
        InvalidContent, OutsideMandate.
    """
    for one in planned.messages:
        if not isinstance(one.said, Ending):
            lifecycle.check(caller, kind, one.text)


def needs_second_officer(kind: AlertKind, planned: Plan) -> bool:
    """Whether one of the messages asks for a second officer, and so the advisory does."""
    return any(
        policy.needs_second_officer(kind, one.text, _replaced(planned, one.said))
        for one in planned.messages
        if planned.own_words or not isinstance(one.said, Ending)
    )


def _replaced(planned: Plan, said: Said) -> Message | None:
    return None if isinstance(said, Opening) else publication.message_of(planned.heads[said.thread])


def groups(given: Advisory, planned: Plan) -> Iterator[tuple[Group, Sequence[str]]]:
    """All that parts read together at a level, and the languages in which they do.

    Those that nothing is said of this time are among them.
    """
    for level, reading, codes in alike(given, planned.readings):
        yield (level, codes), wording.languages_of(given, reading, codes)
    for one in planned.messages:
        if one.said.level is Level.ALL_CLEAR:
            languages = [info.language for info in one.text.info]
            yield (one.said.level, sorted(one.said.places)), languages


def alike(given: Advisory, now: Readings) -> Iterator[tuple[Level, Reading, list[str]]]:
    """The parts that read the same at a level that stands, the gravest first; each zone alone."""
    found: dict[tuple[Level, Reading, str], list[str]] = {}
    by_part = given.by_part
    for code, reading in sorted(now.by_part.items()):
        key = (by_part[code], reading.as_read, code if is_zone(code) else "")
        found.setdefault(key, []).append(code)
    for level in GRAVEST_FIRST:
        yield from (
            (one, reading, codes) for (one, reading, _), codes in found.items() if one is level
        )


def is_told(said: Said) -> bool:
    """Whether those at the message's level are notified of it."""
    return isinstance(said, Ending) or not said.places <= said.untold.keys()


def _heads(session: Session, threads: Sequence[str]) -> dict[str, Alert]:
    """The last published message of each thread."""
    last = (
        select(func.max(PublishedMessage.sequence))
        .where(PublishedMessage.thread.in_(threads))
        .group_by(PublishedMessage.thread)
    )
    query = select(Alert).join(Alert.published).where(PublishedMessage.sequence.in_(last))
    return {alert.thread: alert for alert in session.scalars(query)}


def _under_way(session: Session, threads: Collection[str]) -> set[str]:
    """The threads with messages that are not yet with all whom they are for."""
    query = select(Dispatch.thread).where(
        Dispatch.thread.in_(threads), Dispatch.state.in_(_UNDER_WAY)
    )
    return set(session.scalars(query.distinct()))


def _heard(row: HazardThread) -> dict[str, Level]:
    return {place: Level(level) for place, level in row.heard.items()}


def _stands_for(row: HazardThread) -> list[str]:
    return [place for place, level in _heard(row).items() if level.stands]


def _ran_out(head: Alert, moment: datetime) -> bool:
    expired = publication.state_now(head, moment) is State.EXPIRED
    return expired and head.msg_type != "Cancel"


def _as_it_is(row: HazardThread, head: Alert, moment: datetime, under_way: bool) -> Thread:
    """The thread, at no level where it was cancelled by hand or ran out."""
    heard = _heard(row)
    if head.msg_type == "Cancel" or _ran_out(head, moment):
        heard = {place: Level.NONE if one.stands else one for place, one in heard.items()}
    reading = None if row.reading is None else msgspec.convert(row.reading, Reading)
    return Thread(row.identifier, heard, reading, under_way)


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


def _reading(said: Said, given: Advisory, past: _Past, now: Readings) -> Reading:
    """What the places of a message read by it."""
    if said.level.stands:
        place = min(said.places)
        if given.by_part.get(place) is said.level:
            return now.by_part[place].as_read
        thread = getattr(said, "thread", None)
        of_it = (one.reading for one in past.threads if one.identifier == thread)
        reading = next(of_it, None)
        return reading if isinstance(reading, Reading) else Reading()
    return _reading_of_the_end(said.places, given, past.heard)


def _reading_of_the_end(places: Places, given: Advisory, heard: Mapping[str, Reading]) -> Reading:
    """An end tells nothing but what it is the end of: a storm is called as it was."""
    before = [heard[place] for place in places if place in heard]
    called = strongest(one.named for one in before)
    storms = {one.storm for one in before}
    storm = storms.pop() if len(storms) == 1 else called
    return Reading(storm=storm, named=called, languages=given.languages, contact=given.contact)


def _text(
    event: HazardEvent,
    given: Advisory,
    caller: Caller,
    moment: datetime,
    said: Said,
    heads: dict[str, Alert],
    reading: Reading,
) -> Content:
    ends = said.ends if isinstance(said, Opening) else wording.level_of(_last(heads, said))
    if said.level is Level.NONE and not isinstance(said, Opening):
        text = wording.lifted(_last(heads, said), moment, said.places)
    else:
        statement = wording.Statement(said.level, said.places, reading, moment, ends)
        text = wording.content(event, given, caller, statement)
    return msgspec.structs.replace(text, untold=tuple(_untold(said.untold, said.places)))


def _last(heads: Mapping[str, Alert], said: Continuing | Ending) -> Message:
    """What the message's thread said last."""
    message = publication.message_of(heads[said.thread])
    if message is None:
        raise LookupError(f"the thread {said.thread} was never published")
    return message


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
