"""What the ONNX and the torch encoder share: identity, languages, prompts, and counting tokens in batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from .protocols import EncoderIdentity, Vectors

_COUNT_BATCH = 10_000  # texts: the tokenizer's output takes kilobytes for each


class BaseEncoder(ABC):
    """An `Encoder` of which only running the model and its tokenizer remain to be written."""

    def __init__(self, identity: EncoderIdentity, languages: Sequence[str]) -> None:
        self._identity = identity
        self._languages = tuple(languages)

    @property
    def identity(self) -> EncoderIdentity:
        return self._identity

    @property
    def languages(self) -> tuple[str, ...]:
        return self._languages

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, self._identity.passage_prompt)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, self._identity.query_prompt)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        counts: list[int] = []
        for start in range(0, len(texts), _COUNT_BATCH):
            counts += self._count_batch(list(texts[start : start + _COUNT_BATCH]))
        return counts

    @abstractmethod
    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        """The embeddings of the texts, each after the prompt: unit-length float32 rows, shape (texts, dimension)."""

    @abstractmethod
    def _count_batch(self, texts: list[str]) -> list[int]:
        """Tokens of each text, without the special ones."""
