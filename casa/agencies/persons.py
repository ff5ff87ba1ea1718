"""Which persons stand behind actors: two pairs of eyes are two persons', whatever they write by."""

from collections.abc import Collection, Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from casa.agencies.models import ApiKey, Officer
from casa.agencies.permissions import Role

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
    return {f"{_OFFICER}{row.id}" for row in rows if set(roles) <= set(row.roles)}
