"""The text of a cancellation, ready in every language that the alert was in."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from casa.alerts.content import CANCEL_LIFETIME, HEADLINE_LIMIT, Content, InvalidContent, cut
from casa.alerts.exercise import unmarked
from casa.alerts.kinds import AlertKind
from casa.alerts.message import Info, Message

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

_NO_REASON = "is not told where an alert is of a person; leave it out, the ready text is used"


def cancellation(
    kind: AlertKind, message: Message, moment: datetime, reasons: Mapping[str, str]
) -> Content:
    """What a Cancel of ``message`` says; ``reasons`` by language replace the ready text.

    Kind, severity and areas stay those of the message, so that whoever was to get the alert is
    to get its end.

    Raises:
        InvalidContent: reasons where the kind lets nothing but its own words be said.
    """
    if kind.closing is not None:
        if reasons:
            raise InvalidContent([("/reason", _NO_REASON)])
        return kind.closing(message, moment)
    return ending(message, moment, reasons)


def ending(message: Message, moment: datetime, reasons: Mapping[str, str]) -> Content:
    """The same for a kind that has no words of its own for it."""
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
        expires=moment + CANCEL_LIFETIME,
        parameter=(),
        resource=(),
    )
