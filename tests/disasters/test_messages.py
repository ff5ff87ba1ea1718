"""The messages that an advisory makes, delivered by the planner's rules, tell whom they should."""

from itertools import count

import msgspec
from hypothesis import given
from pyroaring import BitMap

from casa.alerts.message import Area, Info, Message, Untold, Value
from casa.delivery.channels import Matched
from casa.delivery.planning import NOBODY, recipients
from casa.disasters.levels import Alert, Level, follow, what_to_say
from casa.disasters.messages import Ending, Opening, messages, renewal
from tests.delivery.conftest import MOMENT
from tests.disasters.test_levels import ADVISORIES, PLACES

CODES = dict(zip(PLACES, ("BB-01", "BB-02", "BB-03", "BB-04", "BB-05", "BB-06"), strict=True))
INFO = Info(
    language="en", category=("Met",), event="Storm", urgency="Future", severity="Severe",
    certainty="Likely", expires=MOMENT, headline="Storm",
)  # fmt: skip
MESSAGE = Message(
    identifier="", thread="", kind="disaster", sender="", sent=MOMENT, status="Actual",
    msg_type="", info=(INFO,), area=(),
)  # fmt: skip


def devices(places):
    """One device follows each place; its number is the place's."""
    return BitMap(PLACES.index(place) for place in places)


def as_message(said):
    untold = getattr(said, "untold", {})
    area = tuple(
        Area(area_desc=place, geocode=(Value("ISO 3166-2", CODES[place]),))
        for place in sorted(said.places)
    )
    kind = "Cancel" if isinstance(said, Ending) else "Update"
    return msgspec.structs.replace(
        MESSAGE,
        msg_type="Alert" if isinstance(said, Opening) else kind,
        area=area,
        untold=tuple(Untold((CODES[place],), "Severe") for place in sorted(untold)),
    )


class Event:
    """An event as speaking.py and the planner carry it from advisory to advisory."""

    def __init__(self):
        self.before, self.threads, self.held, self.audiences = {}, (), {}, {}
        self.names = count(1)

    def publish(self, after):
        """What each place is told, and the sayings."""
        sayings = what_to_say(self.before, after, self.threads)
        said = messages(sayings, self.threads, self.held)
        told, opened = {}, []
        for one in said:
            thread = getattr(one, "thread", None) or f"t{next(self.names)}"
            if isinstance(one, Opening):
                opened.append(thread)
            self.deliver(one, thread, told)
        self.threads = follow(self.threads, sayings, iter(opened))
        for thread in self.threads:
            self.held.setdefault(thread.identifier, frozenset(thread.heard))
        self.before = after
        return told, sayings, said

    def deliver(self, said, thread, told):
        before = self.audiences.get(thread, NOBODY)
        matched = Matched(devices(said.places), devices(getattr(said, "untold", ())))
        found = recipients(as_message(said), before, matched, NOBODY)
        self.audiences[thread] = before.after(matched.area)
        for number in found.concerned:
            told.setdefault(PLACES[number], []).append(said.level)
        for number in found.departed:
            told.setdefault(PLACES[number], []).append(Level.NONE)


@given(ADVISORIES)
def test_just_those_are_told_who_are_to_hear_and_just_that(advisories):
    event = Event()
    for after in advisories:
        told, sayings, _ = event.publish(after)
        assert told == {place: [one.news] for one in sayings for place in one.told}


@given(ADVISORIES)
def test_areas_in_force_are_the_levels_and_no_thread_goes_on_after_its_end(advisories):
    event, standing = Event(), {}
    for after in advisories:
        _, sayings, said = event.publish(after)
        openings = [one for one in said if isinstance(one, Opening)]
        alerts = [one for one in sayings if isinstance(one, Alert)]
        assert [(one.level, one.places) for one in openings[: len(alerts)]] == [
            (one.level, one.places) for one in alerts
        ]
        assert all(one.level is Level.ALL_CLEAR for one in openings[len(alerts) :])
        for one in said:
            if isinstance(one, Ending):
                assert standing.pop(one.thread)
            elif not isinstance(one, Opening):
                assert standing[one.thread]
                standing[one.thread] = one
        standing |= {
            thread.identifier: thread
            for thread in event.threads
            if thread.level and thread.identifier not in standing
        }
        found = {place: one.level for one in standing.values() for place in one.places}
        assert found == {place: level for place, level in after.items() if level.stands}


@given(ADVISORIES)
def test_a_renewal_tells_nobody(advisories):
    event = Event()
    for after in advisories:
        event.publish(after)
        for thread in event.threads:
            if thread.level:
                told = {}
                event.deliver(renewal(thread), thread.identifier, told)
                assert told == {}
