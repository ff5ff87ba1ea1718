"""The routes that records of every kind have, made for one kind at a time.

``POST`` opens a record and drafts its alert, ``PATCH`` changes facts (RFC 7396 merge patch) and
drafts an Update; ``?publish=true`` goes on to publish. ``POST …/end`` (``add_end``) cancels.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic

from flask import Response, json, request, url_for
from flask.views import MethodView
from marshmallow import INCLUDE, RAISE, Schema, ValidationError, fields
from sqlalchemy.orm import Session

from casa import paging
from casa.agencies.authentication import SECURITY, caller, optional_caller, require_agency
from casa.agencies.caller import Caller
from casa.alerts import lifecycle, records
from casa.alerts.agency_routes import CancelSchema, NewSchema
from casa.alerts.content import Content
from casa.alerts.drafts import draft_json, problems
from casa.alerts.kinds import AlertKind
from casa.alerts.records import R, Record
from casa.alerts.schemas import DraftSchema, Moment
from casa.database import database, now
from casa.documenting import UNCHANGED, Blueprint
from casa.problems import Problem, flatten, invalid

_IN_A_BLOCK = re.compile(r"^/info/\d+")


class RecordSchema(Schema):
    """A record as its agency sees it."""

    id = fields.UUID()
    kind = fields.String()
    facts = fields.Dict(metadata={"description": "As they were sent"})
    created = Moment()
    changed = Moment()
    ended = Moment(allow_none=True)
    alert = fields.Nested(DraftSchema, allow_none=True)


class ChangesSchema(Schema):
    """Facts to change, as the record's own schema has them; null removes one."""

    class Meta:
        unknown = INCLUDE


def _no_more_asked(_session: Session, _caller: Caller, _record: Record, _facts: Any) -> None:
    """Most kinds ask nothing of their facts but what their schemas do."""


def _nothing_more(_session: Session, _record: Record, text: Content) -> Content:
    return text


class Wiring(Generic[R]):
    """What joins one kind to these routes: its model, its schema and how facts become content.

    ``attach`` adds to the content what a record has beside its facts. ``public`` answers the list
    and ``public_one`` a single record for who shows no credentials, as ``public_schema`` has it;
    without them there is neither. ``shown_schema`` is how the agency sees a record.
    ``judge`` refuses facts that break a rule of the kind, and keeps beside them what is to be kept.
    """

    def __init__(
        self,
        kind: AlertKind,
        model: type[R],
        schema: type[Schema],
        compose: Callable[[Any, Caller, datetime], Content],
        attach: Callable[[Session, R, Content], Content] = _nothing_more,
        public: Callable[[dict[str, Any]], Response] | None = None,
        public_one: Callable[[str], Response] | None = None,
        public_schema: type[Schema] | None = None,
        shown_schema: type[Schema] = RecordSchema,
        judge: Callable[[Session, Caller, R, Any], None] = _no_more_asked,
    ) -> None:
        self.kind = kind
        self.model = model
        self.schema = schema
        self.compose = compose
        self.attach = attach
        self.public = public
        self.public_one = public_one
        self.shown_schema = shown_schema
        self.readings = [shown_schema, *([public_schema] if public_schema else [])]
        self.judge = judge

    def open(
        self,
        session: Session,
        known: Caller,
        facts: Any,
        wire: Any,
        *,
        publish: bool,
        cross_border: bool,
    ) -> R:
        """A new record with these facts, and the draft of its alert.

        Raises:
            what ``record_problems`` turns into a problem.
        """
        text = self.compose(facts, known, now())
        alert = lifecycle.draft(session, known, self.kind, text, crosses=cross_border)
        record = self.model()
        record.agency_id, record.thread, record.facts = known.agency_id, alert.thread, wire
        session.add(record)
        session.flush()
        self.judge(session, known, record, facts)
        if publish:
            lifecycle.go_on(session, known, self.kind, alert)
        session.flush()
        return record

    def change(
        self,
        session: Session,
        known: Caller,
        record: R,
        wire: Any,
        *,
        publish: bool,
        cross_border: bool = False,
    ) -> None:
        """Give the record these facts and say so: in its draft, or in an Update of its thread.

        Raises:
            Problem: 422, and what ``record_problems`` turns into one.
        """
        facts = load(self.schema, wire)
        self.judge(session, known, record, facts)
        text = self.compose(facts, known, now())
        text = self.attach(session, record, text)
        alert = records.change(session, known, self.kind, record, text, crosses=cross_border)
        record.facts = wire
        if publish:
            lifecycle.go_on(session, known, self.kind, alert)
        session.flush()

    def shown(self, session: Session, record: R) -> dict[str, Any]:
        alert = records.head(session, record)
        return {
            "id": record.id,
            "kind": self.kind.code,
            "facts": record.facts,
            "created": record.created.isoformat(),
            "changed": record.changed.isoformat(),
            "ended": record.ended and record.ended.isoformat(),
            "alert": draft_json(alert) if alert else None,
            **record.beside_facts(),
        }


def merged(old: Any, patch: Any) -> Any:
    """``old`` after an RFC 7396 merge patch."""
    if not isinstance(patch, dict):
        return patch
    result = dict(old) if isinstance(old, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


@contextmanager
def record_problems() -> Iterator[None]:
    """``problems`` that point at the facts: each language's block repeats what they say once."""
    try:
        with problems():
            yield
    except Problem as problem:
        if problem.status != 422:
            raise
        found = (replace(one, pointer=_IN_A_BLOCK.sub("", one.pointer)) for one in problem.errors)
        raise invalid(list(dict.fromkeys(found))) from problem


def blueprint_of(wiring: Wiring[R], path: str, name: str, description: str) -> Blueprint:
    """The blueprint of one kind's records under ``/v1/<path>``."""
    shown = wiring.shown_schema
    record_page = {
        "type": "object",
        "properties": {
            "records": {"type": "array", "items": {"anyOf": wiring.readings}},
            "next": {"type": ["string", "null"]},
        },
    }
    blueprint = Blueprint(name, name, url_prefix=f"/v1/{path}", description=description)

    @blueprint.before_request
    def admit() -> None:
        """But for public reading, only agencies learn even what a request looks like."""
        public = {f"{name}.Records": wiring.public, f"{name}.One": wiring.public_one}
        if request.method not in ("GET", "HEAD") or not public.get(str(request.endpoint)):
            require_agency()

    @blueprint.route("")
    class Records(MethodView):
        @blueprint.doc(security=SECURITY)
        @blueprint.arguments(wiring.schema)
        @blueprint.arguments(NewSchema, location="query", unknown=RAISE)
        @blueprint.response(201, shown)
        def post(self, facts: Any, query: dict[str, Any]) -> Response:
            """Open a record and draft its alert; `?publish=true` publishes it at once, and
            `?cross_border=true` asks other states for consent where it lies there."""
            known = caller()
            with record_problems(), database().writing() as session:
                record = wiring.open(session, known, facts, request.get_json(), **query)
                body = json.dumps(wiring.shown(session, record))
            response = Response(body, 201, content_type="application/json")
            response.headers["Location"] = url_for(f"{name}.One", identifier=record.id)
            return response

        @blueprint.doc(security=[{}, *SECURITY] if wiring.public else SECURITY)
        @blueprint.arguments(paging.PageSchema, location="query", unknown=RAISE)
        @blueprint.response(200, record_page)
        @blueprint.alt_response(304, description=UNCHANGED)
        def get(self, query: dict[str, Any]) -> Response:
            """The agency's records, newest first; without credentials, what of them is public."""
            if wiring.public is not None and optional_caller() is None:
                return wiring.public(query)
            after = paging.row_of(query.get("cursor"))
            limit = query["limit"]
            with problems(), database().reading() as session:
                rows = records.listed(session, caller(), wiring.model, after, limit + 1)
                found = [wiring.shown(session, row) for row in rows[:limit]]
            following = paging.following(rows, limit)
            body = json.dumps({"records": found, "next": following})
            return Response(body, content_type="application/json")

    @blueprint.route("/<uuid:identifier>")
    class One(MethodView):
        @blueprint.doc(security=[{}, *SECURITY] if wiring.public_one else SECURITY)
        @blueprint.response(200, {"anyOf": wiring.readings})
        @blueprint.alt_response(304, description=UNCHANGED)
        @blueprint.alt_response(410, description="It was public and is over")
        def get(self, identifier: Any) -> Response:
            """One record with the latest message of its thread; without credentials, its public
            part."""
            if wiring.public_one is not None and optional_caller() is None:
                return wiring.public_one(str(identifier))
            with problems(), database().reading() as session:
                record = records.own(session, caller(), wiring.model, str(identifier))
                body = json.dumps(wiring.shown(session, record))
            return Response(body, content_type="application/json")

        @blueprint.doc(security=SECURITY)
        @blueprint.arguments(ChangesSchema)
        @blueprint.arguments(NewSchema, location="query", unknown=RAISE)
        @blueprint.response(200, shown)
        def patch(
            self, changes: dict[str, Any], query: dict[str, Any], identifier: Any
        ) -> Response:
            """Change facts (RFC 7396: null removes); drafts an Update of what is published, which
            may reach into other states as it did before."""
            known = caller()
            with record_problems(), database().writing() as session:
                record = records.own(session, known, wiring.model, str(identifier))
                wire = merged(record.facts, changes)
                wiring.change(session, known, record, wire, **query)
                body = json.dumps(wiring.shown(session, record))
            return Response(body, content_type="application/json")

    return blueprint


def add_end(blueprint: Blueprint, wiring: Wiring[R]) -> None:
    """Give the blueprint the route that ends a record, for kinds whose ending is a mere Cancel."""

    @blueprint.route("/<uuid:identifier>/end", methods=["POST"])
    class End(MethodView):
        @blueprint.doc(security=SECURITY)
        @blueprint.arguments(CancelSchema)
        @blueprint.response(200, wiring.shown_schema)
        def post(self, data: dict[str, Any], identifier: Any) -> Response:
            """End the record: its draft is thrown away, what is in force is cancelled."""
            known = caller()
            with record_problems(), database().writing() as session:
                record = records.own(session, known, wiring.model, str(identifier))
                records.end(session, known, wiring.kind, record, data["reason"])
                session.flush()
                body = json.dumps(wiring.shown(session, record))
            return Response(body, content_type="application/json")


def load(schema: type[Schema], wire: Any) -> Any:
    """Facts from their wire form.

    Raises:
        Problem: 422.
    """
    try:
        return schema().load(wire)
    except ValidationError as error:
        raise invalid(list(flatten(error.messages))) from error
