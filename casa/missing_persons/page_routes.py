"""The page of a case for people, where the code on its poster leads: as long as the case is open.

Without scripts, and with nothing from elsewhere.
"""

from typing import Any

from flask import Response, render_template, request
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields, validate

from casa.alerts.exercise import notice
from casa.alerts.phrases import LANGUAGES, phrases
from casa.database import database, now
from casa.documenting import TEXT, UNCHANGED, Blueprint
from casa.missing_persons import poster, public
from casa.missing_persons.addresses import page_url
from casa.missing_persons.standing import open_or_gone
from casa.problems import Problem

blueprint = Blueprint(
    "case-pages", __name__, url_prefix="/missing-persons", description="Pages of open cases"
)

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'"
)


class LanguageSchema(Schema):
    language = fields.String(
        validate=validate.OneOf(LANGUAGES),
        metadata={"description": "Left out: what the browser asks for"},
    )


robots = Blueprint("robots", __name__, description="What search engines may read")

_ROBOTS = """User-agent: *
Disallow: /missing-persons/
Disallow: /media/
Disallow: /feeds/
Disallow: /v1/
"""


@robots.route("/robots.txt")
class Robots(MethodView):
    @robots.response(200, TEXT, content_type="text/plain")
    def get(self) -> Response:
        """No search engine is to keep what is said of persons: it would outlive the search."""
        response = Response(_ROBOTS, content_type="text/plain; charset=utf-8")
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response


@blueprint.route("/<uuid:identifier>")
class Page(MethodView):
    @blueprint.arguments(LanguageSchema, location="query", unknown=RAISE)
    @blueprint.response(200, TEXT, content_type="text/html")
    @blueprint.alt_response(304, description=UNCHANGED)
    @blueprint.alt_response(
        410,
        schema=TEXT,
        content_type="text/html",
        description="The case is closed; the page says that alone",
    )
    def get(self, query: dict[str, str], identifier: Any) -> Response:
        """An open case: photograph, facts, whom to call, how to report a sighting."""
        language = query.get("language") or _asked()
        try:
            with database().reading() as session:
                case = public.of(session, open_or_gone(session, str(identifier)), now())
        except Problem as problem:
            if problem.status != 410:
                raise
            return _answer("case_closed.html", language, 410)
        facts = public.poster_facts(case, page_url(case.id), language)
        info = case.message.info_for((language,))
        return _answer(
            "case.html",
            language,
            facts=facts,
            rows=poster.told(facts, language),
            info=info,
            notice=notice(case.message.status, language),
            picture=public.picture(info),
            others=[one for one in LANGUAGES if one != language],
        )


def _asked() -> str:
    """The best of the browser's languages that we write: of fr-HT it is fr."""
    wanted = (tag.split("-")[0].lower() for tag, worth in request.accept_languages if worth)
    return next((tag for tag in wanted if tag in LANGUAGES), "en")


def _answer(template: str, language: str, status: int = 200, **shown: Any) -> Response:
    words = {
        "page": phrases("casa.missing_persons", f"page.{language}"),
        "poster": phrases("casa.missing_persons", f"poster.{language}"),
        "common": phrases("casa.missing_persons", language),
    }
    body = render_template(template, language=language, words=words, **shown)
    response = Response(body, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Content-Language"] = language
    response.headers["Vary"] = "Accept-Language"
    # A browser asks again each time: the child may have been found since.
    response.headers["Cache-Control"] = "public, no-cache"
    if status != 200:
        return response
    response.add_etag()
    return response.make_conditional(request)  # type: ignore[return-value]
