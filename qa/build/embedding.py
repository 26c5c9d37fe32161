"""Passages → one embedding each; none that was ever made is made again.

It knows nothing about files, or where passages come from.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Protocol

import numpy as np

from ..models.protocols import Encoder, Vectors
from ..text.passage import Passage
from .journal import Journal

# Passages between two steps: as many as the encoder does in a third of a second, so that a slow machine stops as soon.
_FEWEST, _MOST, _STEP_SECONDS = 4, 128, 0.3
_WINDOW = 512


class Known(Protocol):
    """Embeddings that are there already: their keys, and themselves by number (a Generation is one)."""

    def keys(self) -> Sequence[bytes]: ...

    def vectors(self, ids: Sequence[int]) -> Vectors: ...


class Embedder:
    """Encodes passages some hundreds at a time, equal lengths together; each new embedding goes to the journal.

    `step` is called often; what it raises stops the work, and the journal keeps what was done.
    """

    def __init__(
        self,
        encoder: Encoder,
        journal: Journal,
        known: Known | None = None,
        step: Callable[[], None] = lambda: None,
    ) -> None:
        self.encoded = 0
        self._encoder = encoder
        self._journal = journal
        self._known = known
        self._step = step
        self._waiting: dict[bytes, str] = {}
        self._batch = 2 * _FEWEST

    def keys(self) -> list[bytes]:
        """The keys of all embeddings that are there."""
        return [*self._numbers, *self._journal.keys()]

    @property
    def is_waiting(self) -> bool:
        """Whether passages were added that have no embedding yet."""
        return bool(self._waiting)

    def add(self, passages: Sequence[Passage], made: Mapping[bytes, Vectors] = MappingProxyType({})) -> int:
        """Take passages; returns how many of them are new. Those in `made` were encoded elsewhere, by key.

        They wait to be encoded together until they are some hundreds; then none is waiting.
        """
        before = self.encoded + len(self._waiting)
        for passage in passages:
            key = passage.key
            if key in self._numbers or key in self._journal:
                continue
            if key in made and key not in self._waiting:
                self._journal.append([(key, made[key])])
                self.encoded += 1
            else:
                self._waiting.setdefault(key, passage.encoded)
        new = self.encoded + len(self._waiting) - before
        if len(self._waiting) >= _WINDOW:
            self.finish()
        return new

    def finish(self) -> None:
        """Encode what waits."""
        waiting = sorted(self._waiting.items(), key=lambda entry: len(entry[1]))
        done = 0
        while done < len(waiting):
            self._step()
            started = time.perf_counter()
            batch = waiting[done : done + self._batch]
            made = self._encoder.encode_passages([text for _, text in batch])
            self._journal.append((key, row) for (key, _), row in zip(batch, made, strict=True))
            self.encoded += len(batch)
            done += len(batch)
            for key, _ in batch:
                del self._waiting[key]
            fits = len(batch) * _STEP_SECONDS / max(time.perf_counter() - started, 1e-6)
            self._batch = round(min(_MOST, 2 * self._batch, max(_FEWEST, fits)))

    def rows(self, passages: Sequence[Passage]) -> Vectors:
        """The embeddings of passages that were added, once none is waiting."""
        keys = [passage.key for passage in passages]
        old = {row: self._numbers[key] for row, key in enumerate(keys) if key in self._numbers}
        rows = np.empty((len(keys), self._encoder.identity.dimension), dtype=np.float32)
        if self._known is not None and old:
            rows[list(old)] = self._known.vectors(list(old.values()))
        for row, key in enumerate(keys):
            if row not in old:
                rows[row] = self._journal.row(key)
        return rows

    @cached_property
    def _numbers(self) -> dict[bytes, int]:
        """The known embeddings' numbers; made when the first new passage comes, since often there are few or none."""
        return {key: number for number, key in enumerate(self._known.keys() if self._known is not None else ())}
