"""The siren of last resort: a warning as one short message."""

from casa.disasters.texts.gsm7 import fits_one_message, transliterate
from casa.disasters.texts.passage import Passage

_MOST_PLACES = 3


def sms(passage: Passage, prefix: str) -> str:
    """Level, hazard, place and action, and as much more as one message holds.

    Places go first when room is short, down to "your area"; nothing is cut inside a sentence.
    """
    text = next(
        text
        for most in range(min(_MOST_PLACES, len(passage.names)), -1, -1)
        if fits_one_message(text := _core(passage, prefix, most)) or most == 0
    )
    event = passage.event and f"{passage.event}."
    for sentence in (passage.sms_arrival, passage.scale, passage.contact, event):
        longer = f"{text} {transliterate(sentence)}" if sentence else text
        text = longer if fits_one_message(longer) else text
    return text


def _core(passage: Passage, prefix: str, most: int) -> str:
    text = passage.words.frame.sms.format(
        label=passage.label, places=passage.places(most), action=passage.action
    )
    return transliterate(f"{prefix}: {text}" if prefix else text)
