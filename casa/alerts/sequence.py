"""The public sequence: one number for each published message, without gaps.

The counter's row is taken inside the publishing transaction. Its lock makes publishers queue
from here to their commit, so numbers become visible in order (who has seen ``n`` has been able
to see everything before it), and a rolled-back publication takes its number back with it.
"""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from casa.alerts.models import SequenceCounter

_COUNTER = 1


def take(session: Session) -> int:
    """The next number, given up again if the transaction is."""
    statement = (
        update(SequenceCounter)
        .where(SequenceCounter.id == _COUNTER)
        .values(value=SequenceCounter.value + 1)
        .returning(SequenceCounter.value)
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement).scalar_one()


def current(session: Session) -> int:
    """The number of the last published message; 0 before the first."""
    return session.scalar(select(SequenceCounter.value)) or 0
