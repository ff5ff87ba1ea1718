"""What an agency says, before it is a message: the part of CAP that its author decides."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from casa.alerts.message import Area, Info, Spoken, Untold

STATUSES = ("Actual", "Exercise", "System", "Test")
URGENCIES = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTIES = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")
CATEGORIES = (
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport",
    "Infra", "CBRNE", "Other",
)  # fmt: skip
RESPONSE_TYPES = (
    "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None",
)  # fmt: skip

HEADLINE_LIMIT = 160
TEXT_LIMIT = 8_000
OLDEST_SENT = timedelta(days=1)
# Long enough for a phone that was off to hear of it, short enough not to linger.
CANCEL_LIFETIME = timedelta(hours=24)


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """The author's part of a message. ``sent`` is kept when an agency's own system gives it.

    ``untold`` and ``spoken`` are as in ``Message``; no author gives them, only a kind that speaks
    in several threads and in other ways.
    ``prepared_end`` is what its Cancel is to say, by language, where that was prepared with it; an
    approval is of that too. ``safeguarding``: whether it is of a minor or a trafficked person, so
    that its approver needs the role for that; ``None`` where nobody has said. Neither becomes a
    part of the message.
    """

    status: str = "Actual"
    scope: str = "Public"
    sent: datetime | None = None
    source: str | None = None
    note: str | None = None
    code: tuple[str, ...] = ()
    incidents: tuple[str, ...] = ()
    info: tuple[Info, ...]
    area: tuple[Area, ...]
    untold: tuple[Untold, ...] = ()
    safeguarding: bool | None = None
    spoken: tuple[Spoken, ...] = ()
    prepared_end: dict[str, str] | None = None

    @property
    def severity(self) -> str:
        """The gravest severity of any block (they agree in what ``faults`` lets pass)."""
        return min((info.severity for info in self.info), key=SEVERITIES.index)

    @property
    def expires(self) -> datetime:
        return max(info.expires for info in self.info)


decode = msgspec.json.Decoder(Content).decode


def cut(text: str, most: int) -> str:
    """``text`` with at most so many characters, its end left out where it has more."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


Fault = tuple[str, str]
PlacedFault = tuple[str, str, int, int]
"""The same with the characters of the text that it is about."""


class InvalidContent(Exception):
    """The content cannot be published; ``faults`` say what is wrong and where."""

    def __init__(self, faults: Sequence[Fault | PlacedFault]) -> None:
        super().__init__("; ".join(f"{pointer} {detail}" for pointer, detail, *_ in faults))
        self.faults = tuple(faults)


def faults(content: Content, moment: datetime, longest: timedelta) -> list[Fault]:
    """What is wrong with ``content`` as (JSON pointer, what and how to mend it).

    ``longest`` is the longest time that an alert of its kind may live. Enumerations and types
    are the wire schema's affair; here stand the rules between fields.
    """
    found: list[Fault] = []
    if content.sent is not None:
        if content.sent > moment:
            found.append(("/sent", "is in the future; leave it out to have it set"))
        elif content.sent < moment - OLDEST_SENT:
            found.append(("/sent", "is more than a day ago; leave it out to have it set"))
    languages = [info.language.lower() for info in content.info]
    for number, info in enumerate(content.info):
        pointer = f"/info/{number}"
        if languages.index(info.language.lower()) != number:
            found.append((f"{pointer}/language", f"{info.language} is there twice; keep one block"))
        found += _agreement(pointer, info, content.info[0])
        found += _times(pointer, info, moment, longest)
    return found


def faults_of_senders(content: Content, names: Sequence[str]) -> list[Fault]:
    """The names of senders that are none of the agency's."""
    return [
        (f"/info/{number}/sender_name", f"must be one registered for you: {', '.join(names)}")
        for number, info in enumerate(content.info)
        if info.sender_name is not None and info.sender_name not in names
    ]


def faults_of_categories(content: Content, kind: str, allowed: Sequence[str]) -> list[Fault]:
    """The categories that no alert of its kind, by its name, has."""
    return [
        (f"/info/{number}/category", f"{name} is none of those of {kind}: {', '.join(allowed)}")
        for number, info in enumerate(content.info)
        for name in info.category
        if name not in allowed
    ]


def _agreement(pointer: str, info: Info, first: Info) -> list[Fault]:
    """Blocks say one thing in several languages: who gets it must not hang on the language."""
    return [
        (f"{pointer}/{name}", f"must be the same in every language; the first block has {wanted}")
        for name in ("urgency", "severity", "certainty", "onset", "expires")
        if getattr(info, name) != (wanted := getattr(first, name))
    ]


def _times(pointer: str, info: Info, moment: datetime, longest: timedelta) -> list[Fault]:
    found = []
    if info.expires <= moment:
        found.append((f"{pointer}/expires", "is in the past; give a time to come"))
    if info.expires > moment + longest:
        days = longest / timedelta(days=1)
        found.append((f"{pointer}/expires", f"is too far off; at most {days:g} days from now"))
    for name in ("onset", "effective"):
        value = getattr(info, name)
        if value is not None and value >= info.expires:
            found.append((f"{pointer}/{name}", "must be before expires"))
    return found
