"""The service as real processes on a free loopback port, to start, kill and start again."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import requests

from tests.doubles.fcm_process import FcmDouble

ROOT = Path(__file__).parent.parent.parent


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Process:
    """One ``casa`` process: ``run``, ``serve`` or ``worker``; what it prints goes to ``log``."""

    def __init__(
        self, environment: dict[str, str], *arguments: str, log: Path | None = None
    ) -> None:
        self._environment = os.environ | environment
        self._arguments = arguments
        self._log = log
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "casa", *self._arguments]
        with self._log.open("ab") if self._log else nullcontext() as output:
            self.popen = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=output, stderr=output
            )

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def stop(self) -> int:
        """Ask it to end; its exit status."""
        self.popen.terminate()
        return self.popen.wait(30)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait(10)


def environment(database_url: str, folder: Path, double: FcmDouble | None) -> dict[str, str]:
    """The settings of a service under test."""
    found = {
        "CASA_DATABASE_URL": database_url,
        "CASA_VAR_DIR": str(folder / "var"),
        "CASA_POLL_SECONDS": "0.1",
        "CASA_LOG_LEVEL": "WARNING",
    }
    if double is not None:
        found |= {
            "CASA_FIREBASE_CREDENTIALS": str(double.account),
            "CASA_FCM_URL": double.url,
            "CASA_FCM_CA": str(double.ca),
        }
    return found


class Service:
    """``casa run`` (or another command) that answers at ``url``."""

    def __init__(
        self, settings: dict[str, str], command: str = "run", log: Path | None = None
    ) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = Process(settings, command, "--port", str(port), log=log)
        self.wait()

    def wait(self, seconds: float = 180) -> None:
        """Until it can take work."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.process.running:
                raise RuntimeError("the service did not start")
            try:
                if requests.get(self.url + "/readyz", timeout=5).ok:
                    return
            except requests.RequestException:
                time.sleep(0.1)
        raise RuntimeError("the service is not ready")

    def call(self, method: str, path: str, key: str | None = None, body: Any = None) -> Any:
        """The body of the answer; an error is raised."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = requests.request(method, self.url + path, json=body, headers=headers, timeout=30)
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None
