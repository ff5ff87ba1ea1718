"""Nothing hidden can be inferred: what is public of a guarded case is what others have too."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from casa.agencies.caller import Caller
from casa.alerts.areas import of_places
from casa.alerts.content import Content
from casa.missing_persons.compose import compose
from casa.missing_persons.facts import SEVERITY, SEXES, Facts
from tests.missing_persons.conftest import case_of

NOW = datetime(2026, 8, 1, 18, 30, tzinfo=UTC)
POLICE = Caller(1, "police", "The Police", "police@demo.invalid", "119", None, ())
AREA = of_places(["JM-14"])

facts = st.fixed_dictionaries(
    {"full_name": st.sampled_from(["A. Demo", "B. Demo"])},
    optional={
        "age": st.integers(0, 90),
        "sex": st.sampled_from(SEXES),
        "height": st.integers(60, 200),
        "clothing": st.just({"en": "Blue."}),
        "last_seen": st.just(NOW - timedelta(hours=3)),
        "last_known_location": st.just("The market"),
        "severity": st.sampled_from(["Minor", "Moderate", "Severe", "Extreme"]),
        "medical_need": st.just({"en": "Insulin."}),
        "suspect": st.just({"name": "Mallory", "description": {"en": "Grey beard."}}),
        "vehicle": st.just({"plate": "P1"}),
    },
)


def said(**known: Any) -> Content:
    return compose(msgspec.convert({"area": AREA, **known}, Facts), POLICE, NOW)


def public(content: Content) -> Content:
    """What leaves the service of it."""
    return msgspec.structs.replace(content, safeguarding=None)


@settings(max_examples=60, deadline=None)
@given(facts)
def test_it_is_the_very_same_as_of_another_case(known: dict[str, Any]) -> None:
    age = known.get("age")
    like = "missing_child" if age is not None and age < 18 else "missing_adult"
    hidden = said(category="suspected_trafficking", description={"en": "Secret."}, **known)
    assert public(hidden) == public(said(category=like, **known))
    assert hidden.safeguarding


def shape(content: Content) -> tuple[Any, ...]:
    (info, *_) = content.info
    told = {one.name: one.value for one in info.parameter}
    return (
        info.severity, info.urgency, info.certainty, info.event, told["category"],
        info.category, info.response_type, (info.expires - NOW), len(info.resource),
        tuple(sorted(told)), len(content.area), info.instruction,
    )  # fmt: skip


def test_the_distributions_are_one() -> None:
    """As many of each public form, whether cases are guarded or not; so none can be told apart."""
    chance = random.Random(11)
    people = [
        {
            "full_name": f"P {number}",
            "age": chance.choice([5, 16, 18, 30, 70]),
            **({"sex": chance.choice(SEXES)} if chance.random() < 0.7 else {}),
            **({"height": 160} if chance.random() < 0.5 else {}),
        }
        for number in range(400)
    ]
    like = [("missing_child" if one["age"] < 18 else "missing_adult") for one in people]
    ordinary = Counter(
        shape(said(category=which, **one)) for which, one in zip(like, people, strict=True)
    )
    guarded = Counter(shape(said(category="suspected_trafficking", **one)) for one in people)
    assert guarded == ordinary
    assert len(ordinary) == 8
    severities = {form[4]: form[0] for form in guarded}
    assert severities == {name: SEVERITY[name] for name in set(like)}


@pytest.mark.parametrize("age", [12, 30])
def test_the_public_list_of_one_reads_as_that_of_the_other(
    client: FlaskClient, police: dict[str, str], add: Any, age: int
) -> None:
    like = "missing_child" if age < 18 else "missing_adult"
    read = []
    for category in ("suspected_trafficking", like):
        body = case_of(category=category, age=age, public={"description": False})
        opened = client.post("/v1/missing-persons?publish=true", json=body, headers=police).json
        assert add(opened).status_code == 201
        told = client.get(f"/v1/missing-persons/{opened['id']}").json["alert"]
        for info in told["info"]:
            info["expires"] = info["parameter"] = None
            for file in info["resource"]:
                assert len(file["uri"].rpartition("/")[2].split("-")[0]) == 32
                file["uri"] = None
        told = {name: told[name] for name in ("info", "area", "status", "msg_type", "note")}
        read.append(told)
    assert read[0] == read[1]
