"""Sign-in with a ministry's identity provider, and each answer that must prove nobody."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from casa import create_app
from casa.agencies.permissions import Role
from casa.settings import Settings
from tests.doubles.identity_provider import CLIENT, SECRET, IdentityProvider

CALLBACK = "/v1/session/oidc/callback"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityProvider]:
    running = IdentityProvider(tmp_path_factory.mktemp("idp"))
    yield running
    running.stop()


@pytest.fixture
def settings(settings: Settings, provider: IdentityProvider, tmp_path: Path) -> Settings:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    return replace(
        settings,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=secret,
        oidc_agencies="police-jm, odpem",
        oidc_ca=provider.ca,
    )


def there(client: FlaskClient) -> str:
    answer = client.get("/v1/session/oidc")
    assert answer.status_code == 302
    return answer.headers["Location"]


def test_there_and_back(client: FlaskClient, provider: IdentityProvider, officer: Any) -> None:
    one = officer("police-jm", Role.AUTHOR)
    back = provider.sign_in(there(client), one.email.upper())
    signed = client.get(CALLBACK, query_string=back)
    assert signed.status_code == 200, signed.json
    headers = {"Authorization": f"Bearer {signed.json['session']}"}
    shown = client.get("/v1/session", headers=headers).json
    assert (shown["officer"], shown["stepped_up"]) == (f"officer:{one.id}", True)
    assert client.get(CALLBACK, query_string=back).status_code == 401, "an answer is good once"


@pytest.mark.parametrize(
    "changed",
    [
        {"amr": ["pwd"]},
        {"amr": None},
        {"email_verified": False},
        {"email": "stranger@example.org"},
        {"nonce": "another"},
        {"aud": "another"},
        {"iss": "https://another.example.org"},
        {"exp": 1_000_000_000},
        {"forged": "key"},
        {"forged": "algorithm"},
    ],
    ids=str,
)
def test_what_proves_nobody(
    client: FlaskClient, provider: IdentityProvider, officer: Any, changed: dict[str, Any]
) -> None:
    one = officer("police-jm", Role.AUTHOR)
    back = provider.sign_in(there(client), one.email, **changed)
    answer = client.get(CALLBACK, query_string=back)
    assert answer.status_code == 401
    assert answer.json["type"] == "urn:casa:problem:sign-in-refused"


def test_it_vouches_for_the_named_agencies_alone(
    client: FlaskClient, provider: IdentityProvider, officer: Any
) -> None:
    one = officer("police-tt", Role.AUTHOR)
    back = provider.sign_in(there(client), one.email)
    assert client.get(CALLBACK, query_string=back).status_code == 401


def test_another_browsers_answer_is_refused(
    client: FlaskClient, provider: IdentityProvider, officer: Any
) -> None:
    """Login CSRF: the attacker's answer in the victim's browser."""
    one = officer("police-jm", Role.AUTHOR)
    back = provider.sign_in(there(client), one.email)
    there(client)
    assert client.get(CALLBACK, query_string=back).status_code == 401
    client.delete_cookie("casa-oidc", path="/v1/session/oidc")
    assert client.get(CALLBACK, query_string=back).status_code == 401


def test_without_a_provider_there_is_nothing(settings: Settings) -> None:
    app = create_app(replace(settings, oidc_issuer=""))
    assert app.test_client().get("/v1/session/oidc").status_code == 404
    app.extensions["casa.database"].dispose()
