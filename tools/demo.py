"""The whole path at work: devices, sockets, five agencies, six messages, and who got what.

Starts the service and a double of FCM, registers devices over the region, follows four places
over Socket.IO, publishes, updates and cancels, and prints who was meant to get and who got what.
Ends with status 1 if anybody was missed or told without being meant.
"""

import json
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import requests
import socketio
from sqlalchemy import select
from sqlalchemy.orm import Session

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from demo_world import DemoDevice, Meant, devices  # noqa: E402

from casa.agencies import keys  # noqa: E402
from casa.agencies.demonstration import DEMONSTRATION, Plan  # noqa: E402
from casa.agencies.models import Agency  # noqa: E402
from casa.database import Database  # noqa: E402
from casa.geography.places import gazetteer  # noqa: E402
from tests.doubles.fcm_process import FcmDouble  # noqa: E402
from tests.system.processes import Service, environment  # noqa: E402

FOLLOWED = ("JM-14", "TT-POS", "HT-OU", "BB")


@dataclass
class Step:
    """One message: whom it is for, whom it leaves, and its number once it is published."""

    title: str
    meant: list[Meant]
    left: list[Meant] = field(default_factory=list)
    sequence: int = 0
    identifier: str = ""
    agency: str = ""

    def reaches(self, device: DemoDevice) -> bool:
        return any(one.reaches(device) for one in self.meant)

    def leaves(self, device: DemoDevice) -> bool:
        return not self.reaches(device) and any(one.reaches(device) for one in self.left)

    def heard_in(self, code: str) -> bool:
        place = gazetteer().place(code)
        return any(one.reaches_place(place) for one in self.meant + self.left)


class Demonstration(Service):
    """The service, and the keys of its demonstration agencies."""

    def __init__(self, folder: Path, database_url: str, double: FcmDouble) -> None:
        super().__init__(environment(database_url, folder, double))
        with Database(database_url).writing() as session:
            self.keys = {plan.code: _key(session, plan) for plan in DEMONSTRATION}


def _key(session: Session, plan: Plan) -> str:
    agency = session.scalar(select(Agency).where(Agency.code == plan.code))
    return keys.issue(session, agency or plan.create(session), "demonstration")


def register(service: Demonstration, all_devices: list[DemoDevice]) -> None:
    """Over HTTP, as phones do."""

    def one(device: DemoDevice) -> None:
        body = {
            "platform": "android",
            "push": {"provider": "fcm", "token": device.token},
            "languages": device.language,
        }
        made = requests.post(service.url + "/v1/devices", json=body, timeout=60)
        headers = {"Authorization": f"Bearer {made.json()['secret']}"}
        places = {"places": [device.place()]}
        requests.put(
            service.url + "/v1/devices/me/places", json=places, headers=headers, timeout=60
        ).raise_for_status()

    with (
        ThreadPoolExecutor(8) as pool,
        click.progressbar(length=len(all_devices), label="Registering devices") as bar,
    ):
        for _ in pool.map(one, all_devices):
            bar.update(1)


def follow(service: Demonstration, code: str, got: list[dict[str, Any]]) -> socketio.Client:
    """A real Socket.IO client that follows one place."""
    client = socketio.Client()
    client.on("alert", got.append)
    client.connect(service.url, transports=["websocket"])
    answer = client.call("follow", {"places": [code], "language": "en", "since": 0}, timeout=20)
    if "error" in answer:
        raise SystemExit(f"follow {code}: {json.dumps(answer)}")
    return client


def story(service: Demonstration) -> list[Step]:
    """Three alerts, an update and a cancellation."""
    accident_at = (-77.109, 17.942, 3_000.0)
    islands, fewer = ("JM", "HT", "BS", "TC"), ("JM", "HT", "BS")
    steps: list[Step] = []

    def publish(step: Step, agency: str, path: str, body: Any, method: str = "POST") -> Any:
        record = service.call(method, path, service.keys[agency], body)
        alert = record["alert"]
        step.sequence, step.identifier = alert["sequence"], alert["identifier"]
        step.agency = agency
        steps.append(step)
        click.echo(f"{step.sequence:3}  {alert['info'][0]['headline']}")
        return record

    accident = publish(
        Step("road accident, A1 at Old Harbour", [Meant(circle=accident_at)]),
        "police-jm",
        "/v1/accidents?publish=true",
        {
            "type": "road",
            "location": "A1 at Old Harbour",
            "casualties": {"injured": {"least": 3, "most": 5}},
            "involved": [{"vehicle": "minibus"}, {"vehicle": "truck"}],
            "roads_closed": [{"name": "A1", "start": "Old Harbour", "end": "Freetown"}],
            "area": [
                {
                    "shapes": [
                        {
                            "type": "Point",
                            "coordinates": list(accident_at[:2]),
                            "radius": accident_at[2],
                        }
                    ]
                }
            ],
        },
    )
    publish(
        Step("missing child, Port of Spain", [Meant(("TT-POS",))]),
        "police-tt",
        "/v1/missing-persons?publish=true",
        {
            "category": "missing_child",
            "full_name": "Demonstration Child",
            "age": 8,
            "description": {"en": "Wearing a blue school uniform and carrying a red bag."},
            "area": [{"places": ["TT-POS"]}],
        },
    )
    onset = datetime.now(UTC) + timedelta(hours=9)
    warning = publish(
        Step("hurricane warning, four islands", [Meant(islands)]),
        "cdema",
        "/v1/disasters?publish=true",
        {
            "hazard": "tropical_cyclone",
            "level": "warning",
            "name": "Demonstration",
            "onset": onset.isoformat(),
            "languages": ["en", "ht", "fr"],
            "area": [{"places": list(islands)}],
        },
    )
    wait(service, steps)
    publish(
        Step("hurricane warning, updated: three islands", [Meant(fewer)], [Meant(islands)]),
        "cdema",
        f"/v1/disasters/{warning['id']}?publish=true",
        {"area": [{"places": list(fewer)}]},
        "PATCH",
    )
    publish(
        Step("road accident, cancelled", [Meant(circle=accident_at)]),
        "police-jm",
        f"/v1/accidents/{accident['id']}/end",
        {"reason": {"en": "The A1 is open again."}},
    )
    wait(service, steps)
    return steps


def wait(service: Demonstration, steps: list[Step]) -> None:
    """Until every dispatch has ended."""

    deadline = time.monotonic() + 60
    for step in steps:
        path = f"/v1/alerts/{step.identifier}/delivery"
        while True:
            reports = service.call("GET", path, service.keys[step.agency])["dispatches"]
            if all(report["state"] == "done" for report in reports):
                break
            if time.monotonic() > deadline:
                raise SystemExit(f"{step.title} is not delivered: {reports}")
            time.sleep(0.1)


def compare(
    steps: list[Step],
    all_devices: list[DemoDevice],
    record: list[dict[str, Any]],
    heard: dict[str, list[dict[str, Any]]],
) -> bool:
    """Print the table; whether all who were meant to, and nobody else, got each message."""
    right = True
    head = (
        f"{'':44}{'meant':>7}{'got':>7}{'missed':>8}{'others':>8}   {'told it left':>14}   sockets"
    )
    click.echo("\n" + head)
    for step in steps:
        rows = [row for row in record if row["message"]["data"]["sequence"] == str(step.sequence)]
        taken = [row for row in rows if row["outcome"] == "sent"]
        left = {row["device"] for row in taken if row["message"]["data"].get("departed")}
        got = {row["device"] for row in taken} - left
        meant = {one.token for one in all_devices if step.reaches(one)}
        leaves = {one.token for one in all_devices if step.leaves(one)}
        sockets = {
            code
            for code, alerts in heard.items()
            if [one["sequence"] for one in alerts].count(step.sequence) == 1
        }
        listening = {code for code in heard if step.heard_in(code)}
        right &= got == meant and left == leaves and sockets == listening
        click.echo(
            f"{step.title:44}{len(meant):7}{len(got):7}{len(meant - got):8}{len(got - meant):8}"
            f"   {len(left):6} of {len(leaves):4}   "
            f"{len(sockets & listening)} of {len(listening)}, {len(sockets - listening)} others"
        )
    return right


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--devices", "count", default=2_000, show_default=True, help="How many phones.")
def main(count: int) -> None:
    """Show the whole path on the database of CASA_DATABASE_URL, by default a new SQLite file."""
    with tempfile.TemporaryDirectory(prefix="casa-demo-") as name:
        folder = Path(name)
        double = FcmDouble(folder / "fcm")
        url = os.environ.get("CASA_DATABASE_URL") or f"sqlite:///{folder / 'casa.db'}"
        service = Demonstration(folder, url, double)
        clients = []
        try:
            all_devices = devices(count)
            register(service, all_devices)
            heard: dict[str, list[dict[str, Any]]] = {code: [] for code in FOLLOWED}
            clients = [follow(service, code, got) for code, got in heard.items()]
            steps = story(service)
            expected = sum(step.heard_in(code) for step in steps for code in FOLLOWED)
            deadline = time.monotonic() + 15
            while sum(map(len, heard.values())) < expected and time.monotonic() < deadline:
                time.sleep(0.1)
            right = compare(steps, all_devices, double.record(), heard)
        finally:
            for client in clients:
                client.disconnect()
            service.process.stop()
            double.stop()
    click.echo("\nEverybody who was meant to, and nobody else." if right else "\nNOT as meant.")
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
