"""After the retention job nothing tells of a person: no table, no file, no log line of any process.

The processes are real and log all that they can, through the whole life of a case.
"""

import time
from pathlib import Path
from typing import Any

import pytest
import requests
import socketio
from sqlalchemy import inspect, text

from casa.agencies import keys
from casa.agencies.demonstration import DEMONSTRATION
from casa.database import Database
from tests.conftest import later
from tests.doubles.fcm_process import FcmDouble
from tests.missing_persons.conftest import phone_photograph
from tests.system.processes import Process, Service

CASE = {
    "category": "abducted_child",
    "full_name": "Quirina Demonstrata",
    "known_as": ["Quiri-Quiri"],
    "age": 9,
    "date_of_birth": "2017-03-04",
    "sex": "female",
    "marks": {"en": "Mark of a sickle."},
    "clothing": {"en": "A turquoise pinafore."},
    "medical_need": {"en": "Needs hydrocortisone."},
    "suspect": {"name": "Malvolio Exemplar", "description": {"en": "A one-eyed sailor."}},
    "vehicle": {"make": "Zastava Yugo", "plate": "QX 4711"},
    "last_seen": later(hours=-2),
    "last_known_location": "The Windmill Bakery",
    "last_seen_point": {"longitude": -76.9512345, "latitude": 17.9912345,
                        "coarseness": "neighbourhood"},
    "description": {"en": "She whistles."},
    "contacts": [{"name": "Perdita Demonstrata", "phone": "+1 876 555 0147"}],
    "case_number": "CR-90210",
    "abduction": {"reasonable_belief": True, "risk_of_serious_harm": True},
    "area": [{"area_desc": "Around the house of Quirina",
              "shapes": [{"type": "Point", "coordinates": [-76.95, 18.0], "radius": 3000}]}],
}  # fmt: skip
SIGHTING = {
    "text": "By the lighthouse kiosk.", "seen_at": later(minutes=-2),
    "contact": "Balthasar 5550148",
    "position": {"longitude": -76.9587654, "latitude": 17.9987654},
}  # fmt: skip
SECRETS = (
    "Quirina", "Demonstrata", "Quiri-Quiri", "2017-03-04", "sickle", "turquoise", "hydrocortisone",
    "Malvolio", "one-eyed", "Yugo", "QX 4711", "Windmill", "-76.9512345", "whistles", "Perdita",
    "555 0147", "CR-90210", "lighthouse", "Balthasar", "-76.9587654", "Guessed", "SECRET-PHONE",
)  # fmt: skip


def told_in(data: bytes) -> list[str]:
    return [secret for secret in SECRETS if secret.lower().encode() in data.lower()]


def rows(database: Database) -> bytes:
    with database.engine.connect() as connection:
        return b"\n".join(
            bytes(value) if isinstance(value, bytes | memoryview) else repr(value).encode()
            for table in inspect(connection).get_table_names()
            for row in connection.execute(text(f'SELECT * FROM "{table}"'))
            for value in row
        )


def live(service: Service, key: str, double: FcmDouble) -> None:
    """The life of a case, with all that can go wrong in it."""
    headers = {"Authorization": f"Bearer {key}"}
    cases = f"{service.url}/v1/missing-persons"

    def ask(method: str, address: str, wanted: int, **more: Any) -> Any:
        answer = requests.request(method, address, timeout=30, **more)
        assert answer.status_code == wanted, answer.text
        return answer

    phone = {"platform": "android", "push": {"provider": "fcm", "token": "phone-1"},
             "languages": ["en"]}  # fmt: skip
    secret = ask("POST", f"{service.url}/v1/devices", 201, json=phone).json()["secret"]
    requests.put(
        f"{service.url}/v1/devices/me/places", json={"places": [{"code": "JM-14"}]},
        headers={"Authorization": f"Bearer {secret}"}, timeout=30,
    )  # fmt: skip
    follower, heard = socketio.Client(), []
    follower.on("alert", heard.append)
    follower.connect(service.url, transports=["websocket"])
    follower.call("follow", {"places": ["JM-14"], "language": "en", "since": 0}, timeout=20)

    once = headers | {"Idempotency-Key": "a1b2c3d4-e5f6-4711-8aaa-0123456789ab"}
    for _ in range(2):
        opened = ask("POST", cases, 201, json=CASE, headers=once).json()
    path = f"{cases}/{opened['id']}"
    ask("PATCH", path, 422, json={"full_name": CASE["full_name"] * 9}, headers=headers)
    ask("PATCH", path, 422, json={"clothing": {"xx": "turquoise"}}, headers=headers)
    ask("PATCH", path, 422, json={"description": {"en": "Call Perdita Demonstrata."}},
        headers=headers)  # fmt: skip
    ask("POST", cases, 400, data=b'{"full_name": "Quirina", ', headers=headers
        | {"Content-Type": "application/json"})  # fmt: skip
    picture = headers | {"Content-Type": "image/heic"}
    query = "?public=true&publish=true"
    ask("POST", f"{path}/photographs{query}", 201, data=phone_photograph(), headers=picture)
    ask("PATCH", f"{path}?publish=true", 200, json={"public": {"medical_need": True}},
        headers=headers)  # fmt: skip
    alert = requests.get(path, headers=headers, timeout=30).json()["alert"]["identifier"]
    for address in (cases, f"{cases}/search?name=Guessed", f"{cases}/search?name=Quirina",
                    f"{path}/poster.pdf", f"{service.url}/feeds/pfif.atom",
                    f"{service.url}/feeds/cap.atom",
                    f"{service.url}/v1/alerts/{alert}.xml"):  # fmt: skip
        assert ask("GET", address, 200).content
    receipt = ask("POST", f"{path}/sightings", 201, json=SIGHTING).json()["receipt"]
    sent = f"{service.url}/v1/sightings/{receipt}"
    ask("POST", f"{sent}/photographs", 201, data=phone_photograph("olive"),
        headers={"Content-Type": "image/heic"})  # fmt: skip
    ask("POST", f"{sent}/reports", 422, json={"text": "Balthasar", "seen_at": "lighthouse"})
    assert "lighthouse" in ask("GET", f"{path}/sightings", 200, headers=headers).text
    # A draft that was never published, and one against which somebody spoke.
    ask("PATCH", path, 200, json={"last_known_location": "Windmill Lane"}, headers=headers)
    deadline = time.monotonic() + 30
    while not (heard and any("Quirina" in str(one) for one in double.record())):
        assert time.monotonic() < deadline, "nothing was delivered"
        time.sleep(0.1)
    ask("POST", f"{path}/end", 200, json={"outcome": "found_safe"}, headers=headers)
    follower.disconnect()


@pytest.mark.timeout(180)
def test_nothing_tells_of_a_person_after_the_retention_job(
    service_settings: dict[str, str], database_url: str, tmp_path: Path, double: FcmDouble
) -> None:
    log = tmp_path / "log"
    loud = service_settings | {"CASA_LOG_LEVEL": "DEBUG", "CASA_CASE_DAYS": "0"}
    service, database = Service(loud, log=log), Database(database_url)
    try:
        with database.writing() as session:
            key = keys.issue(session, DEMONSTRATION[0].create(session), "test")
        live(service, key, double)
        # What is sealed, and what was asked for or sent in vain, is not even there before.
        never = {"lighthouse", "Balthasar", "-76.9587654", "Guessed", "SECRET-PHONE"}
        assert set(told_in(rows(database))) == set(SECRETS) - never
    finally:
        service.process.stop()
    worker = Process(loud, "worker", log=log)
    try:
        deadline = time.monotonic() + 60
        while told_in(rows(database)) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert told_in(rows(database)) == []
    finally:
        worker.stop()
    if database.is_sqlite:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    said = log.read_bytes()
    assert b"DEBUG" in said
    assert told_in(said) == []
    files = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert {one.name: told_in(one.read_bytes()) for one in files} == {one.name: [] for one in files}
    assert not [one for one in files if one.parent.name == "media"]
