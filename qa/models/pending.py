"""Encodes questions on another thread, so that only the code that needs an embedding waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from functools import partial

from .protocols import Encoder, Vectors


class PendingEmbeddings:
    """The embeddings of some questions, which are encoded together. Safe to use from several threads."""

    def __init__(self, encoder: Encoder, texts: Iterable[str], pool: Executor) -> None:
        distinct = list(dict.fromkeys(texts))
        self._encoding = pool.submit(_encode_timed, encoder, distinct)
        # Each text's function that waits for its embedding and returns it, of shape (dimension,).
        self.embeddings: dict[str, Callable[[], Vectors]] = {
            text: partial(self._row, number) for number, text in enumerate(distinct)
        }

    @property
    def milliseconds(self) -> float:
        """How long encoding took; waits until it is done."""
        return self._encoding.result()[1]

    def _row(self, number: int) -> Vectors:
        row: Vectors = self._encoding.result()[0][number]
        return row


def _encode_timed(encoder: Encoder, texts: Sequence[str]) -> tuple[Vectors, float]:
    started = time.perf_counter()
    return encoder.encode_queries(texts), 1e3 * (time.perf_counter() - started)
