"""``casa run``, ``serve``, ``worker`` and ``settings``: the processes of the service."""

# Imports stand inside the commands on purpose: gevent's patches must come before them in a
# process that serves, and must not come at all in one that works.

import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import fields, replace
from datetime import timedelta

import click

from casa.settings import Settings, SettingsError

log = logging.getLogger(__name__)

_DATABASE_AWAY_SECONDS = 1.0
_POSTING_SECONDS = 15.0  # the longest that a page to webhooks is under way

_host = click.option("--host", help="Address to listen on; by default CASA_HOST or 127.0.0.1.")
_port = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port; 0: any free one. By default CASA_PORT or 8000.",
)


def read_settings() -> Settings:
    """The environment's settings, with logging set up by them."""
    try:
        found = Settings.from_environment(os.environ)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    logging.basicConfig(
        level=found.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # Its account of every start is of use only to who writes migrations.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return found


@click.command()
@_host
@_port
def run(host: str | None, port: int | None) -> None:
    """Run everything: bring the database up to date, then serve and work, as two processes."""
    from casa import schema
    from casa.database import Database

    found = read_settings()
    tables = Database(found.database_url)
    schema.upgrade(tables)
    tables.dispose()
    command = [sys.executable, "-m", "casa"]
    bound = [f"--host={host}"] * bool(host) + [f"--port={port}"] * (port is not None)
    sys.exit(Supervisor([[*command, "serve", *bound], [*command, "worker"]]).run())


class Supervisor:
    """Keeps processes running, restarts what dies, and ends all of them when it is told to."""

    def __init__(self, commands: list[list[str]]) -> None:
        self._commands = commands
        self._stop = threading.Event()

    def run(self) -> int:
        """Until SIGTERM or SIGINT; 0, or 1 when a process could not even start."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        processes = [self._start(command) for command in self._commands]
        began = time.monotonic()
        failed = False
        while not self._stop.wait(0.2):
            for index, process in enumerate(processes):
                if process.poll() is None:
                    continue
                if time.monotonic() - began < 3:
                    failed = True
                    self._stop.set()
                    break
                click.echo(f"A process ended with {process.returncode}; restarting it.", err=True)
                processes[index] = self._start(self._commands[index])
                began = time.monotonic()
        for process in processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
        return int(failed)

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        # A group of its own: Ctrl-C reaches this process alone, which ends the others in order.
        return subprocess.Popen(command, start_new_session=True)  # noqa: S603


@click.command()
@_host
@_port
def serve(host: str | None, port: int | None) -> None:
    """Serve HTTP and Socket.IO; any number of these on any number of machines."""
    from gevent import monkey

    monkey.patch_all()

    from casa import create_app
    from casa.delivery.server import serve as serve_app

    found = read_settings()
    found = replace(
        found,
        host=found.host if host is None else host,
        port=found.port if port is None else port,
    )
    _require_tables(found)
    try:
        app = create_app(found)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    serve_app(app, found.host, found.port)


@click.command()
def worker() -> None:
    """Deliver what is published; any number of these on any number of machines."""
    from casa.database import Database
    from casa.delivery.announcing import hear_of_commits
    from casa.delivery.posting import Poster
    from casa.delivery.providers import senders
    from casa.delivery.tasks import Tasks, TaskWorker
    from casa.delivery.webhooks import WEBHOOKS
    from casa.delivery.worker import PUSH_IS_OFF, Worker
    from casa.missing_persons.media import Media
    from casa.missing_persons.retention import Retention
    from casa.sealing import Sealer

    found = read_settings()
    _require_tables(found)
    stop, failed = threading.Event(), threading.Event()
    with senders(found) as providers:
        if not providers:
            click.echo(f"{PUSH_IS_OFF[0].upper()}{PUSH_IS_OFF[1:]}.", err=True)
        database = Database(found.database_url)
        retention = Retention(Media(found.media_store), timedelta(days=found.case_days))
        one = Worker(database, found, providers, retention.chores())

        poster = Poster(
            Sealer(found.sealing_key_file),
            found.base_url,
            ca=found.webhook_ca,
            proxy=found.webhook_proxy,
            patience=found.lease_seconds / 2,
        )
        # A worker of their own: no webhook may delay what phones are to get.
        posting = Worker(database, found, {"webhook": poster}, channel=WEBHOOKS)

        def ring() -> None:
            one.ring()
            posting.ring()

        def end(*_: object) -> None:
            stop.set()
            ring()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)

        def post() -> None:
            try:
                posting.run(stop)
            except Exception:
                log.exception("posting to webhooks failed: this worker ends, to be started anew")
                failed.set()
                end()

        beside = threading.Thread(target=post, daemon=True)
        beside.start()
        # What was loaded so far stays: it need not be looked through for garbage again and again.
        gc.freeze()
        if found.broker_url:
            TaskWorker(one, Tasks(found.broker_url, found.broker_queue), found).run(stop)
        else:
            hear_of_commits(database, ring, stop)
            one.run(stop)
        beside.join(_POSTING_SECONDS)
    if failed.is_set():
        sys.exit(1)


@click.command()
def settings() -> None:
    """List every setting: its value now, and what it is for."""
    from sqlalchemy import make_url

    found = read_settings()
    for item in fields(found):
        value = getattr(found, item.name)
        if item.name == "database_url":
            value = make_url(value).render_as_string(hide_password=True)
        click.echo(f"CASA_{item.name.upper()}={'' if value is None else value}")
        click.echo(f"    {item.metadata['about']}")


def _require_tables(found: Settings) -> None:
    """Refuse to work on other tables than this code's; a server that is away is waited for."""
    from sqlalchemy.exc import OperationalError

    from casa import schema
    from casa.database import Database

    tables = Database(found.database_url)
    try:
        while True:
            try:
                schema.require_current(tables)
                return
            except OperationalError as error:
                if tables.is_sqlite:
                    raise click.ClickException(str(error.orig)) from error
                log.warning("waiting for the database: %s", error.orig)
                time.sleep(_DATABASE_AWAY_SECONDS)
    except schema.OutOfDate as error:
        raise click.ClickException(str(error)) from error
    finally:
        tables.dispose()
