"""A day under attack: strangers hold what they can while phones follow and officers publish."""

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyotp
import pytest
import requests

from casa.agencies.permissions import Role
from tests.conftest import SignedIn
from tests.system.hostile import Attack
from tests.system.processes import Service
from tests.system.socket_phones import Phones

# Half a minute; fewer where the machine has less to give.
HOSTILE = int(os.environ.get("CASA_TEST_ATTACK", "5000"))
PHONES = min(HOSTILE // 10, 500)


class Watched:
    """What a process holds."""

    def __init__(self, service: Service) -> None:
        self._folder = Path(f"/proc/{service.process.popen.pid}")

    @property
    def descriptors(self) -> int:
        return len(os.listdir(self._folder / "fd"))

    @property
    def megabytes(self) -> float:
        status = (self._folder / "status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024


class Desk:
    """An officer's browser."""

    def __init__(self, url: str, officer: SignedIn) -> None:
        self._url, self._officer = url, officer
        self._codes = pyotp.TOTP(officer.secret)
        self._token = ""

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        answer = requests.request(method, self._url + path, json=body, headers=headers, timeout=120)
        assert answer.ok, (method, path, answer.status_code, answer.text)
        return answer.json()

    def sign_in(self) -> None:
        """And step up, with the code after the one that was used."""
        body = {"email": self._officer.email, "password": self._officer.password}
        self._token = self.call("POST", "/v1/session", body | {"code": self._code(0)})["session"]
        stepped = self.call("POST", "/v1/session/step-up", {"code": self._code(1)})
        self._token = stepped["session"]

    def _code(self, later: int) -> str:
        return self._codes.at(int(time.time()) + 30 * later)


def until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.2)
    return condition()


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Connections know no database."""
    return sqlite_url


@pytest.mark.timeout(1800)
def test_nobody_honest_is_kept_from_anything(
    service_settings: dict[str, str],
    officer: Callable[..., SignedIn],
    warning: dict[str, Any],
) -> None:
    enough, most = HOSTILE + PHONES + 200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most < enough:
        pytest.skip(f"a process may have {most} descriptors here, and this takes {enough}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    author, approver = officer("cdema", Role.AUTHOR), officer("cdema", Role.APPROVER)
    limits = {"CASA_FOLLOW_LIMIT": str(HOSTILE), "CASA_FOLLOW_PER_ADDRESS": str(PHONES + 50)}
    service = Service(service_settings | limits, "serve")
    port = int(service.url.rpartition(":")[2])
    watched = Watched(service)
    try:
        _warm_up(port)
        assert until(lambda: watched.descriptors < 60, 60)
        before = watched.descriptors, watched.megabytes
        attack, phones = Attack(port, HOSTILE), Phones(port)
        assert until(lambda: attack.opened == HOSTILE, 600)
        for _ in range(PHONES):
            phones.add()
        assert requests.get(service.url + "/healthz", timeout=120).ok
        identifier = _publish(Desk(service.url, author), Desk(service.url, approver), warning)
        assert until(lambda: all(phones.heard.values()), 300)
        assert set(phones.heard.values()) == {1}
        assert phones.lost == 0
        public = requests.get(f"{service.url}/v1/alerts/{identifier}", timeout=30)
        assert public.json()["info"][0]["severity"] == "Extreme"
        assert attack.stop() >= HOSTILE
        phones.stop()
        assert until(lambda: watched.descriptors <= before[0] + 5, 120), watched.descriptors
        assert watched.megabytes < before[1] + 12 + HOSTILE / 100
        # Sessions that poll and have gone are known to have when they do not connect.
        assert until(lambda: "casa_socket_clients 0.0" in _metrics(service), 90)
    finally:
        assert service.process.stop() == 0


def _metrics(service: Service) -> str:
    return requests.get(service.url + "/metrics", timeout=30).text


def _warm_up(port: int) -> None:
    """A little of everything, so that what is made once is made."""
    attack, phones = Attack(port, 60), Phones(port)
    phones.add()
    time.sleep(3)
    attack.stop()
    phones.stop()


def _publish(author: Desk, approver: Desk, warning: dict[str, Any]) -> str:
    """Written by one officer, read and approved by another, who publishes it."""
    for part in warning["info"]:
        part["severity"] = "Extreme"
    author.sign_in()
    identifier: str = author.call("POST", "/v1/alerts", warning)["identifier"]
    draft = author.call("POST", f"/v1/alerts/{identifier}/submit")
    approver.sign_in()
    approve = f"/v1/alerts/{identifier}/approve?publish=true&digest={draft['digest']}"
    assert approver.call("POST", approve)["state"] == "published"
    return identifier
