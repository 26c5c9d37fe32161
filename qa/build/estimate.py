"""Estimates the remaining time of a build from its progress so far."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable

# Before that, a rate reflects the start more than the rest.
_MIN_SECONDS, _MIN_PASSAGES = 3.0, 64
_PATIENCE = 10.0  # seconds more than twice the expected ones: then nobody knows how long a file will take


class Estimate:
    """Estimates the passages to come from the sizes of the remaining files, and the time to read these.

    Files are read while earlier ones are encoded, so the longer of both times counts. The ratios of passages and of
    seconds to bytes differ between kinds of files (a PDF contains pictures, whose text takes seconds a page to read),
    so each kind has its own once a file of it has been read.
    """

    def __init__(
        self,
        files: Iterable[tuple[str, int]],
        workers: int = 1,
        usual: Callable[[str], float] = lambda _: 0.0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`files` contains the kind and size in bytes of each file that will be read, `workers` of them at a time.

        `usual` is how many seconds a file of a kind takes as long as none has been read.
        """
        self._left: Counter[str] = Counter()
        self._files_left: Counter[str] = Counter()
        for kind, size in files:
            self._left[kind] += size
            self._files_left[kind] += size > 0
        self._workers = workers
        self._usual = usual
        self._clock = clock
        self._read: Counter[str] = Counter()
        self._passages: Counter[str] = Counter()
        self._seconds: dict[str, float] = {}
        self._waited = 0.0
        self._awaited: tuple[float, float] | None = None  # since when, and how long that was expected to take

    @property
    def passages(self) -> int:
        """The number of passages found so far that must be encoded."""
        return self._passages.total()

    def add(self, kind: str, size: int, passages: int, seconds: float = 0.0) -> None:
        """Record that a file was read in so many seconds, and how many of its passages must be encoded."""
        self._left[kind] -= size
        self._files_left[kind] -= size > 0
        self._read[kind] += size
        self._passages[kind] += passages
        self._seconds[kind] = self._seconds.get(kind, 0.0) + seconds

    def wait_for(self, kind: str, size: int) -> None:
        """Record that there is nothing to do until this file has been read."""
        self._awaited = self._clock(), self._expected(kind, size, 1)

    def go_on(self) -> None:
        """Record that the file has been read."""
        self._waited += self._waiting
        self._awaited = None

    def seconds_left(self, encoded: int, elapsed: float) -> float | None:
        """Seconds to the end, `elapsed` seconds after the start with `encoded` passages; None if nobody knows."""
        waiting = self._waiting
        if elapsed < _MIN_SECONDS or (self._awaited and waiting > _PATIENCE + 2 * self._awaited[1]):
            return None
        reading = self.seconds_of_reading / self._workers
        done, left = self._read.total(), self._left.total()
        if encoded < _MIN_PASSAGES:
            # Either hardly anything must be encoded, and reading takes the time, or encoding has hardly begun.
            few = done > 0 and self.passages < _MIN_PASSAGES
            return max(reading, elapsed * left / done) if few else None
        expected = self.to_come
        worked = max(0.0, elapsed - self._waited - waiting)
        return max(reading, worked * (self.passages - encoded + expected) / encoded)

    @property
    def to_come(self) -> float:
        """The number of passages to expect in the files that have not been read."""
        return sum(self._passages_in(kind, size) for kind, size in self._left.items())

    @property
    def seconds_of_reading(self) -> float:
        """The seconds that it takes to read the files that have not been read, one after another."""
        return sum(self._expected(kind, size, self._files_left[kind]) for kind, size in self._left.items())

    @property
    def _waiting(self) -> float:
        return self._clock() - self._awaited[0] if self._awaited else 0.0

    def _passages_in(self, kind: str, size: int) -> float:
        """The passages to expect in the remaining files of a kind, of `size` bytes together."""
        if self._read[kind]:
            return size * self._passages[kind] / self._read[kind]
        if self._usual(kind):
            return self._files_left[kind]  # its bytes are a picture: one page
        return size * self.passages / max(1, self._read.total())

    def _expected(self, kind: str, size: int, files: int) -> float:
        """The seconds that it takes to read so many files of a kind with so many bytes together."""
        read = self._read[kind]
        return size * self._seconds[kind] / read if read else files * self._usual(kind)
