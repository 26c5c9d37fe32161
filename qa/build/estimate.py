"""How long a build has still to go, from what it has done so far.

It knows nothing about files or encoders.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

# Before that a rate says more about the start than about the rest.
_LEAST_SECONDS, _LEAST_PASSAGES = 3.0, 64


class Estimate:
    """Passages are what takes time; how many are still to come is told by the bytes of the files that are left.

    A byte of one kind of file (a PDF with its pictures) gives fewer passages than one of another, so each kind has
    a rate of its own as soon as one file of it was read.
    """

    def __init__(self, files: Iterable[tuple[str, int]]) -> None:
        """`files` are the kind and size in bytes of each file that will be read."""
        self._left: Counter[str] = Counter()
        for kind, size in files:
            self._left[kind] += size
        self._read: Counter[str] = Counter()
        self._found: Counter[str] = Counter()

    @property
    def found(self) -> int:
        """How many passages were found so far that must be encoded."""
        return self._found.total()

    def read(self, kind: str, size: int, passages: int) -> None:
        """One file was read and has so many passages that must be encoded."""
        self._left[kind] -= size
        self._read[kind] += size
        self._found[kind] += passages

    def seconds_left(self, encoded: int, elapsed: float) -> float | None:
        """Seconds to the end, so many passages and seconds after the beginning; None while it can't be told."""
        if elapsed < _LEAST_SECONDS:
            return None
        done, left = self._read.total(), self._left.total()
        if encoded < _LEAST_PASSAGES:
            # Nearly nothing has to be encoded: reading alone takes time. Otherwise encoding has hardly begun.
            few = done > 0 and self.found < _LEAST_PASSAGES
            return elapsed * left / done if few else None
        overall = self.found / max(1, done)
        coming = sum(
            size * (self._found[kind] / self._read[kind] if self._read[kind] else overall)
            for kind, size in self._left.items()
        )
        return elapsed * (self.found - encoded + coming) / encoded
