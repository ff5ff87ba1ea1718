"""``/v1/disasters``."""

from datetime import timedelta

from casa.alerts.kinds import AlertKind, Policy
from casa.alerts.record_routes import Wiring, add_end, blueprint_of
from casa.disasters import hazards
from casa.disasters.facts import LIFETIME, compose
from casa.disasters.models import Disaster
from casa.disasters.schemas import DisasterSchema

KIND = AlertKind(
    code="disaster",
    name="Hazard or disaster",
    categories=hazards.categories(),
    policy=Policy(lifetime=LIFETIME, longest=timedelta(days=14), alone="Moderate"),
)

_WIRING = Wiring(KIND, Disaster, DisasterSchema, compose)

blueprint = blueprint_of(_WIRING, "disasters", "disasters", "Hazard events")
add_end(blueprint, _WIRING)
