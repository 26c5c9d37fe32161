"""Tells how long a process was ready to run and had to wait for a processor."""

from __future__ import annotations

import contextlib
from pathlib import Path

_PROC = Path("/proc")


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
