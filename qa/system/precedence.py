"""Questions go first: what builds an index gives way to them, inside a process and between processes."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

# Seconds: the longest pause, which is more than a question takes, and a thread's processor time before its next one. So
# a build goes on, at a twenty-fifth of its speed, however many questions are asked.
_LONGEST, _BETWEEN = 0.5, 0.02
# With the lowest priority, 19, a build would get next to nothing while another program is busy, and a file that takes
# longer than its limit for that reason is missing from the index. This leaves a quarter of a processor that both want.
_NICENESS = 5


class Precedence:
    """Lets the background work of a process pause while something else goes first. Safe to use from several threads.

    Threads of one process share a lock without which they run no Python. One of a lower priority that has the lock, and
    does not get to run, would make the others wait for both: so all have the same priority, and those in the background
    pause where they hold nothing.
    """

    def __init__(self, longest: float = _LONGEST, between: float = _BETWEEN) -> None:
        """A pause ends after `longest` seconds; a thread makes the next after `between` seconds of processor time."""
        self._longest, self._between = longest, between
        self._number = 0  # of those that go first now
        self._ended = -math.inf  # when the last of them had ended
        self._changed = threading.Condition()
        self._own = threading.local()

    @contextlib.contextmanager
    def first(self) -> Iterator[None]:
        """While the caller's work goes first."""
        with self._changed:
            self._number += 1
        try:
            yield
        finally:
            with self._changed:
                self._number -= 1
                self._ended = time.monotonic()
                self._changed.notify_all()

    @property
    def quiet_for(self) -> float:
        """For how many seconds nothing has gone first; 0 while anything does."""
        return 0.0 if self._number else time.monotonic() - self._ended

    def give_way(self) -> None:
        """Pause while anything goes first; call it often, in the background, and holding no lock."""
        if not self._number or time.thread_time() - getattr(self._own, "resumed", -math.inf) < self._between:
            return
        with self._changed:
            self._changed.wait_for(lambda: not self._number, self._longest)
        self._own.resumed = time.thread_time()


questions = Precedence()  # of this process


def lower_priority() -> None:
    """Let other programs go first from now on: this process and those that it starts.

    Where Linux shares the processors among sessions before it looks at priorities (autogroup), a process that leads its
    session, as a service does, lowers that as well. In a terminal the session is the shell's, and remains as it is.
    Does nothing where the system has no such priority, or forbids it.
    """
    if not hasattr(os, "nice"):  # Windows
        return
    lower_priority_of(os.getpid())
    if sys.platform == "linux" and os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(os.getpriority(os.PRIO_PROCESS, 0)), "ascii")


def lower_priority_of(process: int) -> None:
    """Let all others go before a process, unless it is lower already; nothing where that cannot be done."""
    if hasattr(os, "setpriority"):
        with contextlib.suppress(OSError):
            niceness = os.getpriority(os.PRIO_PROCESS, process)
            os.setpriority(os.PRIO_PROCESS, process, max(niceness, _NICENESS))
