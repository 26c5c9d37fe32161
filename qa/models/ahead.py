"""Questions → their embeddings, made in another thread: what needs one waits for it, and what does not goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from functools import partial

from .protocols import Encoder, Vectors


class Ahead:
    """The embeddings of some questions, which are encoded together. Safe to use from several threads."""

    def __init__(self, encoder: Encoder, texts: Iterable[str], pool: Executor) -> None:
        distinct = list(dict.fromkeys(texts))
        self._encoding = pool.submit(_timed, encoder, distinct)
        # What gives a text's embedding, of shape (dimension,), by the text.
        self.embeddings: dict[str, Callable[[], Vectors]] = {
            text: partial(self._row, number) for number, text in enumerate(distinct)
        }

    @property
    def milliseconds(self) -> float:
        """How long encoding took; waits for its end."""
        return self._encoding.result()[1]

    def _row(self, number: int) -> Vectors:
        row: Vectors = self._encoding.result()[0][number]
        return row


def _timed(encoder: Encoder, texts: Sequence[str]) -> tuple[Vectors, float]:
    started = time.perf_counter()
    return encoder.encode_queries(texts), 1e3 * (time.perf_counter() - started)
