"""Notes between officers on a case: sealed at rest, only ever added to, erased with the case.

They are for the agency whose case it is, and for those of a state in which the case is public by
that state's consent: whoever searches there has to know what is known. Free of Flask.
"""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from casa import paging
from casa.agencies import audit
from casa.agencies.caller import Caller
from casa.agencies.models import Agency, ApiKey, Officer
from casa.agencies.permissions import Verb, require
from casa.alerts.crossing import may_consent
from casa.alerts.models import Alert
from casa.alerts.states import State
from casa.database import now
from casa.missing_persons.models import CaseNote, MissingPerson
from casa.problems import not_found
from casa.sealing import Sealer


def case_for(session: Session, caller: Caller, identifier: str) -> MissingPerson:
    """A case on which the caller may read and write notes.

    Raises:
        Forbidden
        Problem: 404, also for a case in which the caller's agency has no part.
    """
    require(caller, Verb.INVESTIGATE)
    record = session.get(MissingPerson, identifier)
    if record is None or not _takes_part(session, caller, record):
        raise not_found("such record")
    return record


def _takes_part(session: Session, caller: Caller, record: MissingPerson) -> bool:
    if record.agency_id == caller.agency_id:
        return True
    consented = select(Alert.kind, Alert.border).where(
        Alert.home == record.thread, Alert.state == State.PUBLISHED, Alert.msg_type != "Cancel"
    )
    return record.ended is None and any(
        may_consent(caller.mandates, kind, str(border), now())
        for kind, border in session.execute(consented)
    )


def add(
    session: Session, sealer: Sealer, caller: Caller, record: MissingPerson, text: str
) -> CaseNote:
    """Keep a note; that it was made goes into the audit trail, and not what it says."""
    note = CaseNote(record_id=record.id, agency_id=caller.agency_id, actor=caller.actor)
    note.sealed = sealer.seal(text.encode(), _purpose(record.id))
    session.add(note)
    session.flush()
    audit.note(session, caller, "case.note", f"missing_person:{record.id}", after=note.id)
    return note


def page(
    session: Session, record: MissingPerson, after: paging.Row | None, limit: int
) -> list[CaseNote]:
    """At most ``limit`` notes on a case, newest first, after the cursor's row."""
    query = select(CaseNote).where(CaseNote.record_id == record.id)
    query = paging.newest_first(query, CaseNote.created, CaseNote.id, after, limit)
    return list(session.scalars(query))


def text_of(sealer: Sealer, note: CaseNote) -> str:
    return sealer.open(note.sealed, _purpose(note.record_id)).decode()


def author_of(session: Session, note: CaseNote) -> tuple[str, str]:
    """The names of who wrote it, an officer or a system, and of the agency."""
    sort, _, identifier = note.actor.partition(":")
    found: Officer | ApiKey | None
    if sort == "officer":
        found = session.get(Officer, identifier)
    else:
        found = session.get(ApiKey, identifier)
    agency = session.get_one(Agency, note.agency_id)
    return (found.name if found else note.actor), agency.name


def erase(session: Session, record: MissingPerson) -> None:
    session.execute(delete(CaseNote).where(CaseNote.record_id == record.id))


def _purpose(record_id: str) -> str:
    return f"note:{record_id}"
