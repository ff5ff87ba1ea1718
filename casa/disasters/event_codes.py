"""What a hazard is called by machines: CAP event codes. Pure.

Two lists stand side by side. ``OET:v1.2`` is the value name in use for the OASIS Event Terms List,
whose terms and numbers are those of the Committee Note "Event Terms List for Use with the Common
Alerting Protocol Version 1.2" (OASIS, 19 November 2020). ``SAME`` are the three letters of the
United States' rules for emergency alert systems (47 CFR 11.31(e)), which radios and sirens in the
region know too. That list has nothing graver than a warning, no all-clear, and no landslide,
drought or epidemic: what it lacks has no SAME code here, rather than the next best.
"""

from casa.alerts.message import Value

OET = "OET:v1.2"
SAME = "SAME"

TERMS = {
    "tropical_cyclone": "OET-051",
    "flood": "OET-081",
    "storm_surge": "OET-189",
    "earthquake": "OET-068",
    "tsunami": "OET-203",
    "volcano": "OET-208",
    "landslide": "OET-119",
    "drought": "OET-063",
    "wildfire": "OET-217",
    "epidemic": "OET-062",
    "hazardous_spill": "OET-198",
}
STORM_TERMS = {
    "major_hurricane": "OET-106",
    "hurricane": "OET-106",
    "tropical_storm": "OET-202",
    "tropical_depression": "OET-201",
}
# By what is named, of a watch and of what is graver.
_SAME = {
    "major_hurricane": ("HUA", "HUW"),
    "hurricane": ("HUA", "HUW"),
    "tropical_storm": ("TRA", "TRW"),
    "flood": ("FLA", "FLW"),
    "storm_surge": ("SSA", "SSW"),
    "earthquake": (None, "EQW"),
    "tsunami": ("TSA", "TSW"),
    "volcano": (None, "VOW"),
    "wildfire": (None, "FRW"),
    "hazardous_spill": (None, "HMW"),
}
_DEMONSTRATION = "DMO"
_LEVELS = ("watch", "warning", "emergency")


def event_codes(
    hazard: str, level: str, storm: str | None = None, status: str = "Actual"
) -> tuple[Value, ...]:
    """The codes of a hazard at a level; a cyclone's by the strength expected, where it is known.

    What is not real has the SAME code of a demonstration: a receiver that looks at nothing else
    must not sound its alarm.
    """
    named = storm if hazard == "tropical_cyclone" and storm else hazard
    term = Value(OET, STORM_TERMS.get(named) or TERMS[hazard])
    code = _same(named, level, status)
    return (term, Value(SAME, code)) if code else (term,)


def _same(named: str, level: str, status: str) -> str | None:
    if level not in _LEVELS:
        return None
    watch, graver = _SAME.get(named, (None, None))
    code = watch if level == "watch" else graver
    return _DEMONSTRATION if code and status in ("Exercise", "Test") else code
