"""``/v1/accidents``."""

from datetime import timedelta

from casa.accidents.compose import compose
from casa.accidents.models import Accident
from casa.accidents.schemas import AccidentSchema
from casa.alerts.kinds import AlertKind, Policy
from casa.alerts.record_routes import Wiring, add_end, blueprint_of

KIND = AlertKind(
    code="accident",
    name="Accident",
    categories=("Transport", "Rescue", "Fire", "CBRNE", "Env", "Safety", "Health", "Infra"),
    policy=Policy(lifetime=timedelta(hours=4), longest=timedelta(days=7), alone="Severe"),
)

_WIRING = Wiring(KIND, Accident, AccidentSchema, compose)

blueprint = blueprint_of(
    _WIRING,
    "accidents",
    "accidents",
    "Accidents: road, sea, air, rail, fire, hazardous material",
)
add_end(blueprint, _WIRING)
