"""Reorders the first hits by the relevance that the reader assigns to them."""

from __future__ import annotations

from dataclasses import replace

from ..models.protocols import Reader, logistic
from ..models.reader import LANGUAGES
from .ranking import Hit, Ranking

# How many of the best passages are read, and the weights, relative to the fused score, of their relevance and of their
# best unit. A part of each logit is turned into a probability, since beyond a certain point more means nothing. Weights
# from .4 to 1 perform alike on development articles that the reader was not trained on (docs/reader.md).
READ = 10
RELEVANCE_WEIGHT = 0.6
UNIT_WEIGHT = 0.6


def reread(ranking: Ranking, reader: Reader | None, seconds: float) -> Ranking:
    """The ranking with its first passages judged by the reader and reordered.

    Passages that were read are reordered among their own ranks. The others keep theirs: those that the reader did not
    come to within `seconds` of work, and those in a language that it cannot read. Without a reader, the ranking is
    unchanged.
    """
    if reader is None:
        return ranking
    first = ranking.hits[:READ]
    judgements = reader.read(ranking.query.text, [hit.passage for hit in first], seconds)
    hits = [replace(hit, judgement=judgement) for hit, judgement in zip(first, judgements, strict=True)]
    places = [place for place, judgement in enumerate(judgements) if judgement is not None]
    ordered = sorted((hits[place] for place in places), key=lambda hit: (-_reread_score(hit), hit.rank))
    for place, hit in zip(places, ordered, strict=True):
        hits[place] = hit
    ranked = tuple(replace(hit, rank=rank) for rank, hit in enumerate((*hits, *ranking.hits[READ:]), start=1))
    readable = sum(hit.passage.language in LANGUAGES for hit in first)
    return replace(ranking, hits=ranked, unread=max(0, readable - len(places)))


def _reread_score(hit: Hit) -> float:
    if hit.judgement is None:
        return hit.score
    return reread_score(hit.score, hit.judgement.relevance, hit.judgement.unit)


def reread_score(fused: float, relevance: float, unit: float) -> float:
    """What passages that were read are ordered by; `relevance` and `unit` are logits."""
    return fused + RELEVANCE_WEIGHT * logistic(relevance / 2) + UNIT_WEIGHT * logistic(unit / 4)
