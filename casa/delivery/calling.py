"""Calling the operators: each alarm is posted as JSON to the address that they set.

It carries ``text``, which chat systems show as it stands, beside the same in parts. The address is
the operators' own, so it is trusted to be secret and to be reached, and nothing else: whatever it
answers, alarms are only posted again later, and this never keeps anything from being delivered.
"""

import json
import logging
import socket
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import certifi
import pycurl
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from casa.database import Database, now
from casa.delivery.flight import give, new_handle
from casa.delivery.models import Alarm
from casa.delivery.parking import Patience, backoff
from casa.settings import Settings

log = logging.getLogger(__name__)

_TIMEOUT = 10.0
_TAKEN = timedelta(minutes=1)  # another worker may post it if this one has not by then
_LONGEST = timedelta(days=7)  # what nobody took for so long is not news any more


@dataclass(frozen=True)
class _Call:
    number: int
    body: bytes


class Caller:
    """Posts the alarms of all processes; any number of workers may do so."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._url = settings.operator_webhook
        self._proxy = settings.webhook_proxy
        self._ca = str(settings.webhook_ca or certifi.where())
        self._pause = settings.poll_seconds
        self._patience = Patience.of(settings)

    def run(self, stop: threading.Event) -> None:
        """Until ``stop`` is set, whatever happens."""
        while not stop.is_set():
            try:
                while self.post_next():
                    pass
            except Exception as error:
                log.warning("the operators cannot be called, trying again: %s", error)
            stop.wait(self._pause)

    def post_next(self) -> bool:
        """Post the oldest alarm that is due; whether there was one."""
        with self._database.writing() as session:
            call = _take(session)
        if call is None:
            return False
        taken = self._post(call.body)
        with self._database.writing() as session:
            row = session.get_one(Alarm, call.number, with_for_update=True)
            if taken:
                row.told = now()
            else:
                row.due = now() + backoff(row.attempts, self._patience.first)
        return True

    def _post(self, body: bytes) -> bool:
        handle: Any = new_handle(_TIMEOUT, self._ca)
        try:
            handle.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTPS)
            handle.setopt(pycurl.URL, self._url)
            handle.setopt(pycurl.PROXY, self._proxy)
            handle.setopt(pycurl.HTTPHEADER, ["Content-Type: application/json", "Expect:"])
            handle.setopt(pycurl.WRITEFUNCTION, len)
            give(handle, body)
            handle.perform()
            status = int(handle.getinfo(pycurl.RESPONSE_CODE))
        except pycurl.error as error:
            # Its address may hold a secret, and so may what libcurl says of it.
            log.warning("the operators' webhook does not answer (%s)", error.args[0])
            return False
        finally:
            handle.close()
        if not 200 <= status < 300:
            log.warning("the operators' webhook answers %s", status)
        return 200 <= status < 300


def _take(session: Session) -> _Call | None:
    moment = now()
    row = session.scalars(
        select(Alarm)
        .where(
            Alarm.told.is_(None),
            Alarm.due <= moment,
            Alarm.at > moment - _LONGEST,
            or_(Alarm.ended.is_(None), Alarm.attempts == 0),
        )
        .order_by(Alarm.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    row.attempts += 1
    row.due = moment + _TAKEN
    sort, _, name = row.subject.partition(":")
    content = {
        "type": "alarm",
        "text": f"CASA ({socket.gethostname()}): {sort} {name} is parked: {row.reason}",
        "subject": row.subject,
        "reason": row.reason,
        "at": row.at.isoformat(),
    }
    return _Call(row.id, json.dumps(content).encode())
