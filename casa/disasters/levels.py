"""From one advisory to the next: what must be said now, and to whom. Pure.

A hazard event such as a named hurricane has many numbered advisories. Each sets a level for each
place and tells facts of it: how strong the wind, when it comes. What is said of the event are CAP
threads: an Alert opens one, Updates and at last a Cancel follow. A place is in at most one open
thread, and all places of a thread are at one level and read the same facts: its *reading*.

The rules, in the order in which they decide:

1. A place whose level changed between the advisories is told, but never what it heard last. So is
   a place at the level it had whose facts changed by as much as the table of ``news`` says, or whom
   an officer wants told (``tell``). A place that is to read anything else than it does, and is not
   told, is *shown* it: a message of which nobody is notified, but which stands in lists, feeds and
   pages and reaches newcomers. A place that reads the same is left alone. So an unchanged advisory
   says nothing, and saying it all twice changes nothing.
2. Where all places of a thread change, and alike, the thread goes on: one Update, or a Cancel where
   the level ends it. Where they part, the thread goes on with those who are only shown something,
   else with those at the gravest level; of either with the most that are alike.
3. Where only some places change, the thread stays with the others, who hear nothing. Those that
   changed leave it by an Update that shrinks its area. This is a partition rather than an Update
   to two levels because a CAP message has one level and one text, and because whoever it is
   delivered to would hear theirs again.
4. Places that leave a thread at the level they had join one that goes on to what they are to read,
   or that already stands there if they need not be told; so threads do not multiply with every
   change. All others that are to hear or read the same open one thread together. They join no
   thread whose places are not told the same now: its Update would repeat it to those.
5. Places that end at NONE (lifted) or ALL_CLEAR hear so from the thread they leave. After a mere
   lifting an all-clear is news, told by an Alert whose thread has ended with it; where nothing was
   ever said it is none, and after an all-clear NONE is none.
6. Where messages of a thread are still on their way to phones, whoever leaves it is told, though
   the change be small: what is on its way to them stops when the thread goes on without them.

An Update may have nobody to tell: it takes off the thread's area what another message now speaks
for, so that no feed shows two levels for a place, or shows what is new of little weight.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

Places = frozenset[str]


class Level(StrEnum):
    """What an advisory sets for a place."""

    NONE = "none"
    ADVISORY = "advisory"
    WATCH = "watch"
    WARNING = "warning"
    EMERGENCY = "emergency"
    ALL_CLEAR = "all_clear"

    @property
    def stands(self) -> bool:
        """Whether the level keeps a thread open."""
        return self in GRAVEST_FIRST


GRAVEST_FIRST = (Level.EMERGENCY, Level.WARNING, Level.WATCH, Level.ADVISORY)
_ENDS = (Level.NONE, Level.ALL_CLEAR)

Levels = Mapping[str, Level]
"""By the codes of places; a place that is missing is at NONE."""

Readings = Mapping[str, Hashable]
"""By the codes of places, what each is to read beside its level; equal where it reads the same."""

NOBODY: Places = frozenset()


@dataclass(frozen=True)
class Thread:
    """A thread of messages: what each place heard from it last, but for those now in another.

    ``reading`` is what its message in force says beside the level. ``under_way``: messages of it
    are still on their way to whom they are for.
    """

    identifier: str
    heard: Levels
    reading: Hashable = None
    under_way: bool = False

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
    """Opens a thread for ``places`` at ``level``, told to all of them or only shown."""

    level: Level
    places: Places
    reading: Hashable = None
    shown: bool = False

    @property
    def told(self) -> Places:
        return NOBODY if self.shown else self.places

    @property
    def news(self) -> Level:
        return self.level


@dataclass(frozen=True)
class Update:
    """From now on ``thread`` stands for ``places`` at ``level``; ``leaving`` are in it no more.

    ``told`` hear ``news``: all of ``places`` a new level or new facts, or those of ``leaving`` who
    are in no thread now that theirs has ended. Nobody, if only the area changes or what is shown.
    ``joining`` are those of ``places`` who come from other threads.
    """

    thread: str
    level: Level
    places: Places
    leaving: Places
    told: Places
    news: Level
    reading: Hashable = None
    joining: Places = NOBODY


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


@dataclass(frozen=True)
class _Move:
    """Where a place goes to, and whether it is told so."""

    level: Level
    reading: Hashable
    told: bool


_Moves = dict[str, _Move]


@dataclass
class _Course:
    """What becomes of a thread: who stays, who comes from others, and where it goes on to."""

    thread: Thread
    moves: _Moves
    staying: Places
    onward: _Move | None = None
    joining: Places = NOBODY

    def takes(self, move: _Move, level: Level) -> bool:
        """Whether one who leaves another thread at ``level`` may join this one."""
        if not self.staying or move.level is not level:
            return False
        if self.onward is not None:
            return self.onward == move
        return not move.told and (self.thread.level, self.thread.reading) == (
            move.level,
            move.reading,
        )


def what_to_say(
    before: Levels,
    after: Levels,
    said: Sequence[Thread],
    readings: Readings | None = None,
    tell: Places = NOBODY,
) -> tuple[Saying, ...]:
    """What must be said now that an advisory follows another: new Alerts first, gravest first.

    ``said`` are all threads of the event, open and ended, in the order in which they were opened.
    ``tell`` are the places to be told at the level that they had. The sayings are to be carried
    out in their order; of one thread there may be several.

    Raises:
        ValueError: a place stands in two threads, or a thread at two levels.
    """
    _check(said)
    moves = _moves(before, after, said, readings or {}, tell)
    courses = [_course(thread, moves) for thread in said if thread.places & moves.keys()]
    resting = [
        _Course(one, {}, one.places) for one in said if one.places and not one.places & moves.keys()
    ]
    opening = {place: move for place, move in moves.items() if _is_to_open(place, move, said)}
    for course in courses:
        for place in sorted(course.thread.places - course.staying):
            if course.moves[place].level.stands:
                _lead(place, course, courses, resting, opening)
    continued = [saying for course in _in_order(said, courses, resting) for saying in _say(course)]
    return (*_alerts(opening), *continued)


def last_heard(said: Iterable[Thread]) -> dict[str, Level]:
    """What each place heard last; places that never heard anything are missing."""
    threads = list(said)
    found = {place: level for thread in threads for place, level in thread.heard.items()}
    # Who stands in a thread may have ended in a later one, and then joined the older.
    return found | {place: thread.heard[place] for thread in threads for place in thread.places}


def follow(
    said: Sequence[Thread], sayings: Iterable[Saying], identifiers: Iterator[str]
) -> tuple[Thread, ...]:
    """The threads once the sayings are carried out; each Alert takes the next identifier."""
    threads = {thread.identifier: thread for thread in said}
    for saying in sayings:
        told = dict.fromkeys(saying.told, saying.news)
        if isinstance(saying, Alert):
            name = next(identifiers)
            places = dict.fromkeys(saying.places, saying.level)
            threads[name] = Thread(name, places, saying.reading)
            continue
        thread = threads[saying.thread]
        heard = dict(thread.heard)
        if isinstance(saying, Update):
            for place in saying.leaving:
                del heard[place]
            heard |= dict.fromkeys(saying.joining, saying.level)
            thread = replace(thread, reading=saying.reading)
        threads[saying.thread] = replace(thread, heard=heard | told)
    return tuple(threads.values())


def _moves(
    before: Levels, after: Levels, said: Sequence[Thread], readings: Readings, tell: Places
) -> _Moves:
    """Where each place goes that is to be told or shown anything, by rules 1 and 5."""
    heard = last_heard(said)
    stands_in = {place: thread for thread in said for place in thread.places}
    moves = {}
    for place in sorted(before.keys() | after.keys()):
        level, last = after.get(place, Level.NONE), heard.get(place)
        changed = level is not before.get(place, Level.NONE) and level is not last
        told = (changed and (level.stands or _ending_is_news(level, last))) or (
            level.stands and place in tell
        )
        if told or _is_shown(stands_in.get(place), level, readings.get(place)):
            moves[place] = _Move(level, readings.get(place) if level.stands else None, told)
    return moves


def _is_shown(thread: Thread | None, level: Level, reading: Hashable) -> bool:
    return thread is not None and thread.level is level and thread.reading != reading


def _ending_is_news(level: Level, last: Level | None) -> bool:
    return last is not None and (last.stands or level is Level.ALL_CLEAR)


def _course(thread: Thread, moves: _Moves) -> _Course:
    """Who stays in a thread, by rules 2, 3 and 6."""
    own = {place: moves[place] for place in sorted(thread.places & moves.keys())}
    staying = thread.places - own.keys()
    onward = None
    if not staying:
        onward = _onward(own)
        staying = frozenset(place for place, move in own.items() if move == onward)
    if thread.under_way:
        leaving = {place: move for place, move in own.items() if place not in staying}
        own |= {place: replace(move, told=True) for place, move in leaving.items()}
    return _Course(thread, own, staying, onward)


def _onward(moves: _Moves) -> _Move | None:
    """Where the whole goes on to, if anywhere."""
    alike: dict[_Move, int] = {}
    for move in moves.values():
        if move.level.stands:
            alike[move] = alike.get(move, 0) + 1
    return min(
        alike,
        key=lambda move: (move.told, GRAVEST_FIRST.index(move.level), -alike[move]),
        default=None,
    )


def _is_to_open(place: str, move: _Move, said: Sequence[Thread]) -> bool:
    """Whether a place that stands in no thread is to be told by one of its own."""
    return not any(place in thread.places for thread in said) and move.level is not Level.NONE


def _lead(
    place: str, course: _Course, courses: list[_Course], resting: list[_Course], opening: _Moves
) -> None:
    """Let a place that leaves a thread join another, or open one, by rule 4."""
    move, level = course.moves[place], course.thread.level
    if level is not None:
        for other in (*courses, *resting):
            if other is not course and other.takes(move, level):
                other.joining |= {place}
                return
    opening[place] = move


def _alerts(opening: _Moves) -> Iterator[Alert]:
    """One for all that are to read the same and are told alike."""
    groups: dict[_Move, set[str]] = {}
    for place, move in sorted(opening.items()):
        groups.setdefault(move, set()).add(place)
    for level in (*GRAVEST_FIRST, Level.ALL_CLEAR):
        for shown in (False, True):
            for move, places in groups.items():
                if move.level is level and move.told is not shown:
                    yield Alert(level, frozenset(places), move.reading, shown)


def _in_order(
    said: Sequence[Thread], courses: Iterable[_Course], resting: Iterable[_Course]
) -> list[_Course]:
    """All whose threads change, in the order in which these were opened."""
    changing = [*courses, *(one for one in resting if one.joining)]
    order = [thread.identifier for thread in said]
    return sorted(changing, key=lambda one: order.index(one.thread.identifier))


def _say(course: _Course) -> Iterator[Saying]:
    """What a thread says to or of its places that changed, by rules 2, 3 and 5."""
    thread, level = course.thread, course.thread.level
    if level is None:
        return
    name, reading, places = thread.identifier, thread.reading, thread.places
    left = {place: course.moves[place].level for place in places - course.staying}
    # Those whom another message tells or shows something that stands.
    moving = frozenset(place for place, one in left.items() if one.stands)
    if moving:
        places -= moving
        yield Update(name, level, places, moving, NOBODY, level, reading)
    for end in _ENDS:
        ending = _at(left, end)
        if ending and ending == places:
            yield Cancel(name, end, ending)
        elif ending:
            places -= ending
            yield Update(name, level, places, ending, ending, end, reading)
    yield from _go_on(course, level)


def _go_on(course: _Course, level: Level) -> Iterator[Update]:
    """The Update to what the places of a thread are to read now, with those who join them."""
    name, onward, joining = course.thread.identifier, course.onward, course.joining
    everybody = course.staying | joining
    if onward is not None:
        told = everybody if onward.told else NOBODY
        yield Update(
            name, onward.level, everybody, NOBODY, told, onward.level, onward.reading, joining
        )
    elif joining:
        reading = course.thread.reading
        yield Update(name, level, everybody, NOBODY, NOBODY, level, reading, joining)


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
