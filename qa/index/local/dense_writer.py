"""Writes the FAISS index of a generation's embeddings, in blocks that need not fit into memory together."""

from __future__ import annotations

import contextlib
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...models.protocols import Vectors
from . import dense
from .dense import VECTORS, DenseIndex, exact_index
from .stored_rows import REFINE_HEAD, Stored, StoredRows

_ROWS = "vectors.part"  # the rows alone, while they come
_BLOCK = 4_096  # rows that become codes together
_COPIED = 1 << 20  # bytes that are copied at a time
_SAMPLE = 16_384  # rows, evenly spread, from which the centroids are learnt
_LEAST_KEPT = 0.5  # of all rows: from fewer that are taken over, their centroids are not
_SPARE = 10  # this many times the requested rows are compared exactly by who opens the file without saying more

Codes = NDArray[np.uint8]


class DenseWriter:
    """Writes blocks of unit rows of shape (passages, dimension), and codes of them if there are many.

    `previous` is the index of the last generation, whose rows can be taken over.
    """

    def __init__(self, folder: Path, dimension: int, previous: DenseIndex | None = None) -> None:
        self._folder = folder
        self._dimension = dimension
        self._previous = previous
        self._count = 0
        self._kept: list[tuple[int, range]] = []  # the first number of rows that were taken over, and their old ones
        self._file = (folder / _ROWS).open("wb")
        self._file.write(_head(dimension, 0))

    def add(self, rows: Vectors | Stored) -> None:
        """Append rows."""
        self._file.write(rows.astype("<f2", copy=False).tobytes())
        self._count += len(rows)

    def copy(self, ids: range) -> None:
        """Append these rows of the last generation."""
        if self._previous is not None:
            self._kept.append((self._count, ids))
            self.add(self._previous.stored(ids))

    def finish(self) -> None:
        """Write the index. Raises OSError, or RuntimeError if FAISS cannot write."""
        import faiss

        library: Any = faiss  # its annotations lack this
        self._file.seek(0)
        self._file.write(_head(self._dimension, self._count))
        self._file.flush()
        self.close()
        part = self._folder / _ROWS
        if self._count <= dense.EXACT_ROWS:
            part.rename(self._folder / VECTORS)
            return
        rows = StoredRows(part, self._dimension, self._count, is_bare=False)
        with (
            contextlib.closing(rows),
            (self._folder / VECTORS).open("wb") as file,
            part.open("rb") as exact,
        ):
            # As FAISS writes an IndexRefine, whose parts then need not be in memory together; FAISS itself reads it
            # before it is published.
            file.write(_refine_head(self._dimension, self._count))
            library.write_index(self._with_codes(rows), library.PyCallbackIOWriter(file.write))
            shutil.copyfileobj(exact, file, _COPIED)
            file.write(struct.pack("<f", _SPARE))
        part.unlink()

    def close(self) -> None:
        """Close the file of rows; what a full disk still owes it is lost, so `finish` flushes it first."""
        with contextlib.suppress(OSError):
            self._file.close()

    def _with_codes(self, rows: StoredRows) -> Any:
        """An index of the codes of these rows: those that were taken over have the same codes as before."""
        import faiss

        faiss.omp_set_num_threads(1)  # on a busy machine, threads that wait for each other take many times as long
        kept = sum(len(ids) for _, ids in self._kept)
        many = self._previous is not None and kept >= _LEAST_KEPT * self._count
        index: Any = self._previous.codes() if self._previous is not None and many else None
        if index is not None:
            codes, have = self._codes_kept(index, self._count)
            index.reset()
        else:
            index = faiss.index_factory(self._dimension, _described(self._dimension), faiss.METRIC_INNER_PRODUCT)
            index.train(rows.rows(range(0, self._count, -(-self._count // _SAMPLE))).astype(np.float32))
            codes = np.empty((self._count, index.code_size), dtype=np.uint8)
            have = np.zeros(self._count, dtype=np.bool_)
        for start in range(0, self._count, _BLOCK):
            lacking = start + np.flatnonzero(~have[start : start + _BLOCK])
            if len(lacking):
                codes[lacking] = index.pq.compute_codes(rows.rows(lacking).astype(np.float32))
        _put_codes(index, codes)
        return index

    def _codes_kept(self, former: Any, count: int) -> tuple[Codes, NDArray[np.bool_]]:
        """The codes of the rows that were taken over, and of each row whether it was."""
        codes: Codes = np.empty((count, former.code_size), dtype=np.uint8)
        have = np.zeros(count, dtype=np.bool_)
        before = _codes_of(former)
        for start, ids in self._kept:
            codes[start : start + len(ids)] = before[ids.start : ids.stop]
            have[start : start + len(ids)] = True
        return codes, have


def _head(dimension: int, count: int) -> bytes:
    """What FAISS writes before the rows, so that they can follow as they come.

    The last eight bytes are the size of what follows. FAISS itself reads the file before it is published.
    """
    import faiss

    index = exact_index(dimension)
    index.ntotal = count
    written = bytes(faiss.serialize_index(index).data)
    return written[:-8] + int(count * index.code_size).to_bytes(8, "little")


def _refine_head(dimension: int, count: int) -> bytes:
    """What FAISS writes of an IndexRefine before the indexes that it consists of."""
    import faiss

    exact = exact_index(dimension)
    head = bytes(faiss.serialize_index(faiss.IndexRefine(faiss.IndexFlatIP(dimension), exact)).data)[:REFINE_HEAD]
    return head[:8] + count.to_bytes(8, "little") + head[16:]  # after the kind and the dimension: how many rows


def _described(dimension: int) -> str:
    """The codes as FAISS's index factory knows them: 4 bits for each pair of numbers.

    A single inverted list, since unlike the same codes without lists it can be asked for marked rows alone.
    """
    return f"IVF1,PQ{dimension if dimension % 2 else dimension // 2}x4fs"


def _put_codes(index: Any, codes: Codes) -> None:
    """Give an index without rows these codes, as FAISS would by encoding the rows."""
    import faiss

    packer = index.get_CodePacker()
    padded = np.pad(codes, [(0, -len(codes) % packer.nvec), (0, 0)]).reshape(-1, packer.nvec, packer.code_size)
    packed = np.zeros((len(padded), packer.block_size), dtype=np.uint8)
    for rows, block in zip(padded, packed, strict=True):
        packer.pack_all(faiss.swig_ptr(rows), faiss.swig_ptr(block))
    ids, lists = np.arange(len(codes)), faiss.downcast_InvertedLists(index.invlists)
    lists.add_entries(0, len(codes), faiss.swig_ptr(ids), faiss.swig_ptr(packed))
    index.ntotal = len(codes)


def _codes_of(index: Any) -> Codes:
    """The codes of an index, row by row."""
    import faiss

    packer, lists = index.get_CodePacker(), faiss.downcast_InvertedLists(index.invlists)
    blocks = -(-index.ntotal // packer.nvec)
    packed = faiss.rev_swig_ptr(lists.get_codes(0), blocks * packer.block_size).reshape(blocks, -1)
    codes = np.empty((blocks, packer.nvec, packer.code_size), dtype=np.uint8)
    for block, rows in zip(packed, codes, strict=True):
        packer.unpack_all(faiss.swig_ptr(block), faiss.swig_ptr(rows))
    return np.asarray(codes.reshape(-1, packer.code_size)[: index.ntotal])
