"""Devices over HTTP: a device registers itself and speaks for itself, by its secret, only."""

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial, wraps
from typing import Any, cast

from flask import current_app, g, request
from flask.views import MethodView
from sqlalchemy.orm import Session

from casa.answers import shown_once, uncached
from casa.audience import devices
from casa.audience.models import Device
from casa.audience.schemas import (
    ChangeSchema,
    DeviceSchema,
    FollowSchema,
    PlacesSchema,
    RegisteredSchema,
    RegistrationSchema,
)
from casa.database import database
from casa.documenting import Blueprint
from casa.geography.cells import cell_text
from casa.geography.places import code_of
from casa.problems import Problem

blueprint = Blueprint("devices", __name__, url_prefix="/v1", description="Citizens' devices")

SECURITY: list[dict[str, list[str]]] = [{"deviceSecret": []}]

blueprint.after_request(uncached)


@blueprint.route("/devices")
class Devices(MethodView):
    @blueprint.arguments(RegistrationSchema)
    @blueprint.response(201, RegisteredSchema)
    def post(self, data: dict[str, Any]) -> dict[str, Any]:
        """Register a device; its secret is shown this once."""
        with database().writing() as session:
            device, secret = devices.register(session, **data)
            sequence = current_app.extensions["casa.sequence"](session)
            shown_once()
            return {"id": device.id, "secret": secret, "sequence": sequence}


def require_device(view: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse who is no device before even looking at what was sent."""

    @wraps(view)
    def checked(*arguments: Any, **named: Any) -> Any:
        device = proven_device()
        if device is None:
            raise _unauthorised()
        if device.seen != devices.today():
            with database().writing() as session:
                _caller(devices.hold, session)
        return view(*arguments, **named)

    return checked


def proven_device() -> Device | None:
    """The device whose secret the request shows; ``None`` where it shows none that is right."""
    if "device" not in g:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        g.device_secret = secret.strip() if scheme.lower() == "bearer" else ""
        with database().reading() as session:
            try:
                g.device = devices.find(session, g.device_secret)
            except devices.SecretRefused:
                g.device = None
    return cast(Device | None, g.device)


def _unauthorised() -> Problem:
    detail = "Send the device's secret as 'Authorization: Bearer casad_…'; this is none."
    return Problem(401, "unauthorised", detail, headers={"WWW-Authenticate": 'Bearer realm="casa"'})


def _caller(look_up: Callable[[Session, str], Device], session: Session) -> Device:
    """The calling device, through ``devices.find`` or ``devices.hold``."""
    try:
        return look_up(session, g.device_secret)
    except devices.SecretRefused:
        raise _unauthorised() from None


@blueprint.route("/devices/me")
class Me(MethodView):
    decorators = [require_device]

    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, DeviceSchema)
    def get(self) -> dict[str, Any]:
        """What is kept of this device, but for its token."""
        with database().reading() as session:
            return _described(session, _caller(devices.find, session))

    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(ChangeSchema)
    @blueprint.response(200, DeviceSchema)
    def patch(self, data: dict[str, Any]) -> dict[str, Any]:
        """Change the push token, the languages or the preferences."""
        with database().writing() as session:
            device = _caller(partial(devices.hold, push=data.get("push")), session)
            if "preferences" in data:
                current = devices.preferences_of(device)
                data["preferences"] = replace(current, **data["preferences"])
            devices.change(session, device, **data)
            return _described(session, device)

    @blueprint.doc(security=SECURITY)
    @blueprint.response(204)
    def delete(self) -> None:
        """Forget everything about this device."""
        with database().writing() as session:
            devices.remove(session, _caller(devices.hold, session))


@blueprint.route("/devices/me/places")
class Places(MethodView):
    decorators = [require_device]

    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, PlacesSchema)
    def get(self) -> dict[str, Any]:
        """The places that this device follows."""
        with database().reading() as session:
            return {"places": _places(session, _caller(devices.find, session))}

    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(FollowSchema)
    @blueprint.response(200, PlacesSchema)
    def put(self, data: dict[str, Any]) -> dict[str, Any]:
        """Follow exactly these places; a position is kept as its cell of about 5 km² only."""
        with database().writing() as session:
            device = _caller(devices.hold, session)
            devices.follow(session, device, data["places"])
            return {"places": _places(session, device)}


def _described(session: Session, device: Device) -> dict[str, Any]:
    return {
        "id": device.id,
        "platform": device.platform,
        "push": {"provider": device.provider},
        "languages": device.languages,
        "preferences": asdict(devices.preferences_of(device)),
        "places": _places(session, device),
    }


def _places(session: Session, device: Device) -> list[dict[str, str]]:
    keys = devices.followed(session, device)
    return [{"code": code_of(key)} if key < 0 else {"cell": cell_text(key)} for key in keys]
