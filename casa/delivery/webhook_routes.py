"""``/v1/webhooks``, and the texts for telephones and radios of each alert."""

from datetime import timedelta
from typing import Any

import msgspec
from flask import Response, json, url_for
from flask.views import MethodView
from marshmallow import RAISE

from casa import paging
from casa.agencies.authentication import SECURITY, caller, require_agency
from casa.alerts.drafts import problems
from casa.alerts.routes import conditional, public_alert
from casa.answers import private
from casa.answers import secret as secret_answer
from casa.database import database
from casa.delivery import webhooks
from casa.delivery.models import Webhook
from casa.delivery.spoken import spoken
from casa.delivery.webhook_schemas import (
    NewWebhookSchema,
    RotationSchema,
    SaidPageSchema,
    ShownWebhookSchema,
    WebhookChangeSchema,
    WebhookPageSchema,
    WebhookSchema,
)
from casa.documenting import Blueprint
from casa.problems import not_found
from casa.sealing import sealer

public = Blueprint("spoken", __name__, url_prefix="/v1", description="Alerts on phones and radios")
blueprint = Blueprint(
    "webhooks", __name__, url_prefix="/v1/webhooks", description="Alerts posted to addresses"
)
blueprint.before_request(require_agency)


@public.route("/alerts/<uuid:identifier>/texts")
class SpokenTexts(MethodView):
    @public.response(200, SaidPageSchema)
    @public.alt_response(410, description="It was public and has been withdrawn")
    def get(self, identifier: Any) -> Response:
        """A published alert as one short message and as a radio script, in each language."""
        with database().reading() as session:
            found = public_alert(session, identifier)
            if found is None:
                raise not_found("such alert")
            texts = msgspec.to_builtins(spoken(found.message))
        return conditional(Response(json.dumps({"texts": texts}), content_type="application/json"))


@blueprint.route("")
class Webhooks(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(WebhookSchema)
    @blueprint.response(201, NewWebhookSchema)
    def post(self, facts: dict[str, Any]) -> Response:
        """Have alerts posted to an address; the secret that signs them is shown this once."""
        with problems(), database().writing() as session:
            row, secret = webhooks.add(session, caller(), sealer(), facts)
            response = secret_answer({**_shown(row), "secret": secret}, 201)
        response.headers["Location"] = url_for("webhooks.OneWebhook", identifier=row.id)
        return response

    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(paging.PageSchema, location="query", unknown=RAISE)
    @blueprint.response(200, WebhookPageSchema)
    def get(self, query: dict[str, Any]) -> Response:
        """The agency's webhooks, oldest first, and how each has fared."""
        after, limit = paging.decode(query.get("cursor"), int), query["limit"]
        with problems(), database().reading() as session:
            rows = webhooks.listed(session, caller(), after[0] if after else 0, limit + 1)
        following = paging.encode([rows[limit - 1].number]) if len(rows) > limit else None
        return private({"webhooks": [_shown(row) for row in rows[:limit]], "next": following})


@blueprint.route("/<uuid:identifier>")
class OneWebhook(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.response(200, ShownWebhookSchema)
    def get(self, identifier: Any) -> Response:
        """One webhook, and how it has fared."""
        with problems(), database().reading() as session:
            return private(_shown(webhooks.own(session, caller(), str(identifier))))

    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(WebhookChangeSchema)
    @blueprint.response(200, ShownWebhookSchema)
    def patch(self, facts: dict[str, Any], identifier: Any) -> Response:
        """Change what a webhook is for, or switch it off and on."""
        with problems(), database().writing() as session:
            row = webhooks.own(session, caller(), str(identifier))
            webhooks.change(session, caller(), row, facts)
            return private(_shown(row))

    @blueprint.doc(security=SECURITY)
    @blueprint.response(204)
    def delete(self, identifier: Any) -> None:
        """Forget a webhook."""
        with problems(), database().writing() as session:
            row = webhooks.own(session, caller(), str(identifier))
            webhooks.remove(session, caller(), row)


@blueprint.route("/<uuid:identifier>/secret")
class WebhookSecret(MethodView):
    @blueprint.doc(security=SECURITY)
    @blueprint.arguments(RotationSchema)
    @blueprint.response(200, NewWebhookSchema)
    def post(self, wanted: dict[str, Any], identifier: Any) -> Response:
        """Give the webhook another secret, shown this once; for a day both sign what is posted."""
        overlap = timedelta(hours=wanted["overlap_hours"])
        with problems(), database().writing() as session:
            row = webhooks.own(session, caller(), str(identifier))
            secret = webhooks.rotate(session, caller(), sealer(), row, overlap)
            return secret_answer({**_shown(row), "secret": secret})


def _shown(row: Webhook) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "url": row.url,
        "kinds": row.kinds,
        "places": row.places,
        "min_severity": row.min_severity,
        "exercises": row.exercises,
        "enabled": row.enabled,
        "last_sent": row.last_sent and row.last_sent.isoformat(),
        "last_fault": row.last_fault,
        "created": row.created.isoformat(),
    }
