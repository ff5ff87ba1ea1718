"""The National Hurricane Center's forecast/advisory (TCM), read as a track.

Laid out by NWS Instruction 10-601 section 1.2 and told line by line in NHC's "How To Read The
Forecast/Advisory", https://www.nhc.noaa.gov/help/tcm.shtml. Days of the month are given without
the month, which follows from the time of issue. Seas, pressure, movement and remarks are passed
over.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from casa.disasters.storm.track import Fix, Quadrants, Threshold, Track, TrackError, forecast
from casa.disasters.storm.uncertainty import Cone

_TITLE = re.compile(
    r"^(?:(?:SUPER )?TYPHOON|HURRICANE|(?:SUB)?TROPICAL (?:STORM|DEPRESSION)"
    r"|POTENTIAL TROPICAL CYCLONE|POST-TROPICAL CYCLONE|REMNANTS OF|EXTRATROPICAL)\s+"
    r"(?P<name>[A-Z][A-Z-]*)\s+(?:SPECIAL\s+)?FORECAST/ADVISORY\s+NUMBER\s+(?P<number>\d+)",
    re.MULTILINE,
)
_IDENTIFIER = re.compile(r"\b[A-Z]{2}\d{6}\b")
_ISSUED = re.compile(
    r"^(?P<hour>\d\d)(?P<minute>\d\d)(?:Z| UTC) [A-Z]{3} (?P<month>[A-Z]{3}) (?P<day>\d\d?)"
    r" (?P<year>\d{4})\b",
    re.MULTILINE,
)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

_PLACE = r"(?P<y>\d+\.\d)(?P<ns>[NS])\s+(?P<x>\d+\.\d)(?P<ew>[EW])"
_TIME = r"(?P<day>\d\d)/(?P<hour>\d\d)(?P<minute>\d\d)Z"

# Each kind of line: how it starts, all of it, and what to write in its stead.
_CENTRE = (
    re.compile(r"(?!REPEAT).*CENTER LOCATED NEAR\b"),
    re.compile(rf".*CENTER LOCATED NEAR\s+{_PLACE}\s+AT\s+{_TIME}"),
    "CENTER LOCATED NEAR 11.2N  59.6W AT 30/2100Z",
)
_VALID = (
    re.compile(r"(?:FORECAST|OUTLOOK) VALID\b"),
    re.compile(rf"(?:FORECAST|OUTLOOK) VALID\s+{_TIME}(?:\s+{_PLACE}|(?P<gone>\.\.\.DISSIPATED))"),
    "FORECAST VALID 01/0600Z 11.9N  61.5W, or ...DISSIPATED for the position",
)
_WINDS = (
    re.compile(r"MAX (?:SUSTAINED )?WINDS?\b"),
    re.compile(
        r"MAX (?:SUSTAINED )?WINDS?\s+(?P<wind>\d+) KT"
        r"(?: WITH |\.\.\.)GUSTS (?:TO )?\s*(?P<gust>\d+)"
    ),
    "MAX WIND 115 KT...GUSTS 140 KT.",
)
_RADII = (
    re.compile(r"(?:34|50|64) KT\b"),
    re.compile(
        r"(?P<kt>34|50|64) KT\.+\s*"
        r"(?P<ne>\d+)NE\s+(?P<se>\d+)SE\s+(?P<sw>\d+)SW\s+(?P<nw>\d+)NW"
    ),
    "64 KT... 30NE  20SE  15SW  30NW.",
)

_Line = tuple[int, str]


def read(text: str, cone: Cone | None = None) -> Track:
    """The track of one forecast/advisory: its present position, then the forecast ones.

    The forecast ends where the storm is to dissipate. ``cone`` overrides the season's circles of
    uncertainty.

    Raises:
        TrackError: naming the line, from 1, and what was expected there.
    """
    text = text.upper()
    title, found = _TITLE.search(text), _IDENTIFIER.search(text)
    if title is None:
        raise TrackError("line 1", "expected HURRICANE … FORECAST/ADVISORY NUMBER … in the heading")
    if found is None:
        raise TrackError(
            "line 1", "expected the storm's identifier such as AL022024 in the heading"
        )
    blocks = _blocks(text, title.end())
    issued = _issued(text)
    fixes: list[Fix] = []
    for block in blocks:
        fix = _fix(block, issued)
        if fix is None:
            break
        if fixes and fix.time <= fixes[-1].time:
            raise TrackError(f"line {block[0][0]}", "expected a time later than the one before")
        fixes.append(fix)
    return forecast(title["name"], found[0], int(title["number"]), fixes, cone)


def _blocks(text: str, heading: int) -> list[list[_Line]]:
    """The lines that tell of each position, with their numbers; the first tells where it is."""
    blocks: list[list[_Line]] = []
    start = text.count("\n", 0, heading)
    for number, line in enumerate(text.splitlines()[start:], start + 1):
        line = line.strip()
        if line.startswith("$$"):
            break
        if _CENTRE[0].match(line) or _VALID[0].match(line):
            blocks.append([(number, line)])
        elif blocks and (_WINDS[0].match(line) or _RADII[0].match(line)):
            blocks[-1].append((number, line))
    if not blocks or not _CENTRE[0].match(blocks[0][0][1]):
        raise TrackError(f"line {start + 1}", f"expected a line {_CENTRE[2]} below")
    return blocks


def _fix(block: list[_Line], issued: datetime) -> Fix | None:
    """A position and its winds; None where the storm is to have dissipated."""
    head, *rest = block
    place = _matched(head, _CENTRE if _CENTRE[0].match(head[1]) else _VALID)
    time = _moment(head[0], place, issued)
    if place.groupdict().get("gone"):
        return None
    winds = [line for line in rest if _WINDS[0].match(line[1])]
    if not winds:
        raise TrackError(f"line {head[0]}", f"expected a line {_WINDS[2]} below")
    wind = _matched(winds[0], _WINDS)
    radii = dict(_radii(line) for line in rest if _RADII[0].match(line[1]))
    try:
        return Fix(
            time=time,
            longitude=float(place["x"]) * (1 if place["ew"] == "E" else -1),
            latitude=float(place["y"]) * (1 if place["ns"] == "N" else -1),
            wind_kt=float(wind["wind"]),
            gust_kt=float(wind["gust"]),
            radii=radii,
        )
    except ValueError as fault:
        raise TrackError(f"line {head[0]}", str(fault)) from None


def _radii(line: _Line) -> tuple[Threshold, Quadrants]:
    found = _matched(line, _RADII)
    threshold: Any = int(found["kt"])
    try:
        return threshold, Quadrants(*(float(found[one]) for one in ("ne", "se", "sw", "nw")))
    except ValueError as fault:
        raise TrackError(f"line {line[0]}", str(fault)) from None


def _matched(line: _Line, kind: tuple[re.Pattern[str], re.Pattern[str], str]) -> re.Match[str]:
    number, text = line
    found = kind[1].match(text)
    if found is None:
        raise TrackError(f"line {number}", f"is {text[:60]!r}: expected {kind[2]}")
    return found


def _issued(text: str) -> datetime:
    found = _ISSUED.search(text)
    if found is None:
        raise TrackError(
            "line 1", "expected the time of issue, 2100 UTC SUN JUN 30 2024, on a line"
        )
    number = text.count("\n", 0, found.start()) + 1
    try:
        month = _MONTHS.index(found["month"]) + 1
        day, hour, minute = (int(found[one]) for one in ("day", "hour", "minute"))
        return datetime(int(found["year"]), month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        raise TrackError(
            f"line {number}", f"is {found[0]!r}: expected a time such as 2100 UTC SUN JUN 30 2024"
        ) from None


def _moment(number: int, found: re.Match[str], issued: datetime) -> datetime:
    """The day of that number about the time of issue: from the day before to two weeks after."""
    hour, minute = int(found["hour"]), int(found["minute"])
    for ahead in range(-1, 15):
        date = issued + timedelta(ahead)
        if date.day == int(found["day"]) and hour < 24 and minute < 60:
            return date.replace(hour=hour, minute=minute)
    raise TrackError(
        f"line {number}",
        f"expected a day and time near {issued:%d/%H%MZ}, not {found['day']}/{hour:02}{minute:02}Z",
    )
