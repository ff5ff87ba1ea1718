"""Words in the languages of the region: each kind keeps a file of phrases for each language."""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from casa.geography.places import Place, gazetteer

LANGUAGES = ("en", "fr", "ht", "nl", "es")


@cache
def phrases(package: str, language: str) -> dict[str, Any]:
    """The words of ``package`` in one of ``LANGUAGES``, from its ``data/<language>.toml``."""
    return tomllib.loads(files(package).joinpath("data", f"{language}.toml").read_text("utf-8"))


def languages_for(places: Iterable[Place]) -> tuple[str, ...]:
    """The languages of these places' states that CASA writes; English is always among them."""
    found: dict[str, None] = {}
    for state in dict.fromkeys(place.state for place in places):
        found.update(dict.fromkeys(gazetteer().place(state).languages))
    found.setdefault("en")
    return tuple(language for language in found if language in LANGUAGES)
