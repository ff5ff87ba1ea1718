"""When a process is asked to end: signals are only noted, and looked at where it is safe.

A handler runs between two instructions of whatever the main thread is doing, perhaps while it holds
the very lock that the handler would need. So handlers do nothing here. The interpreter writes each
signal into a pipe from which nobody reads: it can be read from as soon as one has come and for ever
after, however many come, and it can be waited on by a thread and by gevent alike.

While a process is being started nothing is under way yet, and it ends on the spot.

SIGTERM, SIGINT and SIGHUP mean the same: settings come from the environment, which nobody can
change from outside, so there is nothing to read again on a hangup. ``nohup`` is heeded.
"""

import _thread
import os
import select
import signal
import sys
from collections.abc import Callable
from threading import Thread
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Ending:
    """Whether this process was asked to end; made once, in the main thread."""

    def __init__(self, *, with_parent: bool = False) -> None:
        """``with_parent``: it is also asked when its standard input, the parent's pipe, closes."""
        reads, writes = os.pipe()
        os.set_blocking(writes, False)
        signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
        for number in SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _noted)
        # Whoever started this process may have held them back until now.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        self.descriptors = (reads, sys.stdin.fileno()) if with_parent else (reads,)
        """What can be read from once the process is asked to end."""
        self._starting = True
        # No ``Thread``, which gevent is still to patch.
        _thread.start_new_thread(self._end_at_once, (select.select,))

    def _end_at_once(self, wait: Callable[..., Any]) -> None:
        wait(self.descriptors, (), ())
        if self._starting:
            os._exit(0)

    def started(self) -> None:
        """From here on there is something to be ended in order."""
        self._starting = False

    @property
    def asked(self) -> bool:
        return self.wait(0)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait at most so long (``None``: as long as it takes); whether it was asked."""
        return bool(select.select(self.descriptors, (), (), seconds)[0])

    def tell(self, end: Callable[[], None]) -> None:
        """Call ``end`` from a thread of its own as soon as the process is asked."""

        def wait() -> None:
            self.wait()
            end()

        Thread(target=wait, name="ending", daemon=True).start()


def leave() -> None:
    """Heed no signal any more: all is done, and the interpreter gives its handlers back."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _noted(*_: object) -> None:
    """The interpreter has written it into the pipe."""
