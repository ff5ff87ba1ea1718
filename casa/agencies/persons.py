"""Which persons stand behind actors: two pairs of eyes are two persons', whatever they write by."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.agencies.models import ApiKey, Officer
from casa.agencies.permissions import Role
from casa.database import now

_KEY, _OFFICER = "key:", "officer:"


def behind(session: Session, actors: Iterable[str]) -> set[str]:
    """The actors, and for each key among them the officers who have had its secret in hand."""
    known = set(actors)
    keys = [actor.removeprefix(_KEY) for actor in known if actor.startswith(_KEY)]
    for makers in session.scalars(select(ApiKey.makers).where(ApiKey.id.in_(keys))):
        known.update(makers)
    return known


def standing(
    session: Session, agency_id: int, actors: Iterable[str], roles: Collection[Role]
) -> set[str]:
    """Those of the actors who are officers of the agency, not shut out, and hold all of ``roles``
    at this moment.
    """
    identities = [one.removeprefix(_OFFICER) for one in actors if one.startswith(_OFFICER)]
    rows = session.scalars(
        select(Officer).where(
            Officer.id.in_(identities), Officer.agency_id == agency_id, Officer.disabled.is_(None)
        )
    )
    return {f"{_OFFICER}{row.id}" for row in rows if set(roles) <= set(roles_in_effect(row))}


def roles_in_effect(officer: Officer) -> list[str]:
    """The officer's roles but for those that still wait for another administrator."""
    moment = now()
    return [
        role
        for role in officer.roles
        if role not in officer.waiting or datetime.fromisoformat(officer.waiting[role]) <= moment
    ]
