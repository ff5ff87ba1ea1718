"""Prepared texts with typed blanks, so that a warning is out in a minute. Free of Flask and SQL.

A blank stands in a text as ``{name}``. Filling checks every value against its blank's type and
writes it as the readers of each language are used to; what comes out is the wire form of an
alert's content, which goes the way that every alert goes.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from casa.geography.places import UnknownPlace, gazetteer
from casa.problems import FieldError

TYPES = ("text", "number", "time", "place")
TEXTS = ("event", "headline", "description", "instruction")
_BLANK = re.compile(r"\{([a-z_]+)\}")
_LONGEST = 200


class BadFill(ValueError):
    """Values that do not fit their blanks; ``errors`` point at each."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{one.pointer} {one.detail}" for one in errors))
        self.errors = errors


def faults(
    content: Mapping[str, Any], blanks: Mapping[str, Any], cancellation: Mapping[str, str]
) -> Iterator[FieldError]:
    """What is wrong with a template beyond its wire form."""
    for number, info in enumerate(content["info"]):
        used = {
            name: where for where in TEXTS if where in info for name in _BLANK.findall(info[where])
        }
        for name, where in used.items():
            if name not in blanks:
                yield FieldError(f"/info/{number}/{where}", f"has a blank {name} without a type")
        for name in set(blanks) - set(used):
            yield FieldError(f"/blanks/{name}", f"is not used in the block in {info['language']}")
        if info["language"] not in cancellation:
            yield FieldError("/cancellation", f"needs a text in {info['language']}")


def fill(
    content: Mapping[str, Any],
    blanks: Mapping[str, Any],
    values: Mapping[str, Any],
    moment: datetime,
) -> dict[str, Any]:
    """The wire form of an alert's content, but for its area where the template has none.

    Raises:
        BadFill
    """
    _check(blanks, values)
    lasts = timedelta(minutes=content["lasts"])
    filled = {name: value for name, value in content.items() if name != "lasts"}
    filled["info"] = [
        {
            **info,
            **{
                name: _BLANK.sub(
                    lambda found: _written(blanks, values, found[1], info["language"]),  # noqa: B023
                    info[name],
                )
                for name in TEXTS
                if name in info
            },
            "expires": (moment + lasts).isoformat(),
        }
        for info in content["info"]
    ]
    return filled


def sample(blanks: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Values that fit, to try a template with."""
    tried = {"text": "x", "number": 1, "time": "2026-01-01T00:00:00+00:00", "place": place}
    return {
        name: blank.get("least", 1) if blank["type"] == "number" else tried[blank["type"]]
        for name, blank in blanks.items()
    }


def _check(blanks: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    errors = [
        FieldError(f"/blanks/{name}", "is no blank of this template")
        for name in set(values) - set(blanks)
    ]
    for name, blank in blanks.items():
        if name not in values:
            errors.append(FieldError(f"/blanks/{name}", f"is missing: a {blank['type']}"))
        elif fault := _fault(blank, values[name]):
            errors.append(FieldError(f"/blanks/{name}", fault))
    if errors:
        raise BadFill(errors)


def _fault(blank: Mapping[str, Any], value: Any) -> str | None:
    match blank["type"]:
        case "text":
            good = isinstance(value, str) and 1 <= len(value.strip()) <= _LONGEST
            return None if good and value.isprintable() else f"must be a text up to {_LONGEST}"
        case "number":
            if isinstance(value, bool) or not isinstance(value, int | float):
                return "must be a number"
            least, most = blank.get("least", float("-inf")), blank.get("most", float("inf"))
            return None if least <= value <= most else f"must lie between {least} and {most}"
        case "time":
            try:
                given = datetime.fromisoformat(value)
            except (TypeError, ValueError):
                return "must be an RFC 3339 time with its offset"
            return None if given.tzinfo else "must have its offset: the hour is told as given"
    try:
        gazetteer().place(str(value))
    except UnknownPlace as error:
        return str(error)
    return None


def _written(blanks: Mapping[str, Any], values: Mapping[str, Any], name: str, language: str) -> str:
    value = values[name]
    match blanks[name]["type"]:
        case "time":
            return f"{datetime.fromisoformat(value):%H:%M}"
        case "place":
            place = gazetteer().place(str(value))
            return place.names.get(language.split("-")[0].lower(), place.name)
    return str(value)
