"""What of another registry's record the public may know, and who may say so. Free of Flask.

A record is public only when an officer of the state that it is of has released it, or its source
is trusted with what an officer would else look at. What strangers write, where they say that
somebody is, pictures behind addresses and addresses themselves are told only where the officer
chose so; that somebody lives or is dead is for officers alone.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from anyascii import anyascii
from sqlalchemy import ColumnElement, and_, or_, true
from sqlalchemy.orm import Session

from casa.agencies import audit
from casa.agencies.caller import Caller
from casa.agencies.mandates import Mandate, OutsideMandate
from casa.agencies.permissions import Verb, allows, require
from casa.alerts.approval import OwnDraft
from casa.alerts.content import Fault, InvalidContent
from casa.alerts.states import WrongState
from casa.geography.places import UnknownPlace, gazetteer
from casa.missing_persons import foreign
from casa.missing_persons.facts import ADULT
from casa.missing_persons.models import ForeignNote, ForeignPerson

KIND = "missing_person"

USUAL = (
    "source_name", "source_date", "expiry_date", "full_name", "given_name", "family_name",
    "alternate_names", "sex", "age", "home_state", "home_country",
)  # fmt: skip
"""Told of a released record where the state's law lets them."""
CHOOSABLE = (
    "author_name", "source_url", "description", "home_neighborhood", "home_city",
    "home_postal_code", "photo_url", "profile_urls",
)  # fmt: skip
"""Told where the officer who releases it names them."""
OF_A_NOTE = (
    "author_name", "author_made_contact", "linked_person_record_id", "status",
    "last_known_location", "text", "photo_url",
)  # fmt: skip
SPEAKABLE = ("information_sought", "believed_missing")
"""Statuses that may ever be public: that somebody lives, or is dead, is not a stranger's to tell
the world, and whoever writes of themselves (``is_note_author``) lives."""
_FORMAL = ("source_date", "expiry_date")

# Stems in the five languages and Kreyòl spelling, without accents.
_TRAFFICKING = (
    "traffick", "trafic", "trafik", "traite des", "trata de", "mensenhandel", "slavery",
    "esclav", "slavernij", "esklavaj", "prostitu", "pwostitu", "sexual exploit", "sex work",
    "exploitation sex", "explotacion sex", "seksuele uitbuiting", "forced labo", "travail force",
    "trabajo forzado", "dwangarbeid", "travay fose",
)  # fmt: skip


class Law:
    """By state, which facts of foreign records may be public; of states not named, all may."""

    def __init__(self, by_state: Mapping[str, Iterable[str]] | None = None) -> None:
        self._by_state = {state: frozenset(facts) for state, facts in (by_state or {}).items()}

    @classmethod
    def parse(cls, text: str) -> "Law":
        """The law of a setting such as ``JM: full_name age sex; TT:``.

        Raises:
            ValueError: naming the part that cannot be read.
        """
        known = {*USUAL, *CHOOSABLE, *(f"note.{name}" for name in OF_A_NOTE)}
        by_state: dict[str, list[str]] = {}
        for part in filter(None, (one.strip() for one in text.split(";"))):
            state, colon, facts = part.partition(":")
            named = facts.replace(",", " ").split()
            if not colon or set(named) - known:
                raise ValueError(f"{part!r}: write STATE: FACT FACT …; facts are {sorted(known)}")
            by_state[state.strip().upper()] = named
        return cls(by_state)

    def allows(self, place: str, fact: str) -> bool:
        """Whether the fact may be public; of a record of no known state, only if all states let."""
        if fact in _FORMAL:
            return True
        state = place.partition("-")[0]
        if not state:
            return all(fact in facts for facts in self._by_state.values())
        return state not in self._by_state or fact in self._by_state[state]


EVERYTHING = Law()


def place_of(content: Mapping[str, str], held: Sequence[Mandate]) -> str:
    """Whose record it is: the state or part that is the person's home, else the one state of the
    agency that brought it, else nobody's but that agency's (an empty text).
    """
    country, part = content.get("home_country", ""), content.get("home_state", "").upper()
    for code in (part if part.startswith(f"{country}-") else f"{country}-{part}", country):
        try:
            return gazetteer().place(code).code
        except UnknownPlace:
            continue
    states = {code.partition("-")[0] for one in held if KIND in one.kinds for code in one.places}
    return states.pop() if len(states) == 1 else ""


def speaks_for(caller: Caller, person: ForeignPerson, moment: datetime) -> bool:
    """Whether the caller's agency speaks for the state that the record is of."""
    if not person.place:
        return caller.agency_id == person.agency_id
    codes = {person.place, person.place.partition("-")[0]}
    return any(
        one.holds(moment) and KIND in one.kinds and codes & set(one.places)
        for one in caller.mandates
    )


def may_read(caller: Caller, moment: datetime) -> ColumnElement[bool]:
    """The condition that an officer may read all of a ``ForeignPerson``.

    What may be of a minor is, beyond the agency that brought it, for those alone who may let it
    out.
    """
    codes = {
        code
        for one in caller.mandates
        if one.holds(moment) and KIND in one.kinds
        for code in one.places
    }
    states = [code for code in codes if "-" not in code]
    codes |= {place.code for state in states for place in gazetteer().subdivisions(state)}
    unguarded = true() if allows(caller, Verb.SAFEGUARD) else ~ForeignPerson.guarded
    mine = ForeignPerson.agency_id == caller.agency_id
    return or_(mine, and_(ForeignPerson.place.in_(codes), unguarded))


def needs_safeguarding(
    age: str | None, born: str | None, texts: Iterable[str], moment: datetime
) -> bool:
    """Whether it is, or may be, of a minor or a trafficked person.

    ``age`` and ``born`` are as PFIF has them: ``12`` or ``10-14``, and a year, month or day.
    """
    return _may_be_minor(age, born, moment) or tells_of_trafficking(texts)


def _may_be_minor(age: str | None, born: str | None, moment: datetime) -> bool:
    years = [int(age.partition("-")[0])] if age else []
    if born:
        # Of a birth year or month, the latest day.
        latest = f"{born}-12-31" if len(born) == 4 else f"{born}-31" if len(born) == 7 else born
        year, month, day = map(int, latest.split("-"))
        years.append(moment.year - year - ((moment.month, moment.day) < (month, day)))
    return not years or min(years) < ADULT


def tells_of_trafficking(texts: Iterable[str]) -> bool:
    folded = " ".join(" ".join(anyascii(text).casefold().split()) for text in texts)
    return any(stem in folded for stem in _TRAFFICKING)


def digest(person: ForeignPerson, notes: Iterable[ForeignNote]) -> str:
    """SHA-256 of all that an officer reads before releasing it, in hexadecimal."""
    read = [person.content, sorted([one.note_record_id, one.content] for one in notes)]
    return hashlib.sha256(json.dumps(read, sort_keys=True).encode()).hexdigest()


def release(
    session: Session,
    caller: Caller,
    person: ForeignPerson,
    law: Law,
    moment: datetime,
    *,
    facts: Sequence[str] = (),
    notes: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Make public the usual facts of a record, ``facts`` beside them, and of its notes those named.

    Raises:
        Forbidden: also where it may be of a minor and the caller lacks the safeguarding role.
        StepUpNeeded
        OutsideMandate: it is another state's.
        OwnDraft: the caller brought it.
        InvalidContent: the state's law, or what CASA never tells, forbids a fact.
        WrongState: it is over.
    """
    require(caller, Verb.APPROVE)
    require_mandate(caller, person, moment)
    if caller.actor == person.imported_by:
        raise OwnDraft("You brought this record in, so another officer must release it.")
    if person.guarded:
        require(caller, Verb.SAFEGUARD)
    if person.gone or person.withdrawn or person.due <= moment:
        raise WrongState("This record is over: there is nothing to release.")
    rows = {one.note_record_id: one for one in foreign.notes_of(session, person)}
    chosen = dict(notes or {})
    if faults := [*_forbidden(person, law, facts), *_forbidden_notes(person, law, rows, chosen)]:
        raise InvalidContent(faults)
    tell(person, law, moment, caller.actor, facts)
    for name, row in rows.items():
        row.shown = {
            fact: row.content[fact] for fact in chosen.get(name, ()) if fact in row.content
        }
    audit.note(
        session, caller, "pfif.release", f"foreign_person:{person.id}",
        after={"facts": sorted(person.shown), "notes": {n: list(f) for n, f in chosen.items()}},
    )  # fmt: skip
    session.flush()
    foreign.enter(session, [person])


def tell(
    person: ForeignPerson, law: Law, moment: datetime, actor: str, facts: Iterable[str] = ()
) -> None:
    """Make the usual facts and ``facts`` public as far as the law lets."""
    person.shown = {
        name: person.content[name]
        for name in (*USUAL, *facts)
        if name in person.content and law.allows(person.place, name)
    }
    person.released, person.released_by = moment, actor


def hide(session: Session, caller: Caller, person: ForeignPerson, moment: datetime) -> None:
    """Take a release back, as anybody may who could end an alert; it waits again.

    Raises:
        Forbidden, OutsideMandate
    """
    require(caller, Verb.CANCEL)
    require_hold(caller, person, moment)
    untell(session, person)
    audit.note(session, caller, "pfif.hide", f"foreign_person:{person.id}")
    session.flush()
    foreign.enter(session, [person])


def untell(session: Session, person: ForeignPerson) -> None:
    person.shown, person.released, person.released_by = {}, None, None
    for note in foreign.notes_of(session, person):
        note.shown = {}


def require_mandate(caller: Caller, person: ForeignPerson, moment: datetime) -> None:
    """Refuse who does not speak for the record's state.

    Raises:
        OutsideMandate
    """
    if not speaks_for(caller, person, moment):
        codes = (person.place,) if person.place else ()
        raise OutsideMandate("This record is of a state that is not in your mandate.", codes)


def require_hold(caller: Caller, person: ForeignPerson, moment: datetime) -> None:
    """Refuse who neither brought the record nor speaks for its state.

    Raises:
        OutsideMandate
    """
    if caller.agency_id != person.agency_id:
        require_mandate(caller, person, moment)


def _forbidden(person: ForeignPerson, law: Law, facts: Sequence[str]) -> list[Fault]:
    faults: list[Fault] = []
    if not law.allows(person.place, "full_name"):
        faults.append(("/facts", "the law of this state lets no foreign record be public"))
    for at, name in enumerate(facts):
        if name not in (*USUAL, *CHOOSABLE):
            faults.append((f"/facts/{at}", f"is none of {', '.join(CHOOSABLE)}"))
        elif not law.allows(person.place, name):
            faults.append((f"/facts/{at}", "may not be public by the law of this state"))
    return faults


def _forbidden_notes(
    person: ForeignPerson,
    law: Law,
    rows: Mapping[str, ForeignNote],
    chosen: Mapping[str, Sequence[str]],
) -> list[Fault]:
    faults: list[Fault] = []
    for name, facts in chosen.items():
        pointer = "/notes/" + name.replace("~", "~0").replace("/", "~1")
        if name not in rows:
            faults.append((pointer, "is no note of this record"))
            continue
        for at, fact in enumerate(facts):
            if why := _why_not(person, law, rows[name], fact):
                faults.append((f"{pointer}/{at}", why))
    return faults


def _why_not(person: ForeignPerson, law: Law, note: ForeignNote, fact: str) -> str | None:
    if fact not in OF_A_NOTE:
        return f"is none of {', '.join(OF_A_NOTE)}"
    if not law.allows(person.place, f"note.{fact}"):
        return "may not be public by the law of this state"
    status = note.content.get("status")
    if fact in ("status", "last_known_location") and status not in (None, *SPEAKABLE):
        return "of somebody believed alive or dead is for officers alone"
    return None
