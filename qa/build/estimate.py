"""Estimates the remaining time of a build from its progress so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

# Before that, a rate reflects the start more than the rest.
_MIN_SECONDS, _MIN_PASSAGES = 3.0, 64


class Estimate:
    """Estimates the passages to come, which determine the time, from the sizes of the remaining files.

    The ratio of passages to bytes differs between kinds of files (a PDF contains pictures), so each kind has its own
    ratio once a file of it has been read.
    """

    def __init__(self, files: Iterable[tuple[str, int]]) -> None:
        """`files` contains the kind and size in bytes of each file that will be read."""
        self._left: Counter[str] = Counter()
        for kind, size in files:
            self._left[kind] += size
        self._read: Counter[str] = Counter()
        self._passages: Counter[str] = Counter()

    @property
    def passages(self) -> int:
        """The number of passages found so far that must be encoded."""
        return self._passages.total()

    def add(self, kind: str, size: int, passages: int) -> None:
        """Record that a file was read, and how many of its passages must be encoded."""
        self._left[kind] -= size
        self._read[kind] += size
        self._passages[kind] += passages

    def seconds_left(self, encoded: int, elapsed: float) -> float | None:
        """Seconds to the end, `elapsed` seconds after the start with `encoded` passages; None if it is too early."""
        if elapsed < _MIN_SECONDS:
            return None
        done, left = self._read.total(), self._left.total()
        if encoded < _MIN_PASSAGES:
            # Either hardly anything must be encoded, and reading takes the time, or encoding has hardly begun.
            few = done > 0 and self.passages < _MIN_PASSAGES
            return elapsed * left / done if few else None
        overall = self.passages / max(1, done)
        expected = sum(
            size * (self._passages[kind] / self._read[kind] if self._read[kind] else overall)
            for kind, size in self._left.items()
        )
        return elapsed * (self.passages - encoded + expected) / encoded
