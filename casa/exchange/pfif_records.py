"""PFIF 1.4's two records, a person and a note, as http://zesty.ca/pfif/1.4/ section 4 has them.

Each field has a reader that takes its text apart and refuses what the schema of section 5 does
not allow; ``text_of`` undoes it. Blank texts stand for nothing: the field is ``None``.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime

import msgspec

from casa.exchange.cap_values import clean

SEXES = ("female", "male", "other")
STATUSES = (
    "information_sought",
    "is_note_author",
    "believed_alive",
    "believed_missing",
    "believed_dead",
)
PLACEHOLDER = frozenset(("person_record_id", "source_date", "entry_date", "expiry_date"))
"""The fields that a record keeps when it has expired (section 3.3)."""
MOST_TEXT = 20_000
"""Characters of a field."""
MOST_LINE = 2_000
"""Characters of what is one line by its nature, such as an address or an identifier."""

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
_RECORD = re.compile(r"[^\s/]+/[!-~]+", re.ASCII)
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
_PHONE = re.compile(r"[-+()\d ]+", re.ASCII)
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_AGE = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?", re.ASCII)
_COUNTRY = re.compile(r"[A-Z][A-Z]", re.ASCII)
_URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who is sought or was found (section 4.1), fields in the specification's order.

    ``full_name``, ``alternate_names`` and ``profile_urls`` hold one to a line. ``age`` is in
    years at ``source_date``, as ``12`` or ``10-14``; ``date_of_birth`` may be a year or a month.
    A ``full_name`` is empty in a placeholder only. Times are aware.
    """

    person_record_id: str
    entry_date: datetime | None = None
    expiry_date: datetime | None = None
    author_name: str | None = None
    author_email: str | None = None
    author_phone: str | None = None
    source_name: str | None = None
    source_date: datetime
    source_url: str | None = None
    full_name: str
    given_name: str | None = None
    family_name: str | None = None
    alternate_names: str | None = None
    description: str | None = None
    sex: str | None = None
    date_of_birth: str | None = None
    age: str | None = None
    home_street: str | None = None
    home_neighborhood: str | None = None
    home_city: str | None = None
    home_state: str | None = None
    home_postal_code: str | None = None
    home_country: str | None = None
    photo_url: str | None = None
    profile_urls: str | None = None

    @property
    def is_placeholder(self) -> bool:
        """Whether it stands for an expired record: nothing is left but identifier and times."""
        return self.expiry_date is not None and all(
            not getattr(self, name) for name in self.__struct_fields__ if name not in PLACEHOLDER
        )


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What someone knows of a person (section 4.2), fields in the specification's order."""

    note_record_id: str
    person_record_id: str
    linked_person_record_id: str | None = None
    entry_date: datetime | None = None
    author_name: str
    author_email: str | None = None
    author_phone: str | None = None
    source_date: datetime
    author_made_contact: bool | None = None
    status: str | None = None
    email_of_found_person: str | None = None
    phone_of_found_person: str | None = None
    last_known_location: str | None = None
    text: str = ""
    photo_url: str | None = None


class Fault(msgspec.Struct, frozen=True):
    """What is wrong: the record's identifier or place, its field, and how to mend it."""

    record: str
    field: str
    detail: str

    def __str__(self) -> str:
        return f"{self.record} {self.field}".strip() + f": {self.detail}"


class PfifError(ValueError):
    """What is not PFIF as a whole, or would not be when written."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, self.faults)))


def expired(person: Person, moment: datetime) -> Person:
    """The placeholder that stands for a person whose record has expired (section 3.3).

    It was made at ``moment`` and says so in ``source_date`` and ``entry_date``: keep it, so that
    it is not new at every export. A record that would expire later, or never, expires at
    ``moment``, which is how a person's wish to be forgotten reaches other repositories. The
    person's notes have to go with the record.
    """
    due = person.expiry_date
    return Person(
        person_record_id=person.person_record_id,
        entry_date=moment,
        expiry_date=moment if due is None else min(due, moment),
        source_date=moment,
        full_name="",
    )


def duplicates(persons: Iterable[Person], notes: Iterable[Note]) -> tuple[tuple[str, str], ...]:
    """Pairs of these persons' identifiers that a note's author believes to be one human being.

    Each pair comes once and in order, whichever way the notes link (section 4.2,
    ``linked_person_record_id``). Links to persons that were not given are left out.
    """
    known = {person.person_record_id for person in persons}
    found = {
        (min(pair), max(pair))
        for note in notes
        if note.linked_person_record_id is not None
        and len(pair := {note.person_record_id, note.linked_person_record_id} & known) == 2
    }
    return tuple(sorted(found))


def text_of(value: object) -> str:
    """A field's value as PFIF writes it; empty for ``None``.

    Raises:
        ValueError: for a time without an offset.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"the time {value} has no offset")
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    return clean(str(value)).strip()


def _time(text: str) -> datetime:
    if not _TIME.fullmatch(text):
        raise ValueError(f"{_short(text)} is not a time as 2026-08-01T14:00:00Z")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise ValueError(f"{_short(text)} is not a time that there is") from None


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{_short(text)} is neither true nor false")
    return text == "true"


def _date(text: str) -> str:
    found = _DATE.fullmatch(text)
    if not found:
        raise ValueError(f"{_short(text)} is not a date as 1999, 1999-07 or 1999-07-31")
    try:
        date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
    except ValueError:
        raise ValueError(f"{_short(text)} is not a date that there is") from None
    return text


def _age(text: str) -> str:
    found = _AGE.fullmatch(text)
    if not found or int(found[1]) > int(found[2] or found[1]):
        raise ValueError(f"{_short(text)} is not an age as 12 or 10-14")
    return text


def _urls(text: str) -> str:
    for line in text.split("\n"):
        _URL_READER(line.strip())
    return text


def _plain(text: str) -> str:
    return text


def _matching(pattern: re.Pattern[str], wanted: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) > MOST_LINE or not pattern.fullmatch(text):
            raise ValueError(f"{_short(text)} is not {wanted}")
        return text

    return read


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{_short(text)} is none of {', '.join(choices)}")
        return text

    return read


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


_URL_READER = _matching(_URL, "an address as https://example.org/1")
_RECORD_READER = _matching(_RECORD, "an identifier as example.org/1")
_EMAIL_READER = _matching(_EMAIL, "an e-mail address")
_PHONE_READER = _matching(_PHONE, "a telephone number of digits, spaces and -+()")

_READERS: dict[str, Callable[[str], str | bool | datetime]] = {
    "person_record_id": _RECORD_READER,
    "note_record_id": _RECORD_READER,
    "linked_person_record_id": _RECORD_READER,
    "entry_date": _time,
    "expiry_date": _time,
    "source_date": _time,
    "author_email": _EMAIL_READER,
    "email_of_found_person": _EMAIL_READER,
    "author_phone": _PHONE_READER,
    "phone_of_found_person": _PHONE_READER,
    "source_url": _URL_READER,
    "photo_url": _URL_READER,
    "profile_urls": _urls,
    "sex": _one_of(SEXES),
    "status": _one_of(STATUSES),
    "date_of_birth": _date,
    "age": _age,
    "home_country": _matching(_COUNTRY, "a country's two capital letters, as TT"),
    "author_made_contact": _boolean,
}


def value_of(field: str, text: str) -> str | bool | datetime:
    """The value of a field's text, which is stripped and not blank.

    Raises:
        ValueError: with how to mend it.
    """
    if len(text) > MOST_TEXT:
        raise ValueError(f"has {len(text)} characters: give at most {MOST_TEXT}")
    return _READERS.get(field, _plain)(text)
