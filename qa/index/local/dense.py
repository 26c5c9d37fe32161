"""Dense search: embeddings in a file, and the best of them by inner product.

Rows are half-precision numbers in one memory-mapped file; row numbers are passage ids. Up to EXACT_ROWS rows are all
compared with the query. Of more rows, codes of two bits per number select a few hundred, which are compared exactly.
The codes follow from the rows alone, so there is nothing to train, balance or repair.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import Remedy, StoreError
from ...models.protocols import Vectors
from ...system.machine import processors

Stored = NDArray[np.float16]


ROWS, CODES = "vectors.f16", "vectors.2bit"
# Up to here comparing all rows costs less than a millisecond more than selecting some; see docs/decisions.md.
EXACT_ROWS = 20_000
# This many times the requested rows are compared exactly; see docs/decisions.md.
_SPARE = 4
_FEWEST = 400
_BLOCK = 2_048  # rows, which fit into a processor's cache
_COMPARED = 10_000  # if no more rows are allowed, all of them are compared exactly
_SAMPLE = 16_384  # rows, evenly spread, from which means and deviations are estimated
# The four optimal levels, and the edges between them, for normally distributed numbers of variance 1:
# J. Max, "Quantizing for minimum distortion", IRE Transactions on Information Theory, 1960.
_LEVELS = np.array([-1.5104, -0.4528, 0.4528, 1.5104], dtype=np.float32)
_EDGES = (-0.9816, 0.0, 0.9816)
_LEAST_DEVIATION = 1e-4  # faiss finds nothing if all levels of a number are equal
_KEPT_PARTS = 2  # of one index, in memory: 15 MB at most, or a hundred bytes for each of many passages
_LONGEST_ERROR = 1e-2  # of the squared length of a unit row with rounded numbers


class DenseWriter:
    """Writes blocks of unit rows of shape (passages, dimension), and their codes if there are many."""

    def __init__(self, folder: Path, dimension: int) -> None:
        self._folder = folder
        self._dimension = dimension
        self._count = 0
        self._file = (folder / ROWS).open("wb")

    def add(self, rows: Vectors | Stored) -> None:
        """Append rows."""
        self._file.write(rows.astype("<f2", copy=False).tobytes())
        self._count += len(rows)

    def finish(self) -> None:
        """Write the codes, if there are enough rows to need them."""
        self.close()
        if self._count > EXACT_ROWS:
            _write_codes(self._folder / CODES, _mapped(self._folder / ROWS, self._count, self._dimension))

    def close(self) -> None:
        self._file.close()


def _write_codes(path: Path, rows: Stored) -> None:
    """Write means and deviations of the numbers (float32), then two bits for each number of each row."""
    sample = rows[:: -(-len(rows) // _SAMPLE)].astype(np.float32)
    grid = _widened(np.stack([sample.mean(axis=0), np.maximum(sample.std(axis=0), _LEAST_DEVIATION)]))
    blocks = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
    with path.open("wb") as file, ThreadPoolExecutor(processors()) as pool:
        file.write(grid.astype("<f4").tobytes())
        for codes in pool.map(partial(_codes, grid), blocks):
            file.write(codes)


def _codes(grid: Vectors, rows: Stored) -> bytes:
    """The levels of the numbers, four in each byte."""
    block = _widened(rows.astype(np.float32))
    levels = sum((block > grid[0] + edge * grid[1]).view(np.uint8) for edge in _EDGES)
    four = levels.view("<u4")  # one level in each byte, the first in the lowest
    packed = four | four >> 6 | four >> 12 | four >> 18
    return bytes(packed.astype(np.uint8).tobytes())


def _mapped(path: Path, count: int, dimension: int) -> Stored:
    if not count:  # an empty file cannot be mapped
        return np.empty((0, dimension), dtype=np.float16)
    return np.asarray(np.memmap(path, dtype="<f2", mode="r", shape=(count, dimension)))


def _widened(rows: Vectors) -> Vectors:
    """The rows padded with zeros to a whole number of bytes of codes."""
    return np.pad(rows, [(0, 0), (0, -rows.shape[1] % 4)])


class DenseIndex:
    """Rows in a file that opening does not read. Searching is safe from several threads.

    A part of an index (`within`) searches some of its rows, under their numbers in the whole.
    """

    _ids: NDArray[np.int64] | None = None  # the rows of a part

    def __init__(self, folder: Path, dimension: int) -> None:
        self._folder = folder
        self._parts: dict[bytes, DenseIndex] = {}
        try:
            size = (folder / ROWS).stat().st_size
            if dimension < 1 or size % (2 * dimension):
                raise ValueError(size)
            self._count, self._dimension = size // (2 * dimension), dimension
            self._rows = _mapped(folder / ROWS, self._count, dimension)
        except (OSError, ValueError) as error:
            raise _damaged(ROWS) from error

    def count(self) -> int:
        """The number of rows that are searched."""
        return self._count

    def within(self, marked: NDArray[np.bool_]) -> DenseIndex:
        """A part with the rows that `marked` (one value for each row) marks; the last parts are kept."""
        key = hashlib.blake2b(np.packbits(marked).tobytes(), digest_size=16).digest()
        if (part := self._parts.get(key)) is None:
            part = copy(self)
            part.__dict__.pop("_faiss", None)
            part._parts, part._ids = {}, np.flatnonzero(marked)
            part._count = len(part._ids)
            kept = list(self._parts.items())[-(_KEPT_PARTS - 1) :]
            self._parts = {**dict(kept), key: part}
        return part

    def search(self, vector: Vectors, k: int) -> tuple[NDArray[np.int64], Vectors]:
        """The ids and inner products of the best `k` rows, best first; `vector` has shape (dimension,)."""
        if not self._count or not k:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        pool = k if self._count <= EXACT_ROWS else max(_SPARE * k, _FEWEST)
        query = np.zeros((1, self._faiss.d), dtype=np.float32)
        query[0, : self._dimension] = vector
        _one_thread()
        _, rows = self._faiss.search(query, min(pool, self._count))
        found = rows[0][rows[0] >= 0]
        ids = np.sort(found if self._ids is None else self._ids[found])  # ascending, so that the file is read in order
        scores = self.scores(vector, ids)
        order = np.lexsort((ids, -scores))[:k]
        return ids[order], scores[order]

    def search_allowed(self, vector: Vectors, k: int, allowed: NDArray[np.bool_]) -> tuple[NDArray[np.int64], Vectors]:
        """As `search`, among the rows that `allowed` (one value for each row of the whole index) marks."""
        candidates = np.flatnonzero(allowed) if self._ids is None else self._ids[allowed[self._ids]]
        if len(candidates) <= _COMPARED:
            scores = self.scores(vector, candidates)
            order = np.lexsort((candidates, -scores))[:k]
            return candidates[order], scores[order]
        pool = k
        while True:
            pool = min(_SPARE * pool, self._count)
            ids, scores = self.search(vector, pool)
            inside = allowed[ids]
            if inside.sum() >= k or pool == self._count:
                return ids[inside][:k], scores[inside][:k]

    def scores(self, vector: Vectors, ids: NDArray[np.int64]) -> Vectors:
        """The exact inner products of these rows. Raises StoreError for a row that is not of unit length."""
        rows = self.rows(ids)
        with np.errstate(over="ignore", invalid="ignore"):
            lengths = np.einsum("ij,ij->i", rows, rows)
        if not np.all(np.abs(lengths - 1) < _LONGEST_ERROR):
            raise _damaged(ROWS)
        return np.asarray(rows @ vector, dtype=np.float32)

    def rows(self, ids: Sequence[int] | NDArray[np.int64]) -> Vectors:
        """A copy of these rows."""
        return self._rows[np.asarray(ids, dtype=np.int64)].astype(np.float32)

    def stored(self, ids: range) -> Stored:
        """These rows as they are on disk."""
        return self._rows[ids.start : ids.stop]

    @cached_property
    def _faiss(self) -> Any:
        """The FAISS index over the rows or their codes, made by the first search."""
        import faiss

        if self._count > EXACT_ROWS:
            return self._fast_scan()
        index = faiss.IndexScalarQuantizer(self._dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        rows = self._rows if self._ids is None else self._rows[self._ids]
        faiss.copy_array_to_vector(rows.view(np.uint8).ravel(), index.codes)
        index.ntotal = self._count
        return index

    def _fast_scan(self) -> Any:
        """The codes as FAISS's fast-scan product quantiser: each pair of numbers is one of 4 × 4 centroids."""
        import faiss

        width = self._dimension + -self._dimension % 4
        try:
            data = np.fromfile(self._folder / CODES, dtype=np.uint8)
        except OSError as error:
            raise _damaged(CODES) from error
        if len(data) != 8 * width + len(self._rows) * width // 4:  # faiss would read past the end
            raise _damaged(CODES)
        codes = data[8 * width :] if self._ids is None else data[8 * width :].reshape(-1, width // 4)[self._ids].ravel()
        mean, deviation = data[: 8 * width].view("<f4").astype(np.float32).reshape(2, width)
        levels = mean[:, None] + deviation[:, None] * _LEVELS
        places = np.stack([np.tile(levels[0::2], (1, 4)), np.repeat(levels[1::2], 4, axis=1)], axis=2)
        plain = faiss.IndexPQ(width, width // 2, 4, faiss.METRIC_INNER_PRODUCT)
        faiss.copy_array_to_vector(places.ravel(), plain.pq.centroids)
        faiss.copy_array_to_vector(codes, plain.codes)
        plain.ntotal, plain.is_trained = self._count, True
        pack: Any = faiss.IndexPQFastScan  # its annotations omit this signature
        return pack(plain)


def _one_thread() -> None:
    """Search in this thread only: more gain little for one query, and on a busy machine they wait for each other."""
    import faiss

    faiss.omp_set_num_threads(1)  # OpenMP keeps it for each thread


def _damaged(name: str) -> StoreError:
    return StoreError(f"{name} is damaged", Remedy.FULL_BUILD)
