"""What needs a second pair of eyes. Free of Flask and of SQL.

The false missile alert in Hawaii in 2018 went out because one person could send it. So an actual
alert above the severity that its kind allows to one officer needs another officer's approval of
exactly the text that goes out. Ending an alert never does.
"""

from casa.agencies.mandates import rank
from casa.alerts.content import Content
from casa.alerts.kinds import AlertKind


def needs_second_officer(kind: AlertKind, text: Content) -> bool:
    """Whether ``text`` may go out only when another officer has approved it.

    Exercises and tests reach only who asked for them, and say in every line what they are.
    """
    return text.status in ("Actual", "System") and rank(text.severity) > rank(kind.policy.alone)
