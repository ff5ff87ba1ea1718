"""What needs a second pair of eyes. Free of Flask and of SQL.

The false missile alert in Hawaii in 2018 went out because one person could send it. So an actual
alert above the severity that its kind allows to one officer needs another officer's approval of
exactly the text that goes out. What replaces such an alert needs it as well, however mild it is
itself: it takes the alert from everybody who has it. Ending an alert in ready words never does.

What may be of a minor or of a trafficked person needs one however grave it is, and one who has the
safeguarding role: what such an alert tells cannot be taken back from those who have read it.
"""

import msgspec

from casa.agencies.mandates import rank
from casa.alerts.content import Content
from casa.alerts.kinds import AlertKind
from casa.alerts.message import Message

_REAL = ("Actual", "System")


def needs_second_officer(kind: AlertKind, text: Content, replaced: Message | None) -> bool:
    """Whether ``text`` may go out only when another officer has approved it.

    ``replaced`` is the published message that it updates, or ends in an officer's own words.
    Exercises and tests reach only who asked for them, and say in every line what they are.
    """
    grave = rank(text.severity) > rank(kind.policy.alone)
    if replaced is not None:
        grave = grave or rank(replaced.severity) > rank(kind.policy.alone)
    return (text.status in _REAL and grave) or needs_safeguarding(kind, text)


def needs_safeguarding(kind: AlertKind, text: Content) -> bool:
    """Whether the officer who approves it needs the safeguarding role; if nobody said, yes."""
    return kind.safeguards and text.status in _REAL and text.safeguarding is not False


def judged(kind: AlertKind, text: Content) -> Content:
    """``text`` with what policy says of it in it, so that an approval is of that too."""
    return msgspec.structs.replace(text, safeguarding=needs_safeguarding(kind, text))
