"""The service behind nginx with the configuration that the documentation gives."""

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import socketio
from cryptography import x509

from tests.delivery.test_edge import AMBIGUOUS
from tests.doubles import certificates
from tests.system.processes import ROOT, Service, free_port

pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="there is no nginx here")

_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Nginx:
    """nginx in front of a service, under the name localhost."""

    def __init__(self, folder: Path, service: Service) -> None:
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self.ca = str(folder / "ca.pem")
        certificates.make(folder, [x509.DNSName("localhost")])
        text = (ROOT / "docs" / "nginx.conf").read_text()
        temporary = "".join(f"{name}_temp_path {folder}/{name};\n" for name in _TEMPORARY)
        for was, is_now in (
            ("http {", f"http {{\n{temporary}"),
            ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
            ("listen 443 ", f"listen 127.0.0.1:{self.port} "),
            ("casa.example", "localhost"),
            ("/etc/casa/certificate.pem", f"{folder}/server.pem"),
            ("/etc/casa/key.pem", f"{folder}/server.pem"),
            ("127.0.0.1:8000", service.url.removeprefix("http://")),
            ("worker_rlimit_nofile 65536", "worker_rlimit_nofile 4096"),
            ("worker_connections 32768", "worker_connections 1024"),
        ):
            assert was in text
            text = text.replace(was, is_now)
        (folder / "nginx.conf").write_text(text)
        options = f"daemon off; pid {folder}/pid; error_log {folder}/error.log warn;"
        if os.geteuid() == 0:
            options += " user root;"
        self._process = subprocess.Popen(
            ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", options],
            stderr=subprocess.PIPE,
        )
        for _ in range(100):
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError("nginx did not start")

    def ask(self, data: bytes) -> bytes:
        """All that comes until nginx ends the connection, or is silent."""
        context = ssl.create_default_context(cafile=self.ca)
        plain = socket.create_connection(("127.0.0.1", self.port), 3)
        seen = b""
        with context.wrap_socket(plain, server_hostname="localhost") as sock:
            sock.sendall(data)
            try:
                while part := sock.recv(65_536):
                    seen += part
            except OSError:
                pass
        return seen

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=20)


@pytest.fixture(scope="module")
def nginx(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    folder = tmp_path_factory.mktemp("nginx")
    shutil.copy(sqlite_template, folder / "casa.db")
    settings = {
        "CASA_DATABASE_URL": f"sqlite:///{folder / 'casa.db'}",
        "CASA_VAR_DIR": str(folder / "var"),
        "CASA_TRUSTED_PROXIES": "1",
        "CASA_FOLLOW_PER_ADDRESS": "2",
    }
    service = Service(settings, "serve")
    running = Nginx(folder, service)
    yield running
    running.stop()
    service.process.stop()


def test_requests_go_through_and_know_that_they_are_secure(nginx: Nginx) -> None:
    with requests.Session() as session:
        for _ in range(3):
            answer = session.get(nginx.url + "/v1/alerts", verify=nginx.ca, timeout=10)
            assert answer.status_code == 200
            assert "Strict-Transport-Security" in answer.headers
        body = {"platform": "web", "push": {"provider": "none"}, "languages": ["en"]}
        made = session.post(nginx.url + "/v1/devices", json=body, verify=nginx.ca, timeout=10)
        assert made.status_code == 201


@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]])
def test_a_client_follows(nginx: Nginx, transports: list[str]) -> None:
    with requests.Session() as session:
        session.verify, session.trust_env = nginx.ca, False
        client = socketio.Client(
            http_session=session, websocket_extra_options={"sslopt": {"ca_certs": nginx.ca}}
        )
        client.connect(nginx.url, transports=transports, wait_timeout=10)
        answer: Any = client.call("follow", {"places": ["BB"]}, timeout=10)
        assert answer["missed"] == []
        client.disconnect()


def test_a_forged_address_counts_as_the_one_it_came_from(nginx: Nginx) -> None:
    def opened(number: int) -> int:
        return requests.get(
            nginx.url + "/socket.io/?EIO=4&transport=polling",
            headers={"X-Forwarded-For": f"198.51.100.{number}"},
            verify=nginx.ca,
            timeout=10,
        ).status_code

    assert opened(1) in (200, 503)
    assert [opened(2), opened(3), opened(4)][-1] == 503


def test_nothing_hides_behind_a_request(nginx: Nginx) -> None:
    """nginx forgives some of what CASA does not; never is one request taken for two."""
    hidden = b"GET /hidden HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    for name in ("lengths that differ", "a length and a coding", "a coding and a length",
                 "two codings", "a space before the colon", "a NUL in a value",
                 "an unknown coding", "a length with a sign", "no Host"):  # fmt: skip
        answers = nginx.ask(AMBIGUOUS[name] + hidden)
        statuses = [part[:3] for part in answers.split(b"HTTP/1.1 ")[1:]]
        assert len(statuses) == 1, (name, statuses)
        assert statuses[0] in (b"400", b"421", b"501"), (name, statuses)
