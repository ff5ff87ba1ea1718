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
# Why, in words that one officer may send without another.
_READY = {
    "over": {
        "en": "What this alert warned of is over.",
        "fr": "Ce dont cette alerte avertissait est terminé.",
        "ht": "Sa alèt sa a te anonse a fini.",
        "nl": "Datgene waarvoor deze waarschuwing gold, is voorbij.",
        "es": "Lo que motivó esta alerta ha terminado.",
    },
    "sent_in_error": {
        "en": "This alert was sent in error. Please disregard it.",
        "fr": "Cette alerte a été envoyée par erreur. Veuillez ne pas en tenir compte.",
        "ht": "Yo te voye alèt sa a pa erè. Tanpri, pa okipe l.",
        "nl": "Deze waarschuwing is per vergissing verzonden. U kunt haar negeren.",
        "es": "Esta alerta se envió por error. Por favor, no la tenga en cuenta.",
    },
    "exercise": {
        "en": "This was only an exercise. There was no real danger.",
        "fr": "Il s'agissait seulement d'un exercice. Il n'y avait aucun danger réel.",
        "ht": "Se te yon egzèsis sèlman. Pa t gen danje tout bon.",
        "nl": "Dit was alleen een oefening. Er was geen echt gevaar.",
        "es": "Fue solo un ejercicio. No hubo ningún peligro real.",
    },
}
READY_REASONS = tuple(_READY)
_READY_WORDS = {words for texts in (_TEXT, *_READY.values()) for words in texts.values()}

_NO_REASON = "is not told where an alert is of a person; leave it out, the ready text is used"


def ready_words(reason: str, message: Message) -> dict[str, str]:
    """What a ready reason says in each of the languages that the message is in."""
    texts = _READY[reason]
    return {
        info.language: texts.get(info.language.split("-")[0].lower(), texts["en"])
        for info in message.info
    }


def in_ready_words(text: Content) -> bool:
    """Whether a Cancel gives none but ready reasons."""
    return all(info.description in _READY_WORDS for info in text.info)


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
