"""Thousands of generated requests, by everybody who may ask, against the OpenAPI document.

``python tools/fuzz.py --cases 2000``: Schemathesis makes requests of the document for each caller:
nobody, an agency's key, an officer who has stepped up, a device that is made anew when it is gone.
What one request makes, later ones use. Then its state machine follows links from answer to
request. Ends with status 1 where an answer is of 5xx, is not in the document, or took over 2 s of
the processor; the share of 2xx is told, and is at least a third for the key and the officer.
"""

import random
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import click
import hypothesis
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from fuzz_bodies import BODIES  # noqa: E402

from casa import create_app, schema  # noqa: E402
from casa.agencies import keys, sessions  # noqa: E402
from casa.agencies.demonstration import ASSOCIATES, STATES, Plan  # noqa: E402
from casa.agencies.models import Agency, Officer  # noqa: E402
from casa.agencies.permissions import ROLES, SCOPES  # noqa: E402
from casa.database import Database  # noqa: E402
from casa.settings import Settings  # noqa: E402
from tests.document import AnswerFault, CheckedClient, Document, document_of  # noqa: E402

LONGEST = 2.0
_PLENTY = 10**9
# How often a body is a sound one, an address names what there is, a query is left out.
_SOUND, _KNOWN, _BARE = 0.85, 0.95, 0.5
_AGENCY = Plan(
    "fuzz", "An Agency", "fuzz@demo.invalid",
    ("accident", "missing_person", "disaster"), STATES + ASSOCIATES, open_sea=True,
)  # fmt: skip
# Of these, most requests would only undo what the others need.
_SELDOM = re.compile(r"DELETE |/end$|/cancel$|^PATCH /v1/officers|/break-glass$")

Headers = dict[str, str]


class Callers:
    """Who asks; credentials that are worth nothing any more are made anew."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._database: Database = app.extensions["casa.database"]
        with self._database.writing() as session:
            self._agency = _AGENCY.create(session).id
        self._kept: dict[str, Headers] = {}

    NAMES = ("nobody", "key", "officer", "device")

    def headers(self, name: str) -> Headers:
        if name not in self._kept:
            token = getattr(self, f"_{name}")()
            self._kept[name] = {"Authorization": f"Bearer {token}"} if token else {}
        return self._kept[name]

    def renew(self, name: str) -> None:
        self._kept.pop(name, None)

    def _nobody(self) -> str:
        return ""

    def _key(self) -> str:
        with self._database.writing() as session:
            return keys.issue(session, session.get_one(Agency, self._agency), "fuzz", scopes=SCOPES)

    def _officer(self) -> str:
        settings: Settings = self._app.extensions["casa.settings"]
        with self._database.writing() as session:
            row = Officer(
                agency_id=self._agency, email=f"{uuid4()}@example.org", name="An Officer",
                roles=list(ROLES), password="none",
            )  # fmt: skip
            session.add(row)
            session.flush()
            return sessions.begin(session, row, settings)

    def _device(self) -> str:
        body = BODIES["POST /v1/devices"]()
        return str(self._app.test_client().post("/v1/devices", json=body).json["secret"])


class Fuzz:
    """Sends cases, holds answers against the document, and remembers what there is to ask for."""

    def __init__(self, app: Flask) -> None:
        app.test_client_class = CheckedClient
        self.client = app.test_client()
        self.document: Document = document_of(app)
        self.callers = Callers(app)
        self.faults: Counter[str] = Counter()
        self.statuses: dict[str, Counter[int]] = defaultdict(Counter)
        self._there: dict[str, list[str]] = defaultdict(list)
        self._there["/v1/places/"] = ["JM", "JM-14", "BB"]
        self._there["/v1/agencies/"] = [_AGENCY.code]
        self._chance = random.Random(0)

    def send(self, caller: str, case: Any) -> None:
        """One generated case, made likelier to be understood."""
        label = f"{case.method.upper()} {case.path}"
        if _SELDOM.search(label) and self._chance.random() < 0.8:
            return
        address = self._address(case)
        query = {} if self._chance.random() < _BARE else case.query or {}
        named: dict[str, Any] = {"query_string": _plain(query)}
        body = self._body(label, case.body)
        if isinstance(body, dict | list) and "json" in str(case.media_type or "json"):
            named["json"] = body
        elif isinstance(body, dict):
            named["data"], named["content_type"] = _form(body), case.media_type
        elif body is not None:
            named["data"], named["content_type"] = _bytes(body), case.media_type
        began = time.process_time()
        try:
            answer = self.client.open(
                address, method=case.method.upper(),
                headers=self.callers.headers(caller), **named,
            )  # fmt: skip
        except AnswerFault as fault:
            self.faults[f"{caller}: {fault}"] += 1
            return
        self._judge(caller, label, answer, time.process_time() - began)

    def _judge(self, caller: str, label: str, answer: Any, seconds: float) -> None:
        self.statuses[caller][answer.status_code] += 1
        if answer.status_code >= 500:
            self.faults[f"{caller}: {label}: {answer.status_code} {answer.text[:200]}"] += 1
        if seconds > LONGEST:
            self.faults[f"{caller}: {label}: took {seconds:.1f} s of the processor"] += 1
        if answer.status_code == 401 and caller != "nobody":
            self.callers.renew(caller)
        if answer.status_code in (200, 201) and answer.is_json:
            self._remember(label.split(" ")[1], answer.json)

    def _remember(self, path: str, body: Any) -> None:
        """What this answer names, by the address at which it can be asked for."""
        if not isinstance(body, dict):
            return
        for name in ("id", "identifier", "code"):
            if name in body:
                self._note(path.rstrip("/") + "/", body[name])
        if "identifier" in body:
            self._note("/v1/alerts/", body["identifier"])
        if "receipt" in body:
            self._note("/v1/sightings/", body["receipt"])
        for part in body.values():
            for one in part[:3] if isinstance(part, list) else [part]:
                if isinstance(one, dict) and "identifier" in one:
                    self._note("/v1/alerts/", one["identifier"])
                elif isinstance(one, dict):
                    self._remember(path, one)

    def _note(self, parent: str, name: Any) -> None:
        known = self._there[parent]
        if str(name) not in known:
            known.append(str(name))
            del known[:-40]

    def _address(self, case: Any) -> str:
        path: str = case.path
        for name, value in (case.path_parameters or {}).items():
            known = self._there[case.path.split(f"{{{name}}}")[0]]
            if name == "number":
                value = 1 if self._chance.random() < _KNOWN else value
            elif known and self._chance.random() < _KNOWN:
                value = self._chance.choice(known[-8:])
            path = path.replace(f"{{{name}}}", _quoted(value))
        return path

    def _body(self, label: str, generated: Any) -> Any:
        if not isinstance(generated, dict | list | str | int | float | bytes | type(None)):
            return generated if hasattr(generated, "data") else None
        if label not in BODIES or self._chance.random() > _SOUND:
            return generated
        sound = BODIES[label]()
        if isinstance(generated, dict) and generated and self._chance.random() < 0.2:
            name = self._chance.choice(sorted(generated))
            sound[name] = generated[name]
        return sound


def _quoted(value: Any) -> str:
    return quote(str(value), safe="", errors="replace")


def _plain(query: dict[str, Any]) -> dict[str, str]:
    return {name: str(value).encode(errors="replace").decode() for name, value in query.items()}


def _bytes(body: Any) -> bytes:
    data = getattr(body, "data", body)
    return data if isinstance(data, bytes) else str(data).encode(errors="replace")


def _form(body: dict[str, Any]) -> dict[str, Any]:
    return {str(name): str(value) for name, value in body.items()}


def stateless(fuzz: Fuzz, app: Flask, cases: int) -> None:
    """So many cases, spread evenly over callers and operations."""
    api = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    described = schemathesis.openapi.from_dict(api.document())
    operations = [one.ok() for one in described.get_all_operations()]
    operations.sort(key=lambda one: (one.method.upper() != "POST", "{" in one.path))
    each = max(1, round(cases / len(operations) / len(Callers.NAMES)))
    for operation in operations:
        _try(operation, each * len(Callers.NAMES), _in_turn(fuzz))


def _in_turn(fuzz: Fuzz) -> Callable[[Any], None]:
    turn = iter(range(sys.maxsize))

    def send(case: Any) -> None:
        fuzz.send(Callers.NAMES[next(turn) % len(Callers.NAMES)], case)

    return send


def _try(operation: Any, most: int, send: Callable[[Any], None]) -> None:
    @hypothesis.seed(0)
    @hypothesis.settings(
        max_examples=most, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @hypothesis.given(case=operation.as_strategy())
    def run(case: Any) -> None:
        send(case)

    with suppress(hypothesis.errors.Unsatisfiable):
        run()


def stateful(fuzz: Fuzz, app: Flask, cases: int) -> None:
    """Schemathesis' own state machine: what one answer holds goes into the next request."""
    described = schemathesis.openapi.from_wsgi("/openapi.json", app)
    machine = described.as_state_machine()

    class Flow(machine):  # type: ignore[misc, valid-type]
        def setup(self) -> None:
            self.caller = random.choice(Callers.NAMES)

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": fuzz.callers.headers(self.caller)}

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            media_type = response.headers.get("content-type", [""])[0].split(";")[0]
            method, path = case.method.upper(), case.operation.path
            status = response.status_code
            fuzz.statuses[f"{self.caller}, stateful"][response.status_code] += 1
            try:
                fuzz.document.check(path, method, status, media_type, response.content)
            except AnswerFault as fault:
                fuzz.faults[f"{self.caller}: {fault}"] += 1
            if response.status_code >= 500:
                fuzz.faults[f"{self.caller}: {method} {path}: {response.status_code}"] += 1
            if response.status_code == 401:
                fuzz.callers.renew(self.caller)

    steps = 10
    Flow.run(
        settings=hypothesis.settings(
            max_examples=max(1, cases // steps), stateful_step_count=steps, database=None,
            deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        )
    )  # fmt: skip


@click.command()
@click.option("--cases", default=2_000, show_default=True)
@click.option("--database", default="", help="A migrated, empty one; by default SQLite.")
def main(cases: int, database: str) -> None:
    """Try the service with so many generated requests."""
    with tempfile.TemporaryDirectory() as folder:
        url = database or f"sqlite:///{folder}/casa.db"
        tables = Database(url)
        schema.upgrade(tables)
        tables.dispose()
        app = create_app(
            Settings(
                database_url=url, var_dir=Path(folder), rate_agency=_PLENTY, rate_public=_PLENTY,
                rate_sign_in=_PLENTY, rate_sightings=_PLENTY,
            )
        )  # fmt: skip
        fuzz = Fuzz(app)
        stateless(fuzz, app, cases * 3 // 4)
        stateful(fuzz, app, cases // 4)
        app.extensions["casa.database"].dispose()
    sys.exit(_report(fuzz))


def _report(fuzz: Fuzz) -> int:
    poor = False
    for caller, statuses in sorted(fuzz.statuses.items()):
        share = sum(n for status, n in statuses.items() if status < 300) / statuses.total()
        poor |= caller in ("key", "officer") and share < 1 / 3
        click.echo(f"{caller}: {statuses.total()} answers, {share:.0%} of 2xx; {dict(statuses)}")
    for fault, times in fuzz.faults.most_common():
        click.echo(f"{times} times {fault}", err=True)
    click.echo(f"{len(fuzz.faults)} sorts of fault.")
    return int(poor or bool(fuzz.faults))


if __name__ == "__main__":
    main()
