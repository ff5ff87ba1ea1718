"""Writes docs/hazard-words.md: what each hazard is called at each level, in each state's own words.

Run from the project's root: ``python tools/hazard_words.py``. A test holds the page to the data.
"""

from collections.abc import Iterator
from pathlib import Path

from casa.alerts.phrases import LANGUAGES
from casa.disasters import hazards
from casa.disasters.event_codes import event_codes
from casa.disasters.facts import LEVELS as CAP
from casa.disasters.hazards import LEVELS, Hazard
from casa.disasters.scales import Scale, Step, scales, step
from casa.geography.places import gazetteer

PAGE = Path("docs/hazard-words.md")
NAMES = {"en": "English", "fr": "French", "ht": "Haitian Creole", "nl": "Dutch", "es": "Spanish"}

_HEAD = """\
# The words of each hazard

Made from `casa/disasters/hazards/data/` and `casa/disasters/data/scales/` by
`python tools/hazard_words.py`; do not edit it here. Each level is told under its name with what to
do first, which is also the short message; the whole sentences stand in the hazard's file. Where
states have alert levels of their own for a hazard, the step that is told with the level follows;
`also` are steps that an officer may choose in its place.
"""


def page() -> str:
    """The whole page."""
    return "\n".join((_HEAD, *_levels(), *_hazards(), *_scales(), ""))


def _levels() -> Iterator[str]:
    yield "## Levels\n\n| level | CAP urgency | severity | certainty |\n|---|---|---|---|"
    for level, told in CAP.items():
        yield f"| {level} | {' | '.join(told)} |"
    yield "| all_clear | Past | that of the level that ends | Observed |\n"


def _hazards() -> Iterator[str]:
    for code, hazard in hazards.hazards().items():
        yield f"## {code}\n"
        yield f"CAP category {hazard.category}; {_codes(code, hazard)}.\n"
        yield from _table(code, hazard)
        yield ""


def _codes(code: str, hazard: Hazard) -> str:
    """What machines call a watch and a warning of it."""
    told = []
    for strength in (None, *hazard.strengths):
        for level in ("watch", "warning"):
            if pairs := event_codes(code, level, strength):
                values = " and ".join(f"{pair.name} {pair.value}" for pair in pairs)
                told.append(f"{hazard.label(level, strength, 'en')} is {values}")
    return ", ".join(told) or "no event code"


def _table(code: str, hazard: Hazard) -> Iterator[str]:
    yield f"| level | states | {' | '.join(NAMES.values())} |"
    yield "|---|---|" + "---|" * len(NAMES)
    for level in LEVELS:
        cells = (_cell(hazard, level, language) for language in LANGUAGES)
        yield f"| {level} | all | {' | '.join(cells)} |"
        for one, states in _steps(code, level):
            words = (
                f"{one.scale_name(language)}: {one.told(language).words}" for language in LANGUAGES
            )
            yield f"| {level} | {states}{_also(one, level)} | {' | '.join(words)} |"


def _cell(hazard: Hazard, level: str, language: str) -> str:
    names = [hazard.label(level, strength, language) for strength in (None, *hazard.strengths)]
    return f"**{' / '.join(names)}.** {hazard.words(language).at(level).action}"


def _steps(code: str, level: str) -> Iterator[tuple[Step, str]]:
    """Each step that states have of their own at a level, and those states."""
    told: dict[str, tuple[Step, list[str]]] = {}
    for state in gazetteer().places(kind="state"):
        one = step(state.code, code, level)
        if one:
            told.setdefault(one.scale, (one, []))[1].append(state.code)
    for one, states in told.values():
        yield one, ", ".join(states)


def _also(usual: Step, level: str) -> str:
    others = [one.code for one in scales()[usual.scale].steps if level in one.also]
    return f" (also {', '.join(others)})" if others else ""


def _scales() -> Iterator[str]:
    yield "## The states' own alert levels\n"
    for code, scale in scales().items():
        yield f"### {code}\n"
        yield f"{', '.join(scale.states)}: {', '.join(scale.hazards)}.\n"
        yield from _scale(scale)
        yield "\nSources: " + "; ".join(scale.sources) + f".\n\n{scale.checked}\n"


def _scale(scale: Scale) -> Iterator[str]:
    yield f"| step | colour | CAP severity | {' | '.join(NAMES.values())} |"
    yield "|---|---|---|" + "---|" * len(NAMES)
    for one in scale.steps:
        colour = f"{one.colour.name} `{one.colour.hex}`" if one.colour else ""
        told = (one.told(language) for language in LANGUAGES)
        words = " | ".join(f"**{words.words}.** {words.instruction}" for words in told)
        yield f"| {one.code} | {colour} | {one.severity} | {words} |"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
