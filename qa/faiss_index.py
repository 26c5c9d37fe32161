"""Dense search: embeddings on disk and the best of them by inner product; the only home of faiss.

It knows nothing about texts. Row numbers are passage ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from .errors import StoreError
from .types import Vectors


def write_index(path: Path, dimension: int, blocks: Iterable[Vectors]) -> None:
    """Write the rows of all blocks (each passages × dimension, unit length) as an exact inner-product index."""
    index = faiss.IndexFlatIP(dimension)
    for block in blocks:
        index.add(block)
    faiss.write_index(index, str(path))


class DenseIndex:
    """An index read from disk. Searching is safe from several threads."""

    def __init__(self, path: Path) -> None:
        try:
            self._index = faiss.read_index(str(path))
        except RuntimeError as error:
            raise StoreError(f"{path.name} is damaged: run `qa build --full`.") from error
        if not isinstance(self._index, faiss.IndexFlatIP):
            raise StoreError(f"{path.name} is not an index of this program: run `qa build --full`.")
        shape = (self._index.ntotal, self._index.d)
        flat = faiss.rev_swig_ptr(self._index.get_xb(), shape[0] * shape[1]) if shape[0] else np.empty(0)
        self._rows: Vectors = np.asarray(flat, dtype=np.float32).reshape(shape)

    def count(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def search(self, vector: Vectors, k: int) -> tuple[NDArray[np.int64], Vectors]:
        """The ids and inner products of the best `k` rows, best first; `vector` has shape (dimension,)."""
        scores, ids = self._index.search(vector.reshape(1, -1), min(k, max(1, self.count())))
        found = ids[0] >= 0
        return ids[0][found], scores[0][found]

    def scores(self, vector: Vectors, ids: NDArray[np.int64]) -> Vectors:
        """The exact inner products of these rows."""
        return np.asarray(self._rows[ids] @ vector, dtype=np.float32)

    def rows(self, ids: Sequence[int] | NDArray[np.int64]) -> Vectors:
        """A copy of these rows."""
        return self._rows[np.asarray(ids, dtype=np.int64)]
