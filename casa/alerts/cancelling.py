"""How an officer ends a published alert: for a ready reason at once, or in words of their own."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from casa.agencies.caller import Caller
from casa.alerts import lifecycle, publication
from casa.alerts.cancellation import cancellation, ready_words
from casa.alerts.content import InvalidContent
from casa.alerts.kinds import AlertKind
from casa.alerts.message import Message
from casa.alerts.models import Alert
from casa.alerts.states import WrongState
from casa.database import now

# The name of a ready reason, or an officer's own words by language; neither where it is empty.
Reason = str | Mapping[str, str]

_ABROAD = "must be a ready reason in another state, which has consented to no other words"


def cancel(
    session: Session, caller: Caller, kind: AlertKind, alert: Alert, reason: Reason
) -> Alert:
    """The Cancel of ``alert``: published, or, where policy asks a second officer for the caller's
    own words, submitted.

    Raises:
        Forbidden
        InvalidContent: a reason where the kind lets nothing but its own words be said, or own
            words in another state.
        WrongState: it is a draft, or no longer the last of its thread.
    """
    message = publication.message_of(alert)
    if message is None:
        raise WrongState("Cannot cancel a draft: throw it away with DELETE.")
    if reason and not isinstance(reason, str):
        if alert.border is not None:
            raise InvalidContent([("/reason", _ABROAD)])
        text = cancellation(kind, message, now(), reason)
        return lifecycle.cancel_in_own_words(session, caller, kind, alert, text)
    words = _ready(kind, alert, message, str(reason or ""))
    text = cancellation(kind, message, now(), words)
    return lifecycle.cancel(session, caller, kind, alert, text)[0]


def _ready(kind: AlertKind, alert: Alert, message: Message, name: str) -> Mapping[str, str]:
    """The words of the ready reason, or those prepared with the alert and approved with it.

    A kind that has its own words for every end is not told others.
    """
    if name:
        return ready_words(name, message)
    return {} if kind.closing is not None else alert.prepared_end or {}
