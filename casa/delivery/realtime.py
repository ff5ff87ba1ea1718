"""Socket.IO: clients follow places and cells, and hear of alerts as they are published.

Flask-SocketIO on gevent, with WebSockets of our own (``casa.delivery.engine``).
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

from flask import Flask, current_app, request
from flask_socketio import SocketIO, disconnect
from marshmallow import RAISE, Schema, ValidationError, fields, validate
from sqlalchemy.exc import SQLAlchemyError

from casa import strict_json
from casa.agencies.mandates import SEVERITIES, rank
from casa.alerts.kinds import kinds
from casa.alerts.schemas import LANGUAGE, PlaceCode
from casa.database import Database
from casa.delivery.admission import Admission
from casa.delivery.announcing import announce, listen_to_postgres, listen_to_redis
from casa.delivery.broadcast import Broadcast
from casa.delivery.engine import install
from casa.delivery.followers import Following, Listener
from casa.delivery.following import SequenceFollower
from casa.delivery.packets import ClientPacket
from casa.delivery.visitors import Verdict, Visitors
from casa.geography.cells import InvalidCell, parse_cell
from casa.geography.places import place_key
from casa.problems import flatten
from casa.settings import Settings

log = logging.getLogger(__name__)

MOST_FOLLOWED = 50
# Phones sleep: a heartbeat wakes the radio, and most mobile networks drop what has been silent
# for some minutes. Once in 25 seconds keeps the way open and finds the dead within 45.
_PING_INTERVAL, _PING_TIMEOUT = 25, 20
_LARGEST_FROM_CLIENT = 16_384


class Cell(fields.String):
    """An H3 cell of resolution 7 or finer; a finer one is coarsened at once."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **arguments: Any) -> Any:
        try:
            return parse_cell(super()._deserialize(value, attr, data, **arguments))
        except InvalidCell as error:
            raise ValidationError(str(error)) from None


class FollowSchema(Schema):
    """What a client emits with ``follow``."""

    class Meta:
        unknown = RAISE

    places = fields.List(PlaceCode(), load_default=list)
    cells = fields.List(Cell(), load_default=list)
    language = fields.String(load_default="en", validate=LANGUAGE)
    since = fields.Integer(strict=True, validate=validate.Range(0))
    kinds = fields.List(fields.String(), validate=validate.Length(1))
    min_severity = fields.String(load_default="Unknown", validate=validate.OneOf(SEVERITIES))
    exercises = fields.Boolean(load_default=False)


def init_app(app: Flask) -> None:
    """Answer Socket.IO on ``app``; following begins with the first client or ``follower``."""
    socketio = SocketIO(
        app,
        async_mode="gevent" if _is_gevent() else "threading",
        ping_interval=_PING_INTERVAL,
        ping_timeout=_PING_TIMEOUT,
        max_http_buffer_size=_LARGEST_FROM_CLIENT,
        http_compression=False,
        json=strict_json,
        always_connect=True,
        serializer=ClientPacket,
    )
    settings: Settings = app.extensions["casa.settings"]
    app.extensions["casa.socketio"] = socketio
    visitors = Visitors(settings.follow_limit, settings.follow_per_address)
    app.extensions["casa.visitors"] = visitors
    if _is_gevent():
        install(socketio.server, settings.follow_buffer, visitors)
    else:
        Admission(socketio.server, visitors, settings.follow_buffer).install()
    app.extensions["casa.broadcast"] = Broadcast(socketio)
    socketio.on_event("connect", _connect)
    socketio.on_event("follow", _follow)
    socketio.on_event("disconnect", _disconnect)


def _is_gevent() -> bool:
    from gevent import monkey

    return bool(monkey.is_module_patched("threading"))


def follower(app: Flask) -> SequenceFollower:
    """The process's follower, started when first asked for."""
    found = app.extensions.get("casa.follower")
    if found is None:
        found = app.extensions["casa.follower"] = _start(app)
    return cast(SequenceFollower, found)


def _start(app: Flask) -> SequenceFollower:
    database: Database = app.extensions["casa.database"]
    settings: Settings = app.extensions["casa.settings"]
    socketio: SocketIO = app.extensions["casa.socketio"]
    broadcast: Broadcast = app.extensions["casa.broadcast"]

    def send(listeners: Sequence[Listener], content: dict[str, Any]) -> None:
        broadcast.send(listeners, "alert", content)

    made = SequenceFollower(database, send, settings.poll_seconds)
    socketio.start_background_task(_within, app, made.run)
    # These end with the process.
    never = threading.Event()
    if settings.broker_url or settings.shared_redis:
        socketio.start_background_task(announce, settings, never)
    if settings.shared_redis:
        socketio.start_background_task(listen_to_redis, settings, made.ring, never)
    if not database.is_sqlite:
        socketio.start_background_task(listen_to_postgres, database, made.ring, never)
    return made


def _within(app: Flask, run: Callable[[], None]) -> None:
    """What an alert reaches is asked of the application's own places."""
    with app.app_context():
        run()


def _connect(_auth: Any = None) -> None:
    follower(current_app._get_current_object())  # type: ignore[attr-defined]
    _visitors().connect(_session())


def _disconnect(*_: Any) -> None:
    _visitors().disconnect(_session())
    follower(current_app._get_current_object()).followers.drop(_client())  # type: ignore[attr-defined]


def _visitors() -> Visitors:
    return cast(Visitors, current_app.extensions["casa.visitors"])


def _follow(wanted: Any = None, *_: Any) -> dict[str, Any]:
    """Begin to follow; answers ``{sequence, missed}``, or ``{error}`` as a problem."""
    if (verdict := _visitors().ask(_session())) is not Verdict.WELCOME:
        if verdict is Verdict.OUT:
            disconnect()
        detail = "Follow less often: ten times at once, then once a second."
        return {"error": {"type": "urn:casa:problem:too-many-requests", "detail": detail}}
    try:
        following, since = _read(wanted)
    except ValidationError as error:
        faults = [{"pointer": one.pointer, "detail": one.detail} for one in flatten(error.messages)]
        detail = f"{faults[0]['pointer']}: {faults[0]['detail']}"
        return {"error": {"type": "urn:casa:problem:invalid", "detail": detail, "errors": faults}}
    found = follower(current_app._get_current_object())  # type: ignore[attr-defined]
    try:
        answer = found.follow(_client(), following, since)
    except SQLAlchemyError as error:
        log.error("what a client missed could not be read: %s", error)
        detail = "The service cannot reach its database. Follow again soon."
        return {"error": {"type": "urn:casa:problem:unavailable", "detail": detail}}
    _visitors().follow(_session())
    return answer


def _read(wanted: Any) -> tuple[Following, int | None]:
    data: dict[str, Any] = FollowSchema().load(wanted)
    if not 1 <= len(data["places"]) + len(data["cells"]) <= MOST_FOLLOWED:
        raise ValidationError({"places": [f"give 1 to {MOST_FOLLOWED} places and cells in all"]})
    if unknown := set(data.get("kinds", ())) - set(kinds().codes):
        raise ValidationError({"kinds": [f"no such kind: {', '.join(sorted(unknown))}"]})
    following = Following(
        keys=frozenset([*map(place_key, data["places"]), *data["cells"]]),
        languages=(data["language"],),
        kinds=frozenset(data["kinds"]) if "kinds" in data else None,
        severity=rank(data["min_severity"]),
        exercises=data["exercises"],
    )
    return following, data.get("since")


def _client() -> str:
    return str(request.sid)  # type: ignore[attr-defined]


def _session() -> str:
    """The engine.io session of the client, by which it is counted."""
    manager = current_app.extensions["casa.socketio"].server.manager
    return str(manager.eio_sid_from_sid(_client(), "/"))
