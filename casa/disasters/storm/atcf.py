"""Tracks from the forecast system's decks and from HURDAT2.

The decks are those of the Automated Tropical Cyclone Forecasting System: b-decks (best tracks)
and a-decks (forecasts by many techniques), a line for each time and strength of wind, laid out in
"ATCF Database: A and B deck format", https://www.nrlmry.navy.mil/atcf_web/docs/database/new/.
HURDAT2 is NHC's history of storms: Landsea and Franklin, Monthly Weather Review 141 (2013), and
"The revised Atlantic hurricane database (HURDAT2)", April 2022.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from casa.disasters.storm.track import (
    THRESHOLDS,
    Fix,
    Quadrants,
    Strength,
    Threshold,
    Track,
    TrackError,
    forecast,
    observed,
)
from casa.disasters.storm.uncertainty import Cone

_BEST, _OFFICIAL = "BEST", "OFCL"
_LEAST_FIELDS = 9
# By which quarter the four radii start with; they go on clockwise.
_FIRST_QUARTER = {"NEQ": 0, "SEQ": 1, "SWQ": 2, "NWQ": 3}
_HISTORY_FIELDS = 8
_UNKNOWN = (-99.0, -999.0)
_UNKNOWN_IN_DECKS = ("", "0", "-99", "-999")
_NOWHERE = re.compile(r"0+[NS]0+[EW]")

_Fields = list[str]
_Row = tuple[int, _Fields]


def best_track(text: str) -> Track:
    """The best track of a b-deck; lines of others that are too short are among its remarks.

    Raises:
        TrackError: naming the line, from 1, and what was expected there.
    """
    rows, remarks = _rows(text, _BEST)
    fixes = _merged(rows, [_time(row, _minutes(row)) for row in rows])
    return observed(*_names(rows), fixes, remarks)


def latest_forecast(text: str, technique: str = _OFFICIAL, cone: Cone | None = None) -> Track:
    """The last forecast that a technique made in an a-deck; OFCL are NHC's own.

    Lines of others that are too short are passed over and are among the track's remarks, and so is
    an end of the forecast. ``cone`` overrides the season's circles of uncertainty.

    Raises:
        TrackError: naming the line, from 1, and what was expected there.
    """
    rows, remarks = _rows(text, technique)
    times = [_time(row, timedelta()) for row in rows]
    start = max(times)
    last = [row for row, time in zip(rows, times, strict=True) if time == start]
    there = [row for row in last if not _NOWHERE.fullmatch(row[1][6] + row[1][7])]
    if not there:
        raise TrackError(f"line {last[0][0]}", "expected a position other than 0N 0W")
    if len(there) < len(last):
        remarks.append(f"line {last[len(there)][0]}: the storm is nowhere any more, 0N 0W")
    ahead = [timedelta(hours=_number(row, 5, "hours ahead")) for row in there]
    fixes = _merged(there, [start + one for one in ahead])
    name, identifier = _names(rows)
    return forecast(
        name,
        identifier,
        None,
        fixes,
        cone,
        strength=_strength(there[0]),
        remarks=remarks,
    )


def hurdat2(text: str) -> tuple[Track, ...]:
    """Every storm of a HURDAT2 file.

    Raises:
        TrackError: naming the line, from 1, and what was expected there.
    """
    tracks = []
    rows = _split(text)
    for number, fields in rows:
        if len(fields) < 3 or not re.fullmatch(r"[A-Z]{2}\d{6}", fields[0]):
            raise TrackError(f"line {number}", "expected a heading such as AL092021, IDA, 40,")
        count = int(_number((number, fields), 2, "how many lines follow"))
        fixes = [_past(row) for _, row in zip(range(count), rows, strict=False)]
        if len(fixes) < max(count, 1):
            raise TrackError(
                f"line {number}", f"expected {max(count, 1)} lines below, not {len(fixes)}"
            )
        try:
            tracks.append(observed(fields[1], fields[0], fixes))
        except ValueError as fault:
            raise TrackError(f"line {number}", str(fault)) from None
    return tuple(tracks)


def _split(text: str) -> Iterator[_Row]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield number, [field.strip() for field in line.split(",")]


def _rows(text: str, technique: str) -> tuple[list[_Row], list[str]]:
    """The lines of a technique, of which there is at least one; and what is said of others."""
    rows: list[_Row] = []
    remarks = []
    for number, fields in _split(text):
        short = len(fields) < _LEAST_FIELDS
        foreign = len(fields) > 4 and fields[4] != technique
        if (short and foreign) or not re.fullmatch(r"[A-Z]{2}", fields[0]):
            remarks.append(f"line {number}: passed over, is no whole line of a deck")
        elif short:
            raise TrackError(
                f"line {number}", f"has {len(fields)} fields: expected at least {_LEAST_FIELDS}"
            )
        elif not foreign:
            rows.append((number, fields))
    if not rows:
        raise TrackError("line 1", f"expected at least one line of the technique {technique}")
    return rows, remarks


def _names(rows: Sequence[_Row]) -> tuple[str, str]:
    """The storm's last name, or else its identifier; and its identifier with the year it began."""
    number, fields = rows[0]
    if not re.fullmatch(r"[A-Z]{2}", fields[0]) or not re.fullmatch(r"\d\d", fields[1]):
        raise TrackError(f"line {number}", "expected a basin and a number, AL, 02")
    for other, its in rows:
        if its[:2] != fields[:2]:
            raise TrackError(f"line {other}", f"expected the storm of line {number} alone")
    identifier = f"{fields[0]}{fields[1]}{fields[2][:4]}"
    names = [fields[27] for _, fields in rows if len(fields) > 27 and fields[27]]
    return (names[-1] if names else identifier), identifier


def _merged(rows: Sequence[_Row], times: Sequence[datetime]) -> list[Fix]:
    """One fix for each time, with the radii of all its lines."""
    places: dict[datetime, _Row] = {}
    radii: dict[datetime, dict[Threshold, Quadrants]] = {}
    for row, time in zip(rows, times, strict=True):
        places.setdefault(time, row)
        radii.setdefault(time, {}).update(_deck_radii(row))
    return [_deck_fix(places[time], time, radii[time]) for time in sorted(places)]


def _deck_fix(row: _Row, time: datetime, radii: dict[Threshold, Quadrants]) -> Fix:
    gust = _number(row, 20, "gusts in knots") if len(row[1]) > 20 and row[1][20] else 0.0
    return _fix(
        row,
        time=time,
        longitude=_degrees(row, 7, "EW", 10),
        latitude=_degrees(row, 6, "NS", 10),
        wind=_wind(row),
        gust=gust or None,
        radii=radii,
    )


def _wind(row: _Row) -> float | None:
    return None if row[1][8] in _UNKNOWN_IN_DECKS else _number(row, 8, "wind in knots")


_STRENGTHS: dict[str, Strength] = {
    "TD": "tropical_depression",
    "SD": "tropical_depression",
    "TS": "tropical_storm",
    "SS": "tropical_storm",
    "HU": "hurricane",
    "TY": "hurricane",
    "ST": "hurricane",
}


def _strength(row: _Row) -> Strength | None:
    return _STRENGTHS.get(row[1][10]) if len(row[1]) > 10 else None


def _deck_radii(row: _Row) -> dict[Threshold, Quadrants]:
    number, fields = row
    strength = fields[11] if len(fields) > 11 else ""
    threshold = next((one for one in THRESHOLDS if str(one) == strength), None)
    if threshold is None:
        if strength in ("", "0"):
            return {}
        raise TrackError(f"line {number}", f"field 12 is {strength!r}: expected 34, 50, 64 or 0")
    code = fields[12] if len(fields) > 12 else ""
    if code == "AAA":
        far = _number(row, 13, "radius in nautical miles")
        return {threshold: _quadrants(row, [far] * 4)}
    if code not in _FIRST_QUARTER:
        raise TrackError(f"line {number}", f"field 13 is {code!r}: expected AAA, NEQ or the like")
    given = [_number(row, at, "radius in nautical miles") for at in range(13, 17)]
    turned = _FIRST_QUARTER[code]
    return {threshold: _quadrants(row, given[4 - turned :] + given[: 4 - turned])}


def _past(row: _Row) -> Fix:
    """A line of HURDAT2."""
    number, fields = row
    if len(fields) < _HISTORY_FIELDS:
        raise TrackError(
            f"line {number}", f"has {len(fields)} fields: expected at least {_HISTORY_FIELDS}"
        )
    radii: dict[Threshold, Quadrants] = {}
    for threshold, at in zip(THRESHOLDS, (8, 12, 16), strict=True):
        given = [_number(row, one, "radius") for one in range(at, at + 4) if one < len(fields)]
        if len(given) == 4 and not all(one in _UNKNOWN for one in given):
            radii[threshold] = _quadrants(row, given)
    wind = _number(row, 6, "wind in knots")
    return _fix(
        row,
        time=_parsed(row, fields[0] + fields[1], "%Y%m%d%H%M", "20210829, 1655"),
        longitude=_degrees(row, 5, "EW", 1),
        latitude=_degrees(row, 4, "NS", 1),
        wind=None if wind in _UNKNOWN else wind,
        gust=None,
        radii=radii,
    )


def _fix(
    row: _Row,
    *,
    time: datetime,
    longitude: float,
    latitude: float,
    wind: float | None,
    gust: float | None,
    radii: dict[Threshold, Quadrants],
) -> Fix:
    try:
        return Fix(
            time=time,
            longitude=longitude,
            latitude=latitude,
            wind_kt=wind,
            gust_kt=gust,
            radii=radii,
        )
    except ValueError as fault:
        raise TrackError(f"line {row[0]}", str(fault)) from None


def _quadrants(row: _Row, given: Sequence[float]) -> Quadrants:
    try:
        return Quadrants(*given)
    except ValueError as fault:
        raise TrackError(f"line {row[0]}", str(fault)) from None


def _time(row: _Row, past_hour: timedelta) -> datetime:
    return _parsed(row, row[1][2], "%Y%m%d%H", "2024063018") + past_hour


def _minutes(row: _Row) -> timedelta:
    """The field that tells techniques apart holds minutes past the hour in a b-deck."""
    return timedelta(minutes=_number(row, 3, "minutes") if row[1][3] else 0)


def _parsed(row: _Row, text: str, pattern: str, example: str) -> datetime:
    try:
        if not text.isdecimal():
            raise ValueError
        return datetime.strptime(text, pattern).replace(tzinfo=UTC)
    except ValueError:
        raise TrackError(f"line {row[0]}", f"has {text!r}: expected a time, {example}") from None


def _degrees(row: _Row, at: int, signs: str, scale: int) -> float:
    text = row[1][at]
    found = re.fullmatch(rf"(\d+(?:\.\d+)?|\.\d+)([{signs}])", text)
    if found is None:
        raise TrackError(
            f"line {row[0]}",
            f"field {at + 1} is {text!r}: expected degrees and {' or '.join(signs)}",
        )
    return float(found[1]) / scale * (1 if found[2] in "NE" else -1)


def _number(row: _Row, at: int, wanted: str) -> float:
    number, fields = row
    text = fields[at] if at < len(fields) else ""
    if not re.fullmatch(r"-?\d+", text):
        raise TrackError(f"line {number}", f"field {at + 1} is {text!r}: expected {wanted}")
    return float(text)
