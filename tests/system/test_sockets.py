"""The official Socket.IO clients follow a place and hear its alerts, live and after a gap."""

import json
import queue
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h3
import pytest
import requests
import socketio
import websocket

from tests.system.processes import Service

JS = Path(__file__).parent / "js"
Say = Callable[..., int]


@pytest.fixture
def say(
    service: Service, agency_keys: dict[str, str], warning: dict[str, Any]
) -> Callable[..., int]:
    """Publish a warning for some places; its number."""

    def publish(*codes: str, **changes: Any) -> int:
        body = warning | {"area": [{"places": list(codes)}]} | changes
        made = service.call("POST", "/v1/alerts?publish=true", agency_keys["cdema"], body)
        return int(made["sequence"])

    return publish


class Listener:
    """A Python client that follows what it is told to and keeps what it hears."""

    def __init__(self, url: str, transport: str = "websocket") -> None:
        self.url, self.transport = url, transport
        self.heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self.client = socketio.Client(reconnection=False)
        self.client.on("alert", self.heard.put)
        self.connect()

    def connect(self) -> None:
        self.client.connect(self.url, transports=[self.transport], wait_timeout=10)

    def follow(self, **wanted: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.call("follow", wanted, timeout=10)
        return answer

    def next(self, seconds: float = 10) -> dict[str, Any]:
        return self.heard.get(timeout=seconds)

    def silent(self, seconds: float = 0.7) -> bool:
        time.sleep(seconds)
        return self.heard.empty()


@pytest.fixture
def listen(service: Service) -> Iterator[Callable[..., Listener]]:
    made: list[Listener] = []

    def connect(transport: str = "websocket") -> Listener:
        made.append(Listener(service.url, transport))
        return made[-1]

    yield connect
    for one in made:
        one.client.disconnect()


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_exactly_its_alerts(listen: Callable[..., Listener], say: Say, transport: str) -> None:
    listener = listen(transport)
    assert listener.follow(places=["BB"], language="fr") == {"sequence": 0, "missed": []}
    say("VC", "JM")
    second = say("BB-01")
    third = say("BB", "VC")
    first_heard, second_heard = listener.next(), listener.next()
    assert [first_heard["sequence"], second_heard["sequence"]] == [second, third]
    assert first_heard["headline"] == "Alerte ouragan"
    assert first_heard["area"][0]["geocode"][0]["value"] == "BB-01"
    assert listener.silent()


def test_cells(listen: Callable[..., Listener], say: Say) -> None:
    listener = listen()
    # Finer than what is kept: it is coarsened.
    cell = h3.latlng_to_cell(17.97, -76.79, 9)
    assert listener.follow(cells=[cell])["missed"] == []
    say("JM-05")
    number = say("JM-01")
    assert listener.next()["sequence"] == number
    assert listener.silent()


def test_after_a_broken_connection_exactly_what_was_missed(
    listen: Callable[..., Listener], say: Say
) -> None:
    listener = listen()
    listener.follow(places=["BB"])
    first = say("BB")
    assert listener.next()["sequence"] == first
    # The connection is cut below Socket.IO, as a lost network does.
    listener.client.eio.ws.sock.shutdown(socket.SHUT_RDWR)
    listener.client.wait()
    missed = [say("BB"), say("BB", "VC")]
    say("VC")
    listener.connect()
    answer = listener.follow(places=["BB"], since=first)
    assert [one["sequence"] for one in answer["missed"]] == missed
    assert answer["sequence"] == 4
    live = say("BB")
    assert listener.next()["sequence"] == live
    assert listener.silent()


def test_after_a_restart_of_the_server(
    service: Service, listen: Callable[..., Listener], say: Say
) -> None:
    listener = listen()
    listener.follow(places=["BB"])
    first = say("BB")
    assert listener.next()["sequence"] == first
    second = say("BB")
    listener.next()
    service.process.stop()
    service.process.start()
    service.wait()
    third = say("BB")
    listener.client.disconnect()
    listener.connect()
    answer = listener.follow(places=["BB"], since=second)
    # The process may not have looked yet: then it comes live, a moment after the answer.
    missed = [one["sequence"] for one in answer["missed"]]
    assert (missed or [listener.next()["sequence"]]) == [third]
    assert listener.silent()


def test_catching_up_while_others_publish_loses_and_repeats_nothing(
    listen: Callable[..., Listener], say: Say
) -> None:
    numbers: list[int] = []
    done = threading.Event()

    def publish() -> None:
        for _ in range(25):
            numbers.append(say("BB"))
        done.set()

    thread = threading.Thread(target=publish)
    thread.start()
    clients: list[tuple[Listener, list[int]]] = []
    while not done.is_set():
        listener = listen()
        answer = listener.follow(places=["BB"], since=0)
        clients.append((listener, [one["sequence"] for one in answer["missed"]]))
        time.sleep(0.02)
    thread.join()
    time.sleep(1)
    assert numbers == list(range(1, 26))
    assert len(clients) > 1
    for listener, missed in clients:
        live = [listener.next(0)["sequence"] for _ in range(listener.heard.qsize())]
        assert missed + live == numbers


def test_filters(listen: Callable[..., Listener], say: Say) -> None:
    grave, exercises = listen(), listen()
    grave.follow(places=["BB"], min_severity="Extreme")
    exercises.follow(places=["BB"], exercises=True, kinds=["disaster"])
    say("BB", status="Exercise")
    number = say("BB")
    assert [exercises.next()["status"], exercises.next()["sequence"]] == ["Exercise", number]
    assert grave.silent()


def test_an_update_tells_whom_it_leaves(
    service: Service,
    listen: Callable[..., Listener],
    agency_keys: dict[str, str],
    warning: dict[str, Any],
) -> None:
    stays, leaves = listen(), listen()
    stays.follow(places=["BB"])
    leaves.follow(places=["VC"])
    key = agency_keys["cdema"]
    made = service.call("POST", "/v1/alerts?publish=true", key, warning)
    content = {name: value for name, value in warning.items() if name != "kind"}
    service.call(
        "POST",
        f"/v1/alerts/{made['identifier']}/update?publish=true",
        key,
        content | {"area": [{"places": ["BB"]}]},
    )
    assert [stays.next()["concerns"], stays.next()["concerns"]] == [True, True]
    assert [leaves.next()["concerns"], leaves.next()["concerns"]] == [True, False]


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        ({}, "/places"),
        ({"places": []}, "/places"),
        ({"places": ["XX"]}, "/places/0"),
        ({"places": ["BB"] * 51}, "/places"),
        ({"cells": ["zz"]}, "/cells/0"),
        ({"cells": ["85283473fffffff"]}, "/cells/0"),
        ({"places": ["BB"], "since": -1}, "/since"),
        ({"places": ["BB"], "since": "1"}, "/since"),
        ({"places": ["BB"], "longitude": 1}, "/longitude"),
        ({"places": ["BB"], "kinds": ["weather"]}, "/kinds"),
        ("BB", ""),
        (None, ""),
    ],
)
def test_malformed_follow(sqlite_service: Service, wanted: Any, pointer: str) -> None:
    listener = Listener(sqlite_service.url)
    try:
        answer = listener.client.call("follow", wanted, timeout=10)
        assert answer["error"]["type"] == "urn:casa:problem:invalid"
        assert answer["error"]["errors"][0]["pointer"] == pointer
    finally:
        listener.client.disconnect()


def test_a_client_that_never_reads_is_cut_off_and_loses_nothing(
    service_settings: dict[str, str], agency_keys: dict[str, str], warning: dict[str, Any]
) -> None:
    settings = service_settings | {"CASA_FOLLOW_BUFFER": "20000"}
    service = Service(settings, "serve")
    warning["info"][0]["description"] = "x" * 7_000
    headers = {"timeout": 10, "sockopt": [(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)]}
    url = service.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    try:
        deaf = websocket.create_connection(url, **headers)
        deaf.send("40")
        deaf.send('420["follow",{"places":["BB"]}]')
        reader = Listener(service.url)
        reader.follow(places=["BB"])
        for _ in range(700):
            service.call("POST", "/v1/alerts?publish=true", agency_keys["cdema"], warning)
            if _is_cut(service, 1):
                break
        heard = [
            reader.next()["sequence"] for _ in range(service.call("GET", "/v1/alerts")["sequence"])
        ]
        assert heard == list(range(1, len(heard) + 1))
        assert _is_cut(service, 1)
        reader.client.disconnect()
    finally:
        service.process.stop()


def _is_cut(service: Service, remaining: int) -> bool:
    metrics = requests.get(service.url + "/metrics", timeout=10).text
    return f"casa_socket_clients {remaining}.0" in metrics


def test_too_many_follows_are_refused_and_then_cut_off(sqlite_service: Service) -> None:
    listener = Listener(sqlite_service.url)
    answers = [listener.follow(places=["BB"]) for _ in range(15)]
    assert all("error" not in one for one in answers[:10])
    assert answers[-1]["error"]["type"] == "urn:casa:problem:too-many-requests"
    for _ in range(30):
        listener.client.emit("follow", {"places": ["BB"]})
    listener.client.wait()
    assert not listener.client.connected


@pytest.fixture(scope="module")
def client_js(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The official JavaScript client, installed once."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("there is no node here")
    folder = tmp_path_factory.mktemp("js")
    for name in ("package.json", "follow.js"):
        shutil.copy(JS / name, folder)
    subprocess.run(
        ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"],
        cwd=folder,
        check=True,
        timeout=100,
    )
    return folder


class Node:
    """The JavaScript client as a process: what it says, line by line."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            ["node", "follow.js", *arguments],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hears(self) -> dict[str, Any]:
        line: dict[str, Any] = json.loads(self.process.stdout.readline())
        return line

    def do(self, command: str) -> None:
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_the_javascript_client(service: Service, client_js: Path, say: Say, transport: str) -> None:
    node = Node(client_js, service.url, "TT", transport)
    try:
        assert node.hears() == {"following": 0, "missed": []}
        say("BB")
        say("TT-POS")
        assert node.hears() == {"alert": 2, "headline": "Hurricane warning"}
        node.do("drop")
        assert node.hears() == {"disconnected": "io client disconnect"}
        say("TT")
        say("JM")
        say("TT", "BB")
        node.do("back")
        assert node.hears() == {"following": 5, "missed": [3, 5]}
        say("TT-TOB")
        assert node.hears()["alert"] == 6
        if transport == "websocket":
            node.do("cut")
            assert "disconnected" in node.hears()
            assert node.hears() == {"following": 6, "missed": []}
            say("TT")
            assert node.hears()["alert"] == 7
    finally:
        node.end()
