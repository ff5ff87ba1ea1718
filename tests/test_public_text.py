"""Texts and addresses that show what they say."""

import unicodedata
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from casa.public_text import address, fault, normal


@pytest.mark.parametrize(
    "text",
    [
        "Évacuez Saint-Élisabeth",
        "Avètisman: dlo ap monte\nAle kote ki wo.",
        "Orkaan! Ga naar de schuilplaats. 🌀👨‍👩‍👧",
        "مرحبا \u2067Jamaica\u2069 \u200e3",
        "שָׁלוֹם",
        "ก็ ที่นี่",
        "Tiếng Việt",
        "क्‍ष",
        "…",
    ],
)
def test_what_languages_are_written_with_passes(text: str) -> None:
    assert fault(normal(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "safe\u202egnp.exe",
        "\u2066left open",
        "\u2069closed only",
        "\u202aone\u2066two\u202c\u2069",
        "a\u2067b\nc\u2069",
        "bell\x07",
        "next\x85line",
        "tab\there",
        "nul\0",
        "\u200b\u2060",
        "   \n ",
        "\u3164",
        "\u2800\u2800",
        "\u0301",
        "tag\U000e0041",
        "\ufdd0",
        "x\uffff",
        "x\U0010ffff",
        "private \ue000",
        "\ud800",
        "line\u2028separator",
        "byte order\ufeff",
        "Z" + "\u0335" * 5,
    ],
)
def test_what_deceives_is_refused(text: str) -> None:
    assert fault(normal(text)) is not None


@given(st.text(max_size=40))
def test_what_passes_is_one_spelling_and_shows_something(text: str) -> None:
    kept = normal(text)
    if fault(kept) is None:
        assert unicodedata.is_normalized("NFC", kept)
        assert kept.strip()
        assert "\u202e" not in kept
        kept.encode()


def test_two_spellings_are_one() -> None:
    assert normal("e\u0301te\u0301\r\n") == "été\n"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://example.org/a?b#c", "https://example.org/a?b#c"),
        ("https://\u0440\u0430ypal.com/x", "https://xn--ypal-43d9g.com/x"),
        ("http://bücher.example:8080/", "http://xn--bcher-kva.example:8080/"),
    ],
)
def test_hosts_are_shown_as_they_are(given: str, shown: str) -> None:
    assert address(given) == shown


@pytest.mark.parametrize(
    "given",
    [
        "https://police.gov.jm@evil.example/",
        "https://a:b@evil.example/",
        "https://evil.example\\@police.gov.jm/",
        "https://exa mple.org/",
        "https://example.org/\u202egpj",
        "https://\u2066.example/",
        "https://xn--\u00fc.example/",
    ],
)
def test_addresses_that_deceive_are_refused(given: str) -> None:
    with pytest.raises(ValueError, match="must"):
        address(given)


@pytest.mark.parametrize(
    ("path", "change", "pointer"),
    [
        ("alerts", {"headline": "safe\u202egnp"}, "/info/0/headline"),
        ("alerts", {"headline": "\u200b"}, "/info/0/headline"),
        ("alerts", {"web": "https://police@evil.example/"}, "/info/0/web"),
        ("alerts", {"sender_name": "The Prime Minister"}, "/info/0/sender_name"),
        ("accidents", {"location": "A1\U000e0041"}, "/location"),
        ("accidents", {"web": "https://a:b@evil.example/"}, "/web"),
        ("accidents", {"description": {"en": "\u2067open"}}, "/description/en"),
    ],
)
def test_routes_refuse_what_deceives(
    client: FlaskClient,
    bearer: Any,
    warning: dict[str, Any],
    road_accident: dict[str, Any],
    path: str,
    change: dict[str, Any],
    pointer: str,
) -> None:
    body = {"alerts": warning, "accidents": road_accident}[path]
    (body["info"][0] if path == "alerts" else body).update(change)
    agency = "cdema" if path == "alerts" else "police-jm"
    answer = client.post(f"/v1/{path}", json=body, headers=bearer(agency))
    assert answer.status_code == 422, answer.json
    assert answer.json["errors"][0]["pointer"] == pointer


def test_what_is_published_is_in_one_spelling(publish: Any, warning: dict[str, Any]) -> None:
    warning["info"][0]["headline"] = "Cafe\u0301"
    warning["info"][0]["web"] = "https://bücher.example/"
    block = publish(warning)["info"][0]
    assert block["headline"] == "Café"
    assert block["web"] == "https://xn--bcher-kva.example/"
