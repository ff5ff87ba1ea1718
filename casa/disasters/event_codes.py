"""What a hazard is called by machines: CAP event codes. Pure.

Two lists stand side by side. ``OET:v1.2`` is the value name in use for the OASIS Event Terms List,
whose terms and numbers are those of the Committee Note "Event Terms List for Use with the Common
Alerting Protocol Version 1.2" (OASIS, 19 November 2020). ``SAME`` are the three letters of the
United States' rules for emergency alert systems (47 CFR 11.31(e)), which radios and sirens in the
region know too. That list has nothing graver than a warning, nothing lesser than a watch, no
all-clear, and no landslide, drought or epidemic: what it lacks has no SAME code here, rather than
the next best. The codes of each hazard stand in its file (``casa.disasters.hazards``).
"""

from collections.abc import Mapping
from typing import Any

from casa.alerts.message import Value
from casa.disasters import hazards

OET = "OET:v1.2"
SAME = "SAME"

_DEMONSTRATION = "DMO"


def event_codes(
    hazard: str, level: str, storm: str | None = None, status: str = "Actual"
) -> tuple[Value, ...]:
    """The codes of a hazard at a level; a cyclone's by the strength expected, where it is known.

    What is not real has the SAME code of a demonstration: a receiver that looks at nothing else
    must not sound its alarm.
    """
    kind = hazards.hazard(hazard)
    named = kind.strengths.get(storm or "", kind)
    term = named.term or kind.term
    code = _same(named.same, level, status)
    pairs = ((OET, term), (SAME, code))
    return tuple(Value(name, value) for name, value in pairs if value)


def _same(letters: Mapping[Any, str], level: str, status: str) -> str | None:
    """There are none for an emergency: it is at least a warning."""
    code = letters.get("warning" if level == "emergency" else level)
    return _DEMONSTRATION if code and status in ("Exercise", "Test") else code
