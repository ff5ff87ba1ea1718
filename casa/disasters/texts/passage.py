"""One warning in one language as filled sentences, before they become texts."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from casa.disasters import hazards
from casa.disasters.hazards import Hazard
from casa.disasters.rounding import told_time
from casa.disasters.texts.catalogue import Catalogue, Frame, catalogue
from casa.disasters.texts.facts import Facts, Named, Storm
from casa.disasters.texts.telling import Manner, amount, join, moment, number

_MOST_SHELTERS = 4
_MOST_RIVERS = 4
_LONG_AGO = timedelta(hours=12)
_SHELTERING = ("advisory", "watch", "warning", "emergency")


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """Sentences; the most important of each group first. ``None`` is not known.

    ``told`` are the facts by name (arrival, wind, rain and so on), in order of telling.
    """

    words: Catalogue
    label: str
    names: tuple[str, ...]
    description: tuple[str, ...]
    told: Mapping[str, str]
    instruction: tuple[str, ...]
    action: str
    event: str | None
    sms_arrival: str | None
    scale: str | None
    scale_instruction: str | None
    shelters: str | None
    agency: str | None
    radio_opening: str | None
    contact: str | None
    next_update: str | None

    def places(self, most: int) -> str:
        """The places as one phrase: ``most`` by name; none of them at 0, but "your area"."""
        lists = self.words.lists
        return join(self.names, lists, most) if most else lists.here


def passage(hazard: str, level: str, facts: Facts, language: str, manner: Manner) -> Passage:
    """The sentences for which there are facts. Raises UnsupportedLanguage, KeyError."""
    words = catalogue(language)
    frame = words.frame
    kind = hazards.hazard(hazard)
    cell = kind.words(words.language).at(level)
    arrival = _arrival(facts, exact=kind.exact)
    blanks = _blanks(facts, arrival, words, manner)
    told = _told(kind, level, facts, arrival, blanks, words.language)
    step = facts.scale
    return Passage(
        words=words,
        label=label(hazard, level, facts.storm, words.language),
        names=tuple(dict.fromkeys(place.in_language(words.language) for place in facts.places)),
        description=cell.description,
        told=told,
        instruction=cell.instruction,
        action=cell.action,
        event=blanks.get("event"),
        sms_arrival=_sms_arrival(kind, arrival, told, frame, blanks),
        scale=_fill(frame.scale, blanks),
        scale_instruction=step.told(words.language).instruction if step else None,
        shelters=_fill(frame.shelters, blanks) if level in _SHELTERING else None,
        agency=_fill(frame.agency, blanks),
        radio_opening=_fill(frame.radio_opening, blanks),
        contact=_fill(frame.contact, blanks),
        next_update=_fill(frame.next_update, blanks),
    )


def label(hazard: str, level: str, storm: Storm | None, language: str) -> str:
    """The warning's name, such as "Hurricane warning"; a cyclone's by the strength expected."""
    return hazards.hazard(hazard).label(level, storm, language)


def event(hazard: str, level: str, storm: Storm | None, language: str) -> str:
    """``label`` in a BCP 47 language. Raises UnsupportedLanguage, KeyError."""
    return label(hazard, level, storm, catalogue(language).language)


def storm_name(storm: Storm, name: str, languages: tuple[str, ...]) -> Named:
    """A storm's full name in each language: "Hurricane Beryl", "Siklòn Beryl"."""
    cyclone = hazards.hazard("tropical_cyclone")
    names = {
        code: cyclone.words(code).strengths[storm].name.format(name=name) for code in languages
    }
    return Named(names[languages[0]], names)


def _sms_arrival(
    kind: Hazard,
    arrival: "_Arrival | None",
    told: Mapping[str, str],
    frame: Frame,
    blanks: Mapping[str, str],
) -> str | None:
    """That what was decided has begun goes unsaid: the level says it."""
    if arrival is None or "arrival" not in told or (kind.exact and arrival.manner == "arrived"):
        return None
    return _fill(getattr(frame, f"sms_{arrival.manner}"), blanks)


class _Arrival(msgspec.Struct, frozen=True):
    """When, as it is told; and how: about or exactly then, at the soonest then, or begun."""

    time: datetime
    manner: Literal["arrival", "exact", "earliest", "arrived"]


def _arrival(facts: Facts, *, exact: bool) -> _Arrival | None:
    """What is told of the arrival at the moment of telling; nothing once it is long ago."""
    time, now = facts.arrival, facts.now
    if time is None:
        return None
    if now is not None and not exact:
        rounded = told_time(time, now, earliest=facts.earliest)
        # What cannot be here yet is not told as here because a quarter of an hour is coarse.
        time = time if rounded <= now < time else rounded
    if now is not None and time <= now:
        return _Arrival(time, "arrived") if now - time < _LONG_AGO else None
    if exact:
        return _Arrival(time, "exact")
    return _Arrival(time, "earliest" if facts.earliest else "arrival")


def _told(
    kind: Hazard,
    level: str,
    facts: Facts,
    arrival: _Arrival | None,
    blanks: Mapping[str, str],
    language: str,
) -> dict[str, str]:
    """What is forecast is not said in an all clear."""
    if level == "all_clear":
        return {}
    sentences = dict(kind.words(language).facts)
    begun = sentences.pop("arrived", None)
    if arrival is None:
        sentences.pop("arrival", None)
    elif arrival.manner == "arrived" and begun:
        sentences["arrival"] = begun
    if not facts.near:
        sentences.pop("near", None)
    if facts.near or not facts.earliest:
        sentences.pop("far", None)
    in_order = {name: sentences[name] for name in kind.facts if name in sentences}
    filled = {name: _fill(sentence, blanks) for name, sentence in in_order.items()}
    return {name: sentence for name, sentence in filled.items() if sentence}


def _blanks(
    facts: Facts, arrival: _Arrival | None, words: Catalogue, manner: Manner
) -> dict[str, str]:
    language = words.language
    blanks = _times(facts, arrival, words) | _amounts(facts, words, manner)
    if facts.event_name:
        blanks["event"] = facts.event_name.in_language(language)
    if facts.rivers:
        rivers = [river.in_language(language) for river in facts.rivers]
        blanks["rivers"] = join(rivers, words.lists, _MOST_RIVERS)
    if facts.shelters:
        names = [shelter.in_language(language) for shelter in facts.shelters]
        blanks["shelters"] = join(names, words.lists, _MOST_SHELTERS)
    if facts.agency:
        blanks["agency"] = facts.agency.in_language(language)
    if facts.contact and facts.contact.strip():
        blanks["contact"] = " ".join(facts.contact.split())
    if facts.scale:
        blanks["scale"] = facts.scale.scale_name(language)
        blanks["step"] = facts.scale.told(language).words
    return blanks


def _times(facts: Facts, arrival: _Arrival | None, words: Catalogue) -> dict[str, str]:
    clock, told = words.clock, {}
    if arrival:
        pattern = {"exact": clock.exact, "earliest": clock.earliest}.get(
            arrival.manner, clock.about
        )
        full, short = (
            moment(arrival.time, facts.states, words, style, facts.now)
            for style in ("full", "short")
        )
        told = {"arrival": pattern.format(moment=full), "short_arrival": short}
    if facts.next_update and not (facts.now and facts.next_update <= facts.now):
        told["next_update"] = moment(facts.next_update, facts.states, words, "full", facts.now)
    return told


def _amounts(facts: Facts, words: Catalogue, manner: Manner) -> dict[str, str]:
    units = words.units
    known = {
        "wind": (facts.wind_kmh, units.wind),
        "rain": (facts.rain_mm, units.rain),
        "surge": (facts.surge_m, units.surge),
    }
    told = {
        name: amount(value, names, units, manner) for name, (value, names) in known.items() if value
    }
    if facts.magnitude:
        told["magnitude"] = number(facts.magnitude, units)
    return told


def _fill(sentence: str, blanks: Mapping[str, str]) -> str | None:
    """The sentence, or nothing at all when one of its facts is unknown."""
    try:
        filled = sentence.format_map(blanks)
    except KeyError:
        return None
    # A name that ends in a full stop would leave two.
    return filled[:-1] if filled.endswith("..") else filled
