"""Estimates what a larger index would need, from costs fitted to measurements and arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

DIMENSION = 384
QUICK_MS = 50.0  # time that the search may add to a question
MEMORY_GB = 16.0  # of the assumed machine
GB_PER_SECOND = 10.0  # read from memory by one search
LINKS = 32  # of a node of an HNSW graph; its lowest layer has twice as many, of 4 bytes
VISITED = 2_000  # rows that a graph search looks at


@dataclass(frozen=True, slots=True)
class Line:
    """Cost = `fixed` + `each` · passages; `off` is the largest relative error of a measurement."""

    fixed: float
    each: float
    off: float

    def at(self, passages: float) -> float:
        return self.fixed + self.each * passages


@dataclass(frozen=True, slots=True)
class IndexType:
    """A type of index: bytes of a row in memory and on disk, and the share of rows that a question reads."""

    name: str
    memory: int
    disk: int
    share: Callable[[float], float]

    def memory_gb(self, passages: float) -> float:
        return passages * self.memory / 1e9

    def search_ms(self, passages: float) -> float:
        """The time to read the rows at the assumed bandwidth, in ms."""
        return 1e3 * self.share(passages) * self.memory_gb(passages) / GB_PER_SECOND


# From the simplest to the most complex. Codes are searched first; the best rows are compared exactly, from disk.
INDEX_TYPES = (
    IndexType("exact, float32", 4 * DIMENSION, 4 * DIMENSION, lambda n: 1.0),
    IndexType("exact, float16", 2 * DIMENSION, 2 * DIMENSION, lambda n: 1.0),
    IndexType("8-bit codes, then exact rows", DIMENSION, 3 * DIMENSION, lambda n: 1.0),
    IndexType("2-bit codes, then exact rows", DIMENSION // 4 + 16, 2 * DIMENSION + DIMENSION // 4, lambda n: 1.0),
    IndexType(
        "HNSW over 8-bit codes, then exact rows",
        DIMENSION + 8 * LINKS + 16,
        3 * DIMENSION + 8 * LINKS,
        lambda n: min(1.0, VISITED / n),
    ),
    IndexType(
        "IVF with 2-bit codes, then exact rows",
        DIMENSION // 4 + 24,
        2 * DIMENSION + DIMENSION // 4,
        lambda n: min(1.0, 64 / (4 * n**0.5)),  # 64 of 4·√n lists
    ),
)


def fit(points: Iterable[tuple[float, float]]) -> Line:
    """The line that minimises the squared relative distances to (passages, cost), of which two or more are needed.

    Both terms are restricted to 0 or above, since costs are not negative and do not fall with the number of passages.
    """
    passages, costs = np.array(list(points), dtype=np.float64).T
    terms = np.stack([np.ones_like(passages), passages], axis=1) / costs[:, None]
    fixed, each = np.linalg.lstsq(terms, np.ones_like(costs), rcond=None)[0]
    if fixed < 0:
        fixed, each = 0.0, float((passages / costs).sum() / ((passages / costs) ** 2).sum())
    elif each < 0:
        fixed, each = float((1 / costs).sum() / (1 / costs**2).sum()), 0.0
    line = Line(float(fixed), float(each), 0.0)
    return Line(
        line.fixed, line.each, float(max(abs(line.at(n) / cost - 1) for n, cost in zip(passages, costs, strict=True)))
    )


def index_type(passages: float) -> IndexType:
    """The simplest index that fits into memory and adds little to a question; the last one if none does."""
    fits = [
        kind for kind in INDEX_TYPES if kind.memory_gb(passages) <= MEMORY_GB and kind.search_ms(passages) <= QUICK_MS
    ]
    return (fits or INDEX_TYPES[-1:])[0]
