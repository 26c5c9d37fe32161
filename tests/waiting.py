"""Waiting for what sends no signal, and work that takes time: the only functions of the tests that sleep.

Threads of the test's own process set an event or fill a queue instead, and the test waits for that.
"""

from __future__ import annotations

import time
from collections.abc import Callable


def holds_within(is_so: Callable[[], object], seconds: float, every: float = 0.01) -> bool:
    """Calls `is_so` again and again; True as soon as it is true, False if it is not within so many seconds."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() >= end:
            return False
        time.sleep(every)
    return True


def wait_until(is_so: Callable[[], object], seconds: float = 20, every: float = 0.01) -> None:
    """Returns as soon as `is_so` is true. Raises AssertionError if it is not within so many seconds."""
    assert holds_within(is_so, seconds, every), f"not so within {seconds} s"


def take_time(seconds: float) -> None:
    """Imitates work that takes so long: a slow model, disk or server."""
    time.sleep(seconds)
