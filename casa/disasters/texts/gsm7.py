"""How much of one short message a text takes.

The alphabet and its extension table are those of 3GPP TS 23.038, sections 6.2.1 and 6.2.1.1: a
message holds 160 septets, or 70 UTF-16 units once a single character is outside the alphabet.
"""

import unicodedata

SEPTETS_IN_ONE = 160
UNITS_IN_ONE = 70

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")

# What no decomposition gives.
_NEAREST = {
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "«": '"',
    "»": '"',
    "–": "-",
    "—": "-",
    "‑": "-",
    "…": "...",
    "œ": "oe",
    "Œ": "OE",
    "\u00a0": " ",
    "\u202f": " ",
}


class NotGsm7(ValueError):
    """The text holds a character that is in neither GSM-7 table."""


def is_gsm7(text: str) -> bool:
    """Can the text be sent in the GSM 7-bit alphabet as it is?"""
    return all(character in _BASIC or character in _EXTENSION for character in text)


def septets(text: str) -> int:
    """The length in septets; a character of the extension table takes two. Raises NotGsm7."""
    if not is_gsm7(text):
        raise NotGsm7(text)
    return len(text) + sum(character in _EXTENSION for character in text)


def ucs2_units(text: str) -> int:
    """The length in UTF-16 units, of which a message holds 70."""
    return len(text.encode("utf-16-be")) // 2


def fits_one_message(text: str) -> bool:
    """Does a telephone send the text as one short message?"""
    if is_gsm7(text):
        return septets(text) <= SEPTETS_IN_ONE
    return ucs2_units(text) <= UNITS_IN_ONE


def transliterate(text: str) -> str:
    """The text with ê, ô, á, “ and their like made plain, where a plain letter does no harm.

    Letters with a place in the alphabet (è, é, ò, ñ) stay; so does what has no Latin likeness.
    """
    return "".join(map(_plain, unicodedata.normalize("NFC", text)))


def _plain(character: str) -> str:
    if is_gsm7(character):
        return character
    nearest = _NEAREST.get(character)
    if nearest is None:
        decomposed = unicodedata.normalize("NFKD", character)
        nearest = "".join(part for part in decomposed if not unicodedata.combining(part))
    return nearest if nearest and is_gsm7(nearest) else character
