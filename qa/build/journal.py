"""A journal of the embeddings of an unfinished build, from which the next build continues.

The file has one header line (the encoder's identity) and records of key, row and checksum; a torn end is ignored.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, KeysView
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..models.protocols import EncoderIdentity, Vectors

NAME = "encoded.part"
_KEY_BYTES = 16
_CHECKSUM_BYTES = 4


class Journal:
    """Appends embeddings to the file as they are computed, and reads them back; only their keys are in memory."""

    def __init__(self, folder: Path, encoder: EncoderIdentity) -> None:
        header = _header(encoder)
        self._file: BinaryIO = (folder / NAME).open("wb")
        self._file.write(header)
        # Read apart and without a buffer, which would be filled for each row.
        self._read: BinaryIO = (folder / NAME).open("rb", buffering=0)
        self._offsets: dict[bytes, int] = {}
        self._end = len(header)
        self._row_bytes = 4 * encoder.dimension

    def __contains__(self, key: bytes) -> bool:
        return key in self._offsets

    def keys(self) -> KeysView[bytes]:
        return self._offsets.keys()

    def append(self, rows: Iterable[tuple[bytes, Vectors]]) -> None:
        """Append one record for each key and row, and flush them to the operating system."""
        for key, vector in rows:
            record = key + np.ascontiguousarray(vector, dtype="<f4").tobytes()
            self._file.write(record + zlib.crc32(record).to_bytes(_CHECKSUM_BYTES, "little"))
            self._offsets[key] = self._end + _KEY_BYTES
            self._end += len(record) + _CHECKSUM_BYTES
        self._file.flush()

    def row(self, key: bytes) -> Vectors:
        """The embedding that was appended with this key. Raises KeyError if there is none."""
        self._read.seek(self._offsets[key])
        return np.frombuffer(self._read.read(self._row_bytes), dtype="<f4").astype(np.float32)

    def close(self) -> None:
        self._read.close()
        self._file.close()


def read(folder: Path, encoder: EncoderIdentity) -> Iterator[tuple[bytes, Vectors]]:
    """Yield key and row of each intact record of a journal in `folder`; nothing if another encoder wrote it."""
    header = _header(encoder)
    size = _KEY_BYTES + 4 * encoder.dimension + _CHECKSUM_BYTES
    try:
        file = (folder / NAME).open("rb")
    except OSError:
        return
    with file:
        if file.read(len(header)) != header:
            return
        while len(data := file.read(size)) == size:
            record, checksum = data[:-_CHECKSUM_BYTES], data[-_CHECKSUM_BYTES:]
            if zlib.crc32(record).to_bytes(_CHECKSUM_BYTES, "little") == checksum:
                yield record[:_KEY_BYTES], np.frombuffer(record[_KEY_BYTES:], dtype="<f4").astype(np.float32)


def _header(encoder: EncoderIdentity) -> bytes:
    return json.dumps(encoder.as_json(), sort_keys=True).encode() + b"\n"
