"""A warning's texts from its facts."""

from casa.alerts.content import HEADLINE_LIMIT
from casa.alerts.exercise import notice, prefix
from casa.disasters.texts.facts import Facts, Texts
from casa.disasters.texts.passage import Passage, passage
from casa.disasters.texts.radio import radio
from casa.disasters.texts.sms import sms

_MOST_PLACES_IN_HEADLINE = 3
_MOST_PLACES = 8


def compose(hazard: str, level: str, facts: Facts, language: str) -> Texts:
    """The texts of a warning in a BCP 47 language. Raises UnsupportedLanguage, KeyError."""
    written = passage(hazard, level, facts, language, "written")
    spoken = passage(hazard, level, facts, language, "spoken")
    mark = prefix(facts.status, language)
    said = notice(facts.status, language)
    return Texts(
        headline=_headline(written, mark),
        description=_description(written, mark, said),
        instruction=_instruction(written, mark),
        sms=sms(written, mark),
        radio=radio(spoken, mark, said),
    )


def _headline(written: Passage, mark: str) -> str:
    """With as many places as the limit of a headline leaves room for."""
    frame = written.words.frame
    pattern = frame.headline_event if written.event else frame.headline
    for most in range(_MOST_PLACES_IN_HEADLINE, -1, -1):
        text = _marked(
            mark,
            pattern.format(event=written.event, label=written.label, places=written.places(most)),
        )
        if len(text) <= HEADLINE_LIMIT:
            break
    return text


def _description(written: Passage, mark: str, said: str) -> str:
    places = written.words.frame.places.format(places=written.places(_MOST_PLACES))
    sentences = (
        said,
        *written.description,
        places,
        *written.told.values(),
        written.scale,
        written.next_update,
        written.agency,
    )
    return _marked(mark, " ".join(sentence for sentence in sentences if sentence))


def _instruction(written: Passage, mark: str) -> str:
    sentences = (
        *written.instruction,
        written.scale_instruction,
        written.shelters,
        written.contact,
    )
    return _marked(mark, "\n".join(sentence for sentence in sentences if sentence))


def _marked(mark: str, text: str) -> str:
    return f"{mark}: {text}" if mark else text
