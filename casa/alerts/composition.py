"""From the facts of a record of any kind to what is said of it: one block for each language."""

from collections.abc import Callable
from typing import Protocol
from zoneinfo import ZoneInfo

from casa.alerts import areas
from casa.alerts.content import Content
from casa.alerts.message import Area, Info
from casa.alerts.phrases import languages_for


class Facts(Protocol):
    """What the facts of every kind have."""

    @property
    def status(self) -> str: ...

    @property
    def area(self) -> tuple[Area, ...]: ...

    @property
    def languages(self) -> tuple[str, ...]: ...


def in_languages(
    facts: Facts, block: Callable[[str, ZoneInfo], Info], incidents: tuple[str, ...] = ()
) -> Content:
    """What the facts say, in the languages asked for or else those of the places reached.

    ``block`` makes one language's block; the zone is that of the first place reached.
    """
    meant = areas.target(facts.area).places
    zone = ZoneInfo(meant[0].timezone if meant else "UTC")
    return Content(
        status=facts.status,
        incidents=incidents,
        area=facts.area,
        info=tuple(block(language, zone) for language in facts.languages or languages_for(meant)),
    )
