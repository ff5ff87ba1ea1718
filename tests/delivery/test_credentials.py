"""Access tokens from the double's OAuth endpoint."""

import threading
import time

import pytest

from casa.delivery.credentials import AccessTokens, TokenUnavailable
from tests.doubles.fcm_process import FcmDouble


def test_a_token_is_fetched_once_and_kept(tokens):
    assert tokens.current() == tokens.current()


def test_of_many_that_were_refused_one_renews(tokens):
    refused = tokens.current()
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(tokens.renew(refused))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert found[0] != refused


def test_it_is_renewed_before_its_end_by_itself(tmp_path):
    """google-auth holds a token for spent shortly before its end, so the life is set by hand."""
    own = FcmDouble(tmp_path, token_life=240)
    tokens = AccessTokens(own.account, own.ca, ahead=238)
    try:
        first = tokens.current()
        deadline = time.monotonic() + 10
        while tokens.current() == first and time.monotonic() < deadline:
            time.sleep(0.1)
        assert tokens.current() != first
    finally:
        tokens.close()
        own.stop()


def test_anothers_key_gets_no_token(fcm, tmp_path):
    other = FcmDouble(tmp_path / "other")
    other.stop()
    forged = tmp_path / "forged.json"
    forged.write_text(other.account.read_text().replace(other.url, fcm.url))
    with pytest.raises(TokenUnavailable, match="signature"):
        AccessTokens(forged, fcm.ca).current()


def test_an_authorization_server_that_is_away(tmp_path):
    own = FcmDouble(tmp_path)
    own.stop()
    with pytest.raises(TokenUnavailable):
        AccessTokens(own.account, own.ca).current()


def test_what_is_no_service_account_is_said_at_once(tmp_path):
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{}")
    with pytest.raises(ValueError, match="service_account"):
        AccessTokens(wrong)


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>Sign in to the hotel's network</html>",
        b"[]",
        b"null",
        b"{",
        b"{}",
        b'{"access_token": ["x"], "expires_in": 3600}',
        b'{"access_token": "x\\r\\nHost: elsewhere", "expires_in": 3600}',
        b'{"access_token": "x", "expires_in": "soon"}',
        b'{"access_token": "x", "expires_in": 1e300}',
        b'{"access_token": "x"}',
        b'{"access_token": "", "expires_in": 3600}',
    ],
)
def test_whatever_else_answers_for_the_token_endpoint_is_no_token(fcm, answer, monkeypatch):
    class Portal:
        status = 200
        headers: dict[str, str] = {}
        data = answer

    tokens = AccessTokens(fcm.account, fcm.ca)
    good = tokens._request
    monkeypatch.setattr(tokens, "_request", lambda *_, **__: Portal())
    with pytest.raises(TokenUnavailable):
        tokens.current()
    monkeypatch.setattr(tokens, "_request", good)
    assert tokens.current()
    tokens.close()
