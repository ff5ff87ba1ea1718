"""Clients that generators make of the OpenAPI document, at work against a running service."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.system.processes import Service

GENERATED = Path(__file__).parent / "generated"
_REQUIRED = os.environ.get("CASA_REQUIRE_NODE") == "1"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The document knows no database."""
    return sqlite_url


@pytest.fixture
def document(service: Service, tmp_path: Path) -> Path:
    path = tmp_path / "openapi.json"
    path.write_bytes(requests.get(f"{service.url}/openapi.json", timeout=60).content)
    return path


@pytest.fixture
def python_client(document: Path, tmp_path: Path) -> Iterator[Path]:
    """The folder of the package ``casa_client``, which can be imported meanwhile."""
    (tmp_path / "settings.yml").write_text("post_hooks: []\n")
    subprocess.run(
        [
            Path(sys.executable).with_name("openapi-python-client"), "generate",
            "--path", document, "--output-path", tmp_path / "casa_client", "--meta", "none",
            "--config", tmp_path / "settings.yml",
        ],
        check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    sys.path.insert(0, str(tmp_path))
    yield tmp_path / "casa_client"
    sys.path.remove(str(tmp_path))
    for name in [one for one in sys.modules if one.split(".")[0] == "casa_client"]:
        del sys.modules[name]


def test_a_python_client(
    service: Service, agency_keys: dict[str, str], warning: dict[str, Any], python_client: Path
) -> None:
    def made(name: str) -> Any:
        return importlib.import_module(f"casa_client.{name}")

    def call(name: str, **arguments: Any) -> Any:
        answer = made(f"api.{name}").sync_detailed(**arguments)
        assert answer.status_code < 300, answer.content
        return answer.parsed

    models, kit = made("models"), made("client")
    nobody = kit.Client(base_url=service.url)
    device = {"platform": "android", "push": {"provider": "none"}, "languages": ["en"]}
    body = models.Registration.from_dict(device)
    registered = call("devices.post_devices", client=nobody, body=body)
    phone = kit.AuthenticatedClient(base_url=service.url, token=registered.secret)
    followed = models.Follow.from_dict({"places": [{"code": "BB"}]})
    assert len(call("devices.put_devices_me_places", client=phone, body=followed).places) == 1

    office = kit.AuthenticatedClient(base_url=service.url, token=agency_keys["cdema"])
    alert = models.NewAlert.from_dict(warning)
    published = call("publishing.post_alerts", client=office, body=alert, publish=True)
    page = call("alerts.get_alerts", client=nobody, place="BB", limit=10)
    assert [one.identifier for one in page.alerts] == [published.identifier]
    assert page.alerts[0].info[0].headline == "Hurricane warning"


def test_a_typescript_client(
    service: Service,
    agency_keys: dict[str, str],
    warning: dict[str, Any],
    document: Path,
    tmp_path: Path,
) -> None:
    if not _REQUIRED and not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("there is no node here (CASA_REQUIRE_NODE)")
    for name in ("package.json", "client.ts"):
        shutil.copy(GENERATED / name, tmp_path)

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=110)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent")
    tools = tmp_path / "node_modules" / ".bin"
    run(str(tools / "openapi-typescript"), str(document), "-o", "document.d.ts")
    strict = ("--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck")
    run(str(tools / "tsc"), *strict, "client.ts")
    said = json.loads(
        run("node", "client.js", service.url, agency_keys["cdema"], json.dumps(warning))
    )
    assert said["followed"] == 1
    assert said["listed"] == [said["published"]]
    assert said["headline"] == "Hurricane warning"
