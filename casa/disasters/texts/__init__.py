"""Warnings in plain words: headline, description, instruction, short message, radio script."""

from casa.alerts.phrases import LANGUAGES
from casa.disasters.hazards import LEVELS
from casa.disasters.texts.catalogue import UnsupportedLanguage
from casa.disasters.texts.compose import compose
from casa.disasters.texts.facts import Facts, Named, Texts
from casa.disasters.texts.gsm7 import fits_one_message
from casa.disasters.texts.passage import event, storm_name

__all__ = [
    "LANGUAGES",
    "LEVELS",
    "Facts",
    "Named",
    "Texts",
    "UnsupportedLanguage",
    "compose",
    "event",
    "fits_one_message",
    "storm_name",
]
