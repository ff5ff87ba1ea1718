"""What is said from one advisory to the next: the rules as properties, and the plain cases."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casa.disasters.levels import (
    Alert,
    Cancel,
    Level,
    Thread,
    Update,
    follow,
    last_heard,
    what_to_say,
)

NONE, ADVISORY, WATCH, WARNING, EMERGENCY, ALL_CLEAR = Level
PLACES = "ABCDEF"
ADVISORIES = st.lists(st.dictionaries(st.sampled_from(PLACES), st.sampled_from(Level)), max_size=12)


def names():
    return (f"t{number}" for number in count(1))


def replay(*advisories):
    """Before each advisory and after it: (before, after, threads, sayings, threads then)."""
    before, threads, identifiers = {}, (), names()
    for after in advisories:
        sayings = what_to_say(before, after, threads)
        then = follow(threads, sayings, identifiers)
        yield before, after, threads, sayings, then
        before, threads = after, then


def sayings_of(*advisories):
    *_, (_, _, _, sayings, _) = replay(*advisories)
    return sayings


def silent(told, level):
    """Where what was told last says the level as well, or there is nothing to say of it."""
    return level in (NONE, ALL_CLEAR) if told is None else (told, level) == (ALL_CLEAR, NONE)


@given(ADVISORIES)
def test_all_places_have_been_told_their_level(advisories):
    told = {}
    for _, after, _, sayings, _ in replay(*advisories):
        for saying in sayings:
            told.update(dict.fromkeys(saying.told, saying.news))
        for place in PLACES:
            level = after.get(place, NONE)
            assert told.get(place) == level or silent(told.get(place), level)


@given(ADVISORIES)
def test_only_changed_places_are_told_and_once_and_never_what_they_heard_last(advisories):
    told = {}
    for before, after, _, sayings, _ in replay(*advisories):
        heard = [place for saying in sayings for place in saying.told]
        assert len(heard) == len(set(heard))
        assert all(before.get(place, NONE) is not after.get(place, NONE) for place in heard)
        for saying in sayings:
            assert all(told.get(place) is not saying.news for place in saying.told)
            told.update(dict.fromkeys(saying.told, saying.news))


@given(ADVISORIES)
def test_open_threads_are_the_places_at_their_levels(advisories):
    for _, after, _, _, then in replay(*advisories):
        standing = [(place, thread.level) for thread in then for place in thread.places]
        assert len(standing) == len({place for place, _ in standing})
        assert dict(standing) == {place: level for place, level in after.items() if level.stands}


@given(ADVISORIES)
def test_sayings_say_what_becomes_of_their_threads(advisories):
    for _, _, threads, sayings, then in replay(*advisories):
        places = {thread.identifier: thread.places for thread in threads}
        levels = {thread.identifier: thread.level for thread in threads}
        for saying in sayings:
            assert saying.places
            if isinstance(saying, Alert):
                continue
            held = places[saying.thread]
            assert held, "an ended thread is touched"
            if isinstance(saying, Update):
                assert saying.places | saying.leaving == held
                assert not saying.places & saying.leaving
                assert saying.told in (frozenset(), saying.leaving, saying.places)
            else:
                assert saying.places == held
            ended = isinstance(saying, Cancel)
            places[saying.thread] = frozenset() if ended else saying.places
            levels[saying.thread] = None if ended else saying.level
        for thread in then[: len(threads)]:
            assert places[thread.identifier] == thread.places
            assert levels[thread.identifier] == thread.level


@given(ADVISORIES)
def test_saying_it_again_and_an_unchanged_advisory_say_nothing(advisories):
    for before, after, _, _, then in replay(*advisories):
        assert what_to_say(before, after, then) == ()
        assert what_to_say(after, after, then) == ()


@given(ADVISORIES)
def test_a_group_that_moves_together_takes_one_saying(advisories):
    for _, after, threads, sayings, _ in replay(*advisories):
        for thread in threads:
            levels = {after.get(place, NONE) for place in thread.places}
            if len(levels) == 1:
                of_it = [one for one in sayings if getattr(one, "thread", 0) == thread.identifier]
                assert len(of_it) == (levels != {thread.level})


def test_one_alert_for_each_level_the_gravest_first():
    assert sayings_of({"A": WATCH, "B": WARNING, "C": WATCH}) == (
        Alert(WARNING, frozenset("B")),
        Alert(WATCH, frozenset("AC")),
    )


def test_places_that_join_a_level_open_a_thread_of_their_own():
    assert sayings_of({"A": WATCH}, {"A": WATCH, "B": WATCH}) == (Alert(WATCH, frozenset("B")),)


def test_a_whole_group_goes_on_in_its_thread():
    together = frozenset("AB")
    assert sayings_of({"A": WATCH, "B": WATCH}, {"A": WARNING, "B": WARNING}) == (
        Update("t1", WARNING, together, frozenset(), together, WARNING),
    )


def test_a_part_moves_to_a_thread_of_its_own_and_the_others_hear_nothing():
    assert sayings_of({"A": WATCH, "B": WATCH}, {"A": WATCH, "B": WARNING}) == (
        Alert(WARNING, frozenset("B")),
        Update("t1", WATCH, frozenset("A"), frozenset("B"), frozenset(), WATCH),
    )


def test_a_group_that_parts_goes_on_with_the_gravest():
    assert sayings_of(
        {"A": WARNING, "B": WARNING, "C": WARNING}, {"A": WATCH, "B": EMERGENCY, "C": ALL_CLEAR}
    ) == (
        Alert(WATCH, frozenset("A")),
        Update("t1", WARNING, frozenset("BC"), frozenset("A"), frozenset(), WARNING),
        Update("t1", WARNING, frozenset("B"), frozenset("C"), frozenset("C"), ALL_CLEAR),
        Update("t1", EMERGENCY, frozenset("B"), frozenset(), frozenset("B"), EMERGENCY),
    )


@pytest.mark.parametrize("end", [NONE, ALL_CLEAR])
def test_the_end_of_a_group_cancels_its_thread(end):
    together = frozenset("AB")
    assert sayings_of({"A": WATCH, "B": WATCH}, {"A": end, "B": end}) == (
        Cancel("t1", end, together),
    )


def test_an_all_clear_after_a_lifting_is_told_in_a_thread_that_has_ended():
    *_, (_, _, _, sayings, then) = replay({"A": WATCH}, {}, {"A": ALL_CLEAR})
    assert sayings == (Alert(ALL_CLEAR, frozenset("A")),)
    assert then[-1].places == frozenset()
    assert last_heard(then) == {"A": ALL_CLEAR}


def test_an_all_clear_where_nothing_was_said_is_not_told():
    assert sayings_of({"A": ALL_CLEAR}) == ()


def test_a_thread_that_was_cancelled_by_hand_stays_so_until_the_level_changes():
    cancelled = (Thread("t1", {"A": NONE}),)
    assert what_to_say({"A": WATCH}, {"A": WATCH}, cancelled) == ()
    assert what_to_say({"A": WATCH}, {}, cancelled) == ()
    assert what_to_say({"A": WATCH}, {"A": WARNING}, cancelled) == (Alert(WARNING, frozenset("A")),)


def test_threads_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="A stands in two threads"):
        what_to_say({}, {}, (Thread("t1", {"A": WATCH}), Thread("t2", {"A": WARNING})))
    with pytest.raises(ValueError, match="t1 stands at two levels"):
        what_to_say({}, {}, (Thread("t1", {"A": WATCH, "B": WARNING}),))
