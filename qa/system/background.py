"""Work that is done in a thread of its own, in order, of which no more waits than is wanted.

It knows nothing about what the work is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

_STEP_SECONDS = 0.25  # between two looks at work that is waited for


class Background:
    """Does one thing after the other while its owner goes on; use it from one thread.

    No more than `most` of it waits, or is being done, together with what is added. `step` is called while that is
    waited for, and stops it by raising.
    """

    def __init__(self, most: int, step: Callable[[], None]) -> None:
        self._most = most
        self._step = step
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="write")
        self._works: deque[tuple[Future[None], int]] = deque()
        self._size = 0

    def add(self, work: Callable[[], None], size: int = 0) -> None:
        """Have it done after all else, as soon as there is room for it; raises what went wrong before."""
        self._wait(self._most - size)
        self._works.append((self._pool.submit(work), size))
        self._size += size

    def finish(self) -> None:
        """Wait for all of it; raises what went wrong."""
        self._wait(-1)

    def end(self, seconds: float | None = None) -> None:
        """Begin nothing more, and wait for what is being done: so long, or to its end."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        wait([work for work, _ in self._works if not work.cancelled()], timeout=seconds)

    def _wait(self, most: int) -> None:
        while self._works and (self._works[0][0].done() or self._size > most):
            work, size = self._works[0]
            if wait([work], timeout=_STEP_SECONDS).done:
                self._works.popleft()
                self._size -= size
                work.result()
            else:
                self._step()
