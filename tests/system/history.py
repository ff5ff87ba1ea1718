"""Whether a fan-out kept its promises: a judgement on records alone, made by none of its code.

What was published is held against who followed what, what the push service took and what the
sockets heard:

* every device that an alert concerned was sent it at least once, and nobody else ever was;
* a message came twice to no more devices than one page for each kill, always under one collapse
  key, so that a phone shows it once;
* every socket heard exactly the alerts that concern it, once each and in order.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Published:
    """A message in the public sequence, the codes that it is for, and the kills while it went."""

    sequence: int
    identifier: str
    codes: tuple[str, ...]
    kills: int = 0


@dataclass(frozen=True)
class Pushed:
    """One message that the push service took for one device."""

    device: str
    identifier: str
    collapse_key: str


@dataclass
class History:
    """All that happened. ``page`` is the devices a page; followed are place codes."""

    page: int
    devices: Mapping[str, str] = field(default_factory=dict)
    sockets: Mapping[str, str] = field(default_factory=dict)
    published: Sequence[Published] = ()
    pushed: Sequence[Pushed] = ()
    heard: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def faults(self) -> list[str]:
        """Every promise that was broken, in words; none of them: all is well."""
        return [*self._sequence(), *self._pushes(), *self._strays(), *self._sockets()]

    def _sequence(self) -> Iterator[str]:
        numbers = sorted(one.sequence for one in self.published)
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"the public sequence has gaps or repeats: {numbers}"

    def _pushes(self) -> Iterator[str]:
        for message in self.published:
            sent = [one for one in self.pushed if one.identifier == message.identifier]
            counts = Counter(one.device for one in sent)
            meant = {name for name, code in self.devices.items() if concerns(message, code)}
            if missed := meant - set(counts):
                yield f"{message.sequence}: {len(missed)} not reached, such as {min(missed)}"
            if others := set(counts) - meant:
                yield f"{message.sequence}: {len(others)} not meant, such as {min(others)}"
            again = sum(counts.values()) - len(counts)
            if again > self.page * message.kills:
                yield f"{message.sequence}: {again} sent twice after {message.kills} kills"
            if len(keys := {one.collapse_key for one in sent}) > 1:
                yield f"{message.sequence}: several collapse keys: {sorted(keys)}"

    def _strays(self) -> Iterator[str]:
        known = {message.identifier for message in self.published}
        for identifier in sorted({one.identifier for one in self.pushed} - known):
            yield f"{identifier} was sent but never published"

    def _sockets(self) -> Iterator[str]:
        for name, code in self.sockets.items():
            meant = [one.sequence for one in self.published if concerns(one, code)]
            if list(self.heard.get(name, ())) != sorted(meant):
                yield f"{name} heard {list(self.heard.get(name, ()))}, not {sorted(meant)}"


def concerns(message: Published, followed: str) -> bool:
    """A place concerns whoever follows it, the state that holds it, and what it holds."""
    return any(
        code == followed or code.startswith(f"{followed}-") or followed.startswith(f"{code}-")
        for code in message.codes
    )
