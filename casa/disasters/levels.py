"""From one advisory to the next: what must be said now, and to whom. Pure.

A hazard event such as a named hurricane has many numbered advisories, and each sets a level for
each place. What is said of it are CAP threads: an Alert opens one, Updates and at last a Cancel
follow. A place is in at most one open thread, and all places of a thread stand at one level.

The rules, in the order in which they decide:

1. Only a place whose level changed between the advisories is told anything, and never what it
   heard last. So an unchanged advisory says nothing, and saying it all twice changes nothing.
2. Where all places of a thread change, to one level, the thread goes on: one Update, or a Cancel
   where the level ends it. Where they part, the thread goes on with those at the gravest level.
3. Where only some places change, the thread stays with the others, who hear nothing. Those that
   changed leave it by an Update that shrinks its area. This is a partition rather than an Update
   to two levels because a CAP message has one level, and because whoever it is delivered to would
   hear their level again.
4. All places newly at a level that no thread brings there open one thread together. They do not
   join an older thread of that level: its Update would repeat the level to those already in it.
5. Places that end at NONE (lifted) or ALL_CLEAR hear so from the thread they leave. After a mere
   lifting an all-clear is news, told by an Alert whose thread has ended with it; where nothing was
   ever said it is none, and after an all-clear NONE is none.

An Update may have nobody to tell: it only takes off the thread's area what an Alert now speaks
for, so that no feed shows two levels for a place.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Places = frozenset[str]


class Level(StrEnum):
    """What an advisory sets for a place."""

    NONE = "none"
    WATCH = "watch"
    WARNING = "warning"
    EMERGENCY = "emergency"
    ALL_CLEAR = "all_clear"

    @property
    def stands(self) -> bool:
        """Whether the level keeps a thread open."""
        return self in GRAVEST_FIRST


GRAVEST_FIRST = (Level.EMERGENCY, Level.WARNING, Level.WATCH)
_ENDS = (Level.NONE, Level.ALL_CLEAR)

Levels = Mapping[str, Level]
"""By the codes of places; a place that is missing is at NONE."""


@dataclass(frozen=True)
class Thread:
    """A thread of messages: what each place heard from it last, but for those now in another."""

    identifier: str
    heard: Levels

    @property
    def places(self) -> Places:
        """For whom it stands; nobody once it has ended."""
        return frozenset(place for place, level in self.heard.items() if level.stands)

    @property
    def level(self) -> Level | None:
        """At which level it stands; None once it has ended."""
        return next((level for level in self.heard.values() if level.stands), None)


@dataclass(frozen=True)
class Alert:
    """Opens a thread for ``places`` at ``level``, told to all of them."""

    level: Level
    places: Places

    @property
    def told(self) -> Places:
        return self.places

    @property
    def news(self) -> Level:
        return self.level


@dataclass(frozen=True)
class Update:
    """From now on ``thread`` stands for ``places`` at ``level``; ``leaving`` are in it no more.

    ``told`` hear ``news``: all of ``places`` a new level, or those of ``leaving`` who are in no
    thread now that theirs has ended. Nobody, if only the area changes.
    """

    thread: str
    level: Level
    places: Places
    leaving: Places
    told: Places
    news: Level


@dataclass(frozen=True)
class Cancel:
    """Ends ``thread``; all who are left in it, ``places``, hear ``level``: NONE or ALL_CLEAR."""

    thread: str
    level: Level
    places: Places

    @property
    def told(self) -> Places:
        return self.places

    @property
    def news(self) -> Level:
        return self.level


Saying = Alert | Update | Cancel


def what_to_say(before: Levels, after: Levels, said: Sequence[Thread]) -> tuple[Saying, ...]:
    """What must be said now that an advisory follows another: new Alerts first, gravest first.

    ``said`` are all threads of the event, open and ended, in the order in which they were opened.
    The sayings are to be carried out in their order; of one thread there may be two or three.

    Raises:
        ValueError: a place stands in two threads, or a thread at two levels.
    """
    _check(said)
    news = _news(before, after, last_heard(said))
    continued: list[Saying] = []
    carried: set[str] = set()
    for thread in said:
        changed = {place: news[place] for place in sorted(thread.places & news.keys())}
        if changed:
            sayings = tuple(_of_thread(thread, changed))
            carried.update(*(saying.told for saying in sayings))
            continued += sayings
    left = {place: level for place, level in news.items() if place not in carried}
    opened = [
        Alert(level, group)
        for level in (*GRAVEST_FIRST, Level.ALL_CLEAR)
        if (group := _at(left, level))
    ]
    return (*opened, *continued)


def last_heard(said: Iterable[Thread]) -> dict[str, Level]:
    """What each place heard last; places that never heard anything are missing."""
    return {place: level for thread in said for place, level in thread.heard.items()}


def follow(
    said: Sequence[Thread], sayings: Iterable[Saying], identifiers: Iterator[str]
) -> tuple[Thread, ...]:
    """The threads once the sayings are carried out; each Alert takes the next identifier."""
    threads = {thread.identifier: dict(thread.heard) for thread in said}
    for saying in sayings:
        told = dict.fromkeys(saying.told, saying.news)
        if isinstance(saying, Alert):
            threads[next(identifiers)] = told
            continue
        heard = threads[saying.thread]
        if isinstance(saying, Update):
            for place in saying.leaving:
                del heard[place]
        heard.update(told)
    return tuple(Thread(identifier, heard) for identifier, heard in threads.items())


def _news(before: Levels, after: Levels, heard: Levels) -> dict[str, Level]:
    """What each place that is to be told something is to hear, by rules 1 and 5."""
    found = {}
    for place in sorted(before.keys() | after.keys()):
        level, last = after.get(place, Level.NONE), heard.get(place)
        changed = level is not before.get(place, Level.NONE) and level is not last
        if changed and (level.stands or _ending_is_news(level, last)):
            found[place] = level
    return found


def _ending_is_news(level: Level, last: Level | None) -> bool:
    return last is not None and (last.stands or level is Level.ALL_CLEAR)


def _of_thread(thread: Thread, changed: Levels) -> Iterator[Saying]:
    """What a thread says to or of its places that changed, by rules 2, 3 and 5."""
    level, places = thread.level, thread.places
    if level is None:
        return
    staying = places - changed.keys()
    onward = next((one for one in GRAVEST_FIRST if _at(changed, one)), None)
    if not staying and onward is not None:
        staying = _at(changed, onward)
    else:
        onward = None
    # Those whom an Alert tells of another level that stands.
    moving = frozenset(p for p in places - staying if changed[p].stands)
    if moving:
        places -= moving
        yield Update(thread.identifier, level, places, moving, frozenset(), level)
    for end in _ENDS:
        ending = _at(changed, end)
        if ending and ending == places:
            yield Cancel(thread.identifier, end, ending)
        elif ending:
            places -= ending
            yield Update(thread.identifier, level, places, ending, ending, end)
    if onward is not None:
        yield Update(thread.identifier, onward, staying, frozenset(), staying, onward)


def _at(levels: Levels, level: Level) -> Places:
    return frozenset(place for place, one in levels.items() if one is level)


def _check(said: Sequence[Thread]) -> None:
    standing: set[str] = set()
    for thread in said:
        if standing & thread.places:
            raise ValueError(f"{min(standing & thread.places)} stands in two threads")
        if len({level for level in thread.heard.values() if level.stands}) > 1:
            raise ValueError(f"the thread {thread.identifier} stands at two levels")
        standing |= thread.places
