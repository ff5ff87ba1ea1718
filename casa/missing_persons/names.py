"""Names as people of the region spell them, so that a search finds a person spelt otherwise.

A name becomes tokens that sound alike in English, French, Kreyòl, Spanish and Dutch spelling:
Jean-Baptiste and Jan Batis, Ramkissoon and Ramkisoen, Yves and Iv. It errs on the side of finding
too much, since a person who searches can tell a namesake but not a record that isn't shown.

Among many names the few worth a ``score`` are found by ``search_keys``: each name and each search
has some, and a name that scores shares at least one with the search, but for rare misspellings of
two letters at once.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b

from anyascii import anyascii
from rapidfuzz.distance import OSA

MATCH = 0.8
"""The ``score`` from which a name is worth showing to who searched."""
MOST_TEXT = 200
MOST_TOKENS = 8
_LONGEST_VARIED = 16
"""Letters of a token of which ``search_keys`` leaves out one at a time."""

_PARTICLES = re.compile(
    "al|bin|das?|d[eiu]|de[lr]|dos|el?|ibn|las?|les?|los|of|v[ao]n|vd|y", re.ASCII
)
_TITLES = re.compile("dona?|dr|jr|madan|met|miss|mlle|mme|mrs?|ms|prof|rev|sra?", re.ASCII)

_CAPITAL_WITHIN = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_IDEOGRAPH = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff]")
"""Chinese characters and Korean syllables: each is a token, as 姚明 is Yao Ming."""

_SAME = {
    "batis": "baptiste",
    "chal": "charles",
    "dyedone": "dieudonne",
    "franswa": "francois",
    "iv": "yves",
    "jak": "jacques",
    "jan": "jean",
    "janba": "jeanbaptiste",
    "jera": "gerard",
    "joze": "jose",
    "jozef": "joseph",
    "lwi": "louis",
    "lwiz": "louise",
    "mak": "marc",
    "mari": "marie",
    "mati": "martin",
    "michel": "michel",
    "misel": "michel",
    "nikola": "nicolas",
    "pol": "paul",
    "pye": "pierre",
    "toma": "thomas",
    "wobe": "robert",
    "woz": "rose",
    "wozlin": "roseline",
    "zan": "jean",
}
"""Kreyòl spellings, without accents, that rules for letters don't lead to the French ones."""

_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"([a-z])\1+", r"\1"),  # Mohammed, Mohamed; before rules that look at neighbours
        (r"ph", "f"),
        (r"sch|sh|sj|tch|tj|ch", "C"),
        (r"th", "t"),
        (r"dj|dh?y(?=[aeo])", "j"),
        (r"qu?|ck|kh", "k"),
        (r"c(?=[eiy])", "s"),
        (r"c", "k"),
        (r"gu(?=[eiy])", "G"),
        (r"g(?=[eiy])|x(?=i)", "j"),
        (r"gh|G", "g"),
        (r"h", ""),
        (r"x", "ks"),
        (r"z", "s"),
        (r"eaux?|aux?(?=$|[^aeiouy])", "o"),
        (r"oi", "ua"),
        (r"oe|ou|w", "u"),
        (r"ij|[yj](?=$)|y", "i"),
        (r"ai|ei", "e"),
        (r"(?<=[^aeou])e$", ""),
        (r"([a-zC])\1+", r"\1"),
    )
)


def key(name: str) -> tuple[str, ...]:
    """The name's tokens as they sound, without titles and, where more is left, particles.

    Scripts other than Latin are transliterated. A letter before an apostrophe belongs to what
    follows, so that D'Andre is Dandre; hyphens and all else part tokens. At most ``MOST_TOKENS``.
    """
    return tuple(_sound(token) for token in _tokens(name))


def search_keys(name: str) -> frozenset[int]:
    """64-bit numbers, at most some 200, that names which sound alike have in common.

    Of each token, and of the whole name written as one word, they stand for the sound and for the
    sound without any one of its letters, so that a letter too many, too few, another or exchanged
    with its neighbour still meets (as in W. Garbe's symmetric delete spelling correction).
    """
    return frozenset(_number(form) for form in _forms(name))


def _forms(name: str) -> Iterator[str]:
    for reading in _readings(name):
        tokens = _tokens(reading)
        for word in {*tokens, "".join(_spelt(reading)[:MOST_TOKENS])} - {""}:
            # A token and a whole name of one sound are to meet; initials stand for themselves.
            sound = _sound(word)
            yield sound
            if 3 <= len(sound) <= _LONGEST_VARIED:
                yield from (sound[:at] + sound[at + 1 :] for at in range(len(sound)))


def _number(form: str) -> int:
    return int.from_bytes(blake2b(form.encode(), digest_size=8).digest(), "big", signed=True)


def score(query: str, name: str) -> float:
    """How well ``name`` answers ``query``, 0 to 1; ``MATCH`` and more is worth showing.

    Each token of the query looks for its like in the name, in any order; long ones weigh more.
    What the name has beyond the query costs little: people search by the names that they know.
    """
    return max(_score(asked, known) for asked in _readings(query) for known in _readings(name))


def _readings(name: str) -> tuple[str, ...]:
    """The name, and with what is written together as YamadaTaro taken apart, if anything is."""
    apart = _CAPITAL_WITHIN.sub(" ", name)
    return (name,) if apart == name else (name, apart)


def _score(query: str, name: str) -> float:
    asked, known = _tokens(query), _tokens(name)
    if not asked or not known:
        return 0.0  # blank, or signs only
    weight = sum(map(len, asked))
    found = sum(len(token) * likeness for token, likeness in _pairs(asked, known)) / weight
    beyond = max(0, len(known) - len(asked))
    apart = max(0.0, found - 0.02 * min(beyond, 4))
    together = _likeness("".join(_spelt(query)), "".join(_spelt(name)))
    return max(apart, together if together >= 0.9 else 0.0)


def _pairs(asked: tuple[str, ...], known: tuple[str, ...]) -> list[tuple[str, float]]:
    """The likeness of each token asked for to one of its own, the closest pairs first."""
    likenesses = sorted(
        (
            (_likeness(one, other), -at, -there)
            for at, one in enumerate(asked)
            for there, other in enumerate(known)
        ),
        reverse=True,
    )
    taken: dict[int, float] = {}
    used: set[int] = set()
    for likeness, at, there in likenesses:
        if at not in taken and there not in used:
            taken[at] = likeness
            used.add(there)
    return [(token, taken.get(-at, 0.0)) for at, token in enumerate(asked)]


def _likeness(one: str, other: str) -> float:
    """0 to 1; a name's first letter stands for it, and less than half alike is not alike."""
    if one == other:
        return 1.0
    if 1 in (len(one), len(other)):
        return 0.8 if one[0] == other[0] else 0.0
    sound = OSA.normalized_similarity(_sound(one), _sound(other))
    spelt = OSA.normalized_similarity(one, other)
    alike = max(0.97 * sound, spelt)
    return float(alike) if alike > 0.5 else 0.0


@lru_cache(maxsize=1024)  # the words of one search are asked for with each name
def _tokens(name: str) -> tuple[str, ...]:
    """Spelt tokens in small ASCII letters, Kreyòl ones as in French."""
    found = _spelt(name)
    found = [token for token in found if not _TITLES.fullmatch(token)] or found
    found = [token for token in found if not _PARTICLES.fullmatch(token)] or found
    return tuple(_SAME.get(token, token) for token in found[:MOST_TOKENS])


def _spelt(name: str) -> list[str]:
    whole = _IDEOGRAPH.sub(r" \g<0> ", unicodedata.normalize("NFC", name[:MOST_TEXT]))
    plain = anyascii(whole).casefold()
    plain = re.sub(r"\b([a-z])['`´]\s*(?=[a-z])", r"\1", plain)
    return [token for token in re.split(r"[^a-z0-9]+", plain) if token]


def _sound(token: str) -> str:
    sound = token
    for pattern, replacement in _SOUNDS:
        sound = pattern.sub(replacement, sound)
    return sound.lower() or token
