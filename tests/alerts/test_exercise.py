"""The marks of exercises and tests."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casa.alerts.exercise import UnknownStatus, marked, notice, prefix
from casa.alerts.message import Info
from casa.alerts.phrases import LANGUAGES


@pytest.mark.parametrize(
    ("language", "mark"),
    [
        ("en", "EXERCISE EXERCISE EXERCISE"),
        ("fr", "EXERCICE EXERCICE EXERCICE"),
        ("ht", "EGZÈSIS EGZÈSIS EGZÈSIS"),
        ("nl", "OEFENING OEFENING OEFENING"),
        ("es", "EJERCICIO EJERCICIO EJERCICIO"),
    ],
)
def test_an_exercise_is_marked_three_times(language: str, mark: str) -> None:
    assert prefix("Exercise", language) == mark


@pytest.mark.parametrize("status", ["Actual", "System", "Draft"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_real_has_no_mark(status: str, language: str) -> None:
    assert prefix(status, language) == notice(status, language) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_test_is_not_called_an_exercise(language: str) -> None:
    assert prefix("Test", language) != prefix("Exercise", language)
    assert notice("Test", language) != notice("Exercise", language)


def test_a_tag_is_read_by_its_first_subtag_and_english_stands_in() -> None:
    assert prefix("Exercise", "nl-SR") == "OEFENING OEFENING OEFENING"
    assert prefix("Exercise", "pap-CW") == prefix("Exercise", "en")


@pytest.mark.parametrize("status", ["exercise", "", "Drill"])
def test_an_unknown_status_is_refused(status: str) -> None:
    with pytest.raises(UnknownStatus):
        prefix(status, "en")


@given(
    st.sampled_from(["en", "fr", "ht", "nl", "es", "pap"]),
    st.sampled_from(["Exercise", "Test"]),
    st.text(min_size=1, max_size=200),
    st.none() | st.text(min_size=1, max_size=50),
)
def test_every_text_of_a_drill_says_so_and_once(
    language: str, status: str, headline: str, description: str | None
) -> None:
    info = Info(
        language=language, category=("Met",), event="Flood", urgency="Immediate",
        severity="Severe", certainty="Observed", expires=datetime(2026, 8, 1, tzinfo=UTC),
        headline=headline, description=description, instruction="Go up",
    )  # fmt: skip
    done = marked(info, status)
    mark = prefix(status, language)
    for text in (done.headline, done.description, done.instruction):
        assert text is not None
        assert text.startswith(mark)
    assert len(done.headline) <= 160
    assert marked(done, status) == done
    assert marked(info, "Actual") == info
