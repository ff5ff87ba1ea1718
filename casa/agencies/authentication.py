"""Who is calling: the agency behind the request's bearer key."""

from typing import cast

from flask import g, request

from casa.agencies import keys
from casa.agencies.caller import Caller
from casa.agencies.mandates import Mandate
from casa.agencies.models import Agency, MandateRow
from casa.database import database, now
from casa.problems import Problem

SECURITY: list[dict[str, list[str]]] = [{"agencyKey": []}]


def caller() -> Caller:
    """The calling agency.

    Raises:
        Problem: 401, without telling a wrong key from a revoked one.
    """
    if (known := optional_caller()) is None:
        raise _unauthorised("Send the agency's key as 'Authorization: Bearer casa_…'.")
    return known


def require_agency() -> None:
    """For a blueprint's ``before_request``: nobody else learns even what a request looks like."""
    caller()


def optional_caller() -> Caller | None:
    """The calling agency, or ``None`` for the public; a key that is shown must be right."""
    if "caller" in g:
        return cast(Caller, g.caller)
    header = request.headers.get("Authorization", "")
    if not header:
        return None
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "bearer":
        raise _unauthorised("Only the Bearer scheme is known here.")
    try:
        with database().reading() as session:
            key = keys.key_of(session, credentials.strip(), request.remote_addr)
            known = _describe(key.agency)
        if key.used != now().date():
            with database().writing() as session:
                keys.note_use(session, key.id)
    except keys.KeyRefused:
        raise _unauthorised(
            "The key is not valid: mistyped, revoked, run out, or not for here."
        ) from None
    g.caller = known
    return known


def _describe(agency: Agency) -> Caller:
    return Caller(
        agency_id=agency.id,
        code=agency.code,
        name=agency.name,
        sender=agency.sender,
        contact=agency.contact,
        web=agency.web,
        mandates=tuple(as_value(row) for row in agency.mandates),
    )


def as_value(row: MandateRow) -> Mandate:
    return Mandate(
        kinds=tuple(row.kinds),
        places=tuple(row.places),
        max_severity=row.max_severity,
        open_sea=row.open_sea,
        beyond_region=row.beyond_region,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def _unauthorised(detail: str) -> Problem:
    return Problem(401, "unauthorised", detail, headers={"WWW-Authenticate": 'Bearer realm="casa"'})
