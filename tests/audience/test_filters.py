"""The bits beside each key: a stored format, and what they let through."""

from hypothesis import given
from hypothesis import strategies as st

from casa.alerts.content import SEVERITIES as CAP_SEVERITIES
from casa.assembly import KINDS as REGISTERED
from casa.audience.filters import KINDS, SEVERITIES, Preferences, Wanted, bits, lets_through

PREFERENCES = st.builds(
    Preferences,
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, unique=True).map(tuple),
    min_severity=st.sampled_from(SEVERITIES),
    exercises=st.booleans(),
)
WANTED = st.builds(
    Wanted,
    kind=st.sampled_from(KINDS),
    severity_rank=st.integers(0, len(SEVERITIES) - 1),
    exercise=st.booleans(),
)


def test_every_kind_and_severity_has_its_bits() -> None:
    assert set(KINDS) == set(REGISTERED.codes)
    assert set(SEVERITIES) == set(CAP_SEVERITIES)


def test_the_stored_format() -> None:
    assert bits(Preferences(), "none") == 0b0_0_000_00000111
    assert bits(Preferences(("accident",), "Unknown", False), "fcm") == 0b1_0_000_00000001
    assert bits(Preferences(("missing_person",), "Severe", True), "none") == 0b0_1_011_00000010
    assert bits(Preferences(("disaster",), "Extreme", True), "webpush") == 0b1_1_100_00000100


@given(PREFERENCES, st.sampled_from(["fcm", "webpush", "none"]), WANTED)
def test_what_is_let_through(preferences: Preferences, provider: str, wanted: Wanted) -> None:
    meant = (
        provider != "none"
        and wanted.kind in preferences.kinds
        and wanted.severity_rank >= SEVERITIES.index(preferences.min_severity)
        and (preferences.exercises or not wanted.exercise)
    )
    assert lets_through(bits(preferences, provider), wanted) == meant
