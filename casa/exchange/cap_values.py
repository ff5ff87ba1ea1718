"""CAP 1.2's texts for times, positions, distances and names, written and read.

Each pair of functions undoes the other. Readers raise ``ValueError`` with how to mend the text.
Degrees are written with at most seven decimals (a centimetre), metres to the millimetre.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from casa.alerts.message import Circle, Position, Reference

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d", re.ASCII)
_NUMBER = r"[-+]?(?:\d{1,20}(?:\.\d{0,40})?|\.\d{1,40})"
_PAIR = re.compile(rf"({_NUMBER}),({_NUMBER})", re.ASCII)
_CIRCLE = re.compile(rf"(\S+)\s+({_NUMBER})", re.ASCII)
_NAME = re.compile(r"[^\s,<&]+")
_QUOTED = re.compile(r'"([^"]*)"|([^\s"]+)')
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_AGE = (1900, 2999)
_HIGHEST = 10_000_000
METRES_A_FOOT = Decimal("0.3048")
_STEP = Decimal("0.0001")


def clean(text: str) -> str:
    """The text without the characters that XML 1.0 (section 2.2) can't hold.

    They are control characters, lone surrogates, U+FFFE and U+FFFF: none has a form to be seen,
    and a warning is not to be held back for one of them.
    """
    return _FORBIDDEN.sub("", text)


def is_name(text: str) -> bool:
    """Whether it may be an ``identifier`` or ``sender``: no spaces, commas, ``<`` or ``&``."""
    return _NAME.fullmatch(text) is not None and clean(text) == text


def time_text(moment: datetime) -> str:
    """Whole seconds of UTC, which CAP section 3.3.2 wants written ``-00:00`` and never ``Z``."""
    if moment.tzinfo is None:
        raise ValueError(f"the time {moment} has no offset")
    whole = moment.astimezone(UTC).replace(microsecond=0, tzinfo=None)
    return f"{whole.isoformat()}-00:00"


def time(text: str) -> datetime:
    """The moment in UTC."""
    if not _TIME.fullmatch(text):
        raise ValueError(f"{_short(text)} is not a time as 2026-08-01T14:00:00-05:00")
    if not _AGE[0] <= int(text[:4]) <= _AGE[1]:
        raise ValueError(f"{text} is not in the years {_AGE[0]} to {_AGE[1]}")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise ValueError(f"{text} is not a time that there is") from None


def ring_text(ring: Iterable[Position]) -> str:
    """``latitude,longitude`` pairs with spaces between."""
    return " ".join(f"{_number(y)},{_number(x)}" for x, y in ring)


def ring(text: str) -> tuple[Position, ...]:
    """The positions of a polygon: at least four, the last as the first."""
    found = tuple(_position(pair) for pair in text.split())
    if len(found) < 4:
        raise ValueError(f"has {len(found)} positions: a polygon has at least 4, the first twice")
    if found[0] != found[-1]:
        raise ValueError("is not closed: its last position is not its first")
    return found


def circle_text(circle: Circle) -> str:
    """``latitude,longitude kilometres``."""
    kilometres = Decimal(repr(round(float(circle.radius), 3))) / 1000
    return f"{_number(circle.latitude)},{_number(circle.longitude)} {_plain(kilometres)}"


def circle(text: str) -> Circle:
    found = _CIRCLE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{_short(text)} is not a circle as 17.97,-76.79 5")
    radius = float(Decimal(found[2]) * 1000)
    if radius < 0:
        raise ValueError("has a radius below 0")
    return Circle(*_position(found[1]), radius)


def feet_text(metres: float) -> str:
    """Metres as feet with at most four decimals, which keeps tenths of a millimetre."""
    if not abs(metres) < _HIGHEST:
        raise ValueError(f"{metres} metres is not a height")
    return _plain((Decimal(repr(float(metres))) / METRES_A_FOOT).quantize(_STEP))


def metres(feet: str) -> float:
    return float((Decimal(feet.strip()) * METRES_A_FOOT).quantize(_STEP))


def reference_text(reference: Reference) -> str:
    return f"{reference.sender},{reference.identifier},{time_text(reference.sent)}"


def references(text: str) -> tuple[Reference, ...]:
    """Of ``sender,identifier,sent`` with white space between."""
    return tuple(_reference(one) for one in text.split())


def names_text(names: Iterable[str]) -> str:
    """Names with spaces between; one with white space stands in double quotes."""
    names = tuple(names)
    for name in names:
        if not name or '"' in name:
            raise ValueError(f"the name {_short(name)} is empty or holds a double quote")
    return " ".join(f'"{name}"' if re.search(r"\s", name) else name for name in names)


def names(text: str) -> tuple[str, ...]:
    return tuple(quoted or plain for quoted, plain in _QUOTED.findall(text) if quoted or plain)


def _reference(text: str) -> Reference:
    parts = text.split(",")
    if len(parts) != 3 or not (is_name(parts[0]) and is_name(parts[1])):
        raise ValueError(f"{_short(text)} is not sender,identifier,sent")
    return Reference(parts[0], parts[1], time(parts[2]))


def _position(text: str) -> Position:
    found = _PAIR.fullmatch(text)
    if not found:
        raise ValueError(f"{_short(text)} is not a position as 17.97,-76.79 (latitude,longitude)")
    return float(found[2]), float(found[1])


def _number(value: float) -> str:
    return _plain(Decimal(repr(round(float(value), 7))))


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
