"""Dense search: the embeddings of a generation as a FAISS index in a file, which is mapped to be searched.

`faiss.read_index` opens the file; row numbers are passage ids. Builds only read it (`stored_rows`). Up to EXACT_ROWS
rows it holds the rows alone, in half precision, and all of them are compared with the question. Beyond, it also holds a
product quantiser's codes of them, which select a few hundred rows to be compared.
"""

from __future__ import annotations

import contextlib
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import Remedy, StoreError
from ...models.protocols import Vectors
from ..manifest import FORMER_VECTORS
from .stored_rows import Stored, StoredRows

Marks = NDArray[np.bool_]


VECTORS = "vectors.faiss"
# Up to here comparing all rows costs less than a millisecond more than selecting some; see docs/decisions.md.
EXACT_ROWS = 20_000
# This many times the requested rows are compared exactly; see docs/decisions.md.
_SPARE = 4
_FEWEST = 400
_COMPARED = 5_000  # so many marked rows are all compared if there are codes, which are faster from there on
_LONGEST_ERROR = 1e-2  # of the squared length of a unit row with rounded numbers


@dataclass(frozen=True, slots=True)
class Opened:
    """A FAISS index, and what it consists of: the rows, and the codes that select some (None: all are compared).

    `rows` is a view of what `exact` keeps, so it must not outlive it.
    """

    index: Any
    exact: Any
    codes: Any | None
    rows: Stored


class DenseIndex:
    """The FAISS index in a folder with `count` rows, opened by its first use. Searching is safe from several threads.

    Raises StoreError if the file is not there, or was altered where that can be seen. What else it contains is not
    checked: FAISS may only be given a file that is known to be whole.
    """

    def __init__(self, folder: Path, dimension: int, count: int) -> None:
        self._dimension, self._count = dimension, count
        self._path = next(
            (path for path in (folder / VECTORS, folder / FORMER_VECTORS) if path.exists()), folder / VECTORS
        )
        try:
            # It stays open: a mapped file that is cut short later must not be touched any more (see `_check_size`).
            self._file = StoredRows(self._path, dimension, count, self.is_former)
        except OSError as error:
            raise self._damaged() from error
        weakref.finalize(self, self._file.close)
        if dimension < 1 or (self.is_former and self._file.size != 2 * dimension * count):
            raise self._damaged()

    @property
    def is_former(self) -> bool:
        """Whether the generation is in the former format, which has rows without an index."""
        return self._path.name == FORMER_VECTORS

    def count(self) -> int:
        """The number of rows. Raises StoreError if the file contains another."""
        return len(self.opened.rows)

    def search(self, vector: Vectors, k: int, marked: Marks | None = None) -> tuple[NDArray[np.int64], Vectors]:
        """The ids and inner products of the best `k` rows, best first; `vector` has shape (dimension,).

        Only of rows that `marked` (one value for each row) marks, if it is given.
        """
        searched = self._count if marked is None else int(marked.sum())
        if not searched or not k:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        ids = np.sort(self._selected(vector, k, marked, searched))  # ascending, so that the file is read in order
        scores = self.scores(vector, ids)
        order = np.lexsort((ids, -scores))[:k]
        return ids[order], scores[order]

    def _selected(self, vector: Vectors, k: int, marked: Marks | None, searched: int) -> NDArray[np.int64]:
        """The ids of the best `k` of the marked rows, of which there are `searched`, in any order."""
        faiss = _faiss()
        opened = self.opened
        self._check_size()
        # More threads gain little for one question, and on a busy machine they wait for each other.
        faiss.omp_set_num_threads(1)  # OpenMP keeps it for each thread
        marks = None if marked is None else faiss.IDSelectorBitmap(np.packbits(marked, bitorder="little"))
        query = np.asarray(vector, dtype=np.float32)[None]
        if opened.codes is None or searched <= min(EXACT_ROWS, _COMPARED):
            inside = faiss.SearchParameters(sel=marks) if marks else None
            _, ids = opened.exact.search(query, min(k, searched), params=inside)
        else:
            base = {"base_index_params": faiss.SearchParametersIVF(sel=marks, nprobe=1)} if marks else {}
            spare = faiss.IndexRefineSearchParameters(k_factor=max(_SPARE, _FEWEST / k), **base)
            _, ids = opened.index.search(query, min(k, searched), params=spare)
        found = ids[0][ids[0] >= 0]
        if len(found) and found.max() >= self._count:
            raise self._damaged()
        return np.asarray(found, dtype=np.int64)

    def scores(self, vector: Vectors, ids: NDArray[np.int64]) -> Vectors:
        """The exact inner products of these rows. Raises StoreError for a row that is not of unit length."""
        stored = self.opened.rows
        self._check_size()
        rows = stored[ids].astype(np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            lengths = np.einsum("ij,ij->i", rows, rows)
        if not np.all(np.abs(lengths - 1) < _LONGEST_ERROR):
            raise self._damaged()
        return np.asarray(rows @ vector, dtype=np.float32)

    def rows(self, ids: Sequence[int] | NDArray[np.int64]) -> Vectors:
        """A copy of these rows, which are read and not mapped, as by the next two methods."""
        with self._reading():
            return self._file.rows(ids).astype(np.float32)

    def stored(self, ids: range) -> Stored:
        """A copy of these rows as they are on disk."""
        with self._reading():
            return self._file.stored(ids)

    def codes(self) -> Any | None:
        """The index of the codes alone, in memory; None if there are none."""
        with self._reading():
            codes = self._file.codes()
        if codes is not None and codes.ntotal != self._count:
            raise self._damaged()
        return codes

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            self._check_size()
            yield
        except (OSError, RuntimeError) as error:  # RuntimeError: of FAISS
            raise self._damaged() from error

    @cached_property
    def opened(self) -> Opened:
        """The index that FAISS maps, or one over the rows of the former format."""
        self._check_size()
        try:
            opened = _former(self._path, self._dimension) if self.is_former else open_index(self._path)
        except (OSError, RuntimeError, TypeError) as error:  # what faiss raises, and what is no index of ours
            raise self._damaged() from error
        if opened.rows.shape != (self._count, self._dimension):
            raise self._damaged()
        return opened

    def _check_size(self) -> None:
        """Touching a mapped file beyond its end would end the process; one that was cut short is a StoreError."""
        if self._file.size_now() != self._file.size:
            raise self._damaged()

    def _damaged(self) -> StoreError:
        return StoreError(f"{self._path.name} is damaged", Remedy.FULL_BUILD)


def open_index(path: Path) -> Opened:
    """Let FAISS map an index that a build wrote. Raises RuntimeError or TypeError if it is none."""
    faiss = _faiss()
    with named(path) as name:
        index = faiss.read_index(name, faiss.IO_FLAG_MMAP_IFC)
    codes = faiss.downcast_index(index.base_index) if isinstance(index, faiss.IndexRefine) else None
    exact = index if codes is None else faiss.downcast_index(index.refine_index)
    if not isinstance(exact, faiss.IndexScalarQuantizer) or exact.code_size != 2 * exact.d:
        raise TypeError(type(exact))
    rows = np.empty((0, exact.d), dtype=np.float16)
    if exact.ntotal:
        data = faiss.rev_swig_ptr(exact.codes.data(), exact.ntotal * exact.code_size)
        rows = data.view("<f2").reshape(exact.ntotal, exact.d)
    return Opened(index, exact, codes, rows)


def _faiss() -> Any:
    """The library, imported by the first search; its annotations lack much of what is used here."""
    import faiss

    return faiss


@contextlib.contextmanager
def named(path: Path) -> Iterator[str]:
    """A name of this file that FAISS takes: one in UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        with tempfile.TemporaryDirectory() as folder:
            link = Path(folder, "index")
            link.symlink_to(path.absolute())
            yield str(link)
    else:
        yield str(path)


def exact_index(dimension: int) -> Any:
    """A FAISS index of rows in half precision, without any."""
    faiss = _faiss()
    return faiss.index_factory(dimension, "SQfp16", faiss.METRIC_INNER_PRODUCT)


def _former(path: Path, dimension: int) -> Opened:
    """An index of all rows of the former format, in memory."""
    rows = np.fromfile(path, dtype="<f2").reshape(-1, dimension)
    index = exact_index(dimension)
    _faiss().copy_array_to_vector(rows.view(np.uint8).ravel(), index.codes)
    index.ntotal = len(rows)
    return Opened(index, index, None, rows)
