"""A running service on each database, its agencies' keys, and the FCM double."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles.fcm_process import FcmDouble
from tests.system.processes import Service, environment


@pytest.fixture(scope="session")
def double(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FcmDouble]:
    running = FcmDouble(tmp_path_factory.mktemp("fcm"))
    yield running
    running.stop()


@pytest.fixture
def service_settings(database_url: str, tmp_path: Path, double: FcmDouble) -> dict[str, str]:
    double.forget()
    return environment(database_url, tmp_path, double)


@pytest.fixture
def service(service_settings: dict[str, str]) -> Iterator[Service]:
    running = Service(service_settings)
    yield running
    if running.process.running:
        running.process.stop()


@pytest.fixture(scope="module")
def sqlite_service(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """A service for tests that leave nothing behind, shared by a module."""
    folder = tmp_path_factory.mktemp("service")
    shutil.copy(sqlite_template, folder / "casa.db")
    running = Service(environment(f"sqlite:///{folder / 'casa.db'}", folder, None), "serve")
    yield running
    running.process.stop()
