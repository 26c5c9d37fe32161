"""Passages → one embedding each, in their order; none that was ever made is made again.

It knows nothing about files, or where passages come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from .journal import Journal
from .types import Encoder, Passage, Vectors

_BATCH = 32  # between two steps: about half a second on two slow cores
_WINDOW = 512
_BLOCK = 4096


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
        self._parts: list[list[bytes] | range] = []
        self._waiting: dict[bytes, str] = {}

    def add(self, passages: Sequence[Passage]) -> int:
        """Take the next passages; returns how many of them must be encoded."""
        before = self.encoded + len(self._waiting)
        keys = [passage.key for passage in passages]
        self._parts.append(keys)
        for key, passage in zip(keys, passages, strict=True):
            if key not in self._numbers and key not in self._journal:
                self._waiting.setdefault(key, passage.encoded)
        new = self.encoded + len(self._waiting) - before
        if len(self._waiting) >= _WINDOW:
            self.finish()
        return new

    def take_over(self, numbers: range) -> None:
        """Take as the next passages those that have these numbers among the known ones."""
        self._parts.append(numbers)

    def finish(self) -> None:
        """Encode what waits."""
        waiting = sorted(self._waiting.items(), key=lambda entry: len(entry[1]))
        for start in range(0, len(waiting), _BATCH):
            self._step()
            batch = waiting[start : start + _BATCH]
            made = self._encoder.encode_passages([text for _, text in batch])
            self._journal.append((key, row) for (key, _), row in zip(batch, made, strict=True))
            self.encoded += len(batch)
            for key, _ in batch:
                del self._waiting[key]

    def blocks(self) -> Iterator[Vectors]:
        """The embeddings of all passages, by id, at most some thousand rows at a time; call it after `finish`."""
        for part in self._joined():
            for start in range(0, len(part), _BLOCK):
                self._step()
                yield self._rows(part[start : start + _BLOCK])

    def _joined(self) -> Iterator[list[bytes] | range]:
        """The parts, those that follow each other among the known ones as one."""
        run = range(0)
        for part in self._parts:
            if isinstance(part, range) and part.start == run.stop:
                run = range(run.start, part.stop)
                continue
            yield run
            run = part if isinstance(part, range) else range(0)
            if not isinstance(part, range):
                yield part
        yield run

    def _rows(self, part: list[bytes] | range) -> Vectors:
        if isinstance(part, range):
            return self._taken(part)
        old = {row: self._numbers[key] for row, key in enumerate(part) if key in self._numbers}
        rows = np.empty((len(part), self._encoder.identity.dimension), dtype=np.float32)
        if old:
            rows[list(old)] = self._taken(list(old.values()))
        for row, key in enumerate(part):
            if row not in old:
                rows[row] = self._journal.row(key)
        return rows

    def _taken(self, numbers: Sequence[int]) -> Vectors:
        if self._known is None:
            raise ValueError("nothing is known that could be taken over")
        return self._known.vectors(numbers)

    @cached_property
    def _numbers(self) -> dict[bytes, int]:
        """The known embeddings' numbers; made when the first new passage comes, since often there are few or none."""
        return {key: number for number, key in enumerate(self._known.keys() if self._known is not None else ())}
