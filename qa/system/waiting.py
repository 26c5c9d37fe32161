"""Tells how long a process was ready to run and had to wait for a processor."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from time import monotonic

_PROC = Path("/proc")
_LATELY = 1.0  # seconds


class Waiting:
    """How long one process has waited for a processor, which takes as long to read as a small file to parse."""

    def __init__(self, process: int) -> None:
        self._process = process
        self._read, self._seconds = -math.inf, 0.0

    def now(self) -> float:
        """The seconds so far."""
        self._read, self._seconds = monotonic(), waited_for_processor(self._process)
        return self._seconds

    def lately(self) -> float:
        """The seconds until at most a second ago."""
        return self._seconds if monotonic() - self._read < _LATELY else self.now()


def waited_for_processor(process: int) -> float:
    """The seconds that the threads of a process and of those that it started have waited for a processor, added up.

    Threads and processes that ended do not count. 0 where the system does not say (anything but Linux).
    """
    waited = 0
    started: list[int] = []
    for thread in (_PROC / str(process) / "task").glob("*"):
        with contextlib.suppress(OSError, ValueError, IndexError):  # it may end at this moment
            waited += int((thread / "schedstat").read_text("ascii").split()[1])
        with contextlib.suppress(OSError):
            started += [int(each) for each in (thread / "children").read_text("ascii").split()]
    return waited / 1e9 + sum(map(waited_for_processor, started))
