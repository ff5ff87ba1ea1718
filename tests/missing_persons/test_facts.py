"""What is known of a person, and what the public is told of it wherever it is told."""

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from casa.agencies.caller import Caller
from casa.alerts.areas import of_places
from casa.alerts.content import InvalidContent
from casa.alerts.phrases import LANGUAGES, phrases
from casa.missing_persons import facts as known
from casa.missing_persons.compose import compose
from casa.missing_persons.facts import Contact, Facts, Point, coarse, told
from tests.missing_persons.conftest import case_of

NOW = datetime(2026, 8, 1, 18, 30, tzinfo=UTC)
POLICE = Caller(1, "police", "The Police", "police@demo.invalid", "119", None, ())
# Each fact with a word that stands nowhere else.
WORDS = {
    "known_as": "Zuzu", "height": "141", "marks": "scarface", "clothing": "uniform",
    "medical_need": "insulin", "suspect": "greybeard", "suspect_name": "Mallory",
    "vehicle": "PLATE77", "last_known_location": "marketplace", "description": "redbag",
    "case_number": "CN4711",
}  # fmt: skip
FULL = {
    "full_name": "A. Demo",
    "known_as": ["Zuzu"],
    "date_of_birth": "2015-01-02",
    "sex": "female",
    "height": 141,
    "build": "slim",
    "complexion": "dark",
    "hair": "black",
    "eyes": "hazel",
    "marks": {"en": "scarface"},
    "clothing": {"en": "uniform"},
    "speaks": ["ht", "sign"],
    "medical_need": {"en": "insulin"},
    "suspect": {"name": "Mallory", "description": {"en": "greybeard"}},
    "vehicle": {"make": "Toyota Probox", "colour": "white", "plate": "PLATE77"},
    "last_known_location": "marketplace",
    "last_seen_point": {"longitude": -76.9512345, "latitude": 17.9912345},
    "description": {"en": "redbag"},
    "case_number": "CN4711",
    "contacts": [{"name": "Secret Mother", "relation": "mother", "phone": "+1 876 555 0147"}],
}


def facts(**changes: Any) -> Facts:
    given: dict[str, Any] = {
        "category": "missing_child", "full_name": "A. Demo", "area": of_places(["JM-14"]),
        "last_seen": NOW - timedelta(hours=2),
    }  # fmt: skip
    return msgspec.convert(given | changes, Facts)


def said(one: Facts) -> str:
    return str(compose(one, POLICE, NOW).info)


@pytest.mark.parametrize(
    ("category", "hidden"),
    [
        ("missing_child", {"medical_need", "suspect", "suspect_name", "vehicle"}),
        ("abducted_child", {"medical_need", "suspect_name"}),
        (
            "suspected_trafficking",
            {"medical_need", "suspect", "suspect_name", "vehicle", "description"},
        ),
    ],
)
def test_what_the_public_is_told_as_usual(category: str, hidden: set[str]) -> None:
    text = said(facts(**FULL, category=category))
    assert {name for name, word in WORDS.items() if word not in text} == hidden
    for never in ("2015", "Secret", "876", "-76.95", "17.99"):
        assert never not in text


@pytest.mark.parametrize("category", known.CATEGORIES)
@pytest.mark.parametrize("name", WORDS)
def test_an_officer_chooses_each_fact(category: str, name: str) -> None:
    """Told where it is marked so, and nowhere in what is said where it is not."""
    every = dict.fromkeys(known.CHOOSABLE, True)
    one = facts(**FULL, category=category, public=every)
    assert WORDS[name] in said(one)
    without = said(msgspec.structs.replace(one, public=every | {name: False}))
    assert WORDS[name] not in without
    assert all(word in without for other, word in WORDS.items() if other != name)


@pytest.mark.parametrize("name", ["age", "sex", "build", "complexion", "hair", "eyes", "speaks"])
def test_choices_are_told_in_every_language_or_not_at_all(name: str) -> None:
    one = facts(**FULL, languages=LANGUAGES)
    for info in compose(one, POLICE, NOW).info:
        assert any(value.name == name for value in info.parameter)
    hidden = compose(msgspec.structs.replace(one, public={name: False}), POLICE, NOW)
    for before, info in zip(compose(one, POLICE, NOW).info, hidden.info, strict=True):
        assert not any(value.name == name for value in info.parameter)
        assert (before.headline, before.description) != (info.headline, info.description)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_choice_has_a_word_in_every_language(language: str) -> None:
    words = phrases("casa.missing_persons", language)
    labels = phrases("casa.missing_persons", f"poster.{language}")["facts"]
    choices = {
        "build": known.BUILDS, "complexion": known.COMPLEXIONS, "hair": known.HAIR,
        "eyes": known.EYES, "colour": known.COLOURS, "spoken": known.SPOKEN,
        "category": known.CATEGORIES,
    }  # fmt: skip
    for name, codes in choices.items():
        assert set(words[name]) == set(codes), name
        assert len(set(words[name].values())) == len(codes), name
    assert {"height", "known_as", "speaks", "medical_need", "suspect", "vehicle"} <= set(labels)


def test_a_text_of_each_language() -> None:
    content = compose(facts(**FULL, languages=("en", "fr", "ht", "nl", "es")), POLICE, NOW)
    found = {info.language: info.description or "" for info in content.info}
    assert "Height: 141 cm. Build: slim. Complexion: dark. Hair: black. Eyes: hazel." in found["en"]
    assert "Corpulence: mince." in found["fr"]
    assert "Speaks: Haitian Creole, sign language." in found["en"]
    assert "Lang li pale: kreyòl ayisyen, lang siy." in found["ht"]
    # What is written in one language alone is better read in that one than not at all.
    assert "Kleding: uniform." in found["nl"]


def test_trafficking_is_not_told() -> None:
    child = compose(facts(category="suspected_trafficking", age=15), POLICE, NOW)
    adult = compose(facts(category="suspected_trafficking", age=30), POLICE, NOW)
    assert (child.info[0].event, adult.info[0].event) == ("Missing child", "Missing person")
    for content in (child, adult):
        assert "rafficking" not in str(content)
        assert content.safeguarding
    marked = facts(category="suspected_trafficking", public={"category": True})
    assert compose(marked, POLICE, NOW).info[0].event == "Suspected trafficking"


def test_age_by_the_date_of_birth() -> None:
    for born, years in ((date(2015, 8, 1), 11), (date(2015, 8, 2), 10)):
        assert told(facts(date_of_birth=born), NOW).age == years
    assert told(facts(date_of_birth=date(2015, 8, 1), age=9), NOW).age == 9


@pytest.mark.parametrize(("coarseness", "metres"), [("street", 80), ("neighbourhood", 550),
                                                    ("district", 3750)])  # fmt: skip
def test_a_point_is_told_as_coarsely_as_was_chosen(coarseness: str, metres: int) -> None:
    points = [
        coarse(Point(longitude=-76.9512345 + step, latitude=17.9912345, coarseness=coarseness))
        for step in (0, 1e-5, -1e-5)
    ]
    assert len({(one.longitude, one.latitude) for one in points if one}) == 1
    found = points[0]
    assert found is not None
    assert found.metres == metres
    east = (found.longitude + 76.9512345) * 105_800
    north = (found.latitude - 17.9912345) * 110_700
    assert 1 < (east**2 + north**2) ** 0.5 <= metres * 1.1


def test_a_point_is_withheld_unless_chosen() -> None:
    point = {"longitude": -76.9512345, "latitude": 17.9912345}
    assert "geo:" not in said(facts(last_seen_point=point))
    exact = said(facts(last_seen_point=point | {"coarseness": "exact"}))
    assert "geo:17.99123,-76.95123;u=10" in exact
    near = said(facts(last_seen_point=point | {"coarseness": "neighbourhood"}))
    assert "u=550" in near
    assert "17.9912" not in near


@pytest.mark.parametrize(
    "slip",
    [
        {"description": {"en": "Call her mother SECRET mother at once."}},
        {"clothing": {"en": "Ask at 876-555-0147, 1-876-555-0147."}},
        {"contact": "mother@example.org"},
        {"last_known_location": "The house of Secret Mother"},
    ],
)
def test_no_text_names_a_family_member(slip: dict[str, Any]) -> None:
    mother = Contact(name="Secret Mother", phone="+1 (876) 555-0147", email="mother@example.org")
    with pytest.raises(InvalidContent) as refused:
        compose(facts(**slip, contacts=(mother,)), POLICE, NOW)
    for pointer, detail, start, end in refused.value.faults:
        assert pointer.split("/")[1] in slip
        assert "/contacts/0/" in detail
        assert "secret" not in detail.lower()
        text = next(iter(slip.values()))
        told = (text["en"] if isinstance(text, dict) else text)[start:end].lower()
        assert told in (
            "secret mother",
            "mother secret",
            "876-555-0147",
            "1-876-555-0147",
            "mother@example.org",
        )
    hidden = {name: False for name in slip if name in known.CHOOSABLE}
    if hidden:
        assert said(facts(**slip, contacts=(mother,), public=hidden))


def test_a_son_may_bear_his_fathers_name() -> None:
    father = Contact(name="Demo")
    assert said(facts(contacts=(father,)))


def test_everything_public_shows_the_public_facts_alone(
    client: FlaskClient, police: dict[str, str]
) -> None:
    case = case_of(**FULL | {"age": 9}) | {"public": {"medical_need": True, "hair": False}}
    opened = client.post("/v1/missing-persons?publish=true", json=case, headers=police)
    assert opened.status_code == 201, opened.json
    alert = opened.json["alert"]["identifier"]
    path = f"/v1/missing-persons/{opened.json['id']}"
    posters = {
        language: " ".join(
            PdfReader(io.BytesIO(client.get(f"{path}/poster.pdf?language={language}").data))
            .pages[0].extract_text().split()
        )
        for language in LANGUAGES
    }  # fmt: skip
    assert "CN4711" in posters["en"]
    assert "141 cm (4′8″)" in posters["en"]
    assert "insulin" in posters["en"]
    assert "Haitian Creole, sign language" in posters["en"]
    assert "Corpulence mince" in posters["fr"]
    addresses = ["/feeds/pfif.atom", "/feeds/cap.atom", "/feeds/alerts.geojson", "/v1/alerts",
                 "/v1/missing-persons", "/v1/missing-persons/search?name=Demo"]  # fmt: skip
    addresses += [f"/v1/alerts/{alert}{form}" for form in ("", ".xml", ".geojson", "/thread")]
    public = [client.get(one).text for one in addresses] + list(posters.values())
    assert "insulin" in client.get(f"/v1/alerts/{alert}.xml").text
    assert "Zuzu" in client.get("/feeds/pfif.atom").text
    for word in ("Secret", "0147", "Mallory", "greybeard", "PLATE77", "2015-01-02", "76.9512"):
        assert [one for one in public if word in one] == [], word
    assert not any('"hair"' in one or ">hair<" in one or "Hair" in one for one in public)
    # A child is not found by name, but where it is missed.
    assert client.get("/v1/missing-persons/search?name=Zuzu").json["records"] == []
    place = case["area"][0]["places"][0]
    found = client.get(f"/v1/missing-persons/search?place={place}").json["records"]
    assert [one["id"] for one in found] == [opened.json["id"]]
    # Officers read all of it.
    own = client.get(path, headers=police).json["facts"]
    assert own["contacts"][0]["name"] == "Secret Mother"


def test_marking_a_fact_private_updates_the_alert(
    client: FlaskClient, police: dict[str, str], published: dict[str, Any]
) -> None:
    path = f"/v1/missing-persons/{published['id']}?publish=true"
    shown = client.patch(path, json={"hair": "dyed"}, headers=police)
    assert "Hair: dyed." in shown.json["alert"]["info"][0]["description"]
    hidden = client.patch(path, json={"public": {"hair": False}}, headers=police)
    assert "Hair" not in hidden.json["alert"]["info"][0]["description"]
    again = client.patch(path, json={"public": {"hair": None}}, headers=police)
    assert "Hair: dyed." in again.json["alert"]["info"][0]["description"]


def test_somebody_found_needs_no_name(client: FlaskClient, police: dict[str, str]) -> None:
    found = case_of(category="unidentified") | {"hair": "grey"}
    del found["full_name"]
    del found["age"]
    opened = client.post("/v1/missing-persons?publish=true", json=found, headers=police)
    assert opened.status_code == 201, opened.json
    assert opened.json["alert"]["info"][0]["headline"] == "Unidentified person found"
    path = f"/v1/missing-persons/{opened.json['id']}/poster.pdf"
    assert client.get(path).status_code == 200
    assert client.get("/feeds/pfif.atom").status_code == 200
    assert client.get("/v1/missing-persons/search?name=Ann").json["records"] == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"height": 12}, "/height"),
        ({"hair": "long"}, "/hair"),
        ({"full_name": None}, "/full_name"),
        ({"vehicle": {"colour": "mauve"}}, "/vehicle/colour"),
        ({"suspect": {"description": {"xx": "?"}}}, "/suspect/description/xx"),
        ({"last_seen_point": {"longitude": 1, "latitude": 91}}, "/last_seen_point/latitude"),
        ({"last_seen_point": {"longitude": 1, "latitude": 9, "coarseness": "a bit"}},
         "/last_seen_point/coarseness"),
        ({"date_of_birth": "2099-01-01"}, "/date_of_birth"),
        ({"date_of_birth": "yesterday"}, "/date_of_birth"),
        ({"contacts": [{"phone": "1"}]}, "/contacts/0/name"),
        ({"public": {"full_name": False}}, "/public/full_name"),
        ({"public": {"hair": "no"}}, "/public/hair"),
        ({"public": {"contacts": True}}, "/public/contacts"),
        ({"speaks": ["klingon"]}, "/speaks/0"),
    ],
)  # fmt: skip
def test_malformed_facts(
    client: FlaskClient, police: dict[str, str], change: dict[str, Any], pointer: str
) -> None:
    body = {name: value for name, value in case_of(**change).items() if value is not None}
    answer = client.post("/v1/missing-persons", json=body, headers=police)
    assert answer.status_code == 422, answer.json
    assert pointer in [error["pointer"] for error in answer.json["errors"]], answer.json
