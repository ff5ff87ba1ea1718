"""What a forecast/advisory proposes for its places, over HTTP; nothing of it is kept."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

TCM = """\
HURRICANE IMANI FORECAST/ADVISORY NUMBER   9
NWS NATIONAL HURRICANE CENTER MIAMI FL       AL992026
{issued:%H%M UTC %a %b %d %Y}

SUMMARY OF WATCHES AND WARNINGS IN EFFECT...

A HURRICANE WARNING IS IN EFFECT FOR...
* ANTIGUA...BARBUDA
* DOMINICA FROM ROSEAU SOUTHWARD

A TROPICAL STORM WARNING IS IN EFFECT FOR...
* ST. KITTS
* NEVIS
* MONTSERRAT
* GUADELOUPE

A HURRICANE WATCH IS IN EFFECT FOR...
* ST. KITTS
* JAMAICA

HURRICANE CENTER LOCATED NEAR 16.5N  57.5W AT {issued:%d/%H%MZ}
MAX SUSTAINED WINDS  90 KT WITH GUSTS TO 110 KT.
64 KT....... 30NE  30SE  30SW  30NW.
50 KT....... 60NE  60SE  60SW  60NW.
34 KT.......110NE  90SE  70SW 100NW.

FORECAST VALID {ahead:%d/%H%MZ} 17.3N  61.9W
MAX WIND  95 KT...GUSTS 115 KT.
64 KT... 15NE  15SE  15SW  15NW.
50 KT... 60NE  60SE  60SW  60NW.
34 KT...110NE  90SE  70SW 100NW.

$$
"""
Bearer = Callable[[str], dict[str, str]]


@pytest.fixture
def event(client: FlaskClient, bearer: Bearer) -> str:
    body = {"hazard": "tropical_cyclone", "name": "Imani", "identifiers": ["AL992026"]}
    made = client.post("/v1/hazard-events", json=body, headers=bearer("cdema"))
    return str(made.headers["Location"])


def tcm(age: float = 0) -> str:
    issued = datetime.now(UTC) - timedelta(hours=age)
    return TCM.format(issued=issued, ahead=issued + timedelta(hours=12)).upper()


def propose(client: FlaskClient, bearer: Bearer, event: str, text: str) -> Any:
    return client.post(f"{event}/proposal", json={"tcm": text}, headers=bearer("cdema"))


def test_an_officer_confirms_what_is_proposed(
    client: FlaskClient, bearer: Bearer, event: str
) -> None:
    office = bearer("cdema")
    client.post(
        f"{event}/advisories?publish=true", json={"levels": {"BB": "watch"}}, headers=office
    )
    text = tcm()
    made = propose(client, bearer, event, text).json
    assert made["levels"] == {"AG": "warning", "KN": "warning", "MS": "warning", "JM": "watch"}
    assert [(one["line"], one["area"], one["suggestions"]) for one in made["unmatched"]] == [
        (9, "DOMINICA FROM ROSEAU SOUTHWARD", ["DM"])
    ]
    assert (made["elsewhere"], made["lifted"]) == (["GUADELOUPE"], ["BB"])
    assert (made["remarks"], made["findings"]) == ([], [])
    facts = {place: one for one in made["outlook"] for place in one["places"]}
    assert (facts["AG"]["storm"], facts["AG"]["wind_kmh"]) == ("hurricane", 120)
    assert (facts["KN"]["storm"], facts["KN"]["wind_kmh"]) == ("tropical_storm", 95)
    # Gales do not come so far: the strength is the list's own, and nothing more is known.
    assert facts["JM"] == {"places": ["JM"], "storm": "hurricane"}
    first = datetime.fromisoformat(facts["AG"]["arrival"])
    assert datetime.now(UTC) < first < datetime.now(UTC) + timedelta(hours=8)
    assert first < datetime.fromisoformat(facts["KN"]["arrival"])
    assert len(client.get(event, headers=office).json["advisories"]) == 1
    body = {"levels": made["levels"], "outlook": made["outlook"], "tcm": text}
    sent = client.post(f"{event}/advisories?publish=true", json=body, headers=office)
    assert sent.status_code == 201, sent.json


def test_what_would_be_refused_is_told_beforehand(
    client: FlaskClient, bearer: Bearer, event: str
) -> None:
    made = propose(client, bearer, event, tcm(20)).json
    assert [one["check"] for one in made["findings"]] == ["track_age"]
    flattened = propose(client, bearer, event, " ".join(tcm(20).split())).json
    assert flattened["levels"] == made["levels"]


def test_what_is_no_forecast_advisory_is_refused(
    client: FlaskClient, bearer: Bearer, event: str
) -> None:
    answer = propose(client, bearer, event, "BULLETIN\nHurricane Imani Advisory Number 9")
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/tcm")
    assert "a public advisory (TCP)" in answer.json["detail"]
    assert client.post(f"{event}/proposal", json={"tcm": tcm()}).status_code == 401
    other = client.post(f"{event}/proposal", json={"tcm": tcm()}, headers=bearer("odpem"))
    assert other.status_code == 404
