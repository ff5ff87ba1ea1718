"""Who may do what: one table, and one function that asks it. Free of Flask and of SQL.

A role is what an agency administrator gives to an officer; a scope is what a system's key is
given. Where and how gravely stands in mandates, which policy asks for in ``casa.alerts.policy``.
"""

from collections.abc import Iterable
from enum import StrEnum

from casa.agencies.caller import Caller


class Role(StrEnum):
    """Of officers. ``safeguarding`` comes beside ``approver``, for alerts of minors and trafficked
    persons.
    """

    AUTHOR = "author"
    APPROVER = "approver"
    SAFEGUARDING = "safeguarding"
    AGENCY_ADMINISTRATOR = "agency_administrator"
    REGIONAL_ADMINISTRATOR = "regional_administrator"
    AUDITOR = "auditor"


class Scope(StrEnum):
    """Of systems' keys. ``unattended`` publishes without a second pair of eyes; with
    ``safeguarded`` beside it also what is of minors and trafficked persons, whom its system looks
    after then.
    """

    READ = "read"
    DRAFT = "draft"
    PUBLISH = "publish"
    UNATTENDED = "unattended"
    SAFEGUARDED = "safeguarded"


ROLES = tuple(Role)
SCOPES = tuple(Scope)


class Verb(StrEnum):
    READ = "read the agency's alerts"
    READ_ALL = "read what other agencies keep to themselves"
    DRAFT = "draft, edit and discard alerts"
    SUBMIT = "submit alerts for approval"
    APPROVE = "approve, reject and consent to alerts"
    PUBLISH = "publish alerts"
    PUBLISH_UNATTENDED = "publish without the second officer that policy asks for"
    SAFEGUARD = "let out alerts of minors and trafficked persons"
    CANCEL = "cancel alerts"
    BREAK_GLASS = "publish in an emergency without approval"
    PREPARE = "write templates"
    INVESTIGATE = "read and weigh what citizens report, and write notes on cases"
    IMPORT = "import records of other registries"
    SHELTER = "keep shelters and say which are open"
    OBJECT = "stop a right that waits for another administrator"
    ADMINISTER_AGENCY = "look after the agency's officers and keys"
    ADMINISTER_REGION = "look after agencies and mandates"
    AUDIT = "read the audit trail"


_EVERYONE = frozenset({*Role, Scope.READ})

TABLE: dict[Verb, frozenset[str]] = {
    Verb.READ: _EVERYONE,
    Verb.READ_ALL: frozenset({Role.REGIONAL_ADMINISTRATOR, Role.AUDITOR}),
    Verb.DRAFT: frozenset({Role.AUTHOR, Scope.DRAFT}),
    Verb.SUBMIT: frozenset({Role.AUTHOR, Scope.DRAFT}),
    Verb.APPROVE: frozenset({Role.APPROVER}),
    Verb.PUBLISH: frozenset({Role.AUTHOR, Role.APPROVER, Scope.PUBLISH}),
    Verb.PUBLISH_UNATTENDED: frozenset({Scope.UNATTENDED}),
    Verb.SAFEGUARD: frozenset({Role.SAFEGUARDING, Scope.SAFEGUARDED}),
    Verb.CANCEL: frozenset({Role.AUTHOR, Role.APPROVER, Scope.PUBLISH}),
    Verb.BREAK_GLASS: frozenset({Role.REGIONAL_ADMINISTRATOR}),
    Verb.PREPARE: frozenset({Role.AUTHOR, Role.APPROVER}),
    Verb.INVESTIGATE: frozenset({Role.AUTHOR, Role.APPROVER, Scope.DRAFT}),
    Verb.IMPORT: frozenset({Role.APPROVER, Scope.PUBLISH}),
    Verb.SHELTER: frozenset({Role.AUTHOR, Role.APPROVER, Scope.PUBLISH}),
    Verb.OBJECT: frozenset({Role.APPROVER, Role.AGENCY_ADMINISTRATOR, Role.REGIONAL_ADMINISTRATOR}),
    Verb.ADMINISTER_AGENCY: frozenset({Role.AGENCY_ADMINISTRATOR, Role.REGIONAL_ADMINISTRATOR}),
    Verb.ADMINISTER_REGION: frozenset({Role.REGIONAL_ADMINISTRATOR}),
    Verb.AUDIT: frozenset({Role.REGIONAL_ADMINISTRATOR, Role.AUDITOR}),
}

# What an officer does with these cannot be taken back by others in time, so the second factor is
# asked for again. Cancelling is not among them: it must be possible at once.
STEP_UP = frozenset(
    {
        Verb.APPROVE,
        Verb.PUBLISH,
        Verb.BREAK_GLASS,
        Verb.IMPORT,
        Verb.ADMINISTER_AGENCY,
        Verb.ADMINISTER_REGION,
    }
)


class Forbidden(Exception):
    """The caller's roles do not allow it; the message names what and who may."""


class StepUpNeeded(Exception):
    """Allowed, once the second factor has been shown again."""


def allows(caller: Caller, verb: Verb) -> bool:
    """Whether one of the caller's roles may do it, the second factor aside."""
    return not TABLE[verb].isdisjoint(caller.roles)


def require(caller: Caller, verb: Verb) -> None:
    """Refuse what no role of the caller allows, or what wants the second factor again.

    Raises:
        Forbidden, StepUpNeeded.
    """
    if not allows(caller, verb):
        raise Forbidden(f"You may not {verb}: that is for {_names(TABLE[verb])}.")
    if verb in STEP_UP and not caller.stepped_up:
        raise StepUpNeeded(f"To {verb}, show your second factor again.")


def _names(roles: Iterable[str]) -> str:
    officers = [f"an officer with role {role}" for role in Role if role in set(roles)]
    keys = [f"a key with scope {scope}" for scope in Scope if scope in set(roles)]
    return " or ".join(officers + keys)
