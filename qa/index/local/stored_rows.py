"""Reads the embeddings and the codes of a FAISS index from its file without mapping it.

The system ends a process that touches a mapped file beyond its end. A file that is read and was cut short meanwhile is
an error like any other, so a build, which reads all that it takes over, reads it here.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Stored = NDArray[np.float16]

_ROW_NUMBER = 2  # bytes of a number in half precision
# What FAISS writes around the rows (index_write.cpp): with codes, `IxRF`, the head of an index and the codes' own index
# stand before them, and one number behind them. Their size in bytes is always the 8 bytes before them.
_WITH_CODES = b"IxRF"
REFINE_HEAD = 37
_BEHIND = 4


class ShortFileError(OSError):
    """The file ends before what it should contain."""


class StoredRows:
    """The rows of a file with `count` rows; `is_bare` if it contains nothing else. Safe to use from several threads.

    Every method raises OSError (ShortFileError) if the file cannot be read or ends too soon.
    """

    def __init__(self, path: Path, dimension: int, count: int, is_bare: bool) -> None:
        # It is read by this descriptor alone: another file may get its name.
        self._file = path.open("rb", buffering=0)
        self._reading = threading.Lock()
        self.size = self.size_now()
        self._dimension, self._count, self._is_bare = dimension, count, is_bare

    def size_now(self) -> int:
        """The size of the file in bytes, which a program that writes to it may have changed."""
        return os.fstat(self._file.fileno()).st_size

    def stored(self, ids: range) -> Stored:
        """A copy of these rows, which follow each other."""
        if not 0 <= ids.start <= ids.stop <= self._count:
            raise IndexError(ids)
        rows = np.empty((len(ids), self._dimension), dtype="<f2")
        self._read(self._first_row + ids.start * self._row_size, rows.data.cast("B") if rows.size else None)
        return rows

    def rows(self, ids: Sequence[int] | NDArray[np.int64]) -> Stored:
        """A copy of these rows, in this order; those that follow each other are read together."""
        wanted = np.asarray(ids, dtype=np.int64)
        rows = np.empty((len(wanted), self._dimension), dtype="<f2")
        starts = np.flatnonzero(np.diff(wanted, prepend=-2) != 1).tolist()
        for start, stop in pairwise([*starts, len(wanted)]):
            first = int(wanted[start])
            rows[start:stop] = self.stored(range(first, first + stop - start))
        return rows

    def codes(self) -> Any | None:
        """The index of the codes that select rows, in memory; None if there are none. Raises RuntimeError, too."""
        import faiss

        library: Any = faiss  # its annotations lack this
        if self._is_bare or self._bytes(0, len(_WITH_CODES)) != _WITH_CODES:
            return None
        with self._reading:
            self._file.seek(REFINE_HEAD)
            # It stops after the first index that it finds, so no rows are read.
            return library.read_index(library.PyCallbackIOReader(self._file.read))

    @property
    def _row_size(self) -> int:
        return _ROW_NUMBER * self._dimension

    @property
    def _first_row(self) -> int:
        """Where the first row begins."""
        if self._is_bare:
            return 0
        size = self._count * self._row_size
        behind = _BEHIND if self._bytes(0, len(_WITH_CODES)) == _WITH_CODES else 0
        first = self.size - behind - size
        if first < 8 or int.from_bytes(self._bytes(first - 8, 8), "little") != size:
            raise ShortFileError("the file does not contain its rows")
        return first

    def _bytes(self, start: int, length: int) -> bytes:
        data = bytearray(length)
        self._read(start, memoryview(data))
        return bytes(data)

    def _read(self, start: int, into: memoryview | None) -> None:
        """Fill `into` with the bytes from `start` on."""
        with self._reading:
            self._file.seek(start)
            while into:
                got = self._file.readinto(into)
                if not got:
                    raise ShortFileError("the file was cut short")
                into = into[got:]

    def close(self) -> None:
        """Close the file."""
        self._file.close()
