"""Who acts, as a plain value that the rules of every kind can take."""

from dataclasses import dataclass

from casa.agencies.mandates import Mandate


@dataclass(frozen=True)
class Origin:
    """Where a request of somebody not yet known comes from, for the audit trail."""

    address: str | None = None
    request_id: str | None = None


@dataclass(frozen=True)
class Caller:
    """An agency's officer or system that has shown who it is, with the agency's mandates.

    ``actor`` is ``officer:…`` or ``key:…`` with its id; ``roles`` are an officer's roles or a
    key's scopes; ``stepped_up`` tells that an officer has shown the second factor just now (a
    key has none, so it always has). ``address`` and ``request_id`` are for the audit trail.
    ``sender_names`` are the names, beside its own, that are registered for the agency.
    """

    agency_id: int
    code: str
    name: str
    sender: str
    contact: str | None
    web: str | None
    mandates: tuple[Mandate, ...]
    actor: str = "system"
    roles: frozenset[str] = frozenset()
    stepped_up: bool = False
    address: str | None = None
    request_id: str | None = None
    sender_names: tuple[str, ...] = ()
