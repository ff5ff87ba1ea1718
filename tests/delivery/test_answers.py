"""Answers that are not 200: what they say, whatever they are."""

from datetime import UTC, datetime

import pytest

from casa.delivery.answers import Failure, failure, is_taken, outcome, retry_after
from casa.delivery.outcomes import Refused, Retry

MOMENT = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", None),
        ("7", 7.0),
        ("9" * 400, 21_600.0),
        ("-7", None),
        ("7.5", None),
        ("\u0667", None),
        ("soon", None),
        ("Wed, 01 Jul 2026 12:01:30 GMT", 90.0),
        ("Wed, 01 Jul 2026 08:01:30 -0400", 90.0),
        ("Wed, 01 Jul 2026 12:01:30 -0000", 90.0),
        ("Wed, 01 Jul 2026 11:00:00 GMT", None),
        ("Fri, 01 Jul 2050 12:00:00 GMT", 21_600.0),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
    ],
)
def test_retry_after(text, seconds):
    assert retry_after(text, MOMENT) == seconds


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad gateway</html>",
        b"\xff",
        b"[]",
        b"{}",
        b'{"error": "away"}',
        b'{"error": {"details": 7}}',
        b'{"error": {"details": [{"fieldViolations": [7]}]}}',
        b'{"error": {"details": [{"fieldViolations": 7}]}}',
    ],
)
def test_what_is_not_google_s_has_no_code(body):
    assert failure(502, body) == Failure(502, "", "", ())


@pytest.mark.parametrize("status", [200, 302, 400, 403, 404, 413, 418, 429, 500, 511])
@pytest.mark.parametrize(
    "body", [b"", b"<html>Sign in</html>", b"[]", b'{"error": {"det', b"[" * 60_000]
)
def test_what_is_not_google_s_condemns_nothing(status, body):
    assert isinstance(outcome(failure(status, body), None), Retry)


def test_google_s_own_words_do():
    body = b'{"error": {"status": "INVALID_ARGUMENT", "message": "Payload is too large"}}'
    assert outcome(failure(400, body), None) == Refused("400 INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("body", "taken"),
    [
        (b'{"name": "projects/casa-demo/messages/1"}', True),
        (b'{\n  "name": "projects/x/messages/0:1%2"\n}\n', True),
        (b"", False),
        (b"{}", False),
        (b"[]", False),
        (b"null", False),
        (b'{"name": ""}', False),
        (b'{"name": 7}', False),
        (b'{"name": "projects/x', False),
        (b'<html><meta name="viewport"></html>', False),
        (b'{"error": {"status": "UNAVAILABLE"}}', False),
        (b"\xff\xfe", False),
    ],
)
def test_only_a_name_says_that_it_was_taken(body, taken):
    assert is_taken(body) is taken
