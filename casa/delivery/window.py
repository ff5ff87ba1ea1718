"""How many messages may await an answer at once: more while all is well, half when it is not.

Additive increase, multiplicative decrease (Chiu and Jain, 1989), as TCP does it.
"""

_LEAST = 8
_START = 100


class Window:
    """``size`` messages may be under way; a slow answer counts as being pushed back.

    One decrease covers all that was under way when it came, as those answers tell nothing new.
    """

    def __init__(self, most: int, slow: float = 2.0) -> None:
        """``most`` is the cap; an answer after more than ``slow`` seconds is slow."""
        self._most = most
        self._slow = slow
        self._least = min(_LEAST, most)
        self._size = float(min(_START, most))
        self._immune = 0

    @property
    def size(self) -> int:
        return int(self._size)

    def answered(self, seconds: float, answers: int = 1) -> None:
        """An answer came after so long; it stands for so many."""
        if seconds > self._slow:
            self.pushed_back()
            return
        self._immune = max(self._immune - answers, 0)
        if self._size < self._most:
            # One more for each full window of good answers.
            self._size = min(self._size + answers / self._size, float(self._most))

    def pushed_back(self) -> None:
        """The service, or the way to it, is not keeping up."""
        if self._immune:
            self._immune -= 1
            return
        self._immune = self.size
        self._size = max(self._size / 2, float(self._least))
