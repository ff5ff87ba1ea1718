"""The public list of open cases, beside the agency's own."""

import base64
import json
from typing import Any

from flask.testing import FlaskClient

from tests.missing_persons.conftest import NAME, case_of

PATH = "/v1/missing-persons"


def test_everybody_reads_open_public_cases(
    client: FlaskClient, published: dict[str, Any], police: Any
) -> None:
    draft = client.post(PATH, json=case_of(full_name="Nobody Yet"), headers=police).json
    change = {"last_known_location": "Portmore"}
    client.patch(f"{PATH}/{published['id']}", json=change, headers=police)
    everybody = client.get(PATH)
    (one,) = everybody.json["records"]
    assert set(one) == {"id", "alert"}
    assert one["id"] == published["id"]
    assert one["alert"]["identifier"] == published["alert"]["identifier"]
    assert "Nobody Yet" not in everybody.text
    assert "Portmore" not in everybody.text
    again = client.get(PATH, headers={"If-None-Match": everybody.headers["ETag"]})
    assert again.status_code == 304
    own = client.get(PATH, headers=police).json["records"]
    assert {record["id"] for record in own} == {published["id"], draft["id"]}
    assert own[0]["facts"]
    client.post(f"{PATH}/{published['id']}/end", json={}, headers=police)
    assert client.get(PATH).json == {"records": [], "next": None}


def test_pages_of_them(client: FlaskClient, police: Any) -> None:
    for _ in range(3):
        client.post(f"{PATH}?publish=true", json=case_of(), headers=police)
    first = client.get(f"{PATH}?limit=2").json
    second = client.get(f"{PATH}?limit=2&cursor={first['next']}").json
    found = {record["id"] for record in first["records"] + second["records"]}
    assert (len(found), second["next"]) == (3, None)


def test_wrong_credentials_and_cursors(client: FlaskClient, police: Any) -> None:
    wrong = client.get(PATH, headers={"Authorization": "Bearer casa_x"})
    assert wrong.status_code == 401
    assert client.post(PATH, json=case_of()).status_code == 401
    assert client.get("/v1/accidents").status_code == 401
    forged = base64.urlsafe_b64encode(json.dumps(["now", "x"]).encode()).decode()
    for headers in ({}, police):
        for cursor in ("x", forged):
            answer = client.get(f"{PATH}?cursor={cursor}", headers=headers)
            assert answer.status_code == 422
            assert answer.json["errors"][0]["pointer"] == "/cursor"
    assert NAME not in client.get(PATH).text
