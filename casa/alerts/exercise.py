"""The words that mark what is not real: no exercise or test may be taken for an alert.

The word stands three times, as in practice on radio and in tsunami exercises. A language that is
not here is served in English: an English mark is better than none.
"""

from typing import NamedTuple

import msgspec

from casa.alerts.content import HEADLINE_LIMIT, cut
from casa.alerts.message import Info


class _Mark(NamedTuple):
    word: str
    notice: str


_REAL = frozenset({"Actual", "System", "Draft"})
_MARKS = {
    "Exercise": {
        "en": _Mark("EXERCISE", "This is only an exercise. There is no real danger."),
        "fr": _Mark("EXERCICE", "Ceci est un simple exercice. Il n'y a aucun danger réel."),
        "ht": _Mark("EGZÈSIS", "Sa a se yon egzèsis sèlman. Pa gen danje tout bon."),
        "nl": _Mark("OEFENING", "Dit is alleen een oefening. Er is geen echt gevaar."),
        "es": _Mark("EJERCICIO", "Esto es solo un ejercicio. No hay ningún peligro real."),
    },
    "Test": {
        "en": _Mark("TEST", "This is only a test. There is no real danger."),
        "fr": _Mark("ESSAI", "Ceci est un simple essai. Il n'y a aucun danger réel."),
        "ht": _Mark("TÈS", "Sa a se yon tès sèlman. Pa gen danje tout bon."),
        "nl": _Mark("TEST", "Dit is alleen een test. Er is geen echt gevaar."),
        "es": _Mark("PRUEBA", "Esto es solo una prueba. No hay ningún peligro real."),
    },
}


class UnknownStatus(ValueError):
    """The status is none of CAP's five: guessing could pass an exercise off as real."""


def prefix(status: str, language: str) -> str:
    """What stands before every text of a CAP ``status``: empty unless Exercise or Test."""
    mark = _mark(status, language)
    return " ".join([mark.word] * 3) if mark else ""


def notice(status: str, language: str) -> str:
    """Two sentences that say that nothing has happened: empty unless Exercise or Test."""
    mark = _mark(status, language)
    return mark.notice if mark else ""


def marked(info: Info, status: str) -> Info:
    """The block with its mark before headline, description and instruction; marking twice is once.

    A headline that grows too long is cut at its end, never in its mark.
    """
    mark = prefix(status, info.language)
    if not mark:
        return info
    texts = {
        name: _before(mark, text)
        for name in ("headline", "description", "instruction")
        if (text := getattr(info, name))
    }
    texts["headline"] = cut(texts["headline"], HEADLINE_LIMIT)
    if "description" not in texts:
        texts["description"] = f"{mark}. {notice(status, info.language)}"
    return msgspec.structs.replace(info, **texts)


def unmarked(text: str, status: str, language: str) -> str:
    """``text`` without the mark that it has."""
    mark = prefix(status, language)
    return text.removeprefix(f"{mark}: ") if mark else text


def _before(mark: str, text: str) -> str:
    return text if text.startswith(mark) else f"{mark}: {text}"


def _mark(status: str, language: str) -> _Mark | None:
    if status in _REAL:
        return None
    if status not in _MARKS:
        raise UnknownStatus(status)
    marks = _MARKS[status]
    return marks.get(language.split("-")[0].lower(), marks["en"])
