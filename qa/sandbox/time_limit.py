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


def images_in(data: bytes) -> int:
    """The most pages for which a file may be given more time."""
    return min(MAX_PAGES, 1 + len(data) // _BYTES_PER_IMAGE)


class TimeLimit:
    """Calls `expire` once the time spent waiting for a process adds up to more than `seconds`.

    The time that it took to read a page from an image is added, for `pages` of them at most.
    """

    def __init__(self, seconds: float, pages: int, expire: Callable[[], None]) -> None:
        self.seconds = round(seconds, 1)
        self.is_over = False
        self._remaining = seconds
        self._expire = expire
        self._pages = pages
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
        timer = threading.Timer(max(0.0, self._remaining), self._end)
        timer.daemon = True
        timer.start()
        begun = self._started
        try:
            yield
        finally:
            timer.cancel()
            now = time.perf_counter()
            self._remaining -= now - begun
            self._since += now - self._started

    def _end(self) -> None:
        self.is_over = True
        self._expire()
