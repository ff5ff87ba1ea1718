"""What is said of a hazard, and how it becomes an alert. Pure."""

from datetime import datetime, timedelta

import msgspec

from casa.agencies.caller import Caller
from casa.alerts.composition import in_languages
from casa.alerts.content import HEADLINE_LIMIT, Content
from casa.alerts.message import Area, Info
from casa.alerts.phrases import phrases
from casa.disasters.event_codes import event_codes

CATEGORY = {
    "tropical_cyclone": "Met",
    "flood": "Met",
    "storm_surge": "Met",
    "earthquake": "Geo",
    "tsunami": "Geo",
    "volcano": "Geo",
    "landslide": "Geo",
    "drought": "Met",
    "wildfire": "Fire",
    "epidemic": "Health",
    "hazardous_spill": "CBRNE",
}
HAZARDS = tuple(CATEGORY)
# CAP urgency, severity and certainty of each level; a watch is Possible, a warning Likely.
LEVELS = {
    "advisory": ("Future", "Minor", "Possible"),
    "watch": ("Future", "Moderate", "Possible"),
    "warning": ("Expected", "Severe", "Likely"),
    "emergency": ("Immediate", "Extreme", "Observed"),
}
LIFETIME = timedelta(hours=12)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A hazard at one level for some places."""

    hazard: str
    level: str
    area: tuple[Area, ...]
    name: str | None = None
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
    """What the facts say, in the languages asked for or else those of the places reached."""
    return in_languages(
        facts, lambda language, _: _info(facts, caller, moment, language), facts.incidents
    )


def _info(facts: Facts, caller: Caller, moment: datetime, language: str) -> Info:
    words = phrases("casa.disasters", language)
    hazard, level = words["hazard"][facts.hazard], words["level"][facts.level]
    event = words["plain"].format(hazard=hazard, level=level)
    pattern = words["headline"] if facts.name else words["plain"]
    headline = pattern.format(hazard=hazard, level=level, name=facts.name)
    urgency, severity, certainty = LEVELS[facts.level]
    return Info(
        language=language,
        category=(CATEGORY[facts.hazard],),
        event=event,
        response_type=("Prepare",) if facts.level == "watch" else ("Prepare", "Execute"),
        urgency=urgency,
        severity=severity,
        certainty=certainty,
        event_code=event_codes(facts.hazard, facts.level, status=facts.status),
        onset=facts.onset,
        expires=facts.expires or (facts.onset or moment) + LIFETIME,
        sender_name=caller.name,
        headline=headline[:HEADLINE_LIMIT],
        description=facts.description.get(language),
        instruction=facts.instruction.get(language) or words["instruction"][facts.level],
        web=facts.web or caller.web,
        contact=facts.contact or caller.contact,
    )
