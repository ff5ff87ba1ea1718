"""Keeping the processes of ``casa run``: started again when they die, ended before it ends."""

import os
import signal
import subprocess
import time

import click

from casa import ending
from casa.commands.starting import Unusable

_SETTLED_SECONDS = 60.0  # a process that has lived so long has started well
_MOST_DEATHS = 5  # before that
_PATIENCE_SECONDS = 20.0  # a page to the push service may be under way
_LOOK_SECONDS = 0.2


class GaveUp(Exception):
    """A process cannot be kept running; the message says why, if it has not said so itself."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Child:
    """A process that is started again, after growing pauses, when it dies."""

    def __init__(self, name: str, command: list[str], first_pause: float) -> None:
        self._name = name
        self._command = command
        self._first_pause = first_pause
        self._deaths = 0
        self._lived = False
        self._due = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def tend(self, stdin: int) -> None:
        """Start it when it is time to; ``stdin`` is what it is to read from.

        Raises:
            GaveUp
        """
        moment = time.monotonic()
        if self._process is None:
            if moment >= self._due:
                self._start(stdin, moment)
            return
        status = self._process.poll()
        if moment - self._began >= _SETTLED_SECONDS:
            self._deaths, self._lived = 0, True
        if status is not None:
            self._process = None
            self._died(status, moment)

    def _start(self, stdin: int, moment: float) -> None:
        # A group of its own: Ctrl-C reaches this process alone, which ends the others in order.
        # Until the child is ready to note signals, none is to end it.
        signal.pthread_sigmask(signal.SIG_BLOCK, ending.SIGNALS)
        try:
            self._process = subprocess.Popen(  # noqa: S603
                self._command, stdin=stdin, start_new_session=True
            )
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ending.SIGNALS)
        self._began = moment

    def _died(self, status: int, moment: float) -> None:
        if status == Unusable.exit_code and not self._lived:
            raise GaveUp("", status)
        self._deaths += 1
        how = f"status {status}" if status >= 0 else f"signal {-status}"
        if self._deaths >= _MOST_DEATHS:
            raise GaveUp(f"{self._name} ended {self._deaths} times, at last with {how}.", 1)
        pause = self._first_pause * 2 ** (self._deaths - 1)
        self._due = moment + pause
        click.echo(f"{self._name} ended with {how}; starting it in {pause:g} s.", err=True)

    def ask_to_end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def end(self, deadline: float) -> None:
        """Wait until it has ended, and end it when its time is over."""
        if self._process is None:
            return
        try:
            self._process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            click.echo(f"{self._name} did not end in time and is killed.", err=True)
            self._process.kill()
            self._process.wait()


class Supervisor:
    """Keeps processes running, and ends all of them when it is asked to end."""

    def __init__(
        self, parts: dict[str, list[str]], end: ending.Ending, first_pause: float = 1.0
    ) -> None:
        self._children = [Child(name, command, first_pause) for name, command in parts.items()]
        self._end = end

    def run(self) -> int:
        """Until it is asked to end; 0, or what is to be this process's status."""
        # Should this process be killed, the pipe closes and the others end by themselves.
        reads, writes = os.pipe()
        try:
            while not self._end.wait(_LOOK_SECONDS):
                for child in self._children:
                    child.tend(reads)
        except GaveUp as error:
            if str(error):
                click.echo(f"Error: {error} Giving up; what it said above tells why.", err=True)
            return error.status
        finally:
            for child in self._children:
                child.ask_to_end()
            deadline = time.monotonic() + _PATIENCE_SECONDS
            for child in self._children:
                child.end(deadline)
            os.close(reads)
            os.close(writes)
        return 0
