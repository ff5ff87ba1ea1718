"""What an advisory lifts: the places whose level ends with it, and who is told of that. Pure.

Nothing names them in what an officer sends, as a place that is missing has no level. So each is
shown by name before an advisory is published, and kept with it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from casa.disasters.levels import Alert, Cancel, Level, Levels, Saying
from casa.disasters.parts import is_zone, named, zone_name
from casa.geography.places import gazetteer

Object = dict[str, Any]


def lifted(before: Levels, after: Levels, sayings: Sequence[Saying]) -> Iterator[Object]:
    """Places by name: the level that was, NONE or ALL_CLEAR now, and by what message it is told.

    ``told_by`` is None where nobody is told: the alert had been ended by hand or had run out.
    """
    told_by = dict(_told_by(sayings))
    ended: dict[tuple[Level, Level, str | None], set[str]] = {}
    for place, was in before.items():
        level = after.get(place, Level.NONE)
        if was.stands and not level.stands:
            ended.setdefault((was, level, told_by.get(place)), set()).add(place)
    for (was, level, message), places in ended.items():
        for code in named(places):
            yield {
                "place": code,
                "name": _name(code),
                "was": was.value,
                "level": level.value,
                "told_by": message,
            }


def _told_by(sayings: Iterable[Saying]) -> Iterator[tuple[str, str]]:
    for saying in sayings:
        if not saying.news.stands:
            for place in saying.told:
                yield place, _message(saying)


def _message(saying: Saying) -> str:
    if isinstance(saying, Cancel):
        return "Cancel"
    # Whoever leaves a thread with an all-clear hears it from an Alert (``messages``).
    all_clear = saying.news is Level.ALL_CLEAR or isinstance(saying, Alert)
    return "Alert" if all_clear else "Update"


def _name(code: str) -> str:
    return zone_name(code) if is_zone(code) else gazetteer().place(code).name
