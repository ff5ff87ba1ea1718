"""What is erased a set time after a case has ended: all that it told of persons.

That there was a case, of which agency, when, and how it ended stays, as the audit trail does.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from casa.alerts import withdrawal
from casa.missing_persons import album, entries, foreign, notes, search_index
from casa.missing_persons.media import Media
from casa.missing_persons.models import MissingPerson, Sighting, SightingPhotograph
from casa.missing_persons.search import enter_missing

_KEPT = ("category",)

Chore = Callable[[Session, datetime], None]


class Retention:
    """The worker's chores on cases: files in ``media``, details for so long after the end."""

    def __init__(self, media: Media, kept: timedelta) -> None:
        self._media = media
        self._kept = kept

    def chores(self) -> list[Chore]:
        """What the worker does again and again, each in a transaction of its own."""
        return [
            self.remove_photographs, self.erase, foreign.expire, entries.renew, enter_missing,
        ]  # fmt: skip

    def remove_photographs(self, session: Session, moment: datetime) -> None:
        """Delete files of withdrawn photographs that could not be deleted at once."""
        album.remove_files(session, self._media, moment)

    def erase(self, session: Session, moment: datetime) -> None:
        """Erase the details of cases that ended, or whose alerts were withdrawn, long enough ago.

        A thread without a case (an alert drafted by itself) loses its messages' words alone.
        """
        for thread in withdrawal.due(session, moment - self._kept):
            withdrawal.erase(session, thread, moment)
            query = select(MissingPerson).where(MissingPerson.thread == thread)
            for record in session.scalars(query.with_for_update()):
                self._erase_case(session, record, moment)

    def _erase_case(self, session: Session, record: MissingPerson, moment: datetime) -> None:
        record.ended = record.ended or moment
        record.facts = {name: record.facts[name] for name in _KEPT if name in record.facts}
        reported = select(Sighting.id).where(Sighting.record_id == record.id)
        tokens = select(SightingPhotograph.token).where(
            SightingPhotograph.sighting_id.in_(reported)
        )
        # First the files: should the transaction fail, the rows still tell what is to be deleted.
        for token in session.scalars(tokens):
            self._media.delete(token)
        session.execute(delete(Sighting).where(Sighting.record_id == record.id))
        notes.erase(session, record)
        search_index.remove(session, [record.id])
        foreign.erase_with(session, record, moment)
        session.flush()
        album.remove_files(session, self._media, moment)
