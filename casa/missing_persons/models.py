"""Cases of missing and trafficked persons as their agencies keep them."""

from casa.alerts.records import Record
from casa.database import Base


class MissingPerson(Record, Base):
    """A case; its facts are in the wire form of ``schemas.MissingPersonSchema``."""

    __tablename__ = "missing_person"
