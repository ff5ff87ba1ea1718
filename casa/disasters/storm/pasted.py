"""Product texts as they come: out of a mail, a browser or a file, cleaned line by line. Pure.

Lines keep their numbers, so that what is wrong can be named. How a text is broken into lines means
nothing to those who read it afterwards: programs re-wrap paragraphs or put all on one line.
"""

import html
import re

_QUOTED = re.compile(r"^[\s>|]+")
_TAG = re.compile(r"</?[A-Z][A-Z0-9]*\b[^<>]*>")
_ENCODED_SPACE = re.compile(r"=(?:20|A0|C2=A0)")  # of quoted-printable mail
_SOFT_BREAK = re.compile(r"=$")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_BULLETS = re.compile("^[\u2022\u2023\u00b7\u25aa\u25cf\u25e6\uf0b7]")
_SPACES = re.compile(r"[^\S\n]+")


def cleaned(text: str) -> str:
    """The text in capitals, each line without marks of quoting, markup and needless spaces."""
    text = html.unescape(text.replace("\r\n", "\n").replace("\r", "\n")).upper()
    return "\n".join(map(_line, text.split("\n")))


def line_of(text: str, offset: int) -> int:
    """The number, from 1, of the line in which an offset lies."""
    return text.count("\n", 0, offset) + 1


def shown(text: str, offset: int, most: int = 60) -> str:
    """What stands at an offset, as one line."""
    return " ".join(text[offset : offset + 2 * most].split())[:most]


def _line(line: str) -> str:
    line = _SOFT_BREAK.sub("", _ENCODED_SPACE.sub(" ", line.rstrip()))
    line = _DASHES.sub("-", _INVISIBLE.sub("", _TAG.sub(" ", line)))
    line = _BULLETS.sub("*", _QUOTED.sub("", line)).replace("\u2026", "...")
    return _SPACES.sub(" ", line).strip()
