"""Who publishes, as a plain value that the rules of every kind can take."""

from dataclasses import dataclass

from casa.agencies.mandates import Mandate


@dataclass(frozen=True)
class Caller:
    """An agency that has shown who it is, with its mandates as plain values."""

    agency_id: int
    code: str
    name: str
    sender: str
    contact: str | None
    web: str | None
    mandates: tuple[Mandate, ...]
