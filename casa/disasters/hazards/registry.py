"""What is known of each hazard, read once from a file each and checked before anything is said.

A file's name without ``.toml`` is the hazard's code on the wire. What is wrong with a file is told
with its name and the place in it, when the service starts.
"""

import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import msgspec

from casa.alerts.phrases import LANGUAGES
from casa.disasters.hazards import labels
from casa.settings import SettingsError

LEVELS = ("advisory", "watch", "warning", "emergency", "all_clear")
FACTS = {
    "arrival": {"arrival"},
    "arrived": set(),
    "near": set(),
    "far": set(),
    "wind": {"wind"},
    "rain": {"rain"},
    "surge": {"surge"},
    "magnitude": {"magnitude"},
    "rivers": {"rivers"},
}
"""What may be told of a hazard beside its level, and the blanks of the sentence that tells it.

``arrived`` is said in place of ``arrival`` once that is over; ``near`` and ``far`` of the source.
"""

Category = Literal[
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra",
    "CBRNE", "Other",
]  # fmt: skip
Response = Literal[
    "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None",
]  # fmt: skip
Level = Literal["advisory", "watch", "warning", "emergency", "all_clear"]
Fact = Literal[
    "arrival", "arrived", "near", "far", "wind", "rain", "surge", "magnitude", "rivers"
]  # fmt: skip
_CODE = re.compile(r"[a-z][a-z_]{1,39}")
_RESPONSES: Mapping[Level, tuple[Response, ...]] = MappingProxyType(
    {
        "advisory": ("Monitor",),
        "watch": ("Prepare",),
        "warning": ("Prepare", "Execute"),
        "emergency": ("Prepare", "Execute"),
        "all_clear": ("AllClear",),
    }
)


class HazardError(SettingsError):
    """A hazard's file cannot be used; the message names it and what to mend."""


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Cell(_Data, frozen=True):
    """What is said of one hazard at one level: sentences, the most important first."""

    description: tuple[str, ...]
    instruction: tuple[str, ...]
    action: str

    def __post_init__(self) -> None:
        if not (self.description and self.instruction):
            raise ValueError("give at least one sentence of description and one of instruction")
        for sentence in (*self.description, *self.instruction, self.action):
            if not sentence or sentence != sentence.strip():
                raise ValueError(f"a sentence is empty or has blanks around it: {sentence!r}")
            if _blanks(sentence):
                raise ValueError(f"this sentence can have no blanks to fill: {sentence!r}")


class StrengthWords(_Data, frozen=True):
    """A strength's noun, and the full name of a storm of that strength (``{name}``)."""

    noun: str
    name: str
    labels: Mapping[Level, str] = {}


class HazardWords(_Data, frozen=True):
    """A hazard in one language. ``labels`` are levels that the language's own pattern misnames."""

    noun: str
    advisory: Cell
    watch: Cell
    warning: Cell
    emergency: Cell
    all_clear: Cell
    facts: Mapping[Fact, str] = {}
    labels: Mapping[Level, str] = {}
    strengths: Mapping[str, StrengthWords] = {}

    def at(self, level: str) -> Cell:
        """The cell of a level. Raises KeyError."""
        if level not in LEVELS:
            raise KeyError(level)
        cell: Cell = getattr(self, level)
        return cell


class Strength(_Data, frozen=True):
    """What machines call a hazard of a certain strength, as the fields of ``Hazard``."""

    term: str | None = None
    same: Mapping[Level, str] = {}


class Hazard(_Data, frozen=True):
    """One hazard. ``term`` is the number in OASIS' Event Terms List, ``same`` the letters by level.

    ``facts`` are told of it in this order; ``response`` are CAP response types where they are not
    the usual ones of a level. ``exact``: when it begins is decided and not forecast.
    """

    category: Category
    en: HazardWords
    fr: HazardWords
    ht: HazardWords
    nl: HazardWords
    es: HazardWords
    term: str | None = None
    same: Mapping[Level, str] = {}
    facts: tuple[Fact, ...] = ()
    exact: bool = False
    response: Mapping[Level, tuple[Response, ...]] = {}
    strengths: Mapping[str, Strength] = {}

    def __post_init__(self) -> None:
        for language in LANGUAGES:
            words = self.words(language)
            if set(words.facts) != set(self.facts):
                raise ValueError(f"{language}.facts must be those of facts: {list(self.facts)}")
            if set(words.strengths) != set(self.strengths):
                raise ValueError(f"{language}.strengths must be those of strengths")
            if "arrival" in self.facts and "arrived" not in self.facts:
                raise ValueError("what has an arrival says also, as arrived, that it has begun")
            for name, sentence in words.facts.items():
                if _blanks(sentence) != FACTS[name]:
                    raise ValueError(f"{language}.facts.{name} must have the blanks {FACTS[name]}")
            for kind, strength in words.strengths.items():
                if _blanks(strength.name) != {"name"}:
                    raise ValueError(f"{language}.strengths.{kind}.name must have the blank name")
            for text in self._labels(language):
                if len(text) > labels.MOST_CHARACTERS:
                    raise ValueError(
                        f"{text!r} has {len(text)} characters, more than the "
                        f"{labels.MOST_CHARACTERS} of a CAP event: give {language} labels"
                    )

    def words(self, language: str) -> HazardWords:
        """In one of ``LANGUAGES``."""
        words: HazardWords = getattr(self, language)
        return words

    def label(self, level: str, strength: str | None, language: str) -> str:
        """The name of a level, such as "Hurricane warning"; by the strength where it has some."""
        words = self.words(language)
        named = words.strengths.get(strength or "", words)
        return labels.label(named.noun, named.labels, level, language)

    def _labels(self, language: str) -> Iterator[str]:
        for level in LEVELS:
            for strength in (None, *self.strengths):
                yield self.label(level, strength, language)

    def responses(self, level: str) -> tuple[str, ...]:
        """CAP response types at a level."""
        return self.response.get(level) or _RESPONSES[level]  # type: ignore[call-overload,index]


def _blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


_own_folder: Path | None = None
_known: Mapping[str, Hazard] | None = None


def use(folder: Path | None) -> Mapping[str, Hazard]:
    """Make the built-in hazards, and those in an operator's folder, the hazards of the process.

    Raises:
        HazardError: a file is not as it must be.
    """
    global _own_folder, _known
    _own_folder, _known = folder, MappingProxyType(dict(_read(folder)))
    return _known


def hazards() -> Mapping[str, Hazard]:
    """All hazards by code."""
    return use(_own_folder) if _known is None else _known


def hazard(code: str) -> Hazard:
    """The hazard of a code. Raises KeyError."""
    return hazards()[code]


def names() -> tuple[str, ...]:
    """The codes of all hazards."""
    return tuple(hazards())


def categories() -> tuple[str, ...]:
    """The CAP categories that hazards have."""
    return tuple(dict.fromkeys(one.category for one in hazards().values()))


def _read(folder: Path | None) -> Iterator[tuple[str, Hazard]]:
    built_in = files(__package__) / "data"
    yield from _in(built_in)
    if folder is not None:
        if not folder.is_dir():
            raise HazardError(f"CASA_HAZARDS must be a folder; {folder} is none")
        yield from _in(folder)


def _in(folder: Traversable) -> Iterator[tuple[str, Hazard]]:
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            code = file.name.removesuffix(".toml")
            if not _CODE.fullmatch(code):
                raise HazardError(
                    f"{file}: name the file in small letters and _, such as hail.toml"
                )
            yield code, _hazard(file)


def _hazard(file: Traversable) -> Hazard:
    try:
        return msgspec.convert(tomllib.loads(file.read_text("utf-8")), Hazard)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as fault:
        raise HazardError(f"{file}: {fault}") from None
