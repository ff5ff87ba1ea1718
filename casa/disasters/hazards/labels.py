"""What a hazard at a level is called: "Hurricane warning", "Alerte ouragan"."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

MOST_CHARACTERS = 35
"""Of a CAP event, so that every receiver shows it whole."""


def label(noun: str, own: Mapping[Any, str], level: str, language: str) -> str:
    """The name of a level: one of its ``own``, else the language's pattern with the noun."""
    text = own.get(level) or _patterns()[language][level].format(noun=noun)
    return text[0].upper() + text[1:]


@cache
def _patterns() -> dict[str, dict[str, str]]:
    return tomllib.loads(files(__package__).joinpath("levels.toml").read_text("utf-8"))
