"""The live page of a case: what its poster's code leads to, for people and for programs."""

import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from tests.missing_persons.conftest import NAME, case_of

CLOSED = {"en": "Case closed", "ht": "Dosye a fèmen"}


class Elements(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def page(client: FlaskClient, case: dict[str, Any], query: str = "", **headers: str) -> Any:
    return client.get(f"/missing-persons/{case['id']}{query}", headers=headers)


@pytest.mark.parametrize("language", ["en", "fr", "ht", "nl", "es"])
def test_an_open_case(
    client: FlaskClient, published: dict[str, Any], add: Callable[..., Any], language: str
) -> None:
    assert add(published).status_code == 201
    answer = page(client, published, f"?language={language}")
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    assert answer.headers["Content-Language"] == language
    elements = Elements(answer.text)
    assert elements.all("html")[0]["lang"] == language
    for told in (NAME, "Spanish Town market", "Demonstration Police, Jamaica"):
        assert told in answer.text
    (image,) = elements.all("img")
    assert client.get(str(image["src"])).content_type == "image/jpeg"
    assert len(elements.all("a")) == 4


def test_nothing_runs_and_nothing_comes_from_elsewhere(
    client: FlaskClient, published: dict[str, Any], add: Callable[..., Any]
) -> None:
    add(published)
    answer = page(client, published)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    elements = Elements(answer.text)
    assert elements.all("script") + elements.all("style") + elements.all("form") == []
    for _, attributes in elements.found:
        assert not any(name == "style" or name.startswith("on") for name in attributes)
        for name in ("src", "href"):
            assert re.match(r"/|\?", attributes.get(name) or "/")
    (sheet,) = elements.all("link")
    assert client.get(str(sheet["href"])).status_code == 200


def test_the_browsers_language(client: FlaskClient, published: dict[str, Any]) -> None:
    for asked, got in (("fr-HT, en;q=0.5", "fr"), ("ht", "ht"), ("de", "en"), ("", "en")):
        answer = page(client, published, **{"Accept-Language": asked})
        assert answer.headers["Content-Language"] == got
        assert "Accept-Language" in answer.headers["Vary"]
    assert page(client, published, "?language=de").status_code == 422


def test_what_is_told_is_no_markup(client: FlaskClient, police: dict[str, str]) -> None:
    hostile = '<script>alert(1)</script>"><img src=x>'
    case = case_of(full_name=hostile, last_known_location=hostile, contact=hostile)
    made = client.post("/v1/missing-persons?publish=true", json=case, headers=police)
    answer = page(client, made.json)
    assert answer.status_code == 200
    elements = Elements(answer.text)
    assert elements.all("script") + elements.all("img") == []


@pytest.mark.parametrize("language", sorted(CLOSED))
def test_after_the_end_it_says_that_alone(
    client: FlaskClient, published: dict[str, Any], add: Callable[..., Any], police: Any,
    language: str,
) -> None:  # fmt: skip
    add(published)
    seen = {"If-None-Match": page(client, published, f"?language={language}").headers["ETag"]}
    client.post(f"/v1/missing-persons/{published['id']}/end", json={}, headers=police)
    answer = page(client, published, f"?language={language}", **seen)
    assert answer.status_code == 410
    assert page(client, published, f"?language={language}", **seen).status_code == 410
    assert CLOSED[language] in answer.text
    for secret in (NAME, "Spanish Town", "Demonstration", "/media/", published["id"]):
        assert secret not in answer.text
    json = client.get(f"/v1/missing-persons/{published['id']}")
    assert json.status_code == 410
    assert NAME not in json.text


def test_no_page_of_what_is_not_public(client: FlaskClient, police: Any) -> None:
    draft = client.post("/v1/missing-persons", json=case_of(), headers=police).json
    nothing = {"id": "00000000-0000-4000-8000-000000000000"}
    for case in (draft, nothing):
        assert page(client, case).status_code == 404
        assert client.get(f"/v1/missing-persons/{case['id']}").status_code == 404


def test_programs_read_one_case_without_credentials(
    client: FlaskClient, published: dict[str, Any], police: Any, bearer: Any
) -> None:
    change = {"last_known_location": "Portmore"}
    client.patch(f"/v1/missing-persons/{published['id']}", json=change, headers=police)
    answer = client.get(f"/v1/missing-persons/{published['id']}")
    assert answer.status_code == 200
    assert set(answer.json) == {"id", "alert", "page", "poster", "pfif", "sightings"}
    assert answer.json["alert"]["identifier"] == published["alert"]["identifier"]
    assert "Portmore" not in answer.text
    for name in ("page", "poster", "pfif"):
        assert client.get(urlsplit(answer.json[name]).path).status_code == 200
    path = f"/v1/missing-persons/{published['id']}"
    assert "facts" in client.get(path, headers=police).json
    assert client.get(path, headers=bearer("police-tt")).status_code == 404
    assert client.get(path, headers={"Authorization": "Bearer casa_x_y"}).status_code == 401
    assert client.patch(path, json=change).status_code == 401


def test_the_posters_code_leads_to_the_page(client: FlaskClient, published: dict[str, Any]) -> None:
    answer = client.get(f"/v1/missing-persons/{published['id']}/poster.pdf?language=fr")
    told = "".join(PdfReader(io.BytesIO(answer.data)).pages[0].extract_text().split())
    (url,) = re.findall(r"http://127\.0\.0\.1:8000/[-/\w]+\?language=fr", told)
    parts = urlsplit(url)
    found = client.get(f"{parts.path}?{parts.query}")
    assert (found.status_code, found.headers["Content-Language"]) == (200, "fr")
    assert NAME in found.text


def test_an_exercise_is_marked_and_stays_here(client: FlaskClient, police: Any) -> None:
    case = case_of(status="Exercise")
    made = client.post("/v1/missing-persons?publish=true", json=case, headers=police)
    assert made.status_code == 201, made.json
    told = page(client, made.json, "?language=ht").text
    assert f"EGZÈSIS EGZÈSIS EGZÈSIS: {NAME}" in told
    assert "Sa a se yon egzèsis sèlman." in told
    path = f"/v1/missing-persons/{made.json['id']}"
    drawn = PdfReader(io.BytesIO(client.get(f"{path}/poster.pdf").data)).pages[0].extract_text()
    assert "EXERCISE EXERCISE EXERCISE" in " ".join(drawn.split())
    assert client.get(f"{path}.pfif").status_code == 404
    assert NAME not in client.get("/feeds/pfif.atom").text
