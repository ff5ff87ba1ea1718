"""Taking PFIF records of other registries in: what is newer replaces, what is older does nothing.

All of a document that can be kept is kept in one transaction, and the report says of each record
what became of it. Of two versions the one with the later ``source_date`` stands (section 3.2), then
the one with the later ``entry_date``, then the expired one; so neither order nor repetition
matters. Contact details and dates of birth are not kept: nobody is to read them here.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from casa.agencies import audit, mandates
from casa.agencies.caller import Caller
from casa.agencies.permissions import Verb, require
from casa.exchange.pfif_reading import Document
from casa.exchange.pfif_records import Fault, Note, Person, text_of
from casa.missing_persons import foreign
from casa.missing_persons.models import ForeignNote, ForeignPerson, MissingPerson
from casa.missing_persons.standing import Standing, standing_of

KIND = "missing_person"
MOST_RECORDS = 2_000
MOST_IDENTIFIER = 255

_LEFT_OUT = frozenset(
    ("author_email", "author_phone", "date_of_birth", "home_street",
     "email_of_found_person", "phone_of_found_person")
)  # fmt: skip
# Every database keeps these, whatever its time zone; what is earlier or later compares as they do.
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(2999, 12, 31, tzinfo=UTC)
_AT_ONCE = 500

R = TypeVar("R", ForeignPerson, ForeignNote)


class Outcome(msgspec.Struct, frozen=True):
    """What became of one record, ``person`` or ``note``.

    ``new``, ``replaced`` and ``unchanged`` are kept. Of what is ``expired`` at most identifier and
    times are. ``withdrawn`` was taken down here, or its case is closed; ``own`` came from here; a
    ``stranger`` is a note of a person of whom there is no record.
    """

    record: str
    kind: str
    outcome: str


class Report(msgspec.Struct, frozen=True):
    outcomes: tuple[Outcome, ...]
    faults: tuple[Fault, ...]

    def counts(self, kind: str) -> dict[str, int]:
        return dict(Counter(one.outcome for one in self.outcomes if one.kind == kind))


def take_in(
    session: Session, caller: Caller, document: Document, own: str, moment: datetime
) -> Report:
    """Keep what a document says, which ``caller`` answers for; ``own`` is our domain in PFIF.

    Raises:
        Forbidden, StepUpNeeded
        OutsideMandate: the agency has nothing to do with missing persons.
    """
    require(caller, Verb.IMPORT)
    require_mandate(caller, moment)
    faults: list[Fault] = []
    persons = _latest(
        document.persons, "person_record_id", lambda one: _person_version(one, moment), faults
    )
    notes = _latest(document.notes, "note_record_id", _version, faults)
    outcomes = _Persons(session, caller, own, moment).keep(persons)
    outcomes += _Notes(session, caller, own, moment).keep(notes)
    report = Report(tuple(outcomes), (*document.faults, *faults))
    after = {kind: report.counts(kind) for kind in ("person", "note")}
    audit.note(session, caller, "pfif.import", f"pfif:{_digest(document)}", after=after)
    return report


def require_mandate(caller: Caller, moment: datetime) -> None:
    """Refuse an agency that has nothing to do with missing persons.

    Raises:
        OutsideMandate
    """
    mandates.fit(caller.mandates, kind=KIND, severity="Unknown", status="Actual", moment=moment)


class _Persons:
    """One import of persons; in one order always, so that two imports never wait in a circle."""

    def __init__(self, session: Session, caller: Caller, own: str, moment: datetime) -> None:
        self._session, self._caller, self._own, self._moment = session, caller, own, moment
        self._changed: list[ForeignPerson] = []

    def keep(self, persons: dict[str, Person]) -> list[Outcome]:
        known = _locked(self._session, ForeignPerson, ForeignPerson.person_record_id, persons)
        outcomes = [
            Outcome(name, "person", self._keep(person, known.get(name)))
            for name, person in sorted(persons.items())
        ]
        self._session.flush()
        foreign.enter(self._session, self._changed)
        return outcomes

    def _keep(self, person: Person, row: ForeignPerson | None) -> str:
        if _domain(person.person_record_id) == self._own:
            return "own"
        if row is not None and row.withdrawn is not None:
            return "withdrawn"
        if row is not None and _kept_version(row) >= _person_version(person, self._moment):
            return "expired" if row.gone else "unchanged"
        outcome = "replaced"
        if row is None:
            outcome, row = "new", ForeignPerson(person_record_id=person.person_record_id)
            row.created = self._moment
            self._session.add(row)
        self._fill(row, person)
        if not _is_over(person, self._moment):
            self._changed.append(row)
            return outcome
        self._session.flush()
        foreign.wipe(self._session, row, self._moment)
        return "expired"

    def _fill(self, row: ForeignPerson, person: Person) -> None:
        row.agency_id = self._caller.agency_id
        row.source_date = _bounded(person.source_date)
        row.sent_entry_date = _bounded(person.entry_date)
        row.expiry_date = None if person.expiry_date is None else _bounded(person.expiry_date)
        row.content = _content(person)
        row.entry_date, row.gone = self._moment, None
        latest = self._moment + foreign.LONGEST
        row.due = min(row.expiry_date or latest, latest)


class _Notes:
    """One import of notes, after the persons that they are of."""

    def __init__(self, session: Session, caller: Caller, own: str, moment: datetime) -> None:
        self._session, self._caller, self._own, self._moment = session, caller, own, moment

    def keep(self, notes: dict[str, Note]) -> list[Outcome]:
        named = {note.person_record_id for note in notes.values()}
        named |= {n.linked_person_record_id for n in notes.values() if n.linked_person_record_id}
        persons = {
            row.person_record_id: row
            for some in _batches(sorted(named))
            for row in self._session.scalars(
                select(ForeignPerson).where(ForeignPerson.person_record_id.in_(some))
            )
        }
        known = _locked(self._session, ForeignNote, ForeignNote.note_record_id, notes)
        outcomes = [
            Outcome(name, "note", self._keep(note, known.get(name), persons))
            for name, note in sorted(notes.items())
        ]
        self._session.flush()
        return outcomes

    def _keep(self, note: Note, row: ForeignNote | None, persons: dict[str, ForeignPerson]) -> str:
        if _domain(note.note_record_id) == self._own:
            return "own"
        meant = self._case(note.person_record_id)
        case = meant or self._case(note.linked_person_record_id)
        person = persons.get(note.person_record_id)
        if case is not None and standing_of(self._session, case) is Standing.CLOSED:
            self._close(note, persons)
            return "withdrawn"
        if person is None and meant is None:
            return "stranger"
        if person is not None and (person.withdrawn or person.gone):
            return "withdrawn" if person.withdrawn else "expired"
        if row is not None and _kept_version(row) >= _version(note):
            return "unchanged"
        outcome = "replaced"
        if row is None:
            outcome, row = "new", ForeignNote(note_record_id=note.note_record_id)
            self._session.add(row)
        row.person_record_id = note.person_record_id
        row.linked_person_record_id = note.linked_person_record_id
        row.record_id = case.id if case else None
        row.agency_id = self._caller.agency_id
        row.source_date = _bounded(note.source_date)
        row.sent_entry_date = _bounded(note.entry_date)
        row.content, row.entry_date = _content(note), self._moment
        return outcome

    def _case(self, person_record_id: str | None) -> MissingPerson | None:
        """The case of ours that a record is; one that is not public is not told from none."""
        if person_record_id is None or _domain(person_record_id) != self._own:
            return None
        case = self._session.get(MissingPerson, person_record_id.partition("/")[2])
        if case is None or standing_of(self._session, case) is Standing.PRIVATE:
            return None
        return case

    def _close(self, note: Note, persons: dict[str, ForeignPerson]) -> None:
        for name in (note.person_record_id, note.linked_person_record_id):
            if name is not None and (tied := persons.get(name)) is not None:
                self._session.flush()
                foreign.withdraw(self._session, tied, self._moment)


def _locked(
    session: Session, model: type[R], column: InstrumentedAttribute[str], names: Iterable[str]
) -> dict[str, R]:
    """The rows that are here already by their record's identifier, locked in one order."""
    return {
        getattr(row, column.key): row
        for some in _batches(sorted(names))
        for row in session.scalars(
            select(model).where(column.in_(some)).order_by(column).with_for_update()
        )
    }


Version = tuple[datetime, datetime, bool, str]


def _latest(
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


def _content(record: Person | Note) -> dict[str, str]:
    """The fields that are kept, as texts; ``entry_date`` becomes that of the import."""
    return {
        name: text
        for name in record.__struct_fields__
        if name not in _LEFT_OUT
        and name != "entry_date"
        and (text := text_of(getattr(record, name)))
    }


def _person_version(person: Person, moment: datetime) -> Version:
    """What has expired by now counts as the placeholder that it becomes."""
    return _version(person, _is_over(person, moment))


def _version(record: Person | Note, over: bool = False) -> Version:
    text = "" if over else _text(_content(record))
    return _bounded(record.source_date), _bounded(record.entry_date), over, text


def _kept_version(row: ForeignPerson | ForeignNote) -> Version:
    over = isinstance(row, ForeignPerson) and row.gone is not None
    return row.source_date, row.sent_entry_date, over, "" if over else _text(row.content)


def _text(content: dict[str, str]) -> str:
    return json.dumps(content, sort_keys=True)


def _is_over(person: Person, moment: datetime) -> bool:
    return person.is_placeholder or (
        person.expiry_date is not None and person.expiry_date <= moment
    )


def _bounded(moment: datetime | None) -> datetime:
    return _EARLIEST if moment is None else min(max(moment, _EARLIEST), _LATEST)


def _domain(identifier: str) -> str:
    return identifier.partition("/")[0].lower()


def _batches(names: list[str]) -> Iterable[list[str]]:
    return (names[at : at + _AT_ONCE] for at in range(0, len(names), _AT_ONCE))


def _digest(document: Document) -> str:
    return hashlib.sha256(msgspec.json.encode(document)).hexdigest()
