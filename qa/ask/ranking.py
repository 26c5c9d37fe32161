"""Ranked passages for one query, with the evidence that there is an answer among them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..index.protocols import Query
from ..models.protocols import Judgement
from ..text.passage import Passage
from ..text.query_term import QueryTerm

FITTED_SIZES = (20, 2_000)  # passages of the smallest and the largest corpus that confidence was fitted on


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
    """

    top_cosine: float
    coverage: float
    margin: float
    peak: float
    passages: int

    @property
    def log_passages(self) -> float:
        """The logarithm of their number, within the sizes that confidence was fitted on.

        The best of many passages is nearer than the best of few.
        """
        fewest, most = FITTED_SIZES
        return math.log(min(max(self.passages, fewest), most))


@dataclass(frozen=True, slots=True)
class Ranking:
    """The hits for one query, with its words and the evidence of the pool.

    `missing` are the phrases that no passage contains. `carried` are the words of the conversation that it leans on;
    they come first in its query. `unread` counts the passages that the reader had no time for. `generation` was
    searched, and `timings_ms` are the milliseconds that each stage took.
    """

    query: Query
    hits: tuple[Hit, ...]
    terms: tuple[QueryTerm, ...]
    evidence: Evidence
    missing: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    unread: int = 0
    generation: str = ""
    timings_ms: Mapping[str, float] = field(default_factory=dict, compare=False)

    @property
    def asked(self) -> str:
        """The question without what is carried."""
        return self.query.text.removeprefix(" ".join(self.carried)).lstrip()
