"""Hazards as data: what a file must have, and a hazard added by one file and no code."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from casa import create_app
from casa.alerts.phrases import LANGUAGES
from casa.disasters import hazards
from casa.disasters.hazards import FACTS, LEVELS, HazardError, registry
from casa.disasters.hazards.labels import MOST_CHARACTERS
from casa.settings import Settings
from tests.conftest import later

CELL = """
[{language}.{level}]
description = ["{language} {level} the stones are coming."]
instruction = ["{language} {level} stay under a roof."]
action = "{language} stay under a roof."
"""


def file_of(**changes: str) -> str:
    """A made-up hazard's file; changes put other text in the place of a language's head."""
    lines = ['category = "Met"', 'facts = ["arrival", "arrived"]']
    for language in LANGUAGES:
        lines += [
            f"[{language}]",
            f'noun = "{language} meteor"',
            f"[{language}.facts]",
            f'arrival = "{language} stones fall {{arrival}}."',
            f'arrived = "{language} stones are falling."',
        ]
        lines += [CELL.format(language=language, level=level) for level in LEVELS]
    text = "\n".join(lines)
    for before, after in changes.items():
        text = text.replace(before.replace("__", " "), after)
    return text


@pytest.fixture(autouse=True)
def built_in_again() -> Iterator[None]:
    yield
    hazards.use(None)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    folder = tmp_path / "hazards"
    folder.mkdir()
    (folder / "meteor_shower.toml").write_text(file_of(), "utf-8")
    return Settings(database_url=database_url, var_dir=tmp_path / "var", hazards=folder)


def test_the_built_in_hazards_are_a_file_each() -> None:
    folder = Path(registry.__file__).parent / "data"
    assert set(hazards.names()) == {path.stem for path in folder.glob("*.toml")}
    assert len(hazards.names()) >= 24


@pytest.mark.parametrize("code", hazards.names())
def test_what_each_is_called_fits_a_cap_event_and_no_language_borrows(code: str) -> None:
    hazard = hazards.hazard(code)
    for language in LANGUAGES:
        for level in LEVELS:
            for strength in (None, *hazard.strengths):
                label = hazard.label(level, strength, language)
                assert len(label) <= MOST_CHARACTERS == 35
                assert label[0] == label[0].upper()
        told = [hazard.label(level, None, language) for level in LEVELS]
        assert len(set(told)) == len(told)


@pytest.mark.parametrize("code", hazards.names())
def test_french_is_spaced_before_its_marks(code: str) -> None:
    words = hazards.hazard(code).fr
    said = [*words.facts.values(), *words.labels.values()]
    for level in LEVELS:
        cell = words.at(level)
        said += [*cell.description, *cell.instruction, cell.action]
    for sentence in said:
        assert not re.search(r"[^\u202f][:;!?]", sentence), sentence


@pytest.mark.parametrize("code", hazards.names())
def test_the_french_reader_is_one_person(code: str) -> None:
    words = hazards.hazard(code).fr
    for level in LEVELS:
        cell = words.at(level)
        for sentence in (*cell.description, *cell.instruction, cell.action):
            assert not re.search(r"[Ss]oyez prêts|bloqués|informés|enfermés|vigilants", sentence)


def test_spanish_levels_are_of_a_hazard() -> None:
    cyclone = hazards.hazard("tropical_cyclone")
    assert cyclone.label("warning", "hurricane", "es") == "Aviso de huracán"
    assert cyclone.label("advisory", None, "es") == "Advertencia de ciclón tropical"
    assert hazards.hazard("flood").label("watch", None, "es") == "Vigilancia de inundación"
    assert cyclone.label("emergency", "hurricane", "nl") == "Noodsituatie orkaan"


def test_one_file_makes_a_hazard_of_single_warnings_and_events(
    app: Flask, client: FlaskClient, bearer: Callable[[str], dict[str, str]]
) -> None:
    office = bearer("cdema")
    warning = {
        "hazard": "meteor_shower", "level": "warning", "area": [{"places": ["BB"]}],
        "onset": later(hours=2),
    }  # fmt: skip
    opened = client.post("/v1/disasters?publish=true", json=warning, headers=office)
    assert opened.status_code == 201, opened.json
    alert = client.get(f"/v1/alerts/{opened.json['alert']['identifier']}").json
    (english,) = [info for info in alert["info"] if info["language"] == "en"]
    assert english["event"] == "En meteor warning"
    assert english["headline"] == "En meteor warning: Barbados"
    assert "en stones fall about" in english["description"]
    assert english["instruction"].startswith("en warning stay under a roof.")

    made = client.post("/v1/hazard-events", json={"hazard": "meteor_shower"}, headers=office)
    assert made.status_code == 201, made.json
    said = client.post(
        f"{made.headers['Location']}/advisories?publish=true",
        json={"levels": {"HT": "watch"}, "languages": list(LANGUAGES)},
        headers=office,
    )
    assert said.status_code == 201, said.json
    told = client.get(f"/v1/alerts/{said.json['messages'][0]['identifier']}").json
    assert {info["event"] for info in told["info"]} == {
        hazards.hazard("meteor_shower").label("watch", None, language) for language in LANGUAGES
    }
    assert "meteor_shower" in str(client.get("/openapi.json").json)


def test_without_the_file_there_is_no_such_hazard(settings: Settings) -> None:
    create_app(settings).extensions["casa.database"].dispose()
    assert "meteor_shower" in hazards.names()
    hazards.use(None)
    assert "meteor_shower" not in hazards.names()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({'category__=__"Met"': 'category = "Weather"'}, "Weather"),
        ({"[fr.watch]": "[fr.wach]"}, "wach"),
        ({"fr__stones__fall__{arrival}": "fr stones fall"}, "fr.facts.arrival"),
        ({'"arrival",__"arrived"': '"arrival"'}, "facts"),
        ({'noun__=__"nl__meteor"': f'noun = "{"x" * 20}"'}, "35 of a CAP event"),
        ({"es__watch__stay__under__a__roof": "stay {here}"}, "no blanks"),
        ({'action__=__"ht__stay__under__a__roof."': 'action = " "'}, "empty"),
        ({"[en]": "[en"}, "en"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(
    tmp_path: Path, changes: dict[str, str], told: str
) -> None:
    (tmp_path / "meteor_shower.toml").write_text(file_of(**changes), "utf-8")
    with pytest.raises(HazardError, match=re.escape(told)) as fault:
        hazards.use(tmp_path)
    assert "meteor_shower.toml" in str(fault.value)


def test_a_file_needs_a_name_of_letters_and_the_folder_must_be_one(tmp_path: Path) -> None:
    (tmp_path / "Meteor Shower.toml").write_text(file_of(), "utf-8")
    with pytest.raises(HazardError, match=r"Meteor Shower\.toml"):
        hazards.use(tmp_path)
    with pytest.raises(HazardError, match="folder"):
        hazards.use(tmp_path / "none")


def test_facts_are_those_that_sentences_know() -> None:
    assert set(FACTS) == {name for one in hazards.hazards().values() for name in one.facts}
