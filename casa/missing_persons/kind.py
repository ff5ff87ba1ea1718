"""The kind ``missing_person`` as the alerts package knows it, and what its records say."""

from datetime import timedelta

from sqlalchemy.orm import Session

from casa.alerts.content import Content
from casa.alerts.kinds import AlertKind, Policy
from casa.alerts.record_routes import Wiring
from casa.missing_persons import album
from casa.missing_persons.addresses import base_url
from casa.missing_persons.closing import closing
from casa.missing_persons.compose import compose
from casa.missing_persons.facts import LIFETIME
from casa.missing_persons.judging import guarded, judge
from casa.missing_persons.listing import public_case, public_cases
from casa.missing_persons.models import MissingPerson
from casa.missing_persons.public import enter_case
from casa.missing_persons.schemas import MissingPersonSchema
from casa.missing_persons.shown_schemas import CaseSchema, PublicCaseSchema

KIND = AlertKind(
    code="missing_person",
    name="Missing or trafficked person",
    categories=("Security", "Rescue", "Safety"),
    policy=Policy(lifetime=LIFETIME, longest=timedelta(days=30), alone="Moderate"),
    closing=closing,
    safeguards=True,
    published=enter_case,
)


def _attach(session: Session, record: MissingPerson, text: Content) -> Content:
    text = guarded(record, text)
    return album.illustrated(text, album.photographs_of(session, record.id), base_url())


WIRING = Wiring(
    KIND,
    MissingPerson,
    MissingPersonSchema,
    compose,
    _attach,
    public=public_cases,
    public_one=public_case,
    public_schema=PublicCaseSchema,
    shown_schema=CaseSchema,
    judge=judge,
)
