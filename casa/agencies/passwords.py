"""Passwords: Argon2id, and refused when they can be guessed.

Sources: RFC 9106 section 4 (the library's defaults are its second recommended option); NIST
SP 800-63B section 3.1.1.2 (length, lists of common ones, no rules of composition).
"""

from collections.abc import Iterable

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from zxcvbn import zxcvbn

SHORTEST, LONGEST = 12, 128
_LEAST_SCORE = 3  # of 4: 10^8 guesses and more
_hasher = PasswordHasher()
# For an address that nobody has: the answer takes as long as for one that somebody has.
_NOBODY = _hasher.hash("nobody has this password")


class WeakPassword(ValueError):
    """The password could be guessed; the message says how to choose another."""


def check(password: str, about: Iterable[str]) -> None:
    """Refuse a password that is short, common, or made of what is known ``about`` its owner.

    Raises:
        WeakPassword
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise WeakPassword(f"must have {SHORTEST} to {LONGEST} characters")
    words = [word.lower() for text in about for word in (text.replace(" ", ""), *text.split())]
    # The estimate takes long on long texts, and these are beyond guessing by then.
    found = zxcvbn(password[:72], user_inputs=[*words, "casa", "caricom"])
    if found["score"] < _LEAST_SCORE:
        advice = found["feedback"]["warning"] or "It can be guessed."
        raise WeakPassword(f"is too easy to guess. {advice} Several unrelated words are better.")


def hashed(password: str) -> str:
    return _hasher.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether ``password`` is the one; ``None`` (nobody's) takes as long and never matches."""
    try:
        return _hasher.verify(kept or _NOBODY, password) and kept is not None
    except VerificationError:
        return False
