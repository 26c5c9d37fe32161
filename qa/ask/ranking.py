"""Ranked passages for one query, with the evidence that there is an answer among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..index.protocols import Query
from ..models.protocols import Judgement
from ..text.passage import Passage
from ..text.query_term import QueryTerm


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its fused score (0–1, higher is better) and rank from 1, and what a reader says of it, if read."""

    id: int
    passage: Passage
    score: float
    rank: int
    cosine: float
    bm25: float
    judgement: Judgement | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the whole pool says about whether the question can be answered at all (see `confidence`).

    `top_cosine` of the best candidate; `coverage`, the largest share (by inverse document frequency) of the
    query's terms that one of the best passages holds; `margin`, fused score of rank 1 over rank 2; `peak`, how
    many standard deviations the best cosine stands above the pool's mean; `passages`, how many were searched.
    `relevance` is what a reader says of all passages that it read: the logarithm of the sum of their odds to answer,
    which are the exponentials of their logits; None where none was read.
    """

    top_cosine: float
    coverage: float
    margin: float
    peak: float
    passages: int
    relevance: float | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """The hits for one query, with its words and the evidence of the pool.

    `missing` are the phrases that no passage holds. `parts` are the rankings of the questions that it is made of,
    where it is made of several; all have the same hits then, which are of the whole and of each part. `carried` are
    the words of the conversation that it, or one of its parts, leans on; they stand at the beginning of its query.
    `generation` was searched, and `timings_ms` are the milliseconds that each stage took.
    """

    query: Query
    hits: tuple[Hit, ...]
    terms: tuple[QueryTerm, ...]
    evidence: Evidence
    missing: tuple[str, ...] = ()
    parts: tuple[Ranking, ...] = ()
    carried: tuple[str, ...] = ()
    generation: str = ""
    timings_ms: Mapping[str, float] = field(default_factory=dict, compare=False)

    @property
    def asked(self) -> str:
        """The question without what is carried."""
        return self.query.text.removeprefix(" ".join(self.carried)).lstrip()

    @property
    def readings(self) -> tuple[Ranking, ...]:
        """One for each question that was asked: its parts, or itself where it has none. The first one is answered."""
        return self.parts or (self,)
