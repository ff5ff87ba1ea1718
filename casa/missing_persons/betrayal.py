"""Private facts in public texts, whatever clothes they wear. Pure.

A telephone number however it is grouped and with or without its country's code; a name in another
order, with other spaces, case, accents or script, or with initials; an e-mail address; a date of
birth in figures or in the words of any of our languages. Each finding says where it stands, in
characters from the text's beginning.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import permutations
from typing import NamedTuple

import msgspec
import phonenumbers
from anyascii import anyascii

_LEAST_DIGITS = 6
_MOST_DIGITS = 7
_BETWEEN = 4
"""Signs and spaces that may stand between two digits of one number."""
_SMALL_WORDS = (
    "a al an bin d da das de del der di do dos du e el en ibn la las le les los of the van von y"
)
_PARTICLES = frozenset(_SMALL_WORDS.split())

# Words of en, fr, ht, nl and es, without accents, by the number of the month.
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan janvier janv janvye januari enero ene",
            "february feb fevrier fevr fevriye februari febrero",
            "march mar mars mas maart mrt marzo",
            "april apr avril avr avril april abril abr",
            "may mai me mei mayo",
            "june jun juin jen juni junio",
            "july jul juillet juil jiye juli julio",
            "august aug aout out augustus agosto ago",
            "september sept sep septembre septanm septiembre setiembre",
            "october oct octobre oktob oktober okt octubre",
            "november nov novembre novanm noviembre",
            "december dec decembre desanm december diciembre dic",
        ),
        1,
    )
    for name in names.split()
}
_WORDS_OF_BIRTH = (
    "born birth birthday birthdate dob ne nee naissance anniversaire fet anivese geboren"
    " geboorte geboortedatum verjaardag nacio nacido nacida nacimiento cumpleanos"
)
_BORN = frozenset(_WORDS_OF_BIRTH.split())
_NEAR = 4
"""Words from one that speaks of birth to the date; short ones mean other things as well."""


class Private(msgspec.Struct, frozen=True, kw_only=True):
    """What no public text may tell: ``pointer`` is where it was given to us."""

    pointer: str
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    born: date | None = None


class Betrayal(NamedTuple):
    """A text's characters ``start`` to ``end`` (exclusive) tell what ``pointer`` holds."""

    pointer: str
    start: int
    end: int


class _Token(NamedTuple):
    text: str
    start: int
    end: int


def betrayals(
    text: str, private: Iterable[Private], *, own: str = "", regions: Iterable[str] = ()
) -> list[Betrayal]:
    """Where ``text`` tells something private.

    ``own`` are names that may be told: a son may bear his father's. ``regions`` are the states
    (ISO 3166-1) in which numbers without a country's code are.
    """
    read = _tokens(text)
    named = {token.text for token in _tokens(own)}
    states = tuple(regions)
    found: list[Betrayal] = []
    for one in private:
        spans: list[tuple[int, int]] = []
        if one.phone:
            spans += _numbers(text, one.phone, states)
        if one.name:
            spans += _names(read, one.name, named)
        if one.email:
            spans += _addresses(text, one.email)
        if one.born:
            spans += [span for span, days in _dates(read) if one.born in days]
        found += [Betrayal(one.pointer, *span) for span in spans]
    return sorted(set(found), key=lambda found: found.start)


def birthdays(text: str) -> list[tuple[int, int]]:
    """Where ``text`` says when somebody was born, whoever that is."""
    read = _tokens(text)
    born = [at for at, token in enumerate(read) if token.text in _BORN]
    return [span for span, days in _dates(read) if days for at in born if _is_near(read, at, span)]


def _is_near(read: list[_Token], at: int, span: tuple[int, int]) -> bool:
    first = next(number for number, token in enumerate(read) if token.start >= span[0])
    return 0 < first - at <= (_NEAR if len(read[at].text) > 3 else 2)


def _tokens(text: str) -> list[_Token]:
    """Words and numbers in small ASCII, each with where it stands in ``text``.

    Accents, other scripts' letters and signs that are not seen make no difference.
    """
    found: list[_Token] = []
    word, start, end = "", 0, 0
    for at, sign in enumerate(text):
        if unicodedata.category(sign) in ("Cf", "Mn"):
            continue
        plain = anyascii(unicodedata.normalize("NFKC", sign)).casefold().strip()
        if not plain or not plain.replace("'", "").isalnum() or sign in "'’`´":
            if word:
                found.append(_Token(word, start, end))
            word = ""
            continue
        if word and plain.isdigit() != word.isdigit():
            found.append(_Token(word, start, end))
            word = ""
        if not word:
            start = at
        word, end = word + plain, at + 1
    return [*found, _Token(word, start, end)] if word else found


def _numbers(text: str, phone: str, regions: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Runs of digits that hold the subscriber's part of a number."""
    wanted = _subscriber(phone, regions)
    if len(wanted) < _LEAST_DIGITS:
        return
    for digits in _runs(text):
        run = "".join(digit for digit, _ in digits)
        if (at := run.find(wanted)) >= 0:
            # The whole number is shown, country's code and all.
            yield digits[0][1], digits[at + len(wanted) - 1][1] + 1


def _subscriber(phone: str, regions: tuple[str, ...]) -> str:
    """The last digits of the national number, which are dialled at home and abroad alike."""
    for region in (None, *regions):
        try:
            parsed = phonenumbers.parse(phone, region)
        except phonenumbers.NumberParseException:
            continue
        return phonenumbers.national_significant_number(parsed)[-_MOST_DIGITS:]
    return "".join(digit for run in _runs(phone) for digit, _ in run)[-_MOST_DIGITS:]


def _runs(text: str) -> Iterator[list[tuple[str, int]]]:
    """Digits of any script, with where they stand, that belong together."""
    run: list[tuple[str, int]] = []
    apart = 0
    for at, sign in enumerate(text):
        digit = unicodedata.digit(sign, None)
        if digit is not None:
            run.append((str(digit), at))
            apart = 0
        elif run:
            apart += unicodedata.category(sign) != "Cf"
            if sign.isalpha() or apart > _BETWEEN:
                yield run
                run, apart = [], 0
    if run:
        yield run


def _names(read: list[_Token], name: str, own: set[str]) -> Iterator[tuple[int, int]]:
    """Words that are the name: all its parts in any order, two beside each other, or as one."""
    parts = [token.text for token in _tokens(name)]
    telling = [one for one in parts if one not in _PARTICLES] or parts
    if not parts or set(telling) <= own:
        return
    if len(telling) == 1:
        yield from ((one.start, one.end) for one in read if one.text == telling[0])
        return
    joined = {"".join(some) for some in permutations(telling[:4], 2)} | {"".join(parts)}
    words = [one for one in read if one.text not in _PARTICLES]
    for one, other in zip(words, [*words[1:], None], strict=True):
        if one.text in joined:
            yield one.start, one.end
        if other is not None and _are_of(one.text, other.text, telling, own):
            yield one.start, other.end


def _are_of(one: str, other: str, telling: list[str], own: set[str]) -> bool:
    """Whether two words beside each other are parts of a name, one perhaps as an initial."""
    for first, second in permutations(telling, 2):
        if {first, second} <= own:
            continue
        if (one, other) == (first, second):
            return True
        if (one, other) in ((first[0], second), (second, first[0])) and second not in own:
            return True
    return False


def _addresses(text: str, email: str) -> Iterator[tuple[int, int]]:
    """The address, also with spaces or signs that are not seen within."""
    gap = r"[\s\u200b-\u200d\u2060\ufeff]*"
    signs = gap.join(re.escape(sign) for sign in unicodedata.normalize("NFKC", email.strip()))
    pattern = signs.replace("@", r"(?:@|\(at\)|\[at\]|＠)")
    for found in re.finditer(pattern, text, re.IGNORECASE):
        yield found.span()


def _dates(read: list[_Token]) -> Iterator[tuple[tuple[int, int], set[date]]]:
    """Three words that are a day, a month and a year in some order, and the days they may mean."""
    for one in read:
        if len(one.text) == 8 and one.text.isdigit():
            halves = ((one.text[:2], one.text[2:4], one.text[4:]),
                      (one.text[6:], one.text[4:6], one.text[:4]))  # fmt: skip
            yield (one.start, one.end), {day for half in halves for day in _day(*half)}
    words = [one for one in read if one.text not in _PARTICLES and one.text not in _ORDINALS]
    for three in zip(words, words[1:], words[2:], strict=False):
        texts = [one.text for one in three]
        if days := {day for order in permutations(texts) for day in _day(*order)}:
            yield (three[0].start, three[2].end), days


_ORDINALS = frozenset(("st", "nd", "rd", "th", "er", "ye", "e", "o"))


def _day(day: str, month: str, year: str) -> Iterator[date]:
    number = _MONTHS.get(month) or (int(month) if month.isdigit() and len(month) <= 2 else 0)
    if not (day.isdigit() and year.isdigit()) or len(day) > 2 or len(year) not in (2, 4):
        return
    years = [int(year)] if len(year) == 4 else [1900 + int(year), 2000 + int(year)]
    for one in years:
        try:
            yield date(one, number, int(day))
        except ValueError:
            continue
