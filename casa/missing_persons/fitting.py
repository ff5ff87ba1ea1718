"""Text that fits its box on a page: as large as it can be, then cut at a word. Lengths in mm."""

import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from anyascii import anyascii
from fpdf import FPDF

FAMILY = "poster"
"""What the page's typeface is registered as, regular and bold."""

MOST_TEXT = 2_000
"""Characters that are looked at: no box holds as many."""
_POINT = 25.4 / 72
_LEADING = 1.2
_ASCENT = 0.93
_GAP = 3.0


class Box(NamedTuple):
    """A rectangle in millimetres from the page's upper left corner."""

    x: float
    y: float
    width: float
    height: float


def text(
    pdf: FPDF,
    box: Box,
    said: str,
    *,
    largest: int,
    smallest: int,
    bold: bool = False,
    centred: bool = False,
) -> None:
    """Writes at the largest size, in points, at which all fits; cut if none does."""
    shown = printable(said)
    for size in range(largest, smallest - 1, -1):
        _face(pdf, size, bold)
        lines = wrapped(pdf, shown, box.width)
        if len(lines) * _line(size) <= box.height:
            break
    room = max(1, int(box.height / _line(size)))
    lines = shortened(pdf, lines, room, box.width)
    top = box.y + (box.height - len(lines) * _line(size)) / 2 if centred else box.y
    for at, line in enumerate(lines):
        aside = (box.width - pdf.get_string_width(line)) / 2 if centred else 0.0
        pdf.text(box.x + aside, top + at * _line(size) + _ASCENT * size * _POINT, line)


def table(
    pdf: FPDF, box: Box, rows: Sequence[tuple[str, str]], *, largest: int, smallest: int
) -> None:
    """Writes labels in bold beside their texts, all of one size; the longest texts are cut first.

    The box must hold a line for each row at ``smallest``.
    """
    if not rows:
        return
    shown = [(printable(label), printable(said)) for label, said in rows]
    for size in range(largest, smallest - 1, -1):
        cells, aside = _cells(pdf, shown, box.width, size)
        room = int((box.height - _GAP * (len(rows) - 1)) / _line(size))
        if sum(max(map(len, pair)) for pair in cells) <= room:
            break
    while sum(max(map(len, pair)) for pair in cells) > room:
        at = max(range(len(cells)), key=lambda row: max(map(len, cells[row])))
        allowed = max(map(len, cells[at])) - 1
        if not allowed:
            break
        label, said = cells[at]
        _face(pdf, size, True)
        label = shortened(pdf, label, allowed, aside)
        _face(pdf, size, False)
        cells[at] = (label, shortened(pdf, said, allowed, box.width - aside - _GAP))
    top = box.y
    for label, said in cells:
        _column(pdf, label, box.x, top, size, True)
        _column(pdf, said, box.x + aside + _GAP, top, size, False)
        top += max(len(label), len(said)) * _line(size) + _GAP


def _cells(
    pdf: FPDF, rows: Sequence[tuple[str, str]], width: float, size: int
) -> tuple[list[tuple[list[str], list[str]]], float]:
    """The rows' lines, and how wide the labels are: at most two fifths."""
    _face(pdf, size, True)
    aside = min(0.4 * width, max(pdf.get_string_width(label) for label, _ in rows) + 0.1)
    labels = [wrapped(pdf, label, aside) for label, _ in rows]
    _face(pdf, size, False)
    said = [wrapped(pdf, text, width - aside - _GAP) for _, text in rows]
    return list(zip(labels, said, strict=True)), aside


def _column(pdf: FPDF, lines: list[str], x: float, top: float, size: int, bold: bool) -> None:
    _face(pdf, size, bold)
    for at, line in enumerate(lines):
        pdf.text(x, top + at * _line(size) + _ASCENT * size * _POINT, line)


def wrapped(pdf: FPDF, said: str, width: float) -> list[str]:
    """Lines no wider than ``width`` in the page's present face; too long a word is broken."""
    space = pdf.get_string_width(" ")
    lines: list[str] = []
    line, taken = "", 0.0
    for word in said.split():
        needed = pdf.get_string_width(word)
        if line and taken + space + needed <= width:
            line, taken = f"{line} {word}", taken + space + needed
            continue
        if line:
            lines.append(line)
        while needed > width and len(word) > 1:
            part = _beginning(pdf, word, width)
            lines.append(part)
            word = word[len(part) :]
            needed = pdf.get_string_width(word)
        line, taken = word, needed
    return [*lines, line] if line else lines


def shortened(pdf: FPDF, lines: list[str], most: int, width: float) -> list[str]:
    """The first ``most`` lines, the last cut at a word for an ellipsis when there are more."""
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while last and pdf.get_string_width(f"{last} …") > width:
        last = last.rpartition(" ")[0] or last[:-1]
    return [*lines[: most - 1], f"{last} …" if " " in last else f"{last}…"]


def printable(said: str) -> str:
    """The text in characters that the typeface has: others in Latin letters, or not at all.

    White space of any kind becomes a space; marks that steer the writing's direction go.
    """
    composed = unicodedata.normalize("NFC", said[:MOST_TEXT])
    return " ".join("".join(map(_shown, composed)).split())


def _shown(one: str) -> str:
    if one.isspace():
        return " "
    if unicodedata.category(one)[0] == "C":
        return ""
    return one if _has(one) else anyascii(one)


def _has(one: str) -> bool:
    """Latin, Greek and Cyrillic letters, and signs of the blocks that Roboto draws."""
    point = ord(one)
    return (
        0x20 <= point < 0x250
        or 0x370 <= point < 0x3E2
        or 0x400 <= point < 0x482
        or 0x1EA0 <= point < 0x1EFA
        or one in "‐–—‘’‚“”„†‡•…′″€№™"
    )


def _beginning(pdf: FPDF, word: str, width: float) -> str:
    """As much of a word as fits, a character at least."""
    low, high = 1, len(word)
    while low < high:
        middle = (low + high + 1) // 2
        if pdf.get_string_width(word[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return word[:low]


def _face(pdf: FPDF, size: int, bold: bool) -> None:
    pdf.set_font(FAMILY, "B" if bold else "", size)


def _line(size: int) -> float:
    return size * _POINT * _LEADING
