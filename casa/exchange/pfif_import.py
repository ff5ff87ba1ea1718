"""Taking PFIF records of other registries in: what is newer replaces, what is older does nothing.

All of a document that can be kept is kept in one transaction, and the report says of each record
what became of it. Of two versions the one with the later ``source_date`` stands (section 3.2), then
the one with the later ``entry_date``; but an end always stands, whatever its date, until a version
is sent that was made after it came here. So neither order nor repetition matters. Times of others
are believed up to now. Contact details and dates of birth are not kept: nobody is to read them.

What is kept is not yet public (``casa.missing_persons.releasing``).
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from casa.agencies import audit, mandates
from casa.agencies.caller import Caller
from casa.agencies.permissions import Verb, require
from casa.exchange import pfif_versions as versions
from casa.exchange.pfif_reading import Document
from casa.exchange.pfif_records import Fault, Note, Person, text_of
from casa.missing_persons import foreign, releasing, sources
from casa.missing_persons.models import ForeignNote, ForeignPerson, MissingPerson
from casa.missing_persons.releasing import EVERYTHING, Law
from casa.missing_persons.sources import Sources
from casa.missing_persons.standing import Standing, standing_of

KIND = "missing_person"
MOST_RECORDS = 2_000
TOLERANCE = timedelta(minutes=5)
"""How far another's clock may be ahead of ours."""

_AT_ONCE = 500

R = TypeVar("R", ForeignPerson, ForeignNote)


class Outcome(msgspec.Struct, frozen=True):
    """What became of one record, ``person`` or ``note``.

    ``new``, ``replaced`` and ``unchanged`` are kept. Of what is ``expired`` at most identifier and
    times are. ``withdrawn`` was taken down here, or its case is closed; ``own`` came from here; a
    ``stranger`` is a note of a person of whom there is no record. ``waits``: for whom it waits
    before the public may know of it.
    """

    record: str
    kind: str
    outcome: str
    waits: str | None = None


class Report(msgspec.Struct, frozen=True):
    outcomes: tuple[Outcome, ...]
    faults: tuple[Fault, ...]

    def counts(self, kind: str) -> dict[str, int]:
        return dict(Counter(one.outcome for one in self.outcomes if one.kind == kind))


def take_in(
    session: Session,
    caller: Caller,
    document: Document,
    own: str,
    moment: datetime,
    law: Law = EVERYTHING,
) -> Report:
    """Keep what a document says, which ``caller`` answers for; ``own`` is our domain in PFIF.

    ``law`` says of each state which facts its trusted sources may make public by themselves.

    Raises:
        Forbidden, StepUpNeeded
        OutsideMandate: the agency has nothing to do with missing persons.
    """
    require(caller, Verb.IMPORT)
    require_mandate(caller, moment)
    faults: list[Fault] = []
    persons = versions.latest(
        _of_the_past(document.persons, "person_record_id", moment, faults),
        "person_record_id",
        lambda one: versions.person_version(one, moment),
        faults,
    )
    notes = versions.latest(
        _of_the_past(document.notes, "note_record_id", moment, faults),
        "note_record_id",
        versions.version,
        faults,
    )
    trust = sources.of(session, caller)
    outcomes = _Persons(session, caller, own, moment, trust, law).keep(persons)
    outcomes += _Notes(session, caller, own, moment, trust).keep(notes)
    report = Report(tuple(outcomes), (*document.faults, *faults))
    after = {kind: report.counts(kind) for kind in ("person", "note")}
    audit.note(session, caller, "pfif.import", f"pfif:{_digest(document)}", after=after)
    return report


def _of_the_past(
    records: Iterable[Any], name: str, moment: datetime, faults: list[Fault]
) -> Iterable[Any]:
    """The records that were made by now; of a record that came from the future, nothing.

    An ``entry_date`` to come is left out: the record stands without it.
    """
    latest = moment + TOLERANCE
    late = f"is more than {TOLERANCE.seconds // 60} minutes after {text_of(moment)}, when it came"
    for record in records:
        identifier = getattr(record, name)[:200]
        if record.source_date > latest and not (
            isinstance(record, Person) and versions.is_over(record, moment)
        ):
            faults.append(Fault(identifier, "source_date", f"{late}: the record is left out"))
            continue
        if record.entry_date is not None and record.entry_date > latest:
            faults.append(Fault(identifier, "entry_date", f"{late}: left out"))
            record = msgspec.structs.replace(record, entry_date=None)
        yield record


def require_mandate(caller: Caller, moment: datetime) -> None:
    """Refuse an agency that has nothing to do with missing persons.

    Raises:
        OutsideMandate
    """
    mandates.fit(caller.mandates, kind=KIND, severity="Unknown", status="Actual", moment=moment)


class _Persons:
    """One import of persons; in one order always, so that two imports never wait in a circle."""

    def __init__(
        self,
        session: Session,
        caller: Caller,
        own: str,
        moment: datetime,
        trust: Sources,
        law: Law,
    ) -> None:
        self._session, self._caller, self._own, self._moment = session, caller, own, moment
        self._trust, self._law = trust, law
        self._changed: list[ForeignPerson] = []

    def keep(self, persons: dict[str, Person]) -> list[Outcome]:
        known = _locked(self._session, ForeignPerson, ForeignPerson.person_record_id, persons)
        outcomes = []
        for name, person in sorted(persons.items()):
            outcome, row = self._keep(person, known.get(name))
            outcomes.append(Outcome(name, "person", outcome, self._waits(row)))
        self._session.flush()
        foreign.enter(self._session, self._changed)
        return outcomes

    def _keep(self, person: Person, row: ForeignPerson | None) -> tuple[str, ForeignPerson | None]:
        if _domain(person.person_record_id) == self._own:
            return "own", None
        if row is not None and row.withdrawn is not None:
            return "withdrawn", None
        over = versions.is_over(person, self._moment)
        if row is not None and row.gone is not None:
            # Only what was made after the end came here is more than an echo of before.
            if over or person.source_date <= row.gone:
                self._remember_end(row, person, over)
                return "expired", None
        elif row is not None and not over and not versions.is_newer(person, row):
            return "unchanged", row
        outcome = "replaced"
        if row is None:
            outcome, row = "new", self._begun(person)
        self._fill(row, person)
        if over:
            self._session.flush()
            foreign.wipe(self._session, row, self._moment)
            return "expired", None
        self._reveal(row, person)
        self._changed.append(row)
        return outcome, row

    def _begun(self, person: Person) -> ForeignPerson:
        row = ForeignPerson(person_record_id=person.person_record_id)
        row.created, row.agency_id = self._moment, self._caller.agency_id
        row.shown, row.guarded = {}, False
        row.place = releasing.place_of({}, self._caller.mandates)
        self._session.add(row)
        return row

    def _fill(self, row: ForeignPerson, person: Person) -> None:
        row.imported_by = self._caller.actor
        row.source_date = versions.bounded(min(person.source_date, self._moment + TOLERANCE))
        row.sent_entry_date = versions.bounded(person.entry_date)
        row.expiry_date = (
            None if person.expiry_date is None else versions.bounded(person.expiry_date)
        )
        row.content = versions.content(person)
        row.entry_date, row.gone = self._moment, None
        latest = self._moment + foreign.LONGEST
        row.due = min(row.expiry_date or latest, latest)

    def _remember_end(self, row: ForeignPerson, person: Person, over: bool) -> None:
        ends = (
            versions.bounded(min(person.source_date, self._moment)),
            versions.bounded(person.entry_date),
        )
        if over and ends > (row.source_date, row.sent_entry_date):
            row.source_date, row.sent_entry_date = ends
            row.expiry_date = versions.bounded(person.expiry_date)

    def _reveal(self, row: ForeignPerson, person: Person) -> None:
        """Of what was public only what still is the same stays; a trusted source's is made so."""
        guarded = row.guarded or releasing.needs_safeguarding(
            person.age, person.date_of_birth, row.content.values(), self._moment
        )
        home = {name: row.content[name] for name in row.content if name.startswith("home_")}
        place = releasing.place_of(home, ()) or row.place
        same = {name: text for name, text in row.shown.items() if row.content.get(name) == text}
        if row.released is None:
            row.shown = {}
        elif (guarded, place) != (row.guarded, row.place) or "full_name" not in same:
            self._session.flush()
            releasing.untell(self._session, row)
        else:
            dates = ("source_date", "expiry_date")
            row.shown = same | {one: row.content[one] for one in dates if one in row.content}
        row.guarded, row.place = guarded, place
        domain = _domain(row.person_record_id)
        if (
            not guarded
            and self._trust.is_trusted(domain)
            and releasing.speaks_for(self._caller, row, self._moment)
            and self._law.allows(place, "full_name")
        ):
            # What an officer chose to tell beside what is usual stays.
            releasing.tell(row, self._law, self._moment, f"source:{domain}"[:60], row.shown)

    def _waits(self, row: ForeignPerson | None) -> str | None:
        if row is None or row.released is not None:
            return None
        here = releasing.speaks_for(self._caller, row, self._moment)
        officer = "an officer with the safeguarding role" if row.guarded else "another officer"
        return officer if here else f"{officer} of {row.place}"


class _Notes:
    """One import of notes, after the persons that they are of."""

    def __init__(
        self, session: Session, caller: Caller, own: str, moment: datetime, trust: Sources
    ) -> None:
        self._session, self._caller, self._own, self._moment = session, caller, own, moment
        self._trust = trust

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
        if row is not None and not versions.is_newer(note, row):
            return "unchanged"
        outcome = "replaced"
        if row is None:
            outcome, row = "new", ForeignNote(note_record_id=note.note_record_id)
            row.agency_id, row.shown = self._caller.agency_id, {}
            self._session.add(row)
        row.person_record_id = note.person_record_id
        row.linked_person_record_id = note.linked_person_record_id
        row.record_id = case.id if case else None
        row.source_date = versions.bounded(note.source_date)
        row.sent_entry_date = versions.bounded(note.entry_date)
        row.content, row.entry_date = versions.content(note), self._moment
        row.entitled = self._trust.may_say(_domain(note.note_record_id), note.status)
        self._reveal(row, note, person)
        return outcome

    def _reveal(self, row: ForeignNote, note: Note, person: ForeignPerson | None) -> None:
        """Of what was released only what still is the same stays, and of whom it is may be told."""
        same = {name: text for name, text in row.shown.items() if row.content.get(name) == text}
        if note.status not in (None, *releasing.SPEAKABLE):
            same = {n: text for n, text in same.items() if n != "last_known_location"}
        row.shown = same
        if person is None or person.guarded:
            return
        if releasing.tells_of_trafficking(row.content.values()):
            self._session.flush()
            person.guarded = True
            releasing.untell(self._session, person)

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


def _domain(identifier: str) -> str:
    return identifier.partition("/")[0].lower()


def _batches(names: list[str]) -> Iterable[list[str]]:
    return (names[at : at + _AT_ONCE] for at in range(0, len(names), _AT_ONCE))


def _digest(document: Document) -> str:
    return hashlib.sha256(msgspec.json.encode(document)).hexdigest()
