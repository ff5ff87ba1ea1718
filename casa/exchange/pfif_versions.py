"""Which of two versions of a PFIF record stands, and what of a record is kept. Pure.

Of two versions the one with the later ``source_date`` stands (section 3.2), then the one with the
later ``entry_date``, then the greater text; an end stands before all.
"""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from casa.exchange.pfif_records import Fault, Note, Person, text_of
from casa.missing_persons.models import ForeignNote, ForeignPerson

MOST_IDENTIFIER = 255

_LEFT_OUT = frozenset(
    ("author_email", "author_phone", "date_of_birth", "home_street",
     "email_of_found_person", "phone_of_found_person")
)  # fmt: skip
# Every database keeps these, whatever its time zone; what is earlier or later compares as they do.
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(2999, 12, 31, tzinfo=UTC)

Version = tuple[bool, datetime, datetime, str]


def latest(
    records: Iterable[Any], name: str, version: Callable[[Any], Version], faults: list[Fault]
) -> dict[str, Any]:
    """Of each record its newest version, but for those whose identifiers can't be kept."""
    found: dict[str, Any] = {}
    for record in records:
        identifier = getattr(record, name)
        if too_long := _too_long(record):
            detail = f"has more than {MOST_IDENTIFIER} characters: the record is left out"
            faults.append(Fault(identifier[:200], too_long, detail))
        elif identifier not in found or version(record) > version(found[identifier]):
            found[identifier] = record
    return found


def _too_long(record: Person | Note) -> str | None:
    names = ("person_record_id", "note_record_id", "linked_person_record_id")
    for name in names:
        if len(getattr(record, name, None) or "") > MOST_IDENTIFIER:
            return name
    return None


def content(record: Person | Note) -> dict[str, str]:
    """The fields that are kept, as texts; ``entry_date`` becomes that of the import."""
    return {
        name: text
        for name in record.__struct_fields__
        if name not in _LEFT_OUT
        and name != "entry_date"
        and (text := text_of(getattr(record, name)))
    }


def person_version(person: Person, moment: datetime) -> Version:
    """What has expired by now counts as the placeholder that it becomes, and before all others."""
    return version(person, is_over(person, moment))


def version(record: Person | Note, over: bool = False) -> Version:
    text = "" if over else _text(content(record))
    return over, bounded(record.source_date), bounded(record.entry_date), text


def is_newer(record: Person | Note, row: ForeignPerson | ForeignNote) -> bool:
    """Whether it is to stand in place of what is kept."""
    return version(record) > (False, row.source_date, row.sent_entry_date, _text(row.content))


def _text(content: dict[str, str]) -> str:
    return json.dumps(content, sort_keys=True)


def is_over(person: Person, moment: datetime) -> bool:
    return person.is_placeholder or (
        person.expiry_date is not None and person.expiry_date <= moment
    )


def bounded(moment: datetime | None) -> datetime:
    return _EARLIEST if moment is None else min(max(moment, _EARLIEST), _LATEST)
