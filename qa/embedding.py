"""Passages → one embedding each, in their order; none that was ever made is made again.

It knows nothing about files, or where passages come from.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from .journal import Journal
from .types import Encoder, Passage, Vectors

# Passages between two steps: as many as the encoder does in a third of a second, so that a slow machine stops as soon.
_FEWEST, _MOST, _STEP_SECONDS = 4, 64, 0.3
_WINDOW = 512
_BLOCK = 4096


class Embedder:
    """Encodes passages some hundreds at a time, equal lengths together; each new embedding goes to the journal.

    `known` are the keys of embeddings that are there already, which `rows` gives by number. `step` is called often;
    what it raises stops the work, and the journal keeps what was done.
    """

    def __init__(
        self,
        encoder: Encoder,
        journal: Journal,
        known: Sequence[bytes] = (),
        rows: Callable[[Sequence[int]], Vectors] | None = None,
        step: Callable[[], None] = lambda: None,
    ) -> None:
        self.encoded = 0
        self._encoder = encoder
        self._journal = journal
        self._known = {key: number for number, key in enumerate(known)}
        self._rows = rows
        self._step = step
        self._keys: list[bytes] = []
        self._waiting: dict[bytes, str] = {}
        self._batch = 2 * _FEWEST

    def add(self, passages: Sequence[Passage]) -> int:
        """Take the next passages; returns how many of them must be encoded."""
        before = self.encoded + len(self._waiting)
        for passage in passages:
            key = passage.key
            self._keys.append(key)
            if key not in self._known and key not in self._journal:
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

    def blocks(self) -> Iterator[Vectors]:
        """The embeddings of all passages, by id, some thousand rows at a time; call it after `finish`."""
        for start in range(0, len(self._keys), _BLOCK):
            self._step()
            keys = self._keys[start : start + _BLOCK]
            block = np.empty((len(keys), self._encoder.identity.dimension), dtype=np.float32)
            old = [(row, self._known[key]) for row, key in enumerate(keys) if key in self._known]
            if old and self._rows is not None:
                block[[row for row, _ in old]] = self._rows([number for _, number in old])
            for row, key in enumerate(keys):
                if key not in self._known:
                    block[row] = self._journal.row(key)
            yield block
