"""``Idempotency-Key``: a POST that is sent again, because its answer was lost, is not done again.

The first request with a key takes a row before it does anything; what it writes marks that row in
the same transaction, so however the service dies, a change that was made is known to have been
made. The answer is kept for a day, sealed, for the caller who has proved who they are: whoever has
ended a session, or whose key was revoked, gets none. What holds a secret that is shown once (a key,
an invitation, a session, recovery codes, a device's or a webhook's secret) is not kept: whoever
asks again hears that it was done. A request that failed changed nothing and may be sent again.

Source: the IETF draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key).
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from flask import Flask, Response, g, has_request_context, json, request
from sqlalchemy import LargeBinary, String, delete, event, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from casa.database import ASIDE, Base, UtcDateTime, database, now
from casa.problems import Problem
from casa.sealing import sealer

HEADER = "Idempotency-Key"
KEPT = timedelta(days=1)
# A request that took its row and neither changed anything nor answered has died.
_DEAD = timedelta(minutes=2)
_LONGEST = 255
_PURPOSE = "idempotency"
_HEADERS = ("Content-Type", "Location")


class Request(Base):
    """A request with a key: ``state`` is ``begun``, ``changed`` (it committed), ``answered``, or
    ``shown``: answered with a secret, which is not kept.
    """

    __tablename__ = "idempotent_request"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10))
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    begun: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


def init_app(app: Flask, proven: Callable[[], str | None]) -> None:
    """Honour the header on every POST of ``app``; must come before what reads the body.

    ``proven`` names who has shown in the request who they are.
    """
    app.before_request(partial(_begin, proven))
    app.after_request(_end)


def _begin(proven: Callable[[], str | None]) -> Response | None:
    key = request.headers.get(HEADER, "")
    if request.method != "POST" or not key:
        return None
    if len(key) > _LONGEST or not key.isprintable():
        raise Problem(400, "bad-request", f"{HEADER} must have 1 to {_LONGEST} characters.")
    if (whose := proven()) is None and not _is_uuid(key):
        _refuse_what_could_be_guessed()
        return None
    digest = _digest(f"{whose or ''}\n{request.path}\n{key}".encode())
    content = _digest(request.full_path.encode() + b"\n" + _body())
    try:
        with database().writing() as session:
            found = session.get(Request, digest, with_for_update=True)
            if found is not None and found.state == "begun" and now() - found.begun > _DEAD:
                session.delete(found)
                session.flush()
                found = None
            if found is None:
                session.add(Request(digest=digest, content=content, state="begun", begun=now()))
    except IntegrityError:
        raise _in_progress() from None
    if found is not None:
        return _again(found, content)
    g.idempotent = digest
    return None


def _body() -> bytes:
    """What tells one request from another; a photograph, which may be large, by its length."""
    if request.is_json or request.mimetype.endswith("xml"):
        return request.get_data()
    return f"{request.content_type} {request.content_length}".encode()


def _is_uuid(key: str) -> bool:
    try:
        UUID(key)
    except ValueError:
        return False
    return True


def _refuse_what_could_be_guessed() -> None:
    """Without a proven caller the key alone tells who asks again, so nobody may guess it. Whoever
    shows credentials that are not right hears that first, from the route.
    """
    if "Authorization" not in request.headers and "Cookie" not in request.headers:
        raise Problem(400, "bad-request", f"Here {HEADER} must be a random UUID.")


def _again(found: Request, content: str) -> Response:
    if found.state == "shown":
        raise Problem(
            409,
            "shown-once",
            "This was done when it was first asked, and its answer held a secret that is shown"
            " once. If it was lost, take a new one in place of what was made.",
        )
    if found.content != content:
        detail = f"This {HEADER} was used for another request: take a new one for each."
        raise Problem(422, "key-reused", detail)
    if found.state == "begun":
        raise _in_progress()
    if found.answer is None:
        detail = "This was done, but its answer was lost: look for what it made, do not repeat it."
        raise Problem(409, "answer-lost", detail)
    kept = json.loads(sealer().open(found.answer, _PURPOSE))
    response = Response(kept["body"], kept["status"], kept["headers"])
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _in_progress() -> Problem:
    detail = "The same request is being answered right now."
    return Problem(409, "in-progress", detail, headers={"Retry-After": "1"})


@event.listens_for(Session, "before_commit")
def _mark(session: Session) -> None:
    """What the request changes and the mark that it did so are one transaction."""
    if not has_request_context() or "idempotent" not in g or session.info.get(ASIDE):
        return
    statement = update(Request).where(Request.digest == g.idempotent)
    session.execute(statement.values(state="changed"))


def _end(response: Response) -> Response:
    digest = g.pop("idempotent", None)
    if digest is None:
        return response
    with database().writing() as session:
        if response.status_code >= 400:
            session.execute(delete(Request).where(Request.digest == digest))
            return response
        if g.pop("shown_once", False):
            # Not even a digest of what was sent is kept: it may have been a password.
            shown = update(Request).where(Request.digest == digest)
            session.execute(shown.values(state="shown", content=""))
            return response
        kept = {
            "status": response.status_code,
            "headers": {
                name: response.headers[name] for name in _HEADERS if name in response.headers
            },
            "body": response.get_data(as_text=True),
        }
        sealed = sealer().seal(json.dumps(kept).encode(), _PURPOSE)
        session.execute(
            update(Request).where(Request.digest == digest).values(state="answered", answer=sealed)
        )
    return response


def sweep(session: Session, moment: datetime) -> None:
    """Forget requests of more than a day ago."""
    session.execute(delete(Request).where(Request.begun <= moment - KEPT))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
