"""What permissions refuse, as problem responses."""

from collections.abc import Iterator
from contextlib import contextmanager

from casa.agencies.permissions import Forbidden, StepUpNeeded
from casa.problems import Problem


@contextmanager
def refusals() -> Iterator[None]:
    """403: not for this role, or not before the second factor was shown again."""
    try:
        yield
    except Forbidden as error:
        raise Problem(403, "forbidden", str(error)) from error
    except StepUpNeeded as error:
        raise Problem(403, "step-up-needed", str(error)) from error
