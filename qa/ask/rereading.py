"""Ranked Hits → the same, the first of them read beside the question and put in the order that a reader gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..models.protocols import Reader, logistic
from .ranking import Hit, Ranking

# How many of the best passages are read beside the question, and how much their relevance counts beside the fused
# score: half of the logit as a probability, since how far beyond doubt a passage is says nothing more. .5 to .8 are
# alike on development articles that the reader was not trained on; see docs/reader.md.
READ = 10
RELEVANCE_WEIGHT = 0.6


def read(rankings: Sequence[Ranking], reader: Reader | None, seconds: float) -> tuple[Ranking, ...]:
    """Each ranking as `reread` has it, in so many seconds together; as they are where there is no reader."""
    if reader is None:
        return tuple(rankings)
    return tuple(reread(each, reader, seconds / len(rankings)) for each in rankings)


def reread(ranking: Ranking, reader: Reader, seconds: float) -> Ranking:
    """The ranking with its first passages read beside the query, and ordered by what that says as well.

    Those that were read are ordered among the places that they hold: the others, for which there was no time or which
    the reader cannot read, keep theirs. Scores and the evidence of the pool stay as they are.
    """
    read = reader.read(ranking.query.text, [hit.passage for hit in ranking.hits[:READ]], seconds)
    hits = [replace(hit, judgement=judgement) for hit, judgement in zip(ranking.hits[:READ], read, strict=True)]
    places = [place for place, judgement in enumerate(read) if judgement is not None]
    ordered = sorted((hits[place] for place in places), key=lambda hit: (-_reread_score(hit), hit.rank))
    for place, hit in zip(places, ordered, strict=True):
        hits[place] = hit
    ranked = tuple(replace(hit, rank=rank) for rank, hit in enumerate((*hits, *ranking.hits[READ:]), start=1))
    said = [judgement.relevance for judgement in read if judgement is not None]
    odds = float(np.logaddexp.reduce(said)) if said else None
    return replace(ranking, hits=ranked, evidence=replace(ranking.evidence, relevance=odds))


def _reread_score(hit: Hit) -> float:
    if hit.judgement is None:
        return hit.score
    return hit.score + RELEVANCE_WEIGHT * logistic(hit.judgement.relevance / 2)
