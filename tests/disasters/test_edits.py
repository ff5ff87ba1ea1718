"""An officer's own words: where they stand, what follows them, who approves them."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from casa.agencies.permissions import Role
from casa.disasters.texts.catalogue import catalogue
from casa.disasters.texts.following import script, short_message
from casa.disasters.texts.gsm7 import fits_one_message
from casa.disasters.texts.radio import MOST_SECONDS, seconds
from tests.conftest import SignedIn, approve

Bearer = Callable[[str], dict[str, str]]
Officers = Callable[..., SignedIn]
WORDS = {
    "level": "warning", "language": "en", "headline": "Leave Speightstown now",
    "description": "The sea wall has broken.", "instruction": "Walk uphill. Leave cars behind.",
}  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=400)


@pytest.fixture
def begin(client: FlaskClient, bearer: Bearer) -> Callable[..., str]:
    def begin_(agency: str = "cdema", **changes: Any) -> str:
        body = {"hazard": "tropical_cyclone", "name": "Demo"} | changes
        made = client.post("/v1/hazard-events", json=body, headers=bearer(agency))
        return str(made.headers["Location"])

    return begin_


@pytest.fixture
def draft(client: FlaskClient, bearer: Bearer) -> Callable[..., Any]:
    def draft_(event: str, levels: dict[str, str], *edits: dict[str, Any], publish: bool = True):
        path = f"{event}/advisories?publish={str(publish).lower()}"
        body = {"levels": levels, "edits": list(edits)}
        return client.post(path, json=body, headers=bearer("cdema"))

    return draft_


def infos(client: FlaskClient, message: dict[str, Any]) -> dict[str, Any]:
    alert = client.get(f"/v1/alerts/{message['identifier']}").json
    return {info["language"]: info for info in alert["info"]}


def test_an_edit_is_what_goes_out_and_other_languages_stay(
    client: FlaskClient, bearer: Bearer, begin: Any, draft: Any
) -> None:
    event = begin()
    # Curaçao is told in Dutch too, Barbados in English.
    done = draft(event, {"BB": "warning", "CW": "warning"}, WORDS)
    assert done.status_code == 201, done.json
    (message,) = done.json["messages"]
    assert message["edited"] == ["en"]
    found = infos(client, message)
    assert {name: found["en"][name] for name in ("headline", "description", "instruction")} == {
        name: WORDS[name] for name in ("headline", "description", "instruction")
    }
    assert set(found) > {"en"}
    for language in set(found) - {"en"}:
        assert "Speightstown" not in str(found[language])
        path = f"{event}/advisories/1/texts?language={language}"
        texts = client.get(path, headers=bearer("cdema")).json["texts"]
        assert [one["edited"] for one in texts] == [False]
    said = client.get(f"{event}/advisories/1/texts", headers=bearer("cdema")).json["texts"][0]
    assert said["edited"] is True
    assert said["sms"] == "Leave Speightstown now. Walk uphill. Leave cars behind."
    assert "The sea wall has broken." in said["radio"]
    assert "Walk uphill." in said["radio"]


def test_what_an_edit_leaves_out_stays_composed(
    client: FlaskClient, bearer: Bearer, begin: Any, draft: Any
) -> None:
    event = begin()
    sms = {"level": "warning", "language": "en", "sms": "Go uphill now."}
    (message,) = draft(event, {"BB": "warning"}, sms).json["messages"]
    assert infos(client, message)["en"]["headline"].startswith("Demo")
    said = client.get(f"{event}/advisories/1/texts", headers=bearer("cdema")).json["texts"][0]
    assert said["sms"] == "Go uphill now."
    assert "uphill" not in said["radio"]


def test_an_edit_for_some_places_goes_before_one_for_all(
    client: FlaskClient, bearer: Bearer, begin: Any, draft: Any
) -> None:
    event = begin()
    draft(event, {"BB": "warning"})
    south = {"level": "warning", "language": "en", "headline": "Saint Vincent too"}
    everywhere = south | {"headline": "All islands"}
    done = draft(
        event, {"BB": "watch", "VC": "warning", "GD": "warning"},
        everywhere, south | {"places": ["VC", "GD"]},
    )  # fmt: skip
    # The edit for all would change nothing: all who are told of the level have an edit already.
    assert done.status_code == 422
    assert [error["pointer"] for error in done.json["errors"]] == ["/edits/0"]
    done = draft(event, {"BB": "watch", "VC": "warning", "GD": "warning"},
                 south | {"places": ["VC", "GD"]})  # fmt: skip
    by_level = {one["level"]: one for one in done.json["messages"]}
    assert infos(client, by_level["warning"])["en"]["headline"] == "Saint Vincent too"
    assert by_level["watch"]["edited"] == []


def test_a_second_officer_approves_the_edited_words(
    client: FlaskClient, officer: Officers, begin: Any
) -> None:
    event = begin()
    author, approver = officer("cdema", Role.AUTHOR), officer("cdema", Role.APPROVER)
    body = {"levels": {"BB": "warning"}, "edits": [WORDS]}
    path = f"{event}/advisories"
    made = client.post(f"{path}?publish=true", json=body, headers=author.headers)
    assert made.json["state"] == "submitted"
    assert made.json["messages"][0]["headline"] == WORDS["headline"]
    assert approve(client, f"{path}/1", approver.headers).json["state"] == "approved"
    other = body | {"edits": [WORDS | {"headline": "Stay where you are"}]}
    assert client.put(f"{path}/1", json=other, headers=author.headers).json["state"] == "draft"
    refused = client.post(f"{path}/1/publish", headers=author.headers)
    assert refused.json["type"] == "urn:casa:problem:approval-missing"
    client.post(f"{path}/1/submit", headers=author.headers)
    done = approve(client, f"{path}/1", approver.headers, publish=True).json
    assert infos(client, done["messages"][0])["en"]["headline"] == "Stay where you are"


def test_an_exercise_marks_an_officers_words_too(
    client: FlaskClient, bearer: Bearer, begin: Any, draft: Any
) -> None:
    event = begin(status="Exercise")
    own = WORDS | {"sms": "Go uphill now.", "radio": "Go uphill now."}
    (message,) = draft(event, {"BB": "warning"}, own).json["messages"]
    mark = "EXERCISE EXERCISE EXERCISE"
    found = infos(client, message)["en"]
    for name in ("headline", "description", "instruction"):
        assert found[name] == f"{mark}: {WORDS[name]}"
    said = client.get(f"{event}/advisories/1/texts", headers=bearer("cdema")).json["texts"][0]
    assert said["sms"] == f"{mark}: Go uphill now."
    assert said["radio"].startswith(f"{mark}.\n")
    assert said["radio"].endswith(f"{mark}.")
    long = WORDS | {"headline": "x" * 150}
    answer = draft(event, {"BB": "warning"}, long)
    assert "/edits/0/headline" in [error["pointer"] for error in answer.json["errors"]]


@pytest.mark.parametrize(
    ("change", "pointer", "word"),
    [
        ({"level": "red"}, "/edits/0/level", ""),
        ({"language": "de"}, "/edits/0/language", ""),
        ({"headline": " "}, "/edits/0/headline", ""),
        ({"headline": "x" * 161}, "/edits/0/headline", ""),
        ({"places": ["XX"]}, "/edits/0/places/0", ""),
        ({"places": ["VC"]}, "/edits/0", "BB in en"),
        ({"language": "nl"}, "/edits/0", "BB in en"),
        ({"level": "emergency"}, "/edits/0", "nobody is told"),
        ({"sms": "x" * 161}, "/edits/0/sms", ""),
        ({"sms": "€" * 81}, "/edits/0/sms", "162 characters of GSM-7"),
        ({"sms": "Ð" + "x" * 70}, "/edits/0/sms", "71 characters, and Ð outside GSM-7"),
        ({"headline": "Ð" * 80}, "/edits/0/sms", "headline alone"),
        ({"radio": "word " * 250}, "/edits/0/radio", "seconds"),
        ({"colour": "red"}, "/edits/0/colour", ""),
    ],
)
def test_malformed_edits(
    begin: Any, draft: Any, change: dict[str, Any], pointer: str, word: str
) -> None:
    answer = draft(begin(), {"BB": "warning"}, WORDS | change)
    assert answer.status_code == 422, answer.json
    details = {error["pointer"]: error["detail"] for error in answer.json["errors"]}
    assert pointer in details, answer.json
    assert word in details[pointer]


def test_an_edit_says_something_and_stands_once(begin: Any, draft: Any) -> None:
    answer = draft(begin(), {"BB": "warning"}, {"level": "warning", "language": "en"})
    assert [error["pointer"] for error in answer.json["errors"]] == ["/edits/0"]
    answer = draft(begin(), {"BB": "warning"}, WORDS, WORDS)
    assert [error["pointer"] for error in answer.json["errors"]] == ["/edits/1"]


@given(TEXTS.filter(str.strip), TEXTS)
def test_a_short_message_always_fits(headline: str, body: str) -> None:
    assert fits_one_message(short_message(headline, body))


@given(st.sampled_from(["en", "fr", "ht", "nl", "es", "pt-BR"]), TEXTS.filter(str.strip))
def test_a_script_is_read_in_time(language: str, text: str) -> None:
    headline = text[:60]
    said = script(language, headline, f"{text}. {text}", f"{text}\n{text}")
    words = catalogue(language if language != "pt-BR" else "en").words_per_minute
    alone = seconds(script(language, headline, "", ""), words)
    assert seconds(said, words) <= max(MOST_SECONDS, alone)
