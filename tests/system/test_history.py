"""The judge itself is judged: it finds each sort of broken promise, and none in a good history."""

from dataclasses import replace

import pytest

from tests.system.history import History, Published, Pushed, concerns

GOOD = History(
    page=2,
    devices={"a": "BB", "b": "BB-01", "c": "JM"},
    sockets={"one": "BB", "two": "JM"},
    published=[Published(1, "first", ("BB",)), Published(2, "second", ("JM", "BB-01"), kills=1)],
    pushed=[
        Pushed("a", "first", "k1"),
        Pushed("b", "first", "k1"),
        Pushed("a", "second", "k2"),
        Pushed("b", "second", "k2"),
        Pushed("c", "second", "k2"),
        Pushed("b", "second", "k2"),
    ],
    heard={"one": [1, 2], "two": [2]},
)


def test_a_good_history() -> None:
    assert GOOD.faults() == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"published": [replace(GOOD.published[0], sequence=3), GOOD.published[1]]}, "gaps"),
        ({"pushed": GOOD.pushed[1:]}, "1: 1 not reached, such as a"),
        ({"pushed": [*GOOD.pushed, Pushed("c", "first", "k1")]}, "1: 1 not meant, such as c"),
        ({"pushed": [*GOOD.pushed, Pushed("a", "first", "k1")]}, "1: 1 sent twice after 0 kills"),
        ({"pushed": [*GOOD.pushed, *GOOD.pushed[2:4]]}, "2: 3 sent twice after 1 kills"),
        ({"pushed": [*GOOD.pushed, Pushed("a", "second", "k3")]}, "2: several collapse keys"),
        ({"pushed": [*GOOD.pushed, Pushed("a", "third", "k")]}, "third was sent but never"),
        ({"heard": {"one": [1, 2], "two": []}}, "two heard [], not [2]"),
        ({"heard": {"one": [2, 1], "two": [2]}}, "one heard [2, 1], not [1, 2]"),
        ({"heard": {"one": [1, 2, 2], "two": [2]}}, "one heard [1, 2, 2]"),
        ({"heard": {"one": [1, 2], "two": [1, 2]}}, "two heard [1, 2], not [2]"),
    ],
)
def test_each_broken_promise_is_found(change: dict[str, object], fault: str) -> None:
    found = replace(GOOD, **change).faults()
    assert any(fault in one for one in found), found


def test_whom_a_message_concerns() -> None:
    message = Published(1, "x", ("JM", "BB-01"))
    assert [concerns(message, code) for code in ("JM", "JM-01", "BB", "BB-01", "BB-02", "TT")] == [
        True, True, True, True, False, False,
    ]  # fmt: skip
