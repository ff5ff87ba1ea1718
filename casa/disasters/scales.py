"""The alert levels that states of the region have of their own: colours, numbers, words.

``data/scales/<scale>.toml`` holds one scale: whose it is, for which states and hazards, and its
steps, mapped onto CASA's levels. At each level the usual step is told, unless an officer chooses
another that may stand there. Pure but for reading the data once.
"""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from casa.alerts.message import Value
from casa.alerts.phrases import LANGUAGES
from casa.disasters.hazards import LEVELS

PARAMETER = "casa:scale"
STEP_PARAMETER = "casa:scale-step"
SEVERITY_PARAMETER = "casa:scale-severity"
COLOUR_PARAMETER = "casa:scale-colour"

Level = Literal["advisory", "watch", "warning", "emergency", "all_clear"]
Severity = Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"]


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class StepWords(_Data, frozen=True):
    """A step in one language: what it is called, and what to do at it."""

    words: str
    instruction: str


_HEX = frozenset("0123456789ABCDEF")


class Colour(_Data, frozen=True):
    """A colour's English name and its sRGB value, such as ``#FFA500``."""

    name: str
    hex: str

    def __post_init__(self) -> None:
        if len(self.hex) != 7 or self.hex[0] != "#" or not set(self.hex[1:]) <= _HEX:
            raise ValueError(f"{self.hex} is no colour such as #FFA500")


class Step(_Data, frozen=True):
    """One step of a scale: told at the ``usual`` levels of CASA, and where chosen at ``also``.

    ``severity`` is CAP's of the step itself. It is told as a parameter: the severity of an alert
    stays that of its level, on which mandates and approval hang.
    """

    code: str
    severity: Severity
    en: StepWords
    fr: StepWords
    ht: StepWords
    nl: StepWords
    es: StepWords
    usual: tuple[Level, ...] = ()
    also: tuple[Level, ...] = ()
    colour: Colour | None = None
    scale: str = ""
    names: Mapping[str, str] = {}

    def told(self, language: str) -> StepWords:
        """In one of ``LANGUAGES``."""
        words: StepWords = getattr(self, language)
        return words

    def scale_name(self, language: str) -> str:
        """What the scale is called, in one of ``LANGUAGES``."""
        return self.names[language]

    @property
    def parameters(self) -> tuple[Value, ...]:
        """The step as CAP parameters."""
        told = (
            (PARAMETER, self.scale),
            (STEP_PARAMETER, self.code),
            (SEVERITY_PARAMETER, self.severity),
            (COLOUR_PARAMETER, self.colour.hex if self.colour else None),
        )
        return tuple(Value(name, value) for name, value in told if value)


class Scale(_Data, frozen=True):
    """A scale: of which states and hazards, where it is published, and how far that was checked."""

    states: tuple[str, ...]
    hazards: tuple[str, ...]
    sources: tuple[str, ...]
    checked: str
    names: Mapping[str, str]
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if set(self.names) != set(LANGUAGES):
            raise ValueError("names must be in every language")
        if len({one.code for one in self.steps}) != len(self.steps):
            raise ValueError("each step has a code of its own")
        usual = [level for one in self.steps for level in one.usual]
        if sorted(usual) != sorted(LEVELS):
            raise ValueError("each level has exactly one usual step")


class NoSuchStep(ValueError):
    """The states' scale has no such step, or not at that level; the message says which it has."""


def step(state: str, hazard: str, level: str, chosen: str | None = None) -> Step | None:
    """The step that a state's own scale has for a hazard at a level, or no step.

    Raises:
        NoSuchStep: ``chosen`` is no code of a step at that level.
    """
    steps = _steps().get((state, hazard), ())
    if chosen is None:
        return next((one for one in steps if level in one.usual), None)
    at = {one.code: one for one in steps if level in (*one.usual, *one.also)}
    if chosen in at:
        return at[chosen]
    known = ", ".join(at) or "none"
    raise NoSuchStep(f"{state} has no step {chosen} for this hazard and level; it has: {known}")


def shared(
    states: Iterable[str], hazard: str, level: str, chosen: str | None = None
) -> Step | None:
    """The step that all of the states have in one scale, or no step.

    Raises:
        NoSuchStep: one of the states has no such step.
    """
    steps = [step(state, hazard, level, chosen) for state in dict.fromkeys(states)]
    one = steps[0] if steps and all(other == steps[0] for other in steps) else None
    if chosen is not None and one is None:
        raise NoSuchStep(f"these places have no alert levels in common that have a step {chosen}")
    return one


@cache
def scales() -> Mapping[str, Scale]:
    """All scales by code."""
    folder = files("casa.disasters") / "data" / "scales"
    found = {
        file.name.removesuffix(".toml"): msgspec.convert(
            tomllib.loads(file.read_text("utf-8")), Scale
        )
        for file in sorted(folder.iterdir(), key=lambda one: one.name)
    }
    return {code: _named(code, scale) for code, scale in found.items()}


def _named(code: str, scale: Scale) -> Scale:
    steps = tuple(
        msgspec.structs.replace(one, scale=code, names=scale.names) for one in scale.steps
    )
    return msgspec.structs.replace(scale, steps=steps)


@cache
def _steps() -> dict[tuple[str, str], tuple[Step, ...]]:
    found: dict[tuple[str, str], tuple[Step, ...]] = {}
    for scale in scales().values():
        for state in scale.states:
            found |= dict.fromkeys(((state, hazard) for hazard in scale.hazards), scale.steps)
    return found
