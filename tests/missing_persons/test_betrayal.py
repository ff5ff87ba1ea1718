"""Private facts are recognised in public texts, whatever clothes they wear."""

import json
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from casa.alerts.phrases import LANGUAGES
from casa.missing_persons.betrayal import Private, betrayals, birthdays
from tests.missing_persons.conftest import case_of

MOTHER = Private(pointer="/contacts/0/name", name="Marva Contactson")
PHONE = Private(pointer="/contacts/0/phone", phone="+1 876 555 0134")
BORN = Private(pointer="/date_of_birth", born=date(2015, 1, 2))


def told(text: str, *private: Private, **more: Any) -> list[str]:
    return [text[one.start : one.end] for one in betrayals(text, private, **more)]


@pytest.mark.parametrize(
    "number",
    [
        "876-555-0134", "(876) 555 0134", "+1 876 555 0134", "1.876.555.0134", "8765550134",
        "555-0134", "5550134", "011 1 876 555-0134", "876 – 555 – 0134", "876\u200b5550134",
        "８７６-５５５-０１３４", "876/555/0134", "٨٧٦٥٥٥٠١٣٤",
    ],
)  # fmt: skip
def test_a_number_however_it_is_written(number: str) -> None:
    assert told(f"Ring {number} at once.", PHONE, regions=("JM",)) != []
    local = Private(pointer="/x", phone="876 555 0134")
    assert told(f"Ring {number} at once.", local, regions=("JM",)) != []


@pytest.mark.parametrize(
    "text", ["Ring 876-555-0135.", "Case 0134 of 2026", "119", "1.76 m, 55 kg, 20 years"]
)
def test_another_number_is_let_through(text: str) -> None:
    assert told(text, PHONE, regions=("JM",)) == []


def test_a_number_of_a_state_with_short_ones() -> None:
    suriname = Private(pointer="/x", phone="+597 421-234")
    assert told("Bel 421234", suriname, regions=("SR",)) == ["421234"]


@pytest.mark.parametrize(
    "name",
    [
        "Marva Contactson", "marva  contactson", "CONTACTSON, Marva", "Contactson Marva",
        "Márva Contáctson", "M. Contactson", "Contactson M.", "Marva\u00a0Contactson",
        "Mar\u200bva Contactson", "MarvaContactson", "Marva\n Contactson", "Мarva Contactson",
        "Ｍａｒｖａ Contactson",
    ],
)  # fmt: skip
def test_a_name_however_it_is_written(name: str) -> None:
    assert told(f"Ask for {name} there.", MOTHER) == [name.rstrip(".")]


@pytest.mark.parametrize("text", ["Marva is a town.", "Renee Contactson", "Contact: the police"])
def test_other_names_are_let_through(text: str) -> None:
    assert told(text, MOTHER, own="Renee Contactson") == []


def test_names_with_accents_and_particles() -> None:
    mother = Private(pointer="/x", name="María de la Cruz Peña")
    assert told("La casa de Maria Cruz", mother) == ["Maria Cruz"]
    assert told("Pena, Maria", mother) == ["Pena, Maria"]
    assert told("Camino de la playa", mother) == []
    assert told("Ana Cruz Peña", mother, own="Ana Cruz Peña") == []


@pytest.mark.parametrize(
    "text",
    [
        "2015-01-02", "02/01/2015", "1/2/15", "2.1.2015", "2 January 2015", "January 2nd, 2015",
        "2 janvier 2015", "2 janvye 2015", "2 januari 2015", "2 de enero de 2015", "Jan 2 2015",
        "20150102", "le 2 Janvier, 2015",
    ],
)  # fmt: skip
def test_a_birthday_however_it_is_written(text: str) -> None:
    assert told(f"The child ({text}) wears blue.", BORN) != []


def test_other_days_are_let_through() -> None:
    assert told("Last seen on 02/01/2026 at 14:00, 3 January 2015", BORN) == []


@pytest.mark.parametrize(
    "text",
    [
        "Born 3 March 2012.", "Né le 3 mars 2012.", "Li fèt 3 mas 2012.", "Geboren op 3-3-2012.",
        "Nació el 3 de marzo de 2012.", "DOB: 2012-03-03", "Née 3/3/2012",
        "Date of birth 03/03/2012",
    ],
)  # fmt: skip
def test_whoever_is_born(text: str) -> None:
    assert len(birthdays(text)) >= 1


def test_a_day_that_is_no_birthday() -> None:
    assert birthdays("Last seen 3 March 2026 near the birth clinic at the old harbour road.") == []


def test_an_address_with_a_disguise() -> None:
    mail = Private(pointer="/x", email="mother@example.org")
    for text in ("MOTHER@EXAMPLE.ORG", "mother @ example.org", "mother(at)example.org"):
        assert told(f"Write to {text}!", mail) == [text]


separators = st.sampled_from(["", " ", "-", ".", " - ", "\u00a0", ") ", "/"])


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_grouping_of_any_number(data: st.DataObject) -> None:
    digits = "876" + data.draw(st.from_regex(r"[2-9]\d{6}", fullmatch=True))
    shown = data.draw(st.sampled_from([digits, "1" + digits, digits[3:]]))
    written = "".join(digit + data.draw(separators) for digit in shown)
    private = Private(pointer="/x", phone=f"+1{digits}")
    assert betrayals(f"Call {written}now", [private])
    other = str(int(digits[3:]) ^ 1).zfill(7)
    assert not betrayals(f"Call 876 {other} now", [private])


def contact_phone() -> dict[str, Any]:
    """An adult's case with a contact's number in another form in the description."""
    return {
        "category": "missing_adult", "full_name": "Renee Fictional", "age": 34,
        "area": [{"places": ["JM-14"]}],
        "contacts": [{"name": "Marva Contactson", "phone": "+1 876 555 0134"}],
        "description": {"en": "Call 876-555-0134."},
    }  # fmt: skip


def test_the_officer_is_shown_the_place(client: FlaskClient, police: Any) -> None:
    answer = client.post("/v1/missing-persons", json=contact_phone(), headers=police)
    assert answer.status_code == 422
    (error,) = answer.json["errors"]
    assert (error["pointer"], error["start"], error["end"]) == ("/description/en", 5, 17)
    assert "/contacts/0/phone" in error["detail"]
    assert "0134" not in json.dumps(error)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "fact", ["description", "marks", "clothing", "last_known_location", "contact", "known_as"]
)
def test_every_text_in_every_language(
    client: FlaskClient, police: Any, language: str, fact: str
) -> None:
    text = "Contactson,  Márva"
    value: Any = {language: text}
    if fact in ("last_known_location", "contact"):
        value = text
    elif fact == "known_as":
        value = [text]
    case = case_of(**{fact: value}, contacts=[{"name": "Marva Contactson"}])
    answer = client.post("/v1/missing-persons", json=case, headers=police)
    assert answer.status_code == 422, answer.json
    assert {one["pointer"].split("/")[1] for one in answer.json["errors"]} == {fact}
