"""One warning in one language as filled sentences, before they become texts."""

from collections.abc import Mapping

import msgspec

from casa.disasters.texts.catalogue import Catalogue, catalogue
from casa.disasters.texts.facts import Facts, Named, Storm
from casa.disasters.texts.telling import Manner, amount, join, moment, number

_MOST_SHELTERS = 4
_MOST_RIVERS = 4
_SHELTERING = ("watch", "warning", "emergency")


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
    blanks = _blanks(facts, words, manner)
    cell = words.hazards[hazard].at(level)
    told = _told(hazard, level, blanks, words)
    return Passage(
        words=words,
        label=label(hazard, level, facts.storm, words),
        names=tuple(dict.fromkeys(place.in_language(words.language) for place in facts.places)),
        description=cell.description,
        told=told,
        instruction=cell.instruction,
        action=cell.action,
        event=blanks.get("event"),
        sms_arrival=_fill(frame.sms_arrival, blanks) if "arrival" in told else None,
        shelters=_fill(frame.shelters, blanks) if level in _SHELTERING else None,
        agency=_fill(frame.agency, blanks),
        radio_opening=_fill(frame.radio_opening, blanks),
        contact=_fill(frame.contact, blanks),
        next_update=_fill(frame.next_update, blanks),
    )


def label(hazard: str, level: str, storm: Storm | None, words: Catalogue) -> str:
    """The warning's name, such as "Hurricane warning"; a cyclone's by the strength expected."""
    named = storm if hazard == "tropical_cyclone" and storm else None
    noun = words.storms[named] if named else words.hazards[hazard].noun
    text = words.labels[level].format(noun=noun)
    return text[0].upper() + text[1:]


def event(hazard: str, level: str, storm: Storm | None, language: str) -> str:
    """``label`` in a BCP 47 language. Raises UnsupportedLanguage, KeyError."""
    return label(hazard, level, storm, catalogue(language))


def storm_name(storm: Storm, name: str, languages: tuple[str, ...]) -> Named:
    """A storm's full name in each language: "Hurricane Beryl", "Siklòn Beryl"."""
    names = {code: catalogue(code).storm_names[storm].format(name=name) for code in languages}
    return Named(names[languages[0]], names)


def _told(hazard: str, level: str, blanks: Mapping[str, str], words: Catalogue) -> dict[str, str]:
    """What is forecast is not said in an all clear."""
    if level == "all_clear":
        return {}
    sentences = words.hazards[hazard].facts
    filled = {name: _fill(sentence, blanks) for name, sentence in sentences.items()}
    return {name: sentence for name, sentence in filled.items() if sentence}


def _blanks(facts: Facts, words: Catalogue, manner: Manner) -> dict[str, str]:
    units = words.units
    blanks: dict[str, str] = {}
    if facts.event_name:
        blanks["event"] = facts.event_name.in_language(words.language)
    if facts.arrival:
        blanks["arrival"] = moment(facts.arrival, facts.states, words, "full")
        blanks["short_arrival"] = moment(facts.arrival, facts.states, words, "short")
    if facts.next_update:
        blanks["next_update"] = moment(facts.next_update, facts.states, words, "full")
    if facts.wind_kmh:
        blanks["wind"] = amount(facts.wind_kmh, units.wind, units, manner)
    if facts.rain_mm:
        blanks["rain"] = amount(facts.rain_mm, units.rain, units, manner)
    if facts.surge_m:
        blanks["surge"] = amount(facts.surge_m, units.surge, units, manner)
    if facts.magnitude:
        blanks["magnitude"] = number(facts.magnitude, units)
    if facts.rivers:
        rivers = [river.in_language(words.language) for river in facts.rivers]
        blanks["rivers"] = join(rivers, words.lists, _MOST_RIVERS)
    if facts.shelters:
        names = [shelter.in_language(words.language) for shelter in facts.shelters]
        blanks["shelters"] = join(names, words.lists, _MOST_SHELTERS)
    if facts.agency:
        blanks["agency"] = facts.agency.in_language(words.language)
    if facts.contact and facts.contact.strip():
        blanks["contact"] = " ".join(facts.contact.split())
    return blanks


def _fill(sentence: str, blanks: Mapping[str, str]) -> str | None:
    """The sentence, or nothing at all when one of its facts is unknown."""
    try:
        filled = sentence.format_map(blanks)
    except KeyError:
        return None
    # A name that ends in a full stop would leave two.
    return filled[:-1] if filled.endswith("..") else filled
