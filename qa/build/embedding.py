"""Embeds each passage once; reuses any embedding already computed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Protocol

import numpy as np

from ..models.protocols import Encoder, Vectors
from .journal import Journal

# Passages between two calls of `step`: as many as take about 0.3 s, so that a slow machine can be stopped as quickly.
_MIN_BATCH, _MAX_BATCH, _STEP_SECONDS = 4, 128, 0.3
_WINDOW = 512  # passages that are sorted by length and encoded together
_MAX_PENDING = 4_096  # passages of a single file


class KnownEmbeddings(Protocol):
    """Embeddings that already exist: their keys, and the rows by number. A generation is one."""

    def keys(self) -> Sequence[bytes]: ...

    def vectors(self, ids: Sequence[int]) -> Vectors: ...


class EmbeddedRows:
    """Embeddings by number, read on access: those of a long text would not fit into memory."""

    def __init__(self, read: Callable[[Sequence[bytes]], Vectors], keys: Sequence[bytes]) -> None:
        self._read = read
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, rows: slice) -> Vectors:
        return self._read(self._keys[rows])


class Embedder:
    """Encodes passages some hundreds at a time, sorted by length, and writes each new embedding to the journal.

    `step` is called often; an exception that it raises stops the work, and the journal keeps what was done.
    """

    def __init__(
        self,
        encoder: Encoder,
        journal: Journal,
        known: Sequence[KnownEmbeddings] = (),
        step: Callable[[], None] = lambda: None,
    ) -> None:
        self.encoded = 0
        self._encoder = encoder
        self._journal = journal
        self._known = known
        self._step = step
        self._pending: dict[bytes, str] = {}
        self._batch = 2 * _MIN_BATCH

    def keys(self) -> list[bytes]:
        """The keys of all existing embeddings."""
        return [*self._numbers, *self._journal.keys()]

    @property
    def has_pending(self) -> bool:
        """Whether passages were added that are not encoded yet."""
        return bool(self._pending)

    def add(
        self, passages: Iterable[tuple[bytes, str]], encoded: Mapping[bytes, Vectors] = MappingProxyType({})
    ) -> int:
        """Add passages by key and encoded text; return how many are new. `encoded` are embeddings made elsewhere.

        The others are encoded once some hundreds are pending, or some thousands of a very long file.
        """
        before = self.encoded + len(self._pending)
        for key, text in passages:
            if key in self._numbers or key in self._journal:
                continue
            if key in encoded and key not in self._pending:
                self._journal.append([(key, encoded[key])])
                self.encoded += 1
            else:
                self._pending.setdefault(key, text)
                if len(self._pending) >= _MAX_PENDING:
                    self.finish()
        new = self.encoded + len(self._pending) - before
        if len(self._pending) >= _WINDOW:
            self.finish()
        return new

    def finish(self) -> None:
        """Encode all pending passages."""
        pending = sorted(self._pending.items(), key=lambda entry: len(entry[1]))
        done = 0
        while done < len(pending):
            self._step()
            started = time.perf_counter()
            batch = pending[done : done + self._batch]
            rows = self._encoder.encode_passages([text for _, text in batch])
            self._journal.append((key, row) for (key, _), row in zip(batch, rows, strict=True))
            self.encoded += len(batch)
            done += len(batch)
            for key, _ in batch:
                del self._pending[key]
            fits = len(batch) * _STEP_SECONDS / max(time.perf_counter() - started, 1e-6)
            self._batch = round(min(_MAX_BATCH, 2 * self._batch, max(_MIN_BATCH, fits)))

    def rows(self, keys: Sequence[bytes]) -> EmbeddedRows:
        """The embeddings of passages that were added, by key; none may be pending."""
        return EmbeddedRows(self._rows, keys)

    def _rows(self, keys: Sequence[bytes]) -> Vectors:
        old = {row: self._numbers[key] for row, key in enumerate(keys) if key in self._numbers}
        rows = np.empty((len(keys), self._encoder.identity.dimension), dtype=np.float32)
        for place, known in enumerate(self._known):
            own = {row: number for row, (number, among) in old.items() if among == place}
            if own:
                rows[list(own)] = known.vectors(list(own.values()))
        for row, key in enumerate(keys):
            if row not in old:
                rows[row] = self._journal.row(key)
        return rows

    @cached_property
    def _numbers(self) -> dict[bytes, tuple[int, int]]:
        """For each key, the number of its embedding and the place of the known ones that it is among.

        Computed on first use, since a build often needs none.
        """
        numbers: dict[bytes, tuple[int, int]] = {}
        for place, known in enumerate(self._known):
            for number, key in enumerate(known.keys()):
                numbers.setdefault(key, (number, place))
        return numbers
