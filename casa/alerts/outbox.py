"""The outbox: what is to be delivered, written in the publishing transaction.

This package knows nothing of delivery; it posts one dispatch for each channel that stands here
and whoever delivers takes them up.
"""

from sqlalchemy.orm import Session

from casa.alerts import doorbell
from casa.alerts.message import Message
from casa.alerts.models import Dispatch

# Sockets need no dispatch: every web process follows the public sequence itself.
CHANNELS = ("push", "webhook")

_URGENCY = {"Immediate": 0, "Expected": 1, "Future": 2, "Unknown": 2, "Past": 3}
_SEVERITY = {"Extreme": 0, "Severe": 1, "Moderate": 2, "Unknown": 2, "Minor": 3}


def priority(message: Message) -> int:
    """0 (goes first) to 9: severity before urgency, real alerts before exercises."""
    first = message.info[0]
    graded = 2 * _SEVERITY[first.severity] + (1 if _URGENCY[first.urgency] > 1 else 0)
    return graded if message.status == "Actual" else 9


def post(session: Session, message: Message) -> None:
    """Write the message's dispatches, and ring for those who follow the sequence."""
    session.add_all(
        Dispatch(
            sequence=message.sequence,
            thread=message.thread,
            channel=channel,
            priority=priority(message),
        )
        for channel in CHANNELS
    )
    session.flush()
    doorbell.announce(session)
