"""What is said of a hazard, and how it becomes an alert. Pure."""

from datetime import datetime, timedelta
from functools import cache, partial

import msgspec

from casa.agencies.caller import Caller
from casa.alerts import areas
from casa.alerts.composition import in_languages
from casa.alerts.content import Content
from casa.alerts.message import Area, Info, Spoken
from casa.alerts.phrases import LANGUAGES
from casa.disasters import hazards, texts
from casa.disasters.event_codes import event_codes
from casa.disasters.scales import Step, shared
from casa.disasters.texts.facts import Storm

# CAP urgency, severity and certainty of each level; a watch is Possible, a warning Likely.
LEVELS = {
    "advisory": ("Future", "Minor", "Possible"),
    "watch": ("Future", "Moderate", "Possible"),
    "warning": ("Expected", "Severe", "Likely"),
    "emergency": ("Immediate", "Extreme", "Observed"),
}
LIFETIME = timedelta(hours=12)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A hazard at one level for some places. ``scale`` is a step of their states' alert levels."""

    hazard: str
    level: str
    area: tuple[Area, ...]
    name: str | None = None
    storm: Storm | None = None
    scale: str | None = None
    status: str = "Actual"
    onset: datetime | None = None
    expires: datetime | None = None
    description: dict[str, str] = {}
    instruction: dict[str, str] = {}
    languages: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    contact: str | None = None
    web: str | None = None


def compose(facts: Facts, caller: Caller, moment: datetime) -> Content:
    """What the facts say, in the languages asked for or else those of the places reached.

    The texts are those of hazard events, but where the agency gave its own.
    """
    known = _known(facts, caller, moment)
    composed = cache(partial(texts.compose, facts.hazard, facts.level, known))
    content = in_languages(
        facts,
        lambda language, _: _info(facts, known, caller, moment, language, composed(language)),
        facts.incidents,
    )
    # Where the agency has words of its own, the short message and the script follow those.
    own = facts.description.keys() | facts.instruction.keys()
    spoken = tuple(
        Spoken(language=language, sms=composed(language).sms, radio=composed(language).radio)
        for language in (info.language for info in content.info)
        if language not in own
    )
    return msgspec.structs.replace(content, spoken=spoken)


def step_of(facts: Facts) -> Step | None:
    """The step of the alert levels that all states reached share.

    Raises:
        NoSuchStep: the facts choose one that there is not.
    """
    states = dict.fromkeys(place.state for place in areas.target(facts.area).places)
    return shared(states, facts.hazard, facts.level, facts.scale)


def _known(facts: Facts, caller: Caller, moment: datetime) -> texts.Facts:
    states = dict.fromkeys(place.state for place in areas.target(facts.area).places)
    return texts.Facts(
        places=tuple(map(_called, facts.area)),
        states=tuple(states),
        event_name=_event_name(facts),
        storm=facts.storm,
        arrival=facts.onset if states else None,
        now=moment,
        scale=step_of(facts),
        agency=texts.Named(caller.name),
        contact=facts.contact or caller.contact,
        status=facts.status,  # type: ignore[arg-type]
    )


def _called(area: Area) -> texts.Named:
    names = {language: areas.described(area, language) for language in LANGUAGES}
    return texts.Named(area.area_desc, names)


def _event_name(facts: Facts) -> texts.Named | None:
    if not facts.name:
        return None
    if facts.storm:
        return texts.storm_name(facts.storm, facts.name, LANGUAGES)
    return texts.Named(facts.name)


def _info(
    facts: Facts,
    known: texts.Facts,
    caller: Caller,
    moment: datetime,
    language: str,
    said: texts.Texts,
) -> Info:
    hazard = hazards.hazard(facts.hazard)
    urgency, severity, certainty = LEVELS[facts.level]
    return Info(
        language=language,
        category=(hazard.category,),
        event=texts.event(facts.hazard, facts.level, facts.storm, language),
        response_type=hazard.responses(facts.level),
        urgency=urgency,
        severity=severity,
        certainty=certainty,
        event_code=event_codes(facts.hazard, facts.level, facts.storm, facts.status),
        onset=facts.onset,
        expires=facts.expires or (facts.onset or moment) + LIFETIME,
        sender_name=caller.name,
        headline=said.headline,
        description=facts.description.get(language) or said.description,
        instruction=facts.instruction.get(language) or said.instruction,
        web=facts.web or caller.web,
        contact=facts.contact or caller.contact,
        parameter=known.scale.parameters if known.scale else (),
    )
