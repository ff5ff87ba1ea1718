"""News that something was published, from the process that published it to all others.

News may be lost: it only spares others the wait for their next look at the database. PostgreSQL
brings it by NOTIFY (``casa.alerts.doorbell``), SQLite in a counter that any commit moves; with a
broker it goes to the workers as a task, and with Redis to web processes.
"""

import logging
import threading
from collections.abc import Callable

import psycopg
import redis

from casa.alerts import doorbell
from casa.database import Database
from casa.delivery.tasks import Tasks
from casa.settings import Settings

log = logging.getLogger(__name__)

_RETRY_SECONDS = 2.0
_SQLITE_LOOK_SECONDS = 0.05


def _channel(settings: Settings) -> str:
    return f"{settings.broker_queue}:sequence"


def announce(settings: Settings, stop: threading.Event) -> None:
    """Pass on what this process publishes, until ``stop`` is set."""
    tasks = Tasks(settings.broker_url, settings.broker_queue) if settings.broker_url else None
    client = _client(settings) if settings.shared_redis else None
    bell = doorbell.listen()
    while not stop.is_set():
        if not bell.wait(1.0):
            continue
        bell.clear()
        if tasks:
            tasks.ask()
        if client:
            try:
                client.publish(_channel(settings), b"")
            except Exception as error:
                log.warning("no news through Redis: %s", error)
    doorbell.dismiss(bell)
    if tasks:
        tasks.close()


def listen_to_redis(settings: Settings, ring: Callable[[], None], stop: threading.Event) -> None:
    """Ring for whatever any process announces, on a connection made anew when it breaks."""

    def listen() -> None:
        news = _client(settings).pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        with news:
            news.subscribe(_channel(settings))
            while not stop.is_set():
                if news.get_message(timeout=1.0):
                    ring()

    _for_ever(listen, "no news from Redis", stop)


def listen_to_postgres(database: Database, ring: Callable[[], None], stop: threading.Event) -> None:
    """Ring for each NOTIFY, on a connection of its own that is made anew when it breaks."""
    dsn = database.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def listen() -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(f"LISTEN {doorbell.CHANNEL}")
            while not stop.is_set():
                for _ in connection.notifies(timeout=1.0, stop_after=1):
                    ring()

    _for_ever(listen, "no notifications", stop)


def _for_ever(listen: Callable[[], None], what: str, stop: threading.Event) -> None:
    """Listen anew whatever goes wrong: meanwhile all look regularly."""
    while not stop.is_set():
        try:
            listen()
        except Exception as error:
            log.warning("%s, looking regularly instead: %s", what, error)
            stop.wait(_RETRY_SECONDS)


def hear_of_commits(
    database: Database, ring: Callable[[], None], stop: threading.Event
) -> threading.Thread:
    """A started thread that rings for what others commit, as fast as the database can tell."""
    listen = _watch_sqlite if database.is_sqlite else listen_to_postgres
    thread = threading.Thread(target=listen, args=(database, ring, stop), daemon=True)
    thread.start()
    return thread


def _watch_sqlite(database: Database, ring: Callable[[], None], stop: threading.Event) -> None:
    """``PRAGMA data_version`` moves with every commit of another connection and reads no table."""

    def watch() -> None:
        with database.engine.connect() as connection:
            seen = None
            while not stop.wait(_SQLITE_LOOK_SECONDS):
                version = connection.exec_driver_sql("PRAGMA data_version").scalar()
                connection.rollback()
                if version != seen:
                    seen = version
                    ring()

    _for_ever(watch, "commits are not noticed", stop)


def _client(settings: Settings) -> redis.Redis:
    return redis.Redis.from_url(settings.shared_redis, socket_timeout=5)
