"""The words of each language, read once from ``data/*.toml`` into typed values."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from casa.alerts.phrases import LANGUAGES


class UnsupportedLanguage(ValueError):
    """There are no texts in that language."""


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Lists(_Words, frozen=True):
    """How names are joined; ``more_one`` and ``more_many`` stand for those left out.

    ``pair_before`` is a pattern: a last name that it matches takes ``pair_softened``.
    """

    separator: str
    pair: str
    more_one: str
    more_many: str
    here: str
    pair_before: str | None = None
    pair_softened: str | None = None


class Hour(_Words, frozen=True):
    """An hour of the clock, on the hour and past it."""

    whole: str
    past: str


class Clock(_Words, frozen=True):
    """How a moment is told. ``parts`` are (first hour, words); ``hours`` what is told otherwise.

    ``about``, ``exact`` and ``earliest`` are what goes before or after a moment; ``year`` stands
    where it is not this one; ``short_far`` is for a day more than six days away.
    """

    usual: Hour
    moment: str
    year: str
    about: str
    exact: str
    earliest: str
    short_moment: str
    short_far: str
    short_zone: str
    between: str
    first_day: str
    local: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    parts: tuple[tuple[int, str], ...] = ((0, ""),)
    hours: dict[str, Hour] = {}


class Units(_Words, frozen=True):
    """Which units people use, first the main one, and the marks of a number."""

    wind: tuple[str, ...]
    rain: tuple[str, ...]
    surge: tuple[str, ...]
    decimal: str
    group: str
    plural_from: float
    written: dict[str, tuple[str, str]]
    spoken: dict[str, tuple[str, str]]
    written_pair: str = "{0} ({1})"
    spoken_pair: str = "{0}"


class Frame(_Words, frozen=True):
    """Sentences that every hazard shares."""

    headline: str
    headline_event: str
    places: str
    shelters: str
    agency: str
    contact: str
    next_update: str
    sms: str
    sms_arrival: str
    sms_exact: str
    sms_earliest: str
    sms_arrived: str
    scale: str
    radio_opening: str
    radio_repeat: str
    radio_closing: str


class Catalogue(_Words, frozen=True):
    """What all hazards share in one language; their own words are in ``casa.disasters.hazards``."""

    language: str
    words_per_minute: int
    lists: Lists
    clock: Clock
    units: Units
    frame: Frame


def catalogue(language: str) -> Catalogue:
    """The words of a BCP 47 language, by its first subtag. Raises UnsupportedLanguage."""
    primary = language.split("-")[0].lower()
    if primary not in LANGUAGES:
        raise UnsupportedLanguage(language)
    return _catalogue(primary)


@cache
def zone_names() -> dict[str, dict[str, str]]:
    """What local time is called, by ISO 3166-1 code and language."""
    return msgspec.convert(_read("zones.toml"), dict[str, dict[str, str]])


@cache
def _catalogue(language: str) -> Catalogue:
    return msgspec.convert({"language": language, **_read(f"{language}.toml")}, Catalogue)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "data" / name).read_text(encoding="utf-8"))
