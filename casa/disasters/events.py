"""Hazard events and the life of their advisories: draft, submitted, approved, published.

An event has at most one advisory that is not published, its last: so what was said before stays
what it was while a second officer reads it. Publishing is one transaction with all of its alerts.
Each function takes an open writing session, with the event locked; whoever opened it commits.
"""

import logging
from collections.abc import Sequence

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from casa import paging
from casa.agencies import audit
from casa.agencies.caller import Caller
from casa.agencies.permissions import Verb, allows, require
from casa.alerts.content import InvalidContent
from casa.alerts.kinds import AlertKind
from casa.alerts.states import Action, State, WrongState, after
from casa.database import now
from casa.disasters import advisory_approval, edits, plans, plausibility, speaking, zones
from casa.disasters.advisory import Advisory, decode, encode
from casa.disasters.levels import Level
from casa.disasters.models import HazardAdvisory, HazardEvent
from casa.disasters.parts import is_zone, named
from casa.disasters.plans import Plan
from casa.disasters.plausibility import Finding
from casa.disasters.proposal import Proposal, propose
from casa.disasters.storm.track import Track, to_mapping
from casa.disasters.storm.watches import notices
from casa.problems import not_found

log = logging.getLogger(__name__)


def begin(session: Session, caller: Caller, event: HazardEvent) -> None:
    """Keep a new event; nothing is said yet.

    Raises:
        Forbidden
    """
    require(caller, Verb.DRAFT)
    event.agency_id = caller.agency_id
    session.add(event)
    session.flush()
    audit.note(session, caller, "event.begin", f"event:{event.id}", after={"status": event.status})


def own(session: Session, caller: Caller, identifier: str) -> HazardEvent:
    """The caller's event, locked for a change.

    Raises:
        Forbidden
        Problem: 404, also for another agency's.
    """
    require(caller, Verb.READ)
    event = session.get(HazardEvent, identifier, with_for_update=True)
    if event is None or event.agency_id != caller.agency_id:
        raise not_found("such hazard event")
    return event


def readable(session: Session, caller: Caller, identifier: str) -> HazardEvent:
    """An event as its agency sees it, for its officers and for who may read all.

    Raises:
        as ``own``.
    """
    event = session.get(HazardEvent, identifier)
    if event is not None and allows(caller, Verb.READ_ALL):
        return event
    require(caller, Verb.READ)
    if event is None or event.agency_id != caller.agency_id:
        raise not_found("such hazard event")
    return event


def in_emergency(session: Session, caller: Caller, identifier: str) -> HazardEvent:
    """Any agency's event, locked for a change, for who may break the glass.

    Raises:
        Forbidden, StepUpNeeded
        Problem: 404.
    """
    require(caller, Verb.BREAK_GLASS)
    event = session.get(HazardEvent, identifier, with_for_update=True)
    if event is None:
        raise not_found("such hazard event")
    return event


def listed(
    session: Session, caller: Caller, after: paging.Row | None, limit: int
) -> list[HazardEvent]:
    """At most ``limit`` of an agency's events, newest first, after the cursor's row."""
    require(caller, Verb.READ)
    query = select(HazardEvent).where(HazardEvent.agency_id == caller.agency_id)
    query = paging.newest_first(query, HazardEvent.created, HazardEvent.id, after, limit)
    return list(session.scalars(query))


def numbered(event: HazardEvent, number: int) -> HazardAdvisory:
    """The advisory of that number.

    Raises:
        Problem: 404.
    """
    for advisory in event.advisories:
        if advisory.number == number:
            return advisory
    raise not_found("such advisory")


def draft(
    session: Session, caller: Caller, kind: AlertKind, event: HazardEvent, given: Advisory
) -> tuple[HazardAdvisory, Plan]:
    """The event's next advisory, and what publishing it at once would say.

    Raises:
        Forbidden, InvalidContent, OutsideMandate
        WrongState: the event has ended, or its last advisory is not published.
    """
    require(caller, Verb.DRAFT)
    _require_open(event)
    last = event.advisories[-1] if event.advisories else None
    if last is not None and last.state != State.PUBLISHED:
        raise WrongState(
            f"Advisory {last.number} is not published yet: publish, change or discard it first."
        )
    given, planned = _checked(session, caller, kind, event, given)
    advisory = _added(session, caller, event, given)
    advisory_approval.note(session, caller, "advisory.draft", advisory, None)
    _note_overrides(session, caller, advisory)
    return advisory, planned


def edit(
    session: Session, caller: Caller, kind: AlertKind, advisory: HazardAdvisory, given: Advisory
) -> None:
    """Let what is not published say something else; an approval that it had is worth nothing then.

    Raises:
        as ``draft``.
    """
    require(caller, Verb.DRAFT)
    before, advisory.state = advisory.state, after(State(advisory.state), Action.EDIT)
    advisory.content = encode(_checked(session, caller, kind, advisory.event, given)[0])
    advisory.editors = sorted({*advisory.editors, caller.actor})
    session.flush()
    advisory_approval.note(session, caller, "advisory.edit", advisory, before)
    _note_overrides(session, caller, advisory)


def discard(session: Session, caller: Caller, advisory: HazardAdvisory) -> None:
    """Throw away what is not published.

    Raises:
        Forbidden, WrongState.
    """
    require(caller, Verb.DRAFT)
    _discard(session, caller, advisory)


def _discard(session: Session, caller: Caller, advisory: HazardAdvisory) -> None:
    before, advisory.state = advisory.state, after(State(advisory.state), Action.DISCARD)
    advisory_approval.note(session, caller, "advisory.discard", advisory, before)
    event = advisory.event
    session.delete(advisory)
    session.flush()
    session.expire(event, ["advisories"])


def go_on(
    session: Session, caller: Caller, kind: AlertKind, advisory: HazardAdvisory, planned: Plan
) -> None:
    """Publish what was just drafted where policy lets the caller do so alone, else submit it.

    ``planned`` is what it says, made in the same transaction.

    Raises:
        as ``publish`` and ``advisory_approval.submit``.
    """
    alone = allows(caller, Verb.PUBLISH_UNATTENDED)
    if alone or not plans.needs_second_officer(kind, planned):
        require(caller, Verb.PUBLISH)
        _release(session, kind, advisory, speaking.Approved(caller, ()), planned)
    else:
        advisory_approval.submit(session, caller, advisory)


def break_glass(
    session: Session,
    caller: Caller,
    agency: Caller,
    kind: AlertKind,
    advisory: HazardAdvisory,
    reason: str,
) -> None:
    """Publish another agency's advisory in an emergency, without approval, in its name.

    Raises:
        as ``publish``, but for ApprovalMissing.
    """
    require(caller, Verb.BREAK_GLASS)
    _require_open(advisory.event)
    subject = f"advisory:{advisory.event_id}/{advisory.number}"
    log.critical("break-glass publish of %s by %s", subject, caller.actor)
    audit.note(session, caller, "break_glass", subject, reason=reason)
    release = speaking.Unapproved(caller, agency, reason)
    _release(session, kind, advisory, release, _plan(session, advisory, release))


def publish(session: Session, caller: Caller, kind: AlertKind, advisory: HazardAdvisory) -> None:
    """Publish an advisory: all that it has to say, or nothing.

    Raises:
        as ``lifecycle.publish`` of the alerts that it makes.
    """
    require(caller, Verb.PUBLISH)
    _require_open(advisory.event)
    if old := plausibility.aged(decode(advisory.content), now()):
        raise plausibility.Implausible(old)
    _publish(session, caller, kind, advisory)


def end(session: Session, caller: Caller, kind: AlertKind, event: HazardEvent) -> None:
    """Say all clear wherever a level stands, in a last advisory; what is not published is lost.

    Raises:
        Forbidden
        WrongState: it has ended.
    """
    require(caller, Verb.CANCEL)
    _require_open(event)
    for advisory in event.advisories:
        if advisory.state != State.PUBLISHED:
            _discard(session, caller, advisory)
    before = plans.levels_before(session, event)
    standing = [place for place, level in before.items() if level.stands]
    if standing:
        given = _all_clear(session, event, standing)
        _publish(session, caller, kind, _added(session, caller, event, given))
    event.ended = now()
    audit.note(session, caller, "event.end", f"event:{event.id}")


def _checked(
    session: Session, caller: Caller, kind: AlertKind, event: HazardEvent, given: Advisory
) -> tuple[Advisory, Plan]:
    """What is kept of an advisory: all that it says, if the caller may say it of this event.

    Raises:
        InvalidContent, OutsideMandate.
    """
    if given.epicentre is not None and event.hazard != "tsunami":
        raise InvalidContent([("/epicentre", f"is a tsunami's; the event is a {event.hazard}")])
    whole = zones.resolved(session, caller, given)
    whole = plausibility.checked(event, whole, _last_track(event), now())
    planned = plans.plan(session, caller, event, whole, now())
    words = edits.faults(whole, event.status, plans.groups(whole, planned))
    if found := [*plans.faults(whole), *words]:
        raise InvalidContent(found)
    plans.check(caller, kind, planned)
    return whole, planned


def proposed(event: HazardEvent, text: str, track: Track) -> tuple[Proposal, list[Finding]]:
    """What a forecast/advisory proposes for an event, and what would be refused of it."""
    last = next((one for one in reversed(event.advisories) if one.state == State.PUBLISHED), None)
    standing = decode(last.content).by_part if last else {}
    made = propose(track, notices(text), standing)
    given = Advisory(levels=made.levels, outlook=made.outlook, track=to_mapping(track))
    return made, list(plausibility.findings(event, given, _last_track(event), now()))


def _last_track(event: HazardEvent) -> Track | None:
    """The track of the last published advisory that has one."""
    published = (one for one in reversed(event.advisories) if one.state == State.PUBLISHED)
    tracks = (decode(one.content).storm_track for one in published)
    return next((track for track in tracks if track is not None), None)


def _note_overrides(session: Session, caller: Caller, advisory: HazardAdvisory) -> None:
    for one in decode(advisory.content).override:
        subject = f"advisory:{advisory.event_id}/{advisory.number}"
        audit.note(
            session,
            caller,
            "advisory.override",
            subject,
            after={"check": one.check},
            reason=one.reason,
        )


def _added(session: Session, caller: Caller, event: HazardEvent, given: Advisory) -> HazardAdvisory:
    advisory = HazardAdvisory(
        event_id=event.id,
        number=event.advisories[-1].number + 1 if event.advisories else 1,
        state=State.DRAFT,
        content=encode(given),
        editors=[caller.actor],
    )
    event.advisories.append(advisory)
    session.flush()
    return advisory


def _all_clear(session: Session, event: HazardEvent, standing: Sequence[str]) -> Advisory:
    last = plans.last_published(session, event)
    drawn = last.zones if last else ()
    return Advisory(
        levels=dict.fromkeys(
            named(code for code in standing if not is_zone(code)), Level.ALL_CLEAR
        ),
        zones=tuple(
            msgspec.structs.replace(zone, level=Level.ALL_CLEAR)
            for zone in drawn
            if zone.code in standing
        ),
    )


def _publish(session: Session, caller: Caller, kind: AlertKind, advisory: HazardAdvisory) -> None:
    approvers = advisory_approval.approvers(session, advisory)
    release = speaking.Approved(caller, approvers)
    _release(session, kind, advisory, release, _plan(session, advisory, release))


def _plan(session: Session, advisory: HazardAdvisory, release: speaking.Release) -> Plan:
    given = decode(advisory.content)
    return plans.plan(session, release.speaker, advisory.event, given, now())


def _release(
    session: Session,
    kind: AlertKind,
    advisory: HazardAdvisory,
    release: speaking.Release,
    planned: Plan,
) -> None:
    before, advisory.state = advisory.state, after(State(advisory.state), Action.PUBLISH)
    speaking.publish(session, kind, advisory, planned, release)
    advisory.published, advisory.lifted = planned.moment, list(planned.lifted)
    advisory_approval.note(session, release.speaker, "advisory.publish", advisory, before)
    session.flush()


def _require_open(event: HazardEvent) -> None:
    if event.ended is not None:
        raise WrongState("The event has ended: open a new one.")
