"""Who is calling: the system behind a key, or the officer behind a session."""

import hmac
from typing import cast

from flask import Request, current_app, g, request

from casa.agencies import audit, keys, sessions
from casa.agencies.caller import Caller
from casa.agencies.mandates import Mandate
from casa.agencies.models import Agency, ApiKey, MandateRow, OfficerSession
from casa.agencies.persons import roles_in_effect
from casa.database import ASIDE, database, now
from casa.problems import Problem
from casa.settings import Settings

SECURITY: list[dict[str, list[str]]] = [{"agencyKey": []}, {"officerSession": []}]
COOKIE = "casa-session"
CSRF_HEADER = "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def caller() -> Caller:
    """The calling agency's officer or system.

    Raises:
        Problem: 401, without telling a wrong key from a revoked one.
    """
    if (known := optional_caller()) is None:
        raise _unauthorised("Send a key as 'Authorization: Bearer casa_…', or sign in.")
    return known


def require_agency() -> None:
    """For a blueprint's ``before_request``: nobody else learns even what a request looks like."""
    caller()


def optional_caller() -> Caller | None:
    """Who is calling, or ``None`` for the public; a key or session that is shown must be right.

    Raises:
        Problem: 401; 403 when a browser sends its cookie without the page's token.
    """
    if "refusal" in g:
        raise g.refusal
    if "caller" not in g:
        try:
            g.caller = _shown_caller()
        except Problem as refusal:
            g.refusal = refusal
            raise
    return cast(Caller | None, g.caller)


def proven_caller() -> Caller | None:
    """Who is calling, ``None`` also where what is shown is not right."""
    try:
        return optional_caller()
    except Problem:
        return None


def _shown_caller() -> Caller | None:
    if (credentials := _bearer(request)) is None:
        return _by_cookie()
    if credentials.startswith("casas_"):
        return _by_session(credentials)
    return _by_key(credentials)


def presented_session() -> str | None:
    """The token of the session that the request shows, right or not."""
    credentials = _bearer(request)
    if credentials is not None:
        return credentials if credentials.startswith("casas_") else None
    return request.cookies.get(COOKIE)


def _bearer(source: Request) -> str | None:
    header = source.headers.get("Authorization", "")
    if not header:
        return None
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "bearer":
        raise _unauthorised("Only the Bearer scheme is known here.")
    return credentials.strip()


def _by_key(credentials: str) -> Caller:
    try:
        with database().reading() as session:
            key = keys.key_of(session, credentials, request.remote_addr)
            known = describe(key.agency, **_rights(key))
        if key.used != now().date():
            with database().writing() as session:
                session.info[ASIDE] = True
                keys.note_use(session, key.id)
    except keys.KeyWaits as waits:
        detail = f"The key is good from {waits.starts.isoformat()} on, or once it is confirmed."
        raise Problem(403, "grant-waiting", detail) from None
    except keys.KeyRefused as refused:
        if refused.known is not None:
            _note_stolen(refused.known)
        raise _unauthorised(
            "The key is not valid: mistyped, revoked, run out, or not for here."
        ) from None
    return known


def _rights(key: ApiKey) -> dict[str, object]:
    return {"actor": f"key:{key.id}", "roles": frozenset(key.scopes), "stepped_up": True}


def _note_stolen(identifier: str) -> None:
    """A right secret at the wrong time or place: whoever audits must see it."""
    with database().writing() as session:
        agency = session.get_one(ApiKey, identifier).agency
        known = describe(agency, actor=f"key:{identifier}")
        audit.note(session, known, "key.use", f"key:{identifier}", outcome="refused")


def _by_cookie() -> Caller | None:
    token = request.cookies.get(COOKIE)
    if token is None:
        return None
    sent = request.headers.get(CSRF_HEADER, "").encode()
    expected = sessions.csrf_token(token).encode()
    if request.method not in _SAFE and not hmac.compare_digest(sent, expected):
        detail = f"Send the session's csrf token as {CSRF_HEADER} with the cookie."
        raise Problem(403, "csrf", detail)
    return _by_session(token)


def _by_session(token: str) -> Caller:
    settings = cast(Settings, current_app.extensions["casa.settings"])
    try:
        with database().reading() as session:
            found = sessions.find(session, token, settings)
            known = officer_caller(found)
        if sessions.needs_note(found):
            with database().writing() as session:
                session.info[ASIDE] = True
                sessions.note_use(session, found)
    except sessions.SessionRefused:
        raise _unauthorised("The session has ended: sign in again.") from None
    return known


def officer_caller(found: OfficerSession) -> Caller:
    officer = found.officer
    return describe(
        officer.agency,
        actor=f"officer:{officer.id}",
        roles=frozenset(roles_in_effect(officer)),
        stepped_up=sessions.is_stepped_up(found),
    )


def describe(agency: Agency, **rights: object) -> Caller:
    """Somebody of ``agency`` with these rights, calling in the current request."""
    return Caller(
        agency_id=agency.id,
        code=agency.code,
        name=agency.name,
        sender=agency.sender,
        contact=agency.contact,
        web=agency.web,
        mandates=tuple(as_value(row) for row in agency.mandates),
        address=request.remote_addr,
        request_id=g.get("request_id"),
        sender_names=tuple(agency.sender_names),
        **rights,  # type: ignore[arg-type]
    )


def as_value(row: MandateRow) -> Mandate:
    return Mandate(
        kinds=tuple(row.kinds),
        places=tuple(row.places),
        max_severity=row.max_severity,
        statuses=tuple(row.statuses),
        open_sea=row.open_sea,
        beyond_region=row.beyond_region,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )


def _unauthorised(detail: str) -> Problem:
    return Problem(401, "unauthorised", detail, headers={"WWW-Authenticate": 'Bearer realm="casa"'})
