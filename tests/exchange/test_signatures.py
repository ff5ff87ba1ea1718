"""Signed alerts: what is passed on can be checked, and nothing else passes."""

import base64
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc import jws
from joserfc.jwk import OKPKey

from casa.exchange.signatures import BadSignature, SigningKeys, verify

Publish = Callable[..., dict[str, Any]]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Signatures know no database."""
    return sqlite_url


@pytest.fixture
def signed(client: FlaskClient, publish: Publish, warning: dict[str, Any]) -> str:
    made = publish(warning)
    answer = client.get(f"/v1/alerts/{made['identifier']}.jws")
    assert answer.content_type == "application/jose"
    return answer.text


def test_a_published_alert_can_be_checked(client: FlaskClient, signed: str) -> None:
    keys = client.get("/.well-known/jwks.json")
    assert keys.content_type == "application/jwk-set+json"
    message = verify(signed, keys.json)
    shown = client.get("/v1/alerts").json["alerts"][0]
    assert message.identifier == shown["identifier"]
    assert message.info[0].headline == shown["info"][0]["headline"]
    # A copy may have been wrapped on its way.
    wrapped = "\n".join(signed[i : i + 70] for i in range(0, len(signed), 70))
    assert verify(wrapped, keys.json) == message


def test_private_parts_stay_private(client: FlaskClient, app: Any, signed: str) -> None:
    for key in client.get("/.well-known/jwks.json").json["keys"]:
        assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}
    folder = app.extensions["casa.settings"].signing_folder
    (path,) = folder.glob("*.jwk")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_every_changed_character_is_found(client: FlaskClient, signed: str) -> None:
    keys = client.get("/.well-known/jwks.json").json
    for at in range(0, len(signed) - 1, 7):
        other = "A" if signed[at] != "A" else "B"
        with pytest.raises(BadSignature):
            verify(signed[:at] + other + signed[at + 1 :], keys)


def test_what_is_no_signed_alert(tmp_path: Path, signed: str) -> None:
    ours, theirs = SigningKeys(tmp_path / "ours"), SigningKeys(tmp_path / "theirs")
    with pytest.raises(BadSignature):
        verify(signed, theirs.public())
    header, payload, _ = signed.split(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for text in ("", "a.b.c", f"{unsigned}.{payload}.", f"{header}.{payload}."):
        with pytest.raises(BadSignature):
            verify(text, ours.public())
    (path,) = (tmp_path / "ours").glob("*.jwk")
    key = OKPKey.import_key(json.loads(path.read_text()))
    other = jws.serialize_compact(
        {"alg": "Ed25519", "kid": key.kid}, b'{"role": "admin"}', key, algorithms=["Ed25519"]
    )
    with pytest.raises(BadSignature, match="not an alert"):
        verify(other, ours.public())
    with pytest.raises(BadSignature):
        verify(signed, {"keys": "none"})


def test_rotation(client: FlaskClient, app: Any, signed: str) -> None:
    settings = app.extensions["casa.settings"]
    before = client.get("/.well-known/jwks.json").json["keys"]
    identifier = SigningKeys(settings.signing_folder).rotate()
    after = client.get("/.well-known/jwks.json").json
    assert [key["kid"] for key in after["keys"]] == [identifier, before[0]["kid"]]
    message = verify(signed, after)
    again = client.get(f"/v1/alerts/{message.identifier}.jws").text
    assert jws.extract_compact(again.encode()).headers()["kid"] == identifier
    assert verify(again, after) == message
