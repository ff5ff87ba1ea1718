"""The watches and warnings that a forecast/advisory lists, and the places that they are for.

They stand before the position, as lists with asterisks or, formerly, in sentences. Coasts are named
by their states, islands or groups of islands (``data/areas.tsv`` has what the gazetteer has not); a
stretch between two headlands is no place here and is left to the officer.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from casa.disasters.storm.pasted import cleaned, line_of
from casa.geography.places import Gazetteer, gazetteer

_AREAS = Path(__file__).parent / "data" / "areas.tsv"
_KIND = r"(HURRICANE|TROPICAL\s+STORM|STORM\s+SURGE)\s+(WARNING|WATCH)"
_KINDS = rf"\bAN?\s+{_KIND}(?:\s+AND\s+(?:AN?\s+)?{_KIND})?"
_IN_EFFECT = re.compile(
    rf"{_KINDS}\s+(?:IS|ARE|REMAINS?|CONTINUES?)(?:\s+(?:NOW|ALSO))?(?:\s+IN\s+EFFECT)\s+FOR\b"
)
_ISSUED = re.compile(rf"{_KINDS}\s+(?:HAS|HAVE)\s+BEEN\s+ISSUED\s+FOR\b")
_SUMMARY = re.compile(r"SUMMARY\s+OF\s+WATCHES\s+AND\s+WARNINGS")
_START = re.compile(r"FORECAST/\s*ADVISORY\s+NUMBER\s+\d+")
_END = re.compile(
    r"(?:\b(?:HURRICANE|TYPHOON|(?:SUB)?TROPICAL\s+\w+|\S*TROP\w*\s+CYCLONE|REMNANTS(?:\s+OF)?)\s+)?"
    r"\b(?:CENTER\s+LOCATED|DISSIPAT(?:ING|ED)|LOCATED)\s+NEAR\s+\d"
)
# What comes behind a list, where nothing but spaces tells them apart.
_BEHIND = re.compile(
    rf"{_KINDS}|\bINTERESTS\b|\bFOR\s+STORM\s+INFORMATION\b|\bSUMMARY\s+OF\b|\bTHE\s+GOVERNMENT\b"
    r"|\bIN\s+ADDITION\b|\bADDITIONAL\b|\bTHERE\s+ARE\s+NO\b|\bNOTE\b"
)
_ITEM = re.compile(r"(?:(?!\*|\.{2,}).)+", re.DOTALL)
_PARAGRAPH = re.compile(r"\n\s*\n(?!\s*\*)")
_SENTENCE = re.compile(r"(?<!\bST)(?<!\bSTE)(?<!\bU\.S)(?<!\.)\.(?!\.)(?=\s|$)")
_WHOLE = re.compile(
    r"^(?:(?:ENTIRE|WHOLE|ALL(?: OF)?|ISLANDS?(?: OF)?|COASTS?(?:LINE)?(?: OF)?|REST OF) )+"
    r"|(?: (?:COASTS?|COASTLINE|ISLANDS?|ENTIRE COAST))+$"
)


class Notice(NamedTuple):
    """One area of a watch or warning, as it is written on its line.

    ``codes`` are its places; ``known`` tells what is none of ours from what nobody knows.
    ``suggestions`` are states that it names.
    """

    hazard: str
    level: str
    area: str
    line: int
    codes: tuple[str, ...]
    known: bool
    suggestions: tuple[str, ...] = ()


def notices(text: str) -> tuple[Notice, ...]:
    """All areas of the watches and warnings in effect, in their order."""
    text = cleaned(text)
    start, end = _START.search(text), _END.search(text)
    summary = _SUMMARY.search(text)
    begin = (summary or start).end() if summary or start else 0  # type: ignore[union-attr]
    stop = end.start() if end else len(text)
    kinds = (_IN_EFFECT,) if summary else (_IN_EFFECT, _ISSUED)
    heads = sorted(
        (head for kind in kinds for head in kind.finditer(text, begin, stop)),
        key=lambda head: head.start(),
    )
    return tuple(notice for head in heads for notice in _of(text, head, stop))


def _of(text: str, head: re.Match[str], stop: int) -> Iterator[Notice]:
    behind = _BEHIND.search(text, head.end(), stop)
    stop = behind.start() if behind else stop
    if paragraph := _PARAGRAPH.search(text, _skipped(text, head.end(), stop), stop):
        stop = paragraph.start()
    for area, offset in _items(text, head.end(), stop):
        codes, known = _codes(area)
        suggestions = () if known else _named_states(area)
        for hazard, level in (head.group(1, 2), head.group(3, 4)):
            if hazard:
                kind = "_".join(hazard.lower().split())
                line = line_of(text, offset)
                yield Notice(kind, level.lower(), area, line, codes, known, suggestions)


def _skipped(text: str, begin: int, stop: int) -> int:
    """Behind the dots and spaces at the beginning."""
    found = re.compile(r"[\s.:]*").match(text, begin, stop)
    return found.end() if found else begin


def _items(text: str, begin: int, stop: int) -> Iterator[tuple[str, int]]:
    begin = _skipped(text, begin, stop)
    listed = text.startswith("*", begin)
    if not listed and (sentence := _SENTENCE.search(text, begin, stop)):
        stop = sentence.start()
    for found in _ITEM.finditer(text, begin, stop):
        area = re.sub(r"^AND ", "", " ".join(found[0].split()).strip(" .,;"))
        if area:
            yield area, found.end() - len(found[0].lstrip())


def _codes(area: str) -> tuple[tuple[str, ...], bool]:
    """The codes of an area that is known altogether, and whether it is."""
    plain = _plain(area)
    names = _names(gazetteer())
    if plain in names:
        return names[plain], True
    for split in re.finditer(r", AND |, | AND ", plain):
        first, rest = plain[: split.start()], plain[split.end() :]
        if first.strip() in names or _WHOLE.sub("", first) in names:
            codes, known = _codes(rest)
            if known:
                return (*_codes(first)[0], *codes), True
    shorter = _WHOLE.sub("", plain)
    return _codes(shorter) if shorter != plain else ((), False)


def _plain(area: str) -> str:
    text = unicodedata.normalize("NFKD", area.upper()).encode("ascii", "ignore").decode()
    text = re.sub(r"\bST(E?)\b\.?", r"SAINT\1", text).replace("U.S.", "US").replace("&", " AND ")
    text = re.sub(r"[^A-Z0-9, ]", " ", text)
    text = re.sub(r"\b(?:THE|AND THE)\b", lambda one: "AND" if "AND" in one[0] else "", text)
    return " ".join(text.replace(" ,", ",").split())


@lru_cache(maxsize=4)
def _names(places: Gazetteer) -> dict[str, tuple[str, ...]]:
    """By their names, the codes of states, of islands, and of parts with a name of their own."""
    found: dict[str, list[str]] = {}
    for place in places.places():
        if place.kind != "waters":
            for name in {_plain(name) for name in place.names.values()}:
                found.setdefault(name, []).append(place.code)
    names = {name: tuple(codes) for name, codes in found.items() if len(codes) == 1}
    for line in _AREAS.read_text().splitlines():
        if not line.startswith("#"):
            name, _, codes = line.partition("\t")
            names[name] = tuple(codes.split())
    return names


def _named_states(area: str) -> tuple[str, ...]:
    plain = f" {_plain(area)} ".replace(",", " ")
    states = gazetteer().places(kind="state")
    return tuple(one.code for one in states if f" {_plain(one.name)} " in plain)
