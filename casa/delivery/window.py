"""How many messages may await an answer at once: more while all is well, half when it is not.

As TCP does it: twice as many with each round trip until the service first pushes back (slow start;
Jacobson, 1988), then additive increase and multiplicative decrease (Chiu and Jain, 1989). FCM
answers after some tenth of a second: one more with each round would take minutes to its quota.
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
        self._pushed_back = False
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
            # Once pushed back, one more for each full window of good answers.
            more = answers / self._size if self._pushed_back else answers
            self._size = min(self._size + more, float(self._most))

    def pushed_back(self) -> None:
        """The service, or the way to it, is not keeping up."""
        if self._immune:
            self._immune -= 1
            return
        self._pushed_back = True
        self._immune = self.size
        self._size = max(self._size / 2, float(self._least))
