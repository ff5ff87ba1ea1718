"""Alerts that cross a border: what lies at home goes out at once, the rest asks for consent.

An area is cut where the agency's mandate ends. What lies in another state becomes a part of its
own for that state, which waits until an approver of an agency with a mandate there consents. Water
that is no state's is left out: nobody can consent to it, and nobody's place lies in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry

from casa.agencies import mandates
from casa.agencies.mandates import SLIVER, Mandate, OutsideMandate
from casa.alerts import areas
from casa.alerts.content import Content
from casa.alerts.message import Area
from casa.geography.places import gazetteer


@dataclass(frozen=True)
class Division:
    """``home`` lies inside the mandate; ``parts`` in other states, by their codes."""

    home: Content
    parts: dict[str, Content]


def divide(held: Sequence[Mandate], kind: str, text: Content, moment: datetime) -> Division:
    """Cut ``text`` where the mandates end.

    Raises:
        OutsideMandate: the mandates hold nothing of this kind, severity or status, or nothing of
            the area lies inside them.
    """
    fitting = mandates.fit(
        held, kind=kind, severity=text.severity, status=text.status, moment=moment
    )
    allowed = mandates.places_of(fitting)
    home: list[Area] = []
    parts: dict[str, list[Area]] = {}
    for area in text.area:
        for state, cut in _cut(area, allowed).items():
            (home if state == "" else parts.setdefault(state, [])).append(cut)
    if not home:
        raise OutsideMandate(
            "Nothing of this lies inside the agency's mandate: ask an agency there to warn.",
            tuple(parts),
        )
    return Division(
        msgspec.structs.replace(text, area=tuple(home)),
        {
            state: msgspec.structs.replace(text, area=tuple(found))
            for state, found in sorted(parts.items())
        },
    )


def _cut(area: Area, allowed: tuple[str, ...]) -> dict[str, Area]:
    """The area by state, what is allowed under an empty code."""
    meant = areas.target((area,))
    if meant.codes:
        place = gazetteer().place(meant.codes[0])
        inside = place.code in allowed or place.state in allowed
        return {"" if inside else place.state: area}
    drawn = shapely.union_all(meant.shapes)
    outside = shapely.difference(drawn, mandates.reach(allowed))
    if outside.area <= SLIVER:
        return {"": area}
    found = {"": shapely.intersection(drawn, mandates.reach(allowed))}
    for state in {place.state for place in gazetteer().meeting(outside)} - set(allowed):
        found[state] = shapely.intersection(outside, gazetteer().reach_of((state,)))
    return {
        state: _area_of(geometry, area, state)
        for state, geometry in found.items()
        if geometry.area > SLIVER
    }


def _area_of(geometry: BaseGeometry, whole: Area, state: str) -> Area:
    polygons = [
        part
        for part in shapely.get_parts(geometry)
        if isinstance(part, shapely.Polygon) and part.area > SLIVER / 100
    ]
    return msgspec.structs.replace(
        whole,
        area_desc=gazetteer().place(state).name if state else whole.area_desc,
        polygon=tuple(
            tuple((float(x), float(y)) for x, y in one.exterior.coords) for one in polygons
        ),
        circle=(),
    )


def may_consent(held: Sequence[Mandate], kind: str, state: str, moment: datetime) -> bool:
    """Whether an agency with these mandates speaks for ``state`` in matters of ``kind``."""
    return any(
        mandate.holds(moment) and kind in mandate.kinds and state in mandate.places
        for mandate in held
    )
