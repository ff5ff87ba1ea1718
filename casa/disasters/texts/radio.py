"""A warning as a script that a radio announcer reads in at most 90 seconds."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from casa.disasters.texts.passage import Passage

MOST_SECONDS = 90.0
_MOST_PLACES = 5

# What is dropped first when time is short: the highest rank. Rank 0 is always said.
_FACT_RANKS = {
    "arrival": 1, "near": 1, "rivers": 2, "surge": 3, "wind": 3, "far": 3, "magnitude": 4, "rain": 4
}  # fmt: skip
_INSTRUCTION_RANKS = (0, 1, 3, 5, 7, 8)
_DESCRIPTION_RANKS = (0, 4, 6)


class Line(NamedTuple):
    """A sentence and how soon it may be dropped."""

    rank: int
    text: str | None


def radio(passage: Passage, prefix: str, notice: str) -> str:
    """The script, one sentence or two a line; optional sentences go first, then places."""
    for most in range(min(_MOST_PLACES, len(passage.names)), -1, -1):
        text = fitting(_lines(passage, prefix, notice, most), passage.words.words_per_minute)
        if seconds(text, passage.words.words_per_minute) <= MOST_SECONDS:
            break
    return text


def fitting(lines: Iterable[Line], words_per_minute: int) -> str:
    """The lines without those that time is too short for; those of rank 0 are always there."""
    kept = [line for line in lines if line.text]
    while seconds(_script(kept), words_per_minute) > MOST_SECONDS:
        last = max(range(len(kept)), key=lambda index: (kept[index].rank, index))
        if kept[last].rank == 0:
            break
        del kept[last]
    return _script(kept)


def seconds(script: str, words_per_minute: int) -> float:
    """How long the script takes to read. A number counts a word for each digit and one more."""
    return 60 * sum(_spoken_words(word) for word in re.findall(r"\w+", script)) / words_per_minute


def _spoken_words(word: str) -> int:
    digits = sum(character.isdigit() for character in word)
    return digits + 1


def _script(lines: list[Line]) -> str:
    return "\n".join(line.text for line in lines if line.text)


def _lines(passage: Passage, prefix: str, notice: str, most: int) -> list[Line]:
    frame = passage.words.frame
    mark = f"{prefix}." if prefix else None
    places = frame.places.format(places=passage.places(most))
    return [
        Line(0, mark),
        Line(0, notice),
        Line(2, passage.radio_opening),
        Line(2, passage.event and f"{passage.event}."),
        Line(0, f"{passage.label}. {places}"),
        Line(3, passage.scale),
        *map(Line, _DESCRIPTION_RANKS, passage.description),
        *(Line(_FACT_RANKS[name], sentence) for name, sentence in passage.told.items()),
        *map(Line, _INSTRUCTION_RANKS, passage.instruction),
        Line(3, passage.shelters),
        Line(6, passage.contact),
        Line(7, passage.next_update),
        Line(0, frame.radio_repeat),
        Line(0, f"{passage.label}. {places}"),
        Line(2, passage.told.get("arrival")),
        Line(0, passage.action),
        Line(0, mark),
        Line(0, frame.radio_closing),
    ]
