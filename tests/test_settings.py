"""Settings from the environment."""

from pathlib import Path

import pytest

from casa.settings import Settings, SettingsError


def test_nothing_need_be_set() -> None:
    found = Settings.from_environment({"PATH": "/bin", "CASA_PORT": " "})
    assert found == Settings()
    assert found.database_url == "sqlite:///var/casa.db"
    assert found.base_url == "http://127.0.0.1:8000"


def test_types() -> None:
    found = Settings.from_environment(
        {
            "CASA_PORT": "9000",
            "CASA_POLL_SECONDS": "0.5",
            "CASA_FIREBASE_CREDENTIALS": "account.json",
            "CASA_PUBLIC_URL": "https://alerts.demo.invalid/",
        }
    )
    assert (found.port, found.poll_seconds) == (9000, 0.5)
    assert found.firebase_credentials == Path("account.json")
    assert found.base_url == "https://alerts.demo.invalid"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CASA_PORT", "eighty"),
        ("CASA_POLL_SECONDS", "soon"),
        ("CASA_PAGE_SIZE", "0"),
        ("CASA_FCM_URL", "fcm.googleapis.com"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({name: value})
