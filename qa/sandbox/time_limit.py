"""Limits the time that a sandbox process may take for one file; reading images takes longer than reading text."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from ..formats.ocr import MAX_PAGES

# The time that a page read from an image took is given back, up to this. A file has at most MAX_PAGES of them, and each
# takes this many of its bytes, so that a small file cannot claim many.
_SECONDS_PER_IMAGE, _BYTES_PER_IMAGE = 20.0, 2_000
# The most seconds that are given back because others had the processors; at the end of a limit, fewer are not worth it.
_MOST_WAITED, _LEAST_WAITED = 1_200.0, 0.1


def images_in(data: bytes) -> int:
    """The most pages for which a file may be given more time."""
    return min(MAX_PAGES, 1 + len(data) // _BYTES_PER_IMAGE)


class TimeLimit:
    """Calls `expire` once the time spent waiting for a process adds up to more than `seconds`.

    The time that it took to read a page from an image is added, for `pages` of them at most. So is the time for which
    the process was ready and others had the processors, since how busy a machine is says nothing about a file: `waited`
    gives these seconds so far, and `begun` those before the file.
    """

    def __init__(
        self,
        seconds: float,
        pages: int,
        expire: Callable[[], None],
        waited: Callable[[], float] = lambda: 0.0,
        begun: float = 0.0,
    ) -> None:
        self.seconds = round(seconds, 1)
        self.is_over = False
        self._remaining = seconds
        self._expire = expire
        self._pages = pages
        self._waited, self._begun = waited, begun
        self._given = 0.0  # seconds, for having waited
        self._since = 0.0  # seconds spent since the last page
        self._started = 0.0

    def extend(self) -> None:
        """Allow for a page that was read from an image: for the time since the last one."""
        if self._pages > 0:
            taken = min(_SECONDS_PER_IMAGE, self._since + time.perf_counter() - self._started)
            self._pages -= 1
            self.seconds = round(self.seconds + taken, 1)
            self._remaining += taken
        self._since, self._started = 0.0, time.perf_counter()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Count the time inside this context against the limit."""
        self._started = time.perf_counter()
        begun = self._started
        _WATCH.add(self, time.monotonic() + self._remaining)
        try:
            yield
        finally:
            _WATCH.remove(self)
            now = time.perf_counter()
            self._remaining -= now - begun
            self._since += now - self._started

    def more(self) -> float:
        """The seconds that remain after all, because the process has waited for a processor; 0 if the time is over."""
        waited = min(self._waited() - self._begun, _MOST_WAITED) - self._given
        # Threads that wait at the same time count once, and no more is given than has passed.
        more = min(waited, self._remaining)
        if more < _LEAST_WAITED:
            return 0.0
        self._given += more
        self._remaining += more
        return more

    def end(self) -> None:
        """Say that the time is over."""
        self.is_over = True
        self._expire()


class _Watch:
    """One thread that ends every limit whose time is over: a timer for each message would take longer than most files.

    The thread ends when it wakes and nothing is running; the next limit starts another.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._deadlines: dict[TimeLimit, float] = {}
        self._wakes = 0.0  # when the thread looks next, unless it is told to
        self._is_running = False

    def add(self, limit: TimeLimit, deadline: float) -> None:
        """Watch a limit until `deadline`, a time of the monotonic clock."""
        with self._changed:
            self._deadlines[limit] = deadline
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, name="time-limits", daemon=True).start()
            elif deadline < self._wakes:
                self._changed.notify()

    def remove(self, limit: TimeLimit) -> None:
        """Watch a limit no longer."""
        with self._changed:
            self._deadlines.pop(limit, None)

    def _run(self) -> None:
        try:
            while over := self._next():
                for limit in over:
                    limit.end()
        except BaseException:
            with self._changed:
                self._is_running = False  # the next limit starts another thread; this one's error is reported
            raise

    def _next(self) -> list[TimeLimit]:
        """Wait for the limits whose time is over next, which are watched no longer; none if nothing is running."""
        with self._changed:
            while self._deadlines:
                now = time.monotonic()
                if over := [
                    each for each, deadline in self._deadlines.items() if deadline <= now and self._ends(each, now)
                ]:
                    for limit in over:
                        del self._deadlines[limit]
                    return over
                self._wakes = min(self._deadlines.values())
                self._changed.wait(self._wakes - now)
            self._is_running = False
            return []

    def _ends(self, limit: TimeLimit, now: float) -> bool:
        """Whether a limit that is reached is over; otherwise it is watched longer."""
        if more := limit.more():
            self._deadlines[limit] = now + more
        return not more


_WATCH = _Watch()
