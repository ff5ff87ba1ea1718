"""Which JSON is taken."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casa.strict_json import DEEPEST, NotAccepted, loads

_PLAIN = st.characters(codec="utf-8", exclude_characters="\0")
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(_PLAIN),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(_PLAIN), inner),
    max_leaves=20,
)


@given(_VALUES, st.booleans())
def test_what_is_sound_is_read_as_it_is(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert loads(text) == value
    assert loads(text.encode()) == value


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"[" * 60_000 + b"]" * 60_000, "deep"),
        (b"[" * 900 + b"]" * 900, "deep"),
        (b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1), "deep"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "digits"),
        (b"[9223372036854775808]", "digits"),
        (b"[0." + b"1" * 5_000 + b"]", "larger or longer"),
        (b"[1e999]", "larger or longer"),
        (b'["\\ud800"]', "surrogate"),
        (b'["\\uDC00\\ud800"]', "surrogate"),
        (b'{"a\\u0000": 1}', "NUL"),
        (b'[{"a": ["b", "\\u0000"]}]', "NUL"),
        (b"[NaN]", "NaN"),
        (b"[-Infinity]", "Infinity"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'["\xff"]', "UTF-8"),
        ('["é"]'.encode("utf-16"), "UTF-8"),
        (b'["\xed\xa0\x80"]', "UTF-8"),
        (b"{", "not JSON"),
        (b"", "not JSON"),
        ('["\ud800"]', "surrogate"),
    ],
)
def test_what_is_not_sound_is_refused_with_the_reason(text: str | bytes, fault: str) -> None:
    with pytest.raises(NotAccepted, match=fault):
        loads(text)


def test_the_deepest_and_pairs_and_a_byte_order_mark_pass() -> None:
    assert loads(b"[" * DEEPEST + b"]" * DEEPEST)
    assert loads(b'["\\ud83c\\udf00 \\\\u0000"]') == ["🌀 \\u0000"]
    assert loads(b"\xef\xbb\xbf{}") == {}
