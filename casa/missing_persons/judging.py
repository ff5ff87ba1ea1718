"""What a case must meet before it says anything, and what is kept of that beside its facts."""

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from casa.agencies import audit
from casa.agencies.caller import Caller
from casa.alerts.content import Content, InvalidContent
from casa.database import now
from casa.missing_persons import abduction, album, redacting
from casa.missing_persons.facts import Facts, needs_safeguarding
from casa.missing_persons.models import MissingPerson


def judge(session: Session, known: Caller, record: MissingPerson, facts: Facts) -> None:
    """Refuse a child abduction that does not meet its criteria; keep that it does, and who said so.

    A case that needed safeguarding once needs it for good: no change of its facts is a way around.

    Raises:
        InvalidContent: naming each unmet criterion.
    """
    moment = now()
    redacting.unsay_hidden(session, known, record, facts)
    record.guarded = record.guarded or needs_safeguarding(facts, moment)
    if facts.category != abduction.CATEGORY:
        record.criteria = None
        return
    # Time goes by while a child is sought: what was recent when it was declared stays so.
    declared = datetime.fromisoformat(record.criteria["at"]) if record.criteria else moment
    pictured = any(one.public for one in album.photographs_of(session, record.id))
    if found := abduction.faults(facts, pictured, declared):
        raise InvalidContent(found)
    if record.criteria is None:
        met = abduction.met(facts, pictured, moment)
        record.criteria = {"met": met, "at": moment.isoformat(), "by": known.actor}
        subject = f"missing_person:{record.id}"
        audit.note(session, known, "case.criteria", subject, after=met)


def guarded(record: MissingPerson, text: Content) -> Content:
    """The content, whose approver needs the safeguarding role if the case ever asked for it."""
    return msgspec.structs.replace(text, safeguarding=record.guarded)
