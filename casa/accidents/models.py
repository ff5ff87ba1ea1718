"""Accidents as their agencies keep them."""

from casa.alerts.records import Record
from casa.database import Base


class Accident(Record, Base):
    """An accident; its facts are in the wire form of ``schemas.AccidentSchema``."""

    __tablename__ = "accident"
