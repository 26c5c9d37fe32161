"""Reads the first passages, reorders them, and finds the candidates for the lead in the first of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..models.protocols import Reader, logistic
from ..models.reader import LANGUAGES
from .candidates import LEAD_PASSAGES, Candidate, by_reader
from .lead_model import lead_model
from .ranking import Hit, Ranking

# How many of the best passages are read, and the weights of what is added to the fused score. A part of each logit is
# turned into a probability, since beyond a certain point more means nothing. The figures are in docs/reader.md.
READ = 10
RELEVANCE_WEIGHT = 0.6
UNIT_WEIGHT = 0.6  # of the best unit as the reader judges it
STRENGTH_WEIGHT = 0.1  # of the strongest candidate for the lead, which also has the question's words and kind
# Of the rank in the search by meaning, as in reciprocal rank fusion: the fused score has only the cosine, which hardly
# differs between the first passages.
MEANING_WEIGHT, _MEANING_RANK = 3.0, 10


@dataclass(frozen=True, slots=True)
class Reread:
    """A ranking in the order of the reader, and the candidates for the lead in its first passages, if any were read."""

    ranking: Ranking
    candidates: tuple[Candidate, ...] = ()


def reread(ranking: Ranking, reader: Reader | None, seconds: float) -> Reread:
    """The ranking with its first passages judged by the reader and reordered.

    Passages that were read are reordered among their own ranks. The others keep theirs: those that the reader did not
    come to within `seconds` of work, and those in a language that it cannot read. Without a reader, the ranking is
    unchanged.
    """
    if reader is None:
        return Reread(ranking)
    first = ranking.hits[:READ]
    judgements = reader.read(ranking.query.text, [hit.passage for hit in first], seconds)
    hits = [replace(hit, judgement=judgement) for hit, judgement in zip(first, judgements, strict=True)]
    candidates = by_reader(replace(ranking, hits=tuple(hits)), lead_model("read").strength, READ)
    scores = _scores(hits, candidates)
    read = [place for place, judgement in enumerate(judgements) if judgement is not None]
    order = list(range(len(hits)))
    for place, better in zip(read, sorted(read, key=lambda place: (-scores[place], hits[place].rank)), strict=True):
        order[place] = better
    ordered = (*(hits[place] for place in order), *ranking.hits[READ:])
    ranked = tuple(replace(hit, rank=rank) for rank, hit in enumerate(ordered, start=1))
    readable = sum(hit.passage.language in LANGUAGES for hit in first)
    ranking = replace(ranking, hits=ranked, unread=max(0, readable - len(read)))
    return Reread(ranking, tuple(_of_first(candidates, order[:LEAD_PASSAGES])))


def _scores(hits: Sequence[Hit], candidates: Sequence[Candidate]) -> list[float]:
    """What the passages are ordered by."""
    strengths: dict[int, float] = {}
    for each in candidates:
        strengths[each.unit.hit] = max(each.strength, strengths.get(each.unit.hit, each.strength))
    return [_score(hit, strengths.get(number, 0.0)) for number, hit in enumerate(hits)]


def _score(hit: Hit, strength: float) -> float:
    if hit.judgement is None:
        return hit.score
    return reread_score(hit.score, hit.judgement.relevance, hit.judgement.unit, strength, hit.ranks.meaning)


def reread_score(fused: float, relevance: float, unit: float, strength: float, meaning: int | None) -> float:
    """What passages that were read are ordered by.

    `relevance` and `unit` are logits, `strength` is that of the strongest candidate for the lead (0 without one), and
    `meaning` the rank in the search by meaning, from 1.
    """
    near = 0.0 if meaning is None else 1 / (_MEANING_RANK + meaning)
    read = RELEVANCE_WEIGHT * logistic(relevance / 2) + UNIT_WEIGHT * logistic(unit / 4)
    return fused + read + STRENGTH_WEIGHT * strength + MEANING_WEIGHT * near


def _of_first(candidates: Sequence[Candidate], places: Sequence[int]) -> list[Candidate]:
    """The candidates of the passages at these places, in this order, with their new place among the hits."""
    return [
        replace(each, unit=replace(each.unit, hit=number))
        for number, place in enumerate(places)
        for each in candidates
        if each.unit.hit == place
    ]
