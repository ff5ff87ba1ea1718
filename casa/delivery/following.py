"""Following the public sequence: what is new goes to this process's clients, and what was missed.

Live sending and catching up have one source, the published messages in the database, and one
measure of whom each is for, so a client that comes back is given just what it would have been sent.

A message that cannot be read or framed is left out, the operators are called, and the others go on:
trying it again would fail again until another version of the code is started.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from casa.alerts import doorbell, reading, sequence
from casa.alerts.message import Message
from casa.alerts.publication import decode_message
from casa.database import Database, now
from casa.delivery.followers import (
    Followers,
    Following,
    Listener,
    Reach,
    reach_of,
    untold_reach_of,
)
from casa.delivery.frames import frame
from casa.delivery.parking import call, reason_of

log = logging.getLogger(__name__)

# The most messages looked at for one answer to a client that has been away.
_CATCH_UP = 500
_CHUNK = 100

# Brings one frame to those who, when it is their turn, still listen.
Send = Callable[[Sequence[Listener], dict[str, Any]], None]


class SequenceFollower:
    """Follows the sequence for one process."""

    def __init__(self, database: Database, send: Send, poll: float) -> None:
        self.followers = Followers()
        self._database = database
        self._send = send
        self._poll = poll
        self._bell = doorbell.listen()
        self._stopped = False
        self._catching_up: dict[str, list[dict[str, Any]]] = {}
        with database.reading() as session:
            self.position = sequence.current(session)

    def run(self) -> None:
        """Look whenever the bell rings, and every ``poll`` seconds, until ``stop``."""
        while not self._stopped:
            self._bell.wait(self._poll)
            self._bell.clear()
            try:
                while self.look():
                    pass
            except SQLAlchemyError as error:
                log.warning("cannot follow the sequence, trying again: %s", error)
            except Exception:
                log.exception("a fault while following the sequence, trying again")

    def stop(self) -> None:
        self._stopped = True
        doorbell.dismiss(self._bell)
        self._bell.set()

    def ring(self) -> None:
        self._bell.set()

    def look(self) -> bool:
        """Send what came after ``position``; whether there may be more than that."""
        with self._database.reading() as session:
            rows = reading.after(session, self.position, _CHUNK)
            news = [(number, self._read(session, number, content)) for number, content in rows]
        for number, message in news:
            try:
                if message is not None:
                    self._tell(*message)
            except Exception as error:
                self._park(number, error)
            self.position = max(self.position, number)
        # What is published meanwhile rings the bell.
        return len(news) == _CHUNK

    def _read(
        self, session: Session, number: int, content: bytes
    ) -> tuple[Message, list[Reach]] | None:
        """A message, and where the earlier ones of its thread were for."""
        try:
            message = decode_message(content)
            return message, _thread_before(session, message)
        except SQLAlchemyError:
            raise
        except Exception as error:
            self._park(number, error)
            return None

    def _park(self, number: int, error: Exception) -> None:
        """Leave a message out."""
        log.error("message %s is not brought to sockets", number, exc_info=error)
        try:
            with self._database.writing() as session:
                call(session, f"socket:{number}", reason_of(error))
        except SQLAlchemyError as away:
            log.warning("that it was left out cannot be noted: %s", away)

    def _tell(self, message: Message, before: list[Reach]) -> None:
        reach = reach_of(message)
        met = self.followers.met_by(reach)
        earlier = set().union(*(self.followers.met_by(one) for one in before)) - met
        # Whom a Cancel leaves untold, another message tells: for them it is but taken down.
        reached = met
        if message.msg_type == "Cancel":
            reached = (met | earlier) - (self.followers.met_by(untold_reach_of(message)) - met)
        live: dict[tuple[str, bool], list[Listener]] = defaultdict(list)
        frames: dict[tuple[str, bool], dict[str, Any]] = {}
        for following in met | earlier:
            if not following.wants(message):
                continue
            key = message.info_for(following.languages).language, following in reached
            if key not in frames:
                frames[key] = frame(message, (key[0],), key[1])
            live[key] += self._choose(following, frames[key])
        # From here on others may run: whoever begins to follow now is told of this message by
        # the database, and must not be told of it again here.
        self.position = message.sequence or self.position
        for key, listeners in live.items():
            # Each is looked at when it is its turn.
            self._send(listeners, frames[key])

    def _choose(self, following: Following, content: dict[str, Any]) -> Iterable[Listener]:
        """Who follows so and is live; what is for the others becomes part of their answer."""
        group = self.followers.group(following)
        waiting = self._catching_up.keys() & group.keys()
        for client in waiting:
            self._catching_up[client].append(content)
        if not waiting:
            return group.values()
        return [one for client, one in group.items() if client not in waiting]

    def follow(self, client: str, following: Following, since: int | None) -> dict[str, Any]:
        """Begin to follow; the answer holds what was missed after ``since``.

        What is published while the database is being asked is neither lost nor sent twice: it
        waits in a list of its own and is part of the answer. With ``more`` in the answer the
        client is not yet live: it is to follow again from the answer's ``sequence``.
        """
        start = self.position
        if since is None or since >= start:
            self.followers.put(client, following)
            return {"sequence": start, "missed": []}
        waiting = self._catching_up[client] = []
        self.followers.put(client, following)
        try:
            with self._database.reading() as session:
                rows = reading.after(session, since, _CATCH_UP)
                seen = [row for row in rows if row[0] <= start]
                missed = list(self._missed(session, following, seen))
        finally:
            del self._catching_up[client]
        if len(seen) == _CATCH_UP and seen[-1][0] != start:
            self.followers.drop(client)
            return {"sequence": seen[-1][0], "missed": missed, "more": True}
        return {"sequence": self.position, "missed": missed + waiting}

    def _missed(
        self, session: Session, following: Following, rows: list[tuple[int, bytes]]
    ) -> Iterator[dict[str, Any]]:
        moment = now()
        for number, content in rows:
            try:
                message = decode_message(content)
                expired = max(info.expires for info in message.info) <= moment
                if not expired and following.wants(message):
                    yield from _frames(session, following, message)
            except SQLAlchemyError:
                raise
            except Exception:
                # The operators were called when it was news.
                log.exception("message %s is left out of what was missed", number)


def _frames(session: Session, following: Following, message: Message) -> Iterator[dict[str, Any]]:
    """What a client that was away is told of a message: one frame, or nothing."""
    met = following.is_met(reach_of(message))
    earlier = _thread_before(session, message)
    if met or any(following.is_met(one) for one in earlier):
        elsewhere = following.is_met(untold_reach_of(message))
        concerns = met or (message.msg_type == "Cancel" and not elsewhere)
        yield frame(message, following.languages, concerns)


def _thread_before(session: Session, message: Message) -> list[Reach]:
    """Where the earlier messages of the thread were for."""
    if not message.references:
        return []
    return [reach_of(earlier) for earlier in reading.before(session, message)]
