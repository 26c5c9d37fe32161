"""Ranked Hits → the same, the first of them read beside the question and put in the order that a reader gives them."""

from __future__ import annotations

from dataclasses import replace

from ..models.protocols import Reader, logistic
from ..models.reader import LANGUAGES
from .ranking import Hit, Ranking

# How many of the best passages are read beside the question, and how much their relevance counts beside the fused
# score: half of the logit as a probability, since how far beyond doubt a passage is says nothing more. .5 to .8 are
# alike on development articles that the reader was not trained on; see docs/reader.md.
READ = 10
RELEVANCE_WEIGHT = 0.6


def reread(ranking: Ranking, reader: Reader | None, seconds: float) -> Ranking:
    """The ranking with its first passages read beside the query, and ordered by what that says as well.

    Passages that were read are ordered among the places that they had; the others, for which there was no time or which
    the reader cannot read, keep theirs. Without a reader the ranking stays as it is.
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
    return hit.score + RELEVANCE_WEIGHT * logistic(hit.judgement.relevance / 2)
