"""What passes between those who search and a store: queries, what a store looks for, and what it finds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..models.protocols import EncoderTraits, Vectors
from ..text.passage import Passage
from ..text.query_term import QueryTerm
from .scope import EVERYTHING, Scope

_PLAIN = re.compile(r"[^\W\d_][\w'’-]*")  # a word that can be excluded without quotes


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed question.

    `text` is encoded and searched for by words. A passage must contain each of `phrases` and none of `excluded`.
    `corrected` are pairs of a word that no passage contains, as it was typed, and the word that replaces it in `text`.
    Only articles in `scope` are searched.
    """

    text: str
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    corrected: tuple[tuple[str, str], ...] = ()
    scope: Scope = EVERYTHING

    def __str__(self) -> str:
        """As one would type it, without its scope."""
        signs = [f"-{words}" if _PLAIN.fullmatch(words) else f'-"{words}"' for words in self.excluded]
        return " ".join([self.text, *signs])


@dataclass(frozen=True, slots=True)
class Candidates:
    """The pool before fusion: passage ids with exact cosines, and BM25 scores (0 if BM25 did not find a passage).

    `allowed` marks the passages that satisfy the query's phrases and exclusions; None if it has none. `languages` are
    those of the passages (ISO 639-1; "" if unknown); None if they make no difference to the encoder. `searched` is how
    many passages the scope of the query holds; None if it has none.
    """

    ids: NDArray[np.int64]
    cosine: NDArray[np.float32]
    bm25: NDArray[np.float32]
    allowed: NDArray[np.bool_] | None = None
    languages: NDArray[np.str_] | None = None
    searched: int | None = None


@dataclass(frozen=True, slots=True)
class Sought:
    """What a store looks for: search terms, heaviest first, and how many passages contain each of their forms.

    Each of `phrases` must be in a passage, none of `excluded` may be. `within` marks the passages that are searched, by
    id; None if all are.
    """

    terms: tuple[QueryTerm, ...] = ()
    frequencies: Mapping[str, int] = field(default_factory=dict)
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    within: NDArray[np.bool_] | None = None

    @property
    def is_literal(self) -> bool:
        """Whether there are phrases or exclusions to check."""
        return bool(self.phrases or self.excluded)


@dataclass(frozen=True, slots=True)
class Pool:
    """What a store found: ascending passage ids with exact cosines, and BM25 scores of those it found by words (or 0).

    `near` marks those that it found by meaning.
    """

    ids: NDArray[np.int64]
    cosine: NDArray[np.float32]
    bm25: NDArray[np.float32]
    near: NDArray[np.bool_]

    def of(self, selected: NDArray[np.bool_]) -> Pool:
        """These rows alone."""
        return Pool(self.ids[selected], self.cosine[selected], self.bm25[selected], self.near[selected])

    def joined(self, other: Pool) -> Pool:
        """These rows and those of a pool with others."""
        ids, cosine, bm25, near = (
            np.concatenate([getattr(self, name), getattr(other, name)]) for name in ("ids", "cosine", "bm25", "near")
        )
        return Pool(ids, cosine, bm25, near)

    def sorted(self) -> Pool:
        """The same rows with ascending ids."""
        order = np.argsort(self.ids)
        return Pool(self.ids[order], self.cosine[order], self.bm25[order], self.near[order])

    def best(self, k: int) -> Pool:
        """The `k` nearest of those found by meaning, and the `k` with the best scores of those found by words."""
        selected = np.zeros(len(self.ids), dtype=np.bool_)
        for side, scores in ((self.near, self.cosine), (self.bm25 > 0, self.bm25)):
            rows = np.flatnonzero(side)
            selected[rows[np.argsort(-scores[rows], kind="stable")[:k]]] = True
        return self.of(selected)


class Rows(Protocol):
    """Embeddings by number, in order: an array, or an object that reads them on demand."""

    def __len__(self) -> int: ...

    def __getitem__(self, numbers: slice, /) -> Vectors: ...


# Returns a query's embedding, of shape (dimension,), once it is ready: the search for words goes on meanwhile.
Embedding = Callable[[], Vectors]


class PassageIndex(Protocol):
    """What a ranking needs of an index; an `OpenGeneration` is one."""

    @property
    def encoder(self) -> EncoderTraits:
        """What there is to know of the encoder that made the embeddings."""
        ...

    def count(self) -> int: ...

    def search(self, embedding: Embedding, query: Query, k: int) -> Candidates:
        """The best `k` of each side for one query, and the best `k` of those that it allows; only of its scope."""
        ...

    def mentions(self, phrase: str) -> bool:
        """Whether a passage contains these words as a phrase, or with other endings where its language inflects."""
        ...

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """The passages with these ids, in this order."""
        ...

    def query_terms(self, text: str) -> tuple[QueryTerm, ...]:
        """The words of a question that say what it is about."""
        ...
