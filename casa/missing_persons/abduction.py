"""The fast path of a child abduction: its criteria, as a checklist. Pure.

In the manner of the AMBER criteria of the United States Department of Justice (2004) and of
Jamaica's Ananda alert. Such an alert is Extreme at once and needs no photograph; so that it stays
rare and believed, each criterion must be met, and it is kept who said so, and when.
"""

from datetime import datetime, timedelta

from casa.alerts.content import Fault
from casa.missing_persons.facts import ADULT, Facts, told, years

CATEGORY = "abducted_child"
RECENT = timedelta(hours=72)
CRITERIA = ("under_18", "reasonable_belief", "risk_of_serious_harm", "described", "recent")
_LEAST_FACTS = 2
_DESCRIBING = (
    "sex", "height", "build", "complexion", "hair", "eyes", "marks", "clothing", "description",
)  # fmt: skip

_FAULTS = {
    "under_18": ("/age", "the person must be known to be under 18: give age or date of birth"),
    "reasonable_belief": (
        "/abduction/reasonable_belief",
        "an officer must have reason to believe that the child was abducted: say true",
    ),
    "risk_of_serious_harm": (
        "/abduction/risk_of_serious_harm",
        "the child must be at risk of serious harm or death: say true",
    ),
    "described": (
        "/description",
        "the public must be told enough to act on: two facts about the child (sex, clothing, …),"
        " the suspect, the vehicle, or a photograph",
    ),
    "recent": (
        "/last_seen",
        f"must be within {RECENT / timedelta(hours=1):g} hours before the alert",
    ),
}


def met(facts: Facts, pictured: bool, moment: datetime) -> dict[str, bool]:
    """Which criteria are met; ``pictured``: the public is shown a photograph."""
    age = years(facts, moment)
    said = facts.abduction
    return {
        "under_18": age is not None and age < ADULT,
        "reasonable_belief": said is not None and said.reasonable_belief,
        "risk_of_serious_harm": said is not None and said.risk_of_serious_harm,
        "described": pictured or _is_described(facts, moment),
        "recent": facts.last_seen is not None and facts.last_seen >= moment - RECENT,
    }


def faults(facts: Facts, pictured: bool, moment: datetime) -> list[Fault]:
    """What keeps this from being a child abduction alert, each unmet criterion by its name."""
    unmet = [name for name, holds in met(facts, pictured, moment).items() if not holds]
    found = [(_FAULTS[name][0], f"criterion {name}: {_FAULTS[name][1]}") for name in unmet]
    if facts.severity not in (None, "Extreme"):
        found.append(("/severity", "a child abduction alert is Extreme: leave it out"))
    return found


def _is_described(facts: Facts, moment: datetime) -> bool:
    public = told(facts, moment)
    known = sum(bool(getattr(public, name)) for name in _DESCRIBING)
    return known >= _LEAST_FACTS or bool(public.suspect or public.vehicle)
