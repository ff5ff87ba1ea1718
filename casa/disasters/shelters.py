"""Shelters: kept by agencies within their mandates, opened for events, found by whoever needs one.

What a shelter's state is changes by the minute and is no text of an alert: a warning only links to
the list, which is always as it is now. A shelter is public while its event is in force: the event
has not ended and some level stands. It need not lie where one does, as people flee to safe places.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from flask import current_app
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, joinedload

from casa.agencies import audit, mandates
from casa.agencies.caller import Caller
from casa.agencies.permissions import Verb, require
from casa.alerts.content import InvalidContent
from casa.alerts.kinds import AlertKind
from casa.alerts.message import Resource
from casa.alerts.states import State, WrongState
from casa.database import now
from casa.disasters import geodesy
from casa.disasters.advisory import decode
from casa.disasters.models import HazardAdvisory, HazardEvent, Shelter
from casa.geography.cells import centre_of
from casa.geography.places import gazetteer
from casa.problems import not_found

STATES = ("open", "full", "closed")
FACILITIES = ("wheelchair", "pets", "medical")
_TOLD = ("state", "event_id", "place")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which public shelters to find. ``cell`` is where from; distances are from its middle."""

    cell: int | None = None
    place: str | None = None
    event: str | None = None
    state: str | None = None
    exercises: bool = False


@dataclass(frozen=True)
class Found:
    """A shelter, and how far it is in metres where that was asked."""

    shelter: Shelter
    distance: int | None


def add(session: Session, caller: Caller, kind: AlertKind, facts: Mapping[str, Any]) -> Shelter:
    """Keep a new shelter.

    Raises:
        Forbidden, InvalidContent, OutsideMandate
        Problem: 404, there is no such event for it.
        WrongState: the event has ended.
    """
    require(caller, Verb.SHELTER)
    shelter = Shelter(agency_id=caller.agency_id, facilities=[], state="closed")
    _write(session, caller, kind, shelter, facts)
    session.add(shelter)
    session.flush()
    _note(session, caller, "shelter.add", shelter, None)
    return shelter


def change(
    session: Session, caller: Caller, kind: AlertKind, shelter: Shelter, facts: Mapping[str, Any]
) -> None:
    """Change what is given; the rest stays.

    Raises:
        as ``add``.
    """
    require(caller, Verb.SHELTER)
    before = _shown(shelter)
    _write(session, caller, kind, shelter, facts)
    session.flush()
    _note(session, caller, "shelter.change", shelter, before)


def remove(session: Session, caller: Caller, shelter: Shelter) -> None:
    """Forget a shelter.

    Raises:
        Forbidden
    """
    require(caller, Verb.SHELTER)
    _note(session, caller, "shelter.remove", shelter, _shown(shelter))
    session.delete(shelter)
    session.flush()


def own(session: Session, caller: Caller, identifier: str) -> Shelter:
    """The caller's shelter.

    Raises:
        Forbidden
        Problem: 404, also for another agency's.
    """
    require(caller, Verb.READ)
    shelter = session.get(Shelter, identifier)
    if shelter is None or shelter.agency_id != caller.agency_id:
        raise not_found("such shelter")
    return shelter


def listed(
    session: Session, caller: Caller, after: Sequence[str] | None, limit: int
) -> list[Shelter]:
    """At most ``limit`` of an agency's shelters by name, after the cursor's row."""
    require(caller, Verb.READ)
    query = _with_event().where(Shelter.agency_id == caller.agency_id)
    if after is not None:
        name, identifier = after
        query = query.where(
            or_(Shelter.name > name, (Shelter.name == name) & (Shelter.id > identifier))
        )
    return list(session.scalars(query.order_by(Shelter.name, Shelter.id).limit(limit)))


def public(
    session: Session, wanted: Wanted, after: Sequence[Any] | None, limit: int
) -> list[Found]:
    """At most ``limit`` public shelters after the cursor's: the nearest first, else by place."""
    query = _where(wanted, in_force(session, wanted.exercises))
    if wanted.cell is None:
        order = (Shelter.place, Shelter.id)
        if after is not None:
            place, identifier = after
            query = query.where(
                or_(Shelter.place > place, (Shelter.place == place) & (Shelter.id > identifier))
            )
        rows = session.scalars(query.order_by(*order).limit(limit))
        return [Found(row, None) for row in rows]
    return _by_distance(session, query, wanted.cell, after, limit)


def in_force(session: Session, exercises: bool = False) -> list[str]:
    """The ids of events with shelters that have not ended and where some level stands."""
    statuses = ("Actual", "Exercise") if exercises else ("Actual",)
    sheltered = select(Shelter.event_id).where(Shelter.event_id.is_not(None))
    last = (
        select(HazardAdvisory.event_id, HazardAdvisory.content)
        .join(HazardEvent)
        .where(
            HazardEvent.id.in_(sheltered),
            HazardEvent.ended.is_(None),
            HazardEvent.status.in_(statuses),
            HazardAdvisory.state == State.PUBLISHED,
        )
        .order_by(HazardAdvisory.number)
    )
    latest: dict[str, bytes] = dict(session.execute(last).all())
    return [
        event
        for event, content in latest.items()
        if any(level.stands for level in decode(content).by_part.values())
    ]


def links(session: Session, event: HazardEvent) -> dict[str, Resource]:
    """By state, what a warning there says of shelters: where the list is, as it is now."""
    places = session.scalars(
        select(Shelter.place).where(Shelter.event_id == event.id).distinct()
    ).all()
    base = current_app.extensions["casa.settings"].base_url
    list_of = Resource(
        resource_desc="Shelters",
        mime_type="application/json",
        uri=f"{base}/v1/shelters?event={event.id}",
    )
    return {gazetteer().place(place).state: list_of for place in places}


def _write(
    session: Session,
    caller: Caller,
    kind: AlertKind,
    shelter: Shelter,
    facts: Mapping[str, Any],
) -> None:
    given = dict(facts)
    if "event" in given:
        event = given.pop("event")
        shelter.event = None if event is None else _event(session, caller, str(event))
    for name, value in given.items():
        setattr(shelter, name, value)
    shelter.place = _place(shelter)
    mandates.check(
        caller.mandates,
        kind=kind.code,
        severity="Minor",
        status="Actual",
        codes=(shelter.place,),
        shapes=(),
        moment=now(),
    )


def _place(shelter: Shelter) -> str:
    """The finest named place that the position lies in."""
    point = shapely.Point(shelter.longitude, shelter.latitude)
    met = gazetteer().meeting(point)
    parts = [place for place in met if place.kind == "subdivision"]
    states = [place for place in met if place.kind == "state"]
    for place in (*parts, *states):
        if shapely.intersects(place.territory, point):
            return place.code
    # On a pier, or where the boundary is drawn coarsely.
    if near := [*parts, *states]:
        return near[0].code
    detail = "the position lies in no place known here; longitude comes first"
    raise InvalidContent([("/longitude", detail)])


def _event(session: Session, caller: Caller, identifier: str) -> HazardEvent:
    """An event to open a shelter for: one's own, or another agency's that is public."""
    event = session.get(HazardEvent, identifier)
    public_ = select(HazardAdvisory.id).where(
        HazardAdvisory.event_id == identifier, HazardAdvisory.state == State.PUBLISHED
    )
    if event is None or (
        event.agency_id != caller.agency_id and session.scalars(public_.limit(1)).first() is None
    ):
        raise not_found("such hazard event")
    if event.ended is not None:
        raise WrongState("The event has ended: shelters are opened for events in force.")
    return event


def _with_event() -> Select[Shelter]:
    return select(Shelter).options(joinedload(Shelter.event))


def _where(wanted: Wanted, events: Sequence[str]) -> Select[Shelter]:
    query = _with_event().where(Shelter.event_id.in_(events))
    if wanted.event is not None:
        query = query.where(Shelter.event_id == wanted.event)
    if wanted.place is not None:
        held = Shelter.place.startswith(f"{wanted.place}-", autoescape=True)
        query = query.where(or_(Shelter.place == wanted.place, held))
    if wanted.state is not None:
        query = query.where(Shelter.state == wanted.state)
    return query


def _by_distance(
    session: Session,
    query: Select[Shelter],
    cell: int,
    after: Sequence[Any] | None,
    limit: int,
) -> list[Found]:
    """Positions first, of all of them; then only what is on the page."""
    columns = query.with_only_columns(Shelter.id, Shelter.longitude, Shelter.latitude)
    rows = session.execute(columns).all()
    if not rows:
        return []
    identifiers, longitudes, latitudes = zip(*rows, strict=True)
    far, _ = geodesy.inverse(*centre_of(cell), longitudes, latitudes)
    ordered = sorted(zip(far.astype(int).tolist(), identifiers, strict=True))
    if after is not None:
        ordered = [one for one in ordered if one > tuple(after)]
    page = ordered[:limit]
    found = session.scalars(_with_event().where(Shelter.id.in_([one for _, one in page])))
    by_id = {row.id: row for row in found}
    return [Found(by_id[identifier], metres) for metres, identifier in page if identifier in by_id]


def _shown(shelter: Shelter) -> dict[str, Any]:
    return {name: getattr(shelter, name) for name in _TOLD}


def _note(
    session: Session, caller: Caller, action: str, shelter: Shelter, before: dict[str, Any] | None
) -> None:
    after = None if action == "shelter.remove" else _shown(shelter)
    audit.note(session, caller, action, f"shelter:{shelter.id}", before=before, after=after)
