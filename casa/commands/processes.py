"""``casa run``, ``serve``, ``worker`` and ``settings``: the processes of the service."""

# Imports stand inside the commands on purpose: gevent's patches must come before them in a
# process that serves, and must not come at all in one that works.

import gc
import sys
import threading
from dataclasses import fields, replace
from datetime import timedelta

import click

from casa import ending
from casa.commands.starting import (
    WAIT_SECONDS,
    Unusable,
    answering_database,
    open_database,
    read_settings,
    starting,
    use_boundaries,
)

_POSTING_SECONDS = 15.0  # the longest that a page to webhooks is under way

_host = click.option("--host", help="Address to listen on; by default CASA_HOST or 127.0.0.1.")
_port = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Port; 0: any free one. By default CASA_PORT or 8000.",
)
_with_parent = click.option("--with-parent", is_flag=True, hidden=True)


@click.command()
@_host
@_port
def run(host: str | None, port: int | None) -> None:
    """Run everything: bring the database up to date, then serve and work, as two processes."""
    end = ending.Ending()
    from casa.commands.supervisor import Supervisor
    from casa.commands.tables import upgrade_tables

    found = read_settings()
    use_boundaries(found)
    tables = answering_database(found, WAIT_SECONDS)
    upgrade_tables(tables)
    tables.dispose()
    # Without -P a folder "casa" where the operator happens to be would be taken for this one.
    command = [sys.executable, "-P", "-m", "casa"]
    bound = [f"--host={host}"] * bool(host) + [f"--port={port}"] * (port is not None)
    parts = {
        "casa serve": [*command, "serve", "--with-parent", *bound],
        "casa worker": [*command, "worker", "--with-parent"],
    }
    end.started()
    status = Supervisor(parts, end).run()
    ending.leave()
    sys.exit(status)


@click.command()
@_host
@_port
@_with_parent
def serve(host: str | None, port: int | None, with_parent: bool) -> None:
    """Serve HTTP and Socket.IO; any number of these on any number of machines."""
    end = ending.Ending(with_parent=with_parent)
    from gevent import monkey

    monkey.patch_all()

    from casa import create_app
    from casa.delivery.server import listen
    from casa.delivery.server import serve as serve_app

    found = read_settings()
    found = replace(
        found,
        host=found.host if host is None else host,
        port=found.port if port is None else port,
    )
    open_database(found, WAIT_SECONDS).dispose()
    with starting():
        app = create_app(found)
        try:
            server = listen(app, found.host, found.port)
        except OSError as error:
            raise Unusable(
                f"Cannot listen on {found.host}:{found.port}: {error.strerror or error}. End "
                "what listens there, or choose another by CASA_HOST and CASA_PORT."
            ) from error
    end.started()
    serve_app(app, server, end.descriptors)
    ending.leave()


@click.command()
@_with_parent
def worker(with_parent: bool) -> None:
    """Deliver what is published; any number of these on any number of machines."""
    end = ending.Ending(with_parent=with_parent)
    from contextlib import ExitStack

    from casa.delivery.announcing import hear_of_commits
    from casa.delivery.calling import Caller
    from casa.delivery.posting import Poster
    from casa.delivery.providers import senders
    from casa.delivery.tasks import Tasks, TaskWorker
    from casa.delivery.webhooks import WEBHOOKS
    from casa.delivery.worker import PUSH_IS_OFF, Worker
    from casa.missing_persons.media import Media
    from casa.missing_persons.retention import Retention
    from casa.sealing import Sealer

    found = read_settings()
    database = open_database(found, WAIT_SECONDS)
    stop = threading.Event()
    with ExitStack() as stack:
        use_boundaries(found)
        with starting():
            providers = stack.enter_context(senders(found))
        if not providers:
            click.echo(f"{PUSH_IS_OFF[0].upper()}{PUSH_IS_OFF[1:]}.", err=True)
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

        def stop_working() -> None:
            stop.set()
            ring()

        end.started()
        end.tell(stop_working)
        beside = threading.Thread(target=posting.run, args=(stop,), daemon=True)
        beside.start()
        if found.operator_webhook:
            caller = Caller(database, found)
            threading.Thread(target=caller.run, args=(stop,), daemon=True).start()
        # What was loaded so far stays: it need not be looked through for garbage again and again.
        gc.freeze()
        if found.broker_url:
            TaskWorker(one, Tasks(found.broker_url, found.broker_queue), found).run(stop)
        else:
            hear_of_commits(database, ring, stop)
            one.run(stop)
        beside.join(_POSTING_SECONDS)
    ending.leave()


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
