"""Embeddings that an unfinished build already has, so that the next build need not make them again.

A file of one header line (the encoder) and records of key, row and checksum; a torn end is left out. It
knows nothing about passages or generations.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from .types import EncoderIdentity, Vectors

NAME = "encoded.part"
_KEY_BYTES = 16


class JournalWriter:
    """Appends embeddings as they are made; each call reaches the operating system before it returns."""

    def __init__(self, folder: Path, encoder: EncoderIdentity) -> None:
        self._file: BinaryIO = (folder / NAME).open("wb")
        self._file.write(_header(encoder))

    def append(self, keys: Sequence[bytes], vectors: Vectors | Sequence[Vectors]) -> None:
        """One record for each key; `vectors` holds one row for each."""
        for key, vector in zip(keys, vectors, strict=True):
            record = key + np.ascontiguousarray(vector, dtype="<f4").tobytes()
            self._file.write(record + zlib.crc32(record).to_bytes(4, "little"))
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def read(folder: Path, encoder: EncoderIdentity) -> dict[bytes, Vectors]:
    """The whole records of a journal that the same encoder wrote; empty where there is none."""
    try:
        data = (folder / NAME).read_bytes()
    except OSError:
        return {}
    header = _header(encoder)
    if not data.startswith(header):
        return {}
    size = _KEY_BYTES + 4 * encoder.dimension + 4
    found: dict[bytes, Vectors] = {}
    for start in range(len(header), len(data) - size + 1, size):
        record, checksum = data[start : start + size - 4], data[start + size - 4 : start + size]
        if zlib.crc32(record).to_bytes(4, "little") == checksum:
            found[record[:_KEY_BYTES]] = np.frombuffer(record[_KEY_BYTES:], dtype="<f4").astype(np.float32)
    return found


def _header(encoder: EncoderIdentity) -> bytes:
    return json.dumps(encoder.as_json(), sort_keys=True).encode() + b"\n"
