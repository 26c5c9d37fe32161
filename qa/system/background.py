"""Runs jobs in order on one background thread, with a bounded queue."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

_STEP_SECONDS = 0.25  # between two calls of `step` while waiting for a job


class BackgroundQueue:
    """Runs one job after another while its owner continues; use it from one thread.

    The sizes of the unfinished jobs add up to `max_size` at most. While `add` or `finish` waits, `step` is called
    repeatedly, and an exception that it raises ends the wait.
    """

    def __init__(self, max_size: int, step: Callable[[], None]) -> None:
        self._max_size = max_size
        self._step = step
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="write")
        self._jobs: deque[tuple[Future[None], int]] = deque()
        self._size = 0

    def add(self, job: Callable[[], None], size: int = 0) -> None:
        """Queue a job, after waiting until there is room for it; raises the exception of an earlier job."""
        self._wait(self._max_size - size)
        self._jobs.append((self._pool.submit(job), size))
        self._size += size

    def finish(self) -> None:
        """Wait for all jobs; raises the exception of the first that failed."""
        self._wait(-1)

    def end(self, seconds: float | None = None) -> None:
        """Cancel the jobs that have not started, and wait for the running one, at most `seconds`."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        wait([job for job, _ in self._jobs if not job.cancelled()], timeout=seconds)

    def _wait(self, size: int) -> None:
        """Wait until the unfinished jobs add up to at most `size`."""
        while self._jobs and (self._jobs[0][0].done() or self._size > size):
            job, job_size = self._jobs[0]
            if wait([job], timeout=_STEP_SECONDS).done:
                self._jobs.popleft()
                self._size -= job_size
                job.result()
            else:
                self._step()
