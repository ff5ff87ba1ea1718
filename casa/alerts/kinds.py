"""The registry of kinds: what the alerts package must know of each, and no more.

A kind is composed, not inherited: it keeps records of its own, composes each into a
``Content``, and registers here. The assembly builds one ``Kinds`` and hands it on.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from flask import current_app
from sqlalchemy.orm import Session

from casa.alerts.content import Content
from casa.alerts.message import Message


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How long an alert of the kind lives by default and at most.

    ``alone`` is the greatest severity that one officer may publish without a second one.
    """

    lifetime: timedelta
    longest: timedelta
    alone: str


@dataclass(frozen=True, kw_only=True)
class AlertKind:
    """A kind: its code on the wire, its English name, CAP categories it may carry, its policy.

    ``closing`` is for a kind that tells of persons: what a Cancel at that moment says, which
    repeats nothing of the message that it ends. With it, a cancelled thread is withdrawn.
    ``safeguards``: its alerts may be of minors or of trafficked persons (``policy.py``).
    ``published`` is told of each message in the transaction that makes it public.
    """

    code: str
    name: str
    categories: tuple[str, ...]
    policy: Policy
    closing: Callable[[Message, datetime], Content] | None = None
    safeguards: bool = False
    published: Callable[[Session, Message], None] | None = None


class UnknownKind(Exception):
    """No kind has this code; the message lists those there are."""


class Kinds:
    """All kinds of an application, by code."""

    def __init__(self, kinds: Iterable[AlertKind]) -> None:
        self._kinds = {kind.code: kind for kind in kinds}

    def __iter__(self) -> Iterator[AlertKind]:
        return iter(self._kinds.values())

    def __getitem__(self, code: str) -> AlertKind:
        try:
            return self._kinds[code]
        except KeyError:
            raise UnknownKind(
                f"There is no kind {code!r}; one of {', '.join(self._kinds)}."
            ) from None

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(self._kinds)


def kinds() -> Kinds:
    """The current application's kinds."""
    return cast(Kinds, current_app.extensions["casa.kinds"])
