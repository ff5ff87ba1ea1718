"""What a text or an address that becomes public may hold, so that it shows what it says.

One home for the rule: every field of a request that the public may come to read is read by it.
Sources: Unicode Standard annexes 9 (bidirectional text), 15 (normalisation) and 36 (security);
RFC 5892 for names of hosts.
"""

import re
import unicodedata
from urllib.parse import urlsplit, urlunsplit

import idna

MOST_MARKS = 4
"""Marks on one letter: Vietnamese has two, pointed Hebrew and Thai up to four."""
_OVERRIDES = re.compile("[\u202d\u202e]")
_OPENING = {"\u202a": "\u202c", "\u202b": "\u202c"} | dict.fromkeys("\u2066\u2067\u2068", "\u2069")
_CLOSING = frozenset(_OPENING.values())
# Of characters that show nothing, those that languages are written with: soft hyphen, joiners,
# marks of direction, breaks of long words.
_FORMAT = frozenset("\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2060") | {*_OPENING, *_CLOSING}
# Letters and symbols by their category that show nothing.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_MARKS = ("Mn", "Me")


def normal(value: str) -> str:
    """``value`` in one spelling: composed (NFC), its lines ended by a line feed."""
    return unicodedata.normalize("NFC", value.replace("\r\n", "\n"))


def fault(value: str) -> str | None:
    """What is wrong with a text as ``normal`` gives it, if anything."""
    categories = [unicodedata.category(character) for character in value]
    sorted_characters = list(zip(value, categories, strict=True))
    if any(_shows_nothing_good(one, sort) for one, sort in sorted_characters):
        return "must not hold control, private, tag or other characters that show nothing"
    if not any(sort[0] in "LNPS" and one not in _BLANK for one, sort in sorted_characters):
        return "must hold some text that can be seen"
    if _OVERRIDES.search(value):
        return "must not turn the direction of writing round (U+202D, U+202E)"
    if not all(_is_closed(line) for line in value.split("\n")):
        return "must close in each line the directions of writing that it opens"
    if "m" * (MOST_MARKS + 1) in "".join("m" if sort in _MARKS else "-" for sort in categories):
        return f"must not put more than {MOST_MARKS} marks on one letter"
    return None


def _shows_nothing_good(character: str, category: str) -> bool:
    match category:
        case "Cc":
            return character != "\n"
        case "Cf":
            return character not in _FORMAT and not _OVERRIDES.match(character)
        case "Cn":
            return ord(character) & 0xFFFE == 0xFFFE or "\ufdd0" <= character <= "\ufdef"
        case "Co" | "Cs" | "Zl" | "Zp":
            return True
    return False


def _is_closed(line: str) -> bool:
    waiting: list[str] = []
    for character in line:
        if character in _OPENING:
            waiting.append(_OPENING[character])
        elif character in _CLOSING and (not waiting or waiting.pop() != character):
            return False
    return not waiting


def address(value: str) -> str:
    """A web address that shows where it leads: its host as it is looked up (``xn--…``).

    Raises:
        ValueError: it names a user, or a host that there cannot be.
    """
    if fault(value) is not None or re.search(r"[\s\\]", value):
        raise ValueError("must hold no spaces, backslashes or characters that show nothing")
    parts = urlsplit(value)
    if "@" in parts.netloc:
        raise ValueError("must name no user or password")
    host = parts.hostname or ""
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError:
            raise ValueError("must name a host that there can be (IDNA 2008)") from None
        port = f":{parts.port}" if parts.port else ""
        parts = parts._replace(netloc=host + port)
    return urlunsplit(parts)
