"""A short message and a radio script that follow a text which was not made of facts.

An officer's own words, or another kind's alert, are sentences like any others: as many of them are
said as one short message and 90 seconds hold, the most important first.
"""

import re

from casa.alerts.phrases import LANGUAGES
from casa.disasters.texts.catalogue import catalogue
from casa.disasters.texts.gsm7 import fits_one_message, transliterate
from casa.disasters.texts.radio import Line, fitting

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_MORE = "..."


def short_message(headline: str, body: str) -> str:
    """The headline with as many sentences of ``body`` as one message holds.

    A headline that is too long by itself is cut at a word.
    """
    text = transliterate(_ended(headline))
    if not fits_one_message(text):
        return _cut(transliterate(headline))
    for sentence in sentences(body):
        longer = f"{text} {transliterate(sentence)}"
        if not fits_one_message(longer):
            break
        text = longer
    return text


def script(language: str, headline: str, description: str, instruction: str) -> str:
    """At most 90 seconds for the radio, unless the headline alone takes longer.

    A language that CASA does not write is framed and timed as English.
    """
    primary = language.split("-")[0].lower()
    words = catalogue(primary if primary in LANGUAGES else "en")
    told, done = sentences(description), sentences(instruction)
    title = _ended(headline)
    lines = [
        Line(0, title),
        *(Line(3 * number + 1, text) for number, text in enumerate(told)),
        *(Line(2 * number + 1, text) for number, text in enumerate(done)),
        Line(2, words.frame.radio_repeat),
        Line(2, title),
        Line(2, done[0] if done else None),
        Line(0, words.frame.radio_closing),
    ]
    return fitting(lines, words.words_per_minute)


def sentences(text: str) -> list[str]:
    return [one.strip() for one in _SENTENCE.split(text) if one.strip()]


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _cut(text: str) -> str:
    words = text.split()
    while len(words) > 1 and not fits_one_message(" ".join(words) + _MORE):
        words.pop()
    short = " ".join(words)
    while not fits_one_message(short + _MORE):
        short = short[:-1]
    return short + _MORE
