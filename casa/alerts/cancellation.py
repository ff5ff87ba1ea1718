"""The text of a cancellation, ready in every language that the alert was in."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from casa.alerts.content import HEADLINE_LIMIT, Content, cut
from casa.alerts.exercise import unmarked
from casa.alerts.message import Info, Message

# Long enough for a phone that was off to hear of it, short enough not to linger.
_LIFETIME = timedelta(hours=24)

_PREFIX = {
    "en": "Cancelled",
    "fr": "Annulé",
    "ht": "Anile",
    "nl": "Ingetrokken",
    "es": "Cancelado",
}
_TEXT = {
    "en": "This alert is cancelled.",
    "fr": "Cette alerte est annulée.",
    "ht": "Alèt sa a anile.",
    "nl": "Deze waarschuwing is ingetrokken.",
    "es": "Esta alerta queda cancelada.",
}


def cancellation(message: Message, moment: datetime, reasons: Mapping[str, str]) -> Content:
    """What a Cancel of ``message`` says; ``reasons`` by language replace the ready text.

    Kind, severity and areas stay those of the message, so that whoever was to get the alert is
    to get its end.
    """
    return Content(
        status=message.status,
        scope=message.scope,
        incidents=message.incidents,
        area=message.area,
        info=tuple(_ended(info, message.status, moment, reasons) for info in message.info),
    )


def _ended(info: Info, status: str, moment: datetime, reasons: Mapping[str, str]) -> Info:
    language = info.language.split("-")[0].lower()
    title = unmarked(info.headline, status, info.language)
    headline = f"{_PREFIX.get(language, _PREFIX['en'])}: {title}"
    reason = reasons.get(info.language) or reasons.get(language)
    return msgspec.structs.replace(
        info,
        headline=cut(headline, HEADLINE_LIMIT),
        description=reason or _TEXT.get(language, _TEXT["en"]),
        instruction=None,
        response_type=("AllClear",),
        urgency="Past",
        effective=None,
        onset=None,
        expires=moment + _LIFETIME,
        parameter=(),
        resource=(),
    )
