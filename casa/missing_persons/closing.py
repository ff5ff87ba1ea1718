"""How a case ends, and what the public is told of that: only that it has. Pure."""

from datetime import datetime

import msgspec

from casa.alerts.areas import without_words
from casa.alerts.content import CANCEL_LIFETIME, Content
from casa.alerts.message import Info, Message
from casa.alerts.phrases import LANGUAGES, phrases

OUTCOMES = ("found_safe", "found_deceased", "no_longer_sought", "withdrawn")
"""What its agency keeps of how a case ended. The family hears of a death from a person, not from
an alert, so the public text is the same for all."""


def closing(message: Message, moment: datetime) -> Content:
    """The Cancel of ``message``: who it was about, and in what words, is not repeated.

    Area and severity stay, so that whoever was to get the alert is to get its end.
    """
    return Content(
        status=message.status,
        scope=message.scope,
        area=without_words(message.area),
        info=tuple(_closed(info, moment) for info in message.info),
    )


def _closed(info: Info, moment: datetime) -> Info:
    primary = info.language.split("-")[0].lower()
    words = phrases("casa.missing_persons", primary if primary in LANGUAGES else "en")
    return msgspec.structs.replace(
        info,
        event=words["category"]["missing_adult"],
        response_type=("AllClear",),
        urgency="Past",
        event_code=(),
        effective=None,
        onset=None,
        expires=moment + CANCEL_LIFETIME,
        headline=words["closed"],
        description=words["closing"],
        instruction=None,
        web=None,
        contact=None,
        parameter=(),
        resource=(),
    )
