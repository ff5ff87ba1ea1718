"""Answers that are not 200: what they say, whatever they are."""

from datetime import UTC, datetime

import pytest

from casa.delivery.answers import Failure, failure, retry_after

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
