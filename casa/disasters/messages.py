"""From what must be said to the CAP messages that say it: one or two for each thread. Pure.

``levels.what_to_say`` tells who is to hear what; a message is told to all whom its area reaches,
but for the followers of the places that it leaves ``untold`` (``casa.alerts.message``). So:

* An Alert or an Update is told either to all of its places, or to none of them: then it leaves all
  of them untold, and is only shown.
* Places that leave a thread for another level or other facts, or with an all-clear, hear or read of
  it by the message of another thread. For an all-clear too, as a mere shrinking of somebody else's
  warning would say it to no radio station, feed or partner. The thread's Update leaves them untold.
* Places whose level is lifted are told by the thread's Update that it no longer concerns them.
* The sayings of one thread are one Update, and a Cancel where all others end.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from casa.disasters.levels import (
    GRAVEST_FIRST,
    Alert,
    Cancel,
    Level,
    Places,
    Saying,
    Thread,
    Update,
)

# By place, the level that its followers have heard or hear from another message.
Untold = Mapping[str, Level]


@dataclass(frozen=True)
class Opening:
    """An Alert that opens a thread, or with ALL_CLEAR only says so.

    ``ends`` is the level that an all-clear ends, where one stood until now. ``untold`` are all of
    its places or none.
    """

    level: Level
    places: Places
    ends: Level | None = None
    untold: Untold = field(default_factory=dict)


@dataclass(frozen=True)
class Continuing:
    """An Update: ``thread`` is from now on for ``places`` at ``level``."""

    thread: str
    level: Level
    places: Places
    untold: Untold


@dataclass(frozen=True)
class Ending:
    """A Cancel: ``places``, all that are left in ``thread``, end at ``level``."""

    thread: str
    level: Level
    places: Places
    untold: Untold


Said = Opening | Continuing | Ending


def messages(
    sayings: Sequence[Saying], said: Sequence[Thread], held: Mapping[str, Places]
) -> tuple[Said, ...]:
    """The messages in the order in which they are to be published.

    The first are those of the sayings' Alerts, one for each. ``held`` are all places that each
    thread ever stood for.
    """
    alerts = [one for one in sayings if isinstance(one, Alert)]
    moved = {place: one.level for one in alerts for place in one.places}
    cleared: dict[Level, Places] = {}
    going_on: list[Said] = []
    for thread in said:
        own = [
            one for one in sayings if not isinstance(one, Alert) and one.thread == thread.identifier
        ]
        if not own or thread.level is None:
            continue
        going_on += _of_thread(thread, own, held[thread.identifier], moved)
        if safe := _leaving(own, Level.ALL_CLEAR):
            cleared[thread.level] = cleared.get(thread.level, frozenset()) | safe
    opened = [_opening(one) for one in alerts]
    safe_now = [
        Opening(Level.ALL_CLEAR, cleared[level], level)
        for level in GRAVEST_FIRST
        if level in cleared
    ]
    return (*opened, *safe_now, *going_on)


def _opening(alert: Alert) -> Opening:
    untold = dict.fromkeys(alert.places - alert.told, alert.level)
    return Opening(alert.level, alert.places, untold=untold)


def renewal(thread: Thread) -> Continuing:
    """An Update that only keeps a thread in force; ``thread`` stands."""
    if thread.level is None:
        raise ValueError(f"the thread {thread.identifier} has ended")
    untold = dict.fromkeys(thread.places, thread.level)
    return Continuing(thread.identifier, thread.level, thread.places, untold)


def _of_thread(
    thread: Thread, own: Sequence[Update | Cancel], held: Places, moved: Untold
) -> Iterator[Said]:
    """``moved`` are the levels that the Alerts of the same advisory tell."""
    updates = [one for one in own if isinstance(one, Update)]
    lifted = _leaving(own, Level.NONE)
    left = frozenset[str]().union(*(one.leaving for one in updates)) - lifted
    end = next((one for one in own if isinstance(one, Cancel)), None)
    if updates:
        last = updates[-1]
        # An all-clear is as severe as what it ends.
        untold = {place: moved.get(place, thread.heard[place]) for place in left}
        if end is not None or last.told != last.places:
            untold |= dict.fromkeys(last.places, last.level)
        yield Continuing(thread.identifier, last.level, last.places, untold)
    if end is not None:
        # Those who left have heard of it, however choosy they are.
        gone = held - end.places
        if end.level is Level.NONE:
            # Whoever is too choosy for the level that ends heard that it is over when it sank.
            gone |= end.places
        untold = dict.fromkeys(gone, GRAVEST_FIRST[0])
        yield Ending(thread.identifier, end.level, end.places, untold)


def _leaving(own: Sequence[Update | Cancel], news: Level) -> Places:
    """Those who leave the thread while it goes on and hear ``news`` for it."""
    told = (one.told for one in own if isinstance(one, Update) and one.news is news and one.leaving)
    return frozenset().union(*told)
