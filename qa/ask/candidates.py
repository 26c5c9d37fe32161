"""Candidates for the lead: the units of the first passages, each with its features and its strength."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from ..models.protocols import AnswerSpan
from ..text.kin import contained_with_kin, with_kin
from . import traits
from .features import Features, weighed
from .ranking import Hit, Ranking
from .units import Unit, units_of
from .wanted import asked_for

LEAD_PASSAGES = 5  # the best passages, from which the lead is chosen


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit with its features, its strength (higher is better), and the likeliest answer in it if it was read."""

    unit: Unit
    features: Features
    strength: float
    answer: AnswerSpan | None = None


def by_words(ranking: Ranking, weights: Features) -> list[Candidate]:
    """The candidates where no reader has read, each with the features that `weights` may name."""
    units = _units(ranking, LEAD_PASSAGES)
    return [_candidate(hit, unit, {**words, **traits.shape(unit)}, weights) for hit, unit, words in units]


def by_reader(ranking: Ranking, weights: Features, passages: int = LEAD_PASSAGES) -> list[Candidate]:
    """The candidates in those of the first `passages` that were read, with all features that `weights` can name."""
    candidates = []
    for hit, unit, words in _units(ranking, passages):
        if hit.judgement is not None:
            features = {**words, **traits.read_in(unit, hit.judgement), **traits.shape(unit)}
            candidates.append(_candidate(hit, unit, features, weights))
    return candidates


def strongest(candidates: Sequence[Candidate], count: int) -> tuple[Candidate, ...]:
    """The strongest candidates, best first; equal ones keep their order."""
    return tuple(sorted(candidates, key=lambda each: -each.strength)[:count])


def _candidate(hit: Hit, unit: Unit, features: Features, weights: Features) -> Candidate:
    return Candidate(unit, features, weighed(features, weights), traits.likeliest(unit, hit.judgement))


def _units(ranking: Ranking, passages: int) -> Iterator[tuple[Hit, Unit, dict[str, float]]]:
    """The units of the first `passages` with their hits, and the features of the question's words in each."""
    terms, wanted = with_kin(ranking.terms), asked_for(ranking.asked)
    for number, hit in enumerate(ranking.hits[:passages]):
        language = hit.passage.language
        before: Set[str] = frozenset()
        for unit in units_of(number, hit.passage):
            if traits.says_units(unit.visible_sentence):
                continue
            own = contained_with_kin(unit.visible_sentence, language)
            headings = unit.headings[len(hit.passage.section[:-1]) :]  # those above the last are about the article
            words = traits.words_in(own, contained_with_kin(". ".join(headings), language), before, terms)
            others = {
                "numbers": traits.numbers_in(unit, ranking.asked),
                "kind_missing": traits.kind_missing(unit, wanted),
                "score": hit.score,
            }
            yield hit, unit, {**words, **others}
            before = own
