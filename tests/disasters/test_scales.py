"""States' own alert levels: whole, mapped onto CASA's, and told with a warning."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from casa.alerts.phrases import LANGUAGES
from casa.disasters import hazards
from casa.disasters.hazards import LEVELS
from casa.disasters.scales import NoSuchStep, Scale, Step, scales, shared, step
from casa.geography.places import gazetteer

Bearer = Callable[[str], dict[str, str]]


@pytest.mark.parametrize("scale", scales().values(), ids=scales())
def test_a_scale_is_whole(scale: Scale) -> None:
    assert all(gazetteer().place(code).kind == "state" for code in scale.states)
    assert set(scale.hazards) <= set(hazards.names())
    assert scale.sources
    assert scale.checked
    for one in scale.steps:
        assert one.usual or one.also
        said = {one.told(language).instruction for language in LANGUAGES}
        assert len(said) == len(LANGUAGES)
        for text in said:
            assert re.fullmatch(r"\S.*\.", text)


def test_no_two_scales_speak_of_one_hazard_in_one_state() -> None:
    pairs = [(s, h) for scale in scales().values() for s in scale.states for h in scale.hazards]
    assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize(
    ("state", "hazard", "level", "chosen", "code"),
    [
        ("TT", "flood", "watch", None, "yellow"),
        ("TT", "tropical_cyclone", "warning", None, "orange"),
        ("TT", "severe_weather", "emergency", None, "red"),
        ("TT", "flood", "all_clear", None, "green"),
        ("TT", "flood", "warning", "red", "red"),
        ("HT", "flood", "advisory", None, "jaune"),
        ("MS", "volcano", "advisory", None, "1"),
        ("MS", "volcano", "emergency", None, "4"),
        ("MS", "volcano", "emergency", "5", "5"),
        ("VC", "volcano", "warning", None, "orange"),
        ("BB", "tsunami", "advisory", None, "advisory"),
    ],
)
def test_the_step_of_a_level(
    state: str, hazard: str, level: str, chosen: str | None, code: str
) -> None:
    found = step(state, hazard, level, chosen)
    assert found is not None
    assert found.code == code


def test_every_level_has_a_step_where_there_is_a_scale() -> None:
    for scale in scales().values():
        for level in LEVELS:
            assert step(scale.states[0], scale.hazards[0], level)


def test_a_state_without_a_scale_has_no_step() -> None:
    assert step("JM", "flood", "watch") is None
    assert step("TT", "earthquake", "watch") is None
    with pytest.raises(NoSuchStep, match="none"):
        step("JM", "flood", "watch", "yellow")
    with pytest.raises(NoSuchStep, match="3, 4, 5"):
        step("MS", "volcano", "emergency", "0")


def test_states_share_a_step_only_of_one_scale() -> None:
    orange = shared(["VC", "LC"], "volcano", "warning")
    assert isinstance(orange, Step)
    assert shared(["TT", "HT"], "flood", "warning") is None
    assert shared(["VC", "BB"], "volcano", "warning") is None
    assert shared([], "flood", "warning") is None
    with pytest.raises(NoSuchStep):
        shared(["TT", "HT"], "flood", "warning", "orange")


def warn(client: FlaskClient, headers: dict[str, str], **changes: Any) -> Any:
    body = {"hazard": "volcano", "level": "emergency", "area": [{"places": ["MS"]}]} | changes
    return client.post("/v1/disasters?publish=true", json=body, headers=headers)


def test_a_step_is_told_in_every_text_and_to_machines(client: FlaskClient, bearer: Bearer) -> None:
    opened = warn(client, bearer("cdema"), scale="5", languages=["en", "ht"])
    assert opened.status_code == 201, opened.json
    identifier = opened.json["alert"]["identifier"]
    alert = client.get(f"/v1/alerts/{identifier}").json
    english, creole = alert["info"]
    assert "Montserrat hazard level: 5, the highest." in english["description"]
    assert "Boats keep out of the Maritime Zones." in english["instruction"]
    assert "Nivo danje nan Monsera: 5, pi wo a." in creole["description"]
    assert {"name": "casa:scale-step", "value": "5"} in english["parameter"]
    assert {"name": "casa:scale", "value": "montserrat_volcano"} in english["parameter"]
    assert (english["severity"], english["urgency"]) == ("Extreme", "Immediate")
    texts = client.get(f"/v1/alerts/{identifier}/texts").json["texts"]
    (said,) = [one for one in texts if one["language"] == "en"]
    assert "Montserrat hazard level: 5, the highest." in said["radio"]


def test_a_colour_goes_into_cap(client: FlaskClient, bearer: Bearer) -> None:
    area = [{"places": ["TT"]}]
    opened = warn(client, bearer("cdema"), hazard="flood", level="warning", area=area)
    xml = client.get(f"/v1/alerts/{opened.json['alert']['identifier']}.xml").text
    assert "<valueName>casa:scale-colour</valueName>" in xml
    assert "<value>#F7941D</value>" in xml


def test_a_lesser_step_does_not_make_an_alert_less_severe(
    client: FlaskClient, bearer: Bearer
) -> None:
    area = [{"places": ["TT"]}]
    body = {"hazard": "flood", "level": "warning", "area": area, "scale": "yellow"}
    opened = warn(client, bearer("cdema"), **body)
    shown = client.get(f"/v1/alerts/{opened.json['alert']['identifier']}").json["info"][0]
    assert shown["severity"] == "Severe"
    assert {"name": "casa:scale-severity", "value": "Moderate"} in shown["parameter"]


@pytest.mark.parametrize(
    "changes",
    [
        {"scale": "0"},
        {"scale": "orange"},
        {"scale": "5", "area": [{"places": ["MS", "VC"]}]},
        {"scale": "5", "area": [{"places": ["JM"]}]},
        {"scale": "5", "level": "advisory"},
    ],
)
def test_a_step_that_there_is_not_is_refused(
    client: FlaskClient, bearer: Bearer, changes: dict[str, Any]
) -> None:
    answer = warn(client, bearer("cdema"), **changes)
    assert answer.status_code == 422, answer.json
    assert [error["pointer"] for error in answer.json["errors"]] == ["/scale"]
