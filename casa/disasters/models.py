"""Hazard events as their agencies keep them."""

from casa.alerts.records import Record
from casa.database import Base


class Disaster(Record, Base):
    """A hazard event; its facts are in the wire form of ``schemas.DisasterSchema``."""

    __tablename__ = "disaster"
