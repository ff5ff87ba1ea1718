"""What a follower is sent of a message: the one block in its language, flat. Pure."""

from collections.abc import Sequence
from typing import Any

import msgspec

from casa.alerts.areas import is_news
from casa.alerts.message import Message

_SAID = (
    "language", "event", "urgency", "severity", "certainty", "onset", "expires", "sender_name",
    "headline", "description", "instruction", "response_type", "web", "contact",
)  # fmt: skip


def frame(message: Message, languages: Sequence[str], concerns: bool) -> dict[str, Any]:
    """The ``alert`` event's argument.

    ``concerns`` is false for an Update that no longer reaches the follower, whom an earlier
    message of the thread reached: it is the sign to take that one down. ``news`` is false for one
    that only changes where it is for, or how long: a map shows it, nobody is disturbed.
    """
    block = message.info_for(tuple(languages))
    info = msgspec.to_builtins(block)
    return {
        "sequence": message.sequence,
        "identifier": message.identifier,
        "thread": message.thread,
        "msg_type": message.msg_type,
        "status": message.status,
        "kind": message.kind,
        "sender": message.sender,
        "sent": message.sent.isoformat(),
        "concerns": concerns,
        "news": is_news(message),
        **{name: info[name] for name in _SAID},
        "thumbnail": block.thumbnail,
        "references": [one.identifier for one in message.references],
        "area": msgspec.to_builtins(message.area),
    }
