"""The National Hurricane Center's forecast/advisory (TCM), read as a track.

Laid out by NWS Instruction 10-601 section 1.2 and told line by line in NHC's "How To Read The
Forecast/Advisory", https://www.nhc.noaa.gov/help/tcm.shtml. It is read by its words, wherever the
lines are broken. Days of the month are given without the month, which follows from the time of
issue. Seas, pressure, movement and remarks are passed over.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from casa.disasters.storm import products
from casa.disasters.storm.pasted import cleaned, line_of, shown
from casa.disasters.storm.track import (
    Fix,
    Quadrants,
    Strength,
    Threshold,
    Track,
    TrackError,
    forecast,
)
from casa.disasters.storm.uncertainty import Cone

_TITLE = re.compile(
    r"\b(?P<kind>(?:SUPER\s+)?TYPHOON|HURRICANE|(?:SUB)?TROPICAL\s+(?:STORM|DEPRESSION)"
    r"|POTENTIAL\s+TROP(?:ICAL)?\s+CYCLONE|POST-TROP(?:ICAL)?\s+CYCLONE|REMNANTS\s+OF"
    r"|EXTRATROPICAL)\s+"
    r"(?P<name>[A-Z0-9][A-Z0-9-]*)\s+(?:SPECIAL\s+|INTERMEDIATE\s+)?"
    r"FORECAST/\s*ADVISORY\s+NUMBER\s+(?P<number>\d+)"
)
_KINDS: dict[str, Strength] = {
    "TYPHOON": "hurricane",
    "HURRICANE": "hurricane",
    "STORM": "tropical_storm",
    "DEPRESSION": "tropical_depression",
}
"""By the last word of what a heading calls a storm; other words tell of no strength."""
_IDENTIFIER = re.compile(r"\b[A-Z]{2}\d{6}\b")
_ISSUED = re.compile(
    r"\b(?P<hour>\d\d)(?P<minute>\d\d)(?:Z|\s+UTC)\s+(?P<weekday>[A-Z]{3})\s+(?P<month>[A-Z]{3})"
    r"\s+(?P<day>\d\d?)\s+(?P<year>\d{4})\b"
)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")

_PLACE = r"(?P<y>\d*\.?\d+)(?P<ns>[NS])\s+(?P<x>\d*\.?\d+)(?P<ew>[EW])\b"
_TIME = r"(?P<day>\d\d)/(?P<hour>\d\d)(?P<minute>\d\d)Z"
_ENDINGS = r"DISSIPAT|ABSORB|MERG|REMNANT|REMNT|POST-?TROP|EXTRATROP|INLAND|DEGENERAT|WEAKEN"
# With dots before them any words in the place of a position end the forecast.
_GONE = rf"\s*(?P<gone>\.{{2,}}\s*[A-Z]|\.*\s*(?:{_ENDINGS}))"
_OVER = re.compile(r"\.*\s*(?:DISSIPAT|ABSORB|MERG)")

# Each kind of statement: how it starts, all of it, and what to write in its stead.
_KINDS_OF_STATEMENT = {
    "centre": (
        r"(?<!REPEAT\.\.\.)(?<!REPEAT\.\.\.\s)(?:CENTER\s+LOCATED|DISSIPAT(?:ING|ED)"
        r"|(?:REMNANTS|LOW|CYCLONE|STORM|DEPRESSION)\s+LOCATED)\s+NEAR\b",
        re.compile(rf"[A-Z]+(?:\s+[A-Z]+)?\s+NEAR\s+{_PLACE}\s+AT\s+{_TIME}"),
        "CENTER LOCATED NEAR 11.2N  59.6W AT 30/2100Z",
    ),
    "valid": (
        r"\b(?:FORECAST|OUTLOOK)\s+VALID\b",
        re.compile(rf"(?:FORECAST|OUTLOOK)\s+VALID\s+{_TIME}(?:\s+{_PLACE}|{_GONE})"),
        "FORECAST VALID 01/0600Z 11.9N  61.5W, or ...DISSIPATED for the position",
    ),
    "winds": (
        r"\bMAX\s+(?:SUSTAINED\s+)?WINDS?\b",
        re.compile(
            r"MAX\s+(?:SUSTAINED\s+)?WINDS?\s+(?P<wind>\d+)\s+KT"
            r"(?:\s+WITH\s+|\.+\s*)GUSTS\s+(?:TO\s+)?(?P<gust>\d+)"
        ),
        "MAX WIND 115 KT...GUSTS 140 KT.",
    ),
    "radii": (
        r"\b(?:34|50|64)\s+KT\.{2,}(?!\.)\s*(?!\s|GUST)",
        re.compile(
            r"(?P<kt>34|50|64)\s+KT\.+\s*"
            r"(?P<ne>\d+)NE\s+(?P<se>\d+)SE\s+(?P<sw>\d+)SW\s+(?P<nw>\d+)NW"
        ),
        "64 KT... 30NE  20SE  15SW  30NW.",
    ),
}
_START = re.compile("|".join(f"(?P<{kind}>{one[0]})" for kind, one in _KINDS_OF_STATEMENT.items()))

_Statement = tuple[str, int]
"""Its kind, and where in the text it starts."""


def read(text: str, cone: Cone | None = None) -> Track:
    """The track of one forecast/advisory: its present position, then the forecast ones.

    The forecast ends where the storm is to dissipate, to merge or to be absorbed, in whatever
    words: those that are not usual are among the track's remarks. ``cone`` overrides the season's
    circles of uncertainty.

    Raises:
        TrackError: naming the line, from 1, and what was expected there.
    """
    text = cleaned(text)
    title = _title(text)
    text = _body(text, title.end())
    identifier = _IDENTIFIER.search(text)
    if identifier is None:
        raise TrackError(
            "line 1", "expected the storm's identifier such as AL022024 in the heading"
        )
    blocks = _blocks(text, title.end())
    issued, remarks = _issued(text)
    fixes: list[Fix] = []
    for block in blocks:
        fix, strange = _fix(text, block, issued)
        remarks += strange
        if fix is None:
            break
        if fixes and fix.time <= fixes[-1].time:
            raise _fault(text, block[0][1], "expected a time later than the one before")
        fixes.append(fix)
    return forecast(
        title["name"],
        identifier[0],
        int(title["number"]),
        fixes,
        cone,
        strength=_KINDS.get(title["kind"].split()[-1]),
        remarks=remarks,
    )


def _title(text: str) -> re.Match[str]:
    if (title := _TITLE.search(text)) is not None:
        return title
    other = products.named(text)
    what = f"is {other}: " if other else ""
    raise TrackError(
        "line 1", f"{what}expected HURRICANE … FORECAST/ADVISORY NUMBER … in the heading"
    )


def _body(text: str, heading: int) -> str:
    """The text up to the end of its first product.

    Raises:
        TrackError: there is another forecast/advisory behind it.
    """
    if (second := _TITLE.search(text, heading)) is not None:
        raise _fault(text, second.start(), "has a second forecast/advisory: expected one alone")
    end = text.find("$$", heading)
    return text if end < 0 else text[:end]


def _fault(text: str, offset: int, detail: str) -> TrackError:
    return TrackError(f"line {line_of(text, offset)}", detail)


def _blocks(text: str, heading: int) -> list[list[_Statement]]:
    """The statements on each position; the first tells where it is."""
    blocks: list[list[_Statement]] = []
    for start in _START.finditer(text, heading):
        kind = start.lastgroup or ""
        if (kind == "centre" and not blocks) or kind == "valid":
            blocks.append([(kind, start.start())])
        elif blocks and kind != "centre":
            blocks[-1].append((kind, start.start()))
    if not blocks or blocks[0][0][0] != "centre":
        raise _fault(text, heading, f"expected a line {_KINDS_OF_STATEMENT['centre'][2]} below")
    return blocks


def _fix(text: str, block: list[_Statement], issued: datetime) -> tuple[Fix | None, list[str]]:
    """A position and its winds, or None where the forecast ends; and what is strange there."""
    head, *rest = block
    place = _matched(text, head)
    line = line_of(text, head[1])
    time = _moment(line, place, issued)
    winds = [one for one in rest if one[0] == "winds"]
    gone = place.groupdict().get("gone")
    if gone is not None:
        return None, list(_strange_end(text, place, line, bool(winds)))
    if not winds:
        if _OVER.match(text, place.end()):
            return None, []
        raise _fault(text, head[1], f"expected a line {_KINDS_OF_STATEMENT['winds'][2]} below")
    wind = _matched(text, winds[0])
    radii = dict(_radii(text, one) for one in rest if one[0] == "radii")
    try:
        fix = Fix(
            time=time,
            longitude=float(place["x"]) * (1 if place["ew"] == "E" else -1),
            latitude=float(place["y"]) * (1 if place["ns"] == "N" else -1),
            wind_kt=float(wind["wind"]),
            gust_kt=float(wind["gust"]),
            radii=radii,
        )
    except ValueError as fault:
        raise _fault(text, head[1], str(fault)) from None
    return fix, []


def _strange_end(text: str, place: re.Match[str], line: int, has_winds: bool) -> Iterator[str]:
    """What to remark on an end of the forecast whose words are not the usual ones.

    Raises:
        TrackError: it has winds, so that only its position is missing.
    """
    if re.match(rf"\.*\s*(?:{_ENDINGS})", place["gone"] + text[place.end() : place.end() + 20]):
        return
    if has_winds:
        raise _fault(text, place.start(), f"expected {_KINDS_OF_STATEMENT['valid'][2]}")
    words = text[place.start("gone") :].lstrip(". \n").split("\n")[0][:60]
    yield f"line {line}: the forecast is read as ending here, for {words!r} in place of a position"


def _radii(text: str, statement: _Statement) -> tuple[Threshold, Quadrants]:
    found = _matched(text, statement)
    threshold: Any = int(found["kt"])
    try:
        return threshold, Quadrants(*(float(found[one]) for one in ("ne", "se", "sw", "nw")))
    except ValueError as fault:
        raise _fault(text, statement[1], str(fault)) from None


def _matched(text: str, statement: _Statement) -> re.Match[str]:
    kind, offset = statement
    _, whole, example = _KINDS_OF_STATEMENT[kind]
    found = whole.match(text, offset)
    if found is None:
        raise _fault(text, offset, f"is {shown(text, offset)!r}: expected {example}")
    return found


def _issued(text: str) -> tuple[datetime, list[str]]:
    """The time of issue, and what is strange about it."""
    found = _ISSUED.search(text)
    if found is None:
        raise TrackError(
            "line 1", "expected the time of issue, 2100 UTC SUN JUN 30 2024, on a line"
        )
    line = line_of(text, found.start())
    try:
        month = _MONTHS.index(found["month"]) + 1
        day, hour, minute = (int(found[one]) for one in ("day", "hour", "minute"))
        issued = datetime(int(found["year"]), month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        raise TrackError(
            f"line {line}", f"is {found[0]!r}: expected a time such as 2100 UTC SUN JUN 30 2024"
        ) from None
    weekday = _WEEKDAYS[issued.weekday()]
    if found["weekday"] == weekday:
        return issued, []
    return issued, [f"line {line}: {issued:%d/%m/%Y} is a {weekday}, not {found['weekday']}"]


def _moment(line: int, found: re.Match[str], issued: datetime) -> datetime:
    """The day of that number about the time of issue: from the day before to two weeks after."""
    hour, minute = int(found["hour"]), int(found["minute"])
    for ahead in range(-1, 15):
        date = issued + timedelta(ahead)
        if date.day == int(found["day"]) and hour < 24 and minute < 60:
            return date.replace(hour=hour, minute=minute)
    raise TrackError(
        f"line {line}",
        f"expected a day and time near {issued:%d/%H%MZ}, not {found['day']}/{hour:02}{minute:02}Z",
    )
