"""``/v1/missing-persons``."""

from datetime import timedelta

from casa.alerts.kinds import AlertKind, Policy
from casa.alerts.record_routes import Wiring, blueprint_of
from casa.missing_persons.facts import LIFETIME, compose
from casa.missing_persons.models import MissingPerson
from casa.missing_persons.schemas import MissingPersonSchema

KIND = AlertKind(
    code="missing_person",
    name="Missing or trafficked person",
    categories=("Security", "Rescue", "Safety"),
    policy=Policy(lifetime=LIFETIME, longest=timedelta(days=30), alone="Moderate"),
)

blueprint = blueprint_of(
    Wiring(KIND, MissingPerson, MissingPersonSchema, compose),
    "missing-persons",
    "missing_persons",
    "Missing and trafficked persons",
)
