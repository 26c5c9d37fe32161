"""Ranked passages for one query, with the evidence that there is an answer among them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..index.protocols import Query
from ..index.scope import AppliedScope
from ..models.protocols import Judgement
from ..text.passage import Passage
from ..text.query_term import QueryTerm

FITTED_SIZES = (280, 2_000)  # passages of the smallest and the largest corpus that confidence was fitted on


@dataclass(frozen=True, slots=True)
class Ranks:
    """The ranks of a passage, from 1: in the search by words, in the search by meaning, after fusion and after reading.

    None if it is not among the candidates of that search, or was not read. If words were carried, the searches are
    those with the carried words.
    """

    words: int | None = None
    meaning: int | None = None
    fused: int | None = None
    read: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with its fused score (0–1, higher is better), its rank from 1, and the reader's judgement, if any."""

    id: int
    passage: Passage
    score: float
    rank: int
    cosine: float
    bm25: float
    judgement: Judgement | None = None
    ranks: Ranks = Ranks()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Features of the candidates as a whole that tell whether the articles are about the question (see `confidence`).

    `top_cosine` is the best cosine, as the shipped encoder would give it; `coverage` the largest share (by inverse
    document frequency) of the query's terms that one of the best passages contains; `margin` the fused score of rank 1
    minus that of rank 2; `peak` the distance of the best cosine from the mean, in standard deviations; `passages` the
    number of passages in the index, and `searched` how many of them the scope holds (None: all). `multilingual` says
    that the encoder is the one of several languages, for which confidence was fitted apart.
    """

    top_cosine: float
    coverage: float
    margin: float
    peak: float
    passages: int
    searched: int | None = None
    multilingual: bool = False

    @property
    def log_passages(self) -> float:
        """The logarithm of how many passages were searched, clipped to the sizes that confidence was fitted on.

        It is a feature because the best of many passages is nearer than the best of few.
        """
        fewest, most = FITTED_SIZES
        searched = self.passages if self.searched is None else self.searched
        return math.log(min(max(searched, fewest), most))


@dataclass(frozen=True, slots=True)
class Ranking:
    """The hits for one query, with its terms and the evidence.

    `missing` lists the phrases that no passage contains, and `gone` counts the documents that were left out because
    their files are gone. `carried` lists the words from the conversation, with which `query` begins. `unread` counts
    the passages that the reader had no time for. `generation` is the one searched, and `timings_ms` gives the
    milliseconds of each stage. `scope` is what was searched; None if all articles were.
    """

    query: Query
    hits: tuple[Hit, ...]
    terms: tuple[QueryTerm, ...]
    evidence: Evidence
    missing: tuple[str, ...] = ()
    gone: int = 0
    carried: tuple[str, ...] = ()
    unread: int = 0
    generation: str = ""
    timings_ms: Mapping[str, float] = field(default_factory=dict, compare=False)
    scope: AppliedScope | None = None

    @property
    def asked(self) -> str:
        """The question without the carried words."""
        return self.query.text.removeprefix(" ".join(self.carried)).lstrip()
