"""The assembly of the service's parts, and nothing else."""

import os
from typing import cast

from flask import Flask, g

from casa import hardening, idempotency, intake, limits, problems
from casa.accidents import routes as accident_routes
from casa.agencies import (
    administration_routes,
    audit_routes,
    grant_routes,
    oidc_routes,
    passkey_routes,
    session_routes,
)
from casa.agencies.authentication import proven_caller
from casa.agencies.oidc import provider_of
from casa.alerts import agency_routes, approval_routes, sequence, template_routes
from casa.alerts import routes as alert_routes
from casa.alerts.kinds import Kinds
from casa.alerts.renderers import Renderer
from casa.audience import routes as audience_routes
from casa.database import Database
from casa.delivery import realtime, webhook_routes, webpush_routes
from casa.delivery import routes as delivery_routes
from casa.delivery.encryption import Vapid
from casa.disasters import event_routes as hazard_event_routes
from casa.disasters import hazards, shelter_routes, zone_routes
from casa.disasters import routes as disaster_routes
from casa.disasters.storm import uncertainty
from casa.documenting import LateApi
from casa.exchange import cap, feed_routes, geojson, pfif_routes, release_routes, signatures
from casa.exchange import routes as exchange_routes
from casa.exchange.signatures import SigningKeys
from casa.geography import places
from casa.geography import routes as place_routes
from casa.missing_persons import (
    note_routes,
    page_routes,
    photograph_routes,
    public_routes,
    reporting_routes,
    sighting_routes,
)
from casa.missing_persons import routes as missing_person_routes
from casa.missing_persons.kind import KIND as MISSING_PERSON
from casa.missing_persons.media import Media
from casa.missing_persons.releasing import Law
from casa.operations import blueprint as operations_blueprint
from casa.sealing import Sealer
from casa.settings import Settings, SettingsError

BLUEPRINTS = (
    session_routes.blueprint,
    passkey_routes.blueprint,
    oidc_routes.blueprint,
    administration_routes.blueprint,
    grant_routes.blueprint,
    audit_routes.blueprint,
    alert_routes.blueprint,
    agency_routes.blueprint,
    approval_routes.blueprint,
    template_routes.blueprint,
    accident_routes.blueprint,
    missing_person_routes.blueprint,
    public_routes.blueprint,
    page_routes.blueprint,
    page_routes.robots,
    photograph_routes.blueprint,
    photograph_routes.files,
    reporting_routes.blueprint,
    sighting_routes.blueprint,
    note_routes.blueprint,
    disaster_routes.blueprint,
    hazard_event_routes.blueprint,
    shelter_routes.public,
    shelter_routes.blueprint,
    zone_routes.blueprint,
    audience_routes.blueprint,
    delivery_routes.blueprint,
    webpush_routes.blueprint,
    webhook_routes.public,
    webhook_routes.blueprint,
    place_routes.blueprint,
    exchange_routes.blueprint,
    feed_routes.blueprint,
    pfif_routes.blueprint,
    release_routes.blueprint,
    operations_blueprint,
)

KINDS = Kinds([accident_routes.KIND, MISSING_PERSON, disaster_routes.KIND])

RENDERERS = (
    Renderer("geojson", geojson.MEDIA_TYPE, geojson.render),
    Renderer("xml", "application/cap+xml", lambda message, _: cap.to_xml(message)),
)


def create_app(settings: Settings | None = None) -> Flask:
    """The whole service as a WSGI application; by default with the environment's settings."""
    settings = settings or Settings.from_environment(os.environ)
    app = Flask(__name__)
    app.config.update(
        MAX_CONTENT_LENGTH=settings.body_limit,
        API_TITLE="CASA: CARICOM Secure App alert backend",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
    )
    app.extensions[places.EXTENSION] = settings.boundaries and places.load(settings.boundaries)
    try:
        uncertainty.use(uncertainty.parsed(settings.cone))
    except ValueError as fault:
        raise SettingsError(f"CASA_CONE: {fault}.") from None
    hazards.use(settings.hazards)
    app.extensions["casa.settings"] = settings
    app.extensions["casa.database"] = Database(settings.database_url)
    app.extensions["casa.oidc"] = provider_of(settings)
    app.extensions["casa.sealer"] = Sealer(settings.sealing_key_file)
    app.extensions["casa.kinds"] = KINDS
    app.extensions["casa.media"] = Media(settings.media_store)
    app.extensions["casa.foreign_law"] = _law_of(settings)
    signing = app.extensions["casa.signing"] = SigningKeys(settings.signing_folder)
    signed = Renderer("jws", signatures.MEDIA_TYPE, signing.render)
    app.extensions["casa.renderers"] = (*RENDERERS, signed)
    app.extensions["casa.vapid"] = (
        Vapid(settings.webpush_key_file, settings.webpush_contact)
        if settings.webpush_contact
        else None
    )
    app.extensions["casa.sequence"] = sequence.current
    api = LateApi(app)
    for scheme, text in (
        ("agencyKey", "The key of an agency's system"),
        ("officerSession", "An officer's session"),
        ("deviceSecret", "A device's secret"),
    ):
        api.spec.components.security_scheme(
            scheme, {"type": "http", "scheme": "bearer", "description": text}
        )
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    problems.init_app(app)
    app.after_request(audit_routes.note_refusal)
    hardening.init_app(app)
    limits.init_app(app, settings, _proven)
    intake.init_app(app)
    idempotency.init_app(app, _proven)
    realtime.init_app(app)
    hardening.trust(app, settings.trusted_proxies)
    return app


def _proven() -> str | None:
    """Who has shown in the current request who they are; ``None``: nobody, or not rightly."""
    if "proven" not in g:
        known, device = proven_caller(), None
        if known is None:
            device = audience_routes.proven_device()
        g.proven = known.actor if known else f"device:{device.id}" if device else None
    return cast(str | None, g.proven)


def _law_of(settings: Settings) -> Law:
    try:
        return Law.parse(settings.foreign_facts)
    except ValueError as error:
        raise SettingsError(f"CASA_FOREIGN_FACTS: {error}") from error
