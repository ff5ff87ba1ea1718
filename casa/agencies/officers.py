"""Officers: invited by an administrator, signed in with a password and a second factor.

Nothing here tells a stranger whether an address is an officer's: an unknown one costs the same
time, is locked after the same number of attempts, and is refused in the same words.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from casa.agencies import audit, grants, passwords, persons, second_factor, sessions
from casa.agencies.caller import Caller, Origin
from casa.agencies.models import Agency, AuditEntry, Invitation, Officer, SignInAttempts
from casa.agencies.permissions import TABLE, Forbidden, Role, Verb, allows, require
from casa.database import Database, now
from casa.hardening import neighbourhood
from casa.sealing import Sealer
from casa.settings import Settings

INVITATION_LASTS = timedelta(hours=72)
FREE_ATTEMPTS = 5
# From anywhere but where the officer has signed in from lately, so that many places are no way
# round the limit and yet no stranger's attempts shut out the officer at the usual desk.
STRANGERS_ATTEMPTS = 50
_LATELY = timedelta(days=90)
_FIRST_LOCK = timedelta(seconds=30)
_LONGEST_LOCK = timedelta(hours=1)
_TOKEN = re.compile(r"casai_[0-9a-f]{40}")
_TOTP = "totp"
# What lets an officer see or change other agencies' matters is the region's to give.
_REGIONAL = frozenset({Role.REGIONAL_ADMINISTRATOR, Role.AUDITOR})
_ADMINISTRATORS = TABLE[Verb.ADMINISTER_AGENCY]


class InvitationRefused(Exception):
    """The invitation is unknown, used or expired; which is not told."""


class SignInRefused(Exception):
    """Address, password or code are not right; which is not told. Locked: ``wait`` seconds."""

    def __init__(self, wait: float = 0.0) -> None:
        super().__init__()
        self.wait = wait


class Conflict(Exception):
    """It is so already; the message says what."""


@dataclass(frozen=True)
class Enrolment:
    """What an officer needs once: the authenticator's address, then the recovery codes."""

    uri: str | None
    recovery: tuple[str, ...] = ()


def invite(
    session: Session,
    caller: Caller,
    agency: Agency,
    email: str,
    name: str,
    roles: Sequence[Role],
    cooling: timedelta,
) -> tuple[Officer, str]:
    """A new officer of ``agency`` and the invitation to hand over; the text is nowhere kept.

    Roles of consequence wait for another administrator, or for the ``cooling`` time.

    Raises:
        Forbidden, StepUpNeeded: also when a role is not the caller's to give.
        Conflict: there is an officer with this address.
    """
    _may_give(caller, agency.id, roles)
    if session.scalar(select(Officer.id).where(Officer.email == email.lower())) is not None:
        raise Conflict("There is an officer with this address already.")
    officer = Officer(agency_id=agency.id, email=email.lower(), name=name, roles=list(roles))
    session.add(officer)
    session.flush()
    audit.note(
        session, caller, "officer.invite", f"officer:{officer.id}",
        after={"agency": agency.code, "roles": list(roles)},
    )  # fmt: skip
    grants.hold_roles(session, caller, officer, "officer.invite", roles, cooling)
    return officer, _new_invitation(session, officer)


def invite_again(session: Session, caller: Caller, officer: Officer, cooling: timedelta) -> str:
    """A new invitation for an officer who lost theirs, or both factors; all before is worthless.

    Whoever hands it on could take it up, so roles of consequence wait as a new officer's do.
    """
    _may_give(caller, officer.agency_id, [Role(role) for role in officer.roles])
    officer.password = officer.totp_secret = None
    officer.recovery = []
    sessions.end_all(session, officer)
    audit.note(session, caller, "officer.reset", f"officer:{officer.id}")
    grants.hold_roles(session, caller, officer, "officer.reset", officer.roles, cooling)
    return _new_invitation(session, officer)


def change(
    session: Session,
    caller: Caller,
    officer: Officer,
    *,
    roles: Sequence[Role] | None = None,
    disabled: bool | None = None,
    cooling: timedelta,
) -> None:
    """Give an officer other roles, or shut out or let in; ends the officer's sessions.

    What is taken is gone at once; roles of consequence that are new, or those of somebody who is
    let in again, wait. What was asked for by who may ask no more is stopped.

    Raises:
        Forbidden, StepUpNeeded.
    """
    kept = [Role(role) for role in officer.roles]
    _may_give(caller, officer.agency_id, [*kept, *(roles or ())])
    before = {"roles": officer.roles, "disabled": officer.disabled is not None}
    held = [] if officer.disabled is not None else persons.roles_in_effect(officer)
    if roles is not None:
        officer.roles = list(roles)
    if disabled is not None:
        officer.disabled = now() if disabled else None
    after = {"roles": officer.roles, "disabled": officer.disabled is not None}
    sessions.end_all(session, officer)
    audit.note(
        session, caller, "officer.change", f"officer:{officer.id}", before=before, after=after
    )
    if officer.disabled is not None:
        grants.supersede(session, caller, f"officer:{officer.id}")
    else:
        added = [role for role in officer.roles if role not in held]
        grants.hold_roles(session, caller, officer, "officer.change", added, cooling)
    if officer.disabled is not None or not _ADMINISTRATORS.intersection(officer.roles):
        grants.stop_all_asked_by(session, caller, officer)


def _may_give(caller: Caller, agency_id: int, roles: Sequence[Role]) -> None:
    require(caller, Verb.ADMINISTER_AGENCY)
    if allows(caller, Verb.ADMINISTER_REGION):
        return
    if agency_id != caller.agency_id:
        raise Forbidden("You may look after your own agency's officers only.")
    if regional := _REGIONAL & set(roles):
        raise Forbidden(f"Role {min(regional)} is a regional administrator's to give.")


def _new_invitation(session: Session, officer: Officer) -> str:
    token = f"casai_{secrets.token_hex(20)}"
    session.execute(delete(Invitation).where(Invitation.officer_id == officer.id))
    session.add(
        Invitation(digest=_digest(token), officer_id=officer.id, expires=now() + INVITATION_LASTS)
    )
    session.flush()
    return token


def enrol(
    session: Session,
    sealer: Sealer,
    token: str,
    password: str,
    code: str | None,
    origin: Origin,
) -> Enrolment:
    """Take up an invitation: first the authenticator's address, then with its code the rest.

    Raises:
        InvitationRefused
        passwords.WeakPassword
        SignInRefused: the code is not the authenticator's.
    """
    officer = _invited(session, token)
    passwords.check(password, [officer.email, officer.name])
    if code is None or officer.totp_secret is None:
        secret = second_factor.new_secret()
        officer.totp_secret = sealer.seal(secret.encode(), _TOTP + officer.id)
        return Enrolment(second_factor.provisioning_uri(secret, officer.email))
    if not _prove(officer, sealer, code):
        raise SignInRefused
    codes, digests = second_factor.new_recovery_codes()
    officer.recovery, officer.password = digests, passwords.hashed(password)
    session.execute(delete(Invitation).where(Invitation.officer_id == officer.id))
    audit.note(session, origin, "officer.enrol", f"officer:{officer.id}")
    return Enrolment(None, tuple(codes))


def _invited(session: Session, token: str) -> Officer:
    if not _TOKEN.fullmatch(token):
        raise InvitationRefused
    invitation = session.get(Invitation, _digest(token), with_for_update=True)
    if invitation is None or invitation.expires <= now():
        raise InvitationRefused
    officer = session.get_one(Officer, invitation.officer_id, with_for_update=True)
    if officer.disabled is not None:
        raise InvitationRefused
    return officer


def sign_in(
    database: Database,
    settings: Settings,
    sealer: Sealer,
    *,
    email: str,
    password: str,
    code: str,
    origin: Origin,
) -> str:
    """A new session's token. The attempt is counted before it is looked at, so that many at once
    are no way around the limit.

    Raises:
        SignInRefused
    """
    address = email.strip().lower()
    here = f"{address}\n{neighbourhood(origin.address)}"
    with database.writing() as session:
        kept = session.scalar(select(Officer).where(Officer.email == address))
        identity, secret = (kept.id, kept.password) if kept else (None, None)
        wait = _count_attempt(session, here)
        if not wait and not _is_familiar(session, identity, origin):
            wait = _count_attempt(session, address, STRANGERS_ATTEMPTS)
        if wait:
            raise SignInRefused(wait)
    if not passwords.matches(secret, password) or identity is None:
        raise _refusal(database, identity, origin)
    with database.writing() as session:
        officer = session.get_one(Officer, identity, with_for_update=True)
        good = officer.disabled is None and officer.password == secret
        if good and _prove(officer, sealer, code):
            _forget_attempts(session, here)
            _forgive(session, address)
            audit.note(session, origin, "session.begin", f"officer:{officer.id}")
            return sessions.begin(session, officer, settings)
    raise _refusal(database, identity, origin)


def _refusal(database: Database, identity: str | None, origin: Origin) -> SignInRefused:
    """Officers' failures are audited; a stranger's guesses at addresses are only counted."""
    if identity is not None:
        with database.writing() as session:
            audit.note(session, origin, "session.begin", f"officer:{identity}", outcome="refused")
    return SignInRefused()


def _is_familiar(session: Session, identity: str | None, origin: Origin) -> bool:
    """Whether the officer has signed in from there lately; nobody is familiar anywhere."""
    query = select(AuditEntry.address).where(
        AuditEntry.subject == f"officer:{identity}",
        AuditEntry.action == "session.begin",
        AuditEntry.outcome == "done",
        AuditEntry.at >= now() - _LATELY,
    )
    here = neighbourhood(origin.address)
    return any(neighbourhood(one) == here for one in session.scalars(query.distinct()))


def _count_attempt(session: Session, what: str, free: int = FREE_ATTEMPTS) -> float:
    """Seconds to wait, or 0 when this attempt may be made; so many are ``free`` of any wait."""
    moment = now()
    digest = _digest(what)
    with suppress(IntegrityError), session.begin_nested():  # somebody may do it just now
        if session.get(SignInAttempts, digest) is None:
            session.add(SignInAttempts(digest=digest, failures=0))
    row = session.get_one(SignInAttempts, digest, with_for_update=True, populate_existing=True)
    if row.locked_until is not None and row.locked_until > moment:
        return (row.locked_until - moment).total_seconds()
    row.failures += 1
    row.changed = moment
    row.locked_until = moment + lock(row.failures, free) if row.failures >= free else None
    session.flush()
    return 0.0


def lock(failures: int, free: int = FREE_ATTEMPTS) -> timedelta:
    """How long the next must wait after so many attempts that went wrong in a row."""
    doublings = min(failures - free, 10)
    return min(_LONGEST_LOCK, _FIRST_LOCK * (1 << doublings))


def _forget_attempts(session: Session, what: str) -> None:
    session.execute(delete(SignInAttempts).where(SignInAttempts.digest == _digest(what)))


def _forgive(session: Session, address: str) -> None:
    """Take this attempt, which was good, off the strangers' count; theirs stay."""
    row = session.get(SignInAttempts, _digest(address), with_for_update=True)
    if row is not None:
        row.failures = max(row.failures - 1, 0)


def step_up(database: Database, sealer: Sealer, officer_id: str, token: str, code: str) -> str:
    """The session's new token after the second factor was shown again.

    Attempts count for the session alone: whoever only knows the officer's address locks nothing.

    Raises:
        SignInRefused, sessions.SessionRefused.
    """
    attempts = f"step-up\n{token}"
    with database.writing() as session:
        if wait := _count_attempt(session, attempts):
            raise SignInRefused(wait)
    with database.writing() as session:
        officer = session.get_one(Officer, officer_id, with_for_update=True)
        if _prove(officer, sealer, code):
            _forget_attempts(session, attempts)
            return sessions.renew(session, token)
    raise SignInRefused


def _prove(officer: Officer, sealer: Sealer, code: str) -> bool:
    if officer.totp_secret is None:
        return False
    secret = sealer.open(officer.totp_secret, _TOTP + officer.id).decode()
    proof = second_factor.prove(code, secret, officer.totp_step, tuple(officer.recovery))
    if proof is None:
        return False
    officer.totp_step, officer.recovery = proof.step, list(proof.recovery)
    return True


def sweep(session: Session, moment: datetime) -> None:
    """Forget invitations that expired and attempts of long ago."""
    session.execute(delete(Invitation).where(Invitation.expires <= moment))
    long_ago = moment - timedelta(days=1)
    session.execute(delete(SignInAttempts).where(SignInAttempts.changed <= long_ago))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
