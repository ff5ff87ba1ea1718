"""What is said of an alert where there is no app: as one short message, and on the radio."""

from casa.alerts.message import Info, Message, Spoken
from casa.disasters.texts.following import script, short_message


def spoken(message: Message) -> tuple[Spoken, ...]:
    """The texts in each of its languages: those it was made with, else made of its own words."""
    made = {one.language: one for one in message.spoken}
    return tuple(made.get(info.language) or _of(info) for info in message.info)


def _of(info: Info) -> Spoken:
    description, instruction = info.description or "", info.instruction or ""
    return Spoken(
        language=info.language,
        sms=short_message(info.headline, instruction or description),
        radio=script(info.language, info.headline, description, instruction),
    )
