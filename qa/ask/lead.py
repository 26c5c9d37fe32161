"""Ranked hits → the unit that leads the answer, and what speaks for and against it.

Each unit of the first passages has a strength: a weighted sum of what the question's words and the reader say of it.
With a reader, the strongest few are read once more, each by itself, and the strongest of these leads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files

import numpy as np

from ..models.protocols import AnswerSpan, Reader
from ..text.terms import contained_in
from . import traits
from .features import Features, weighed
from .ranking import Hit, Ranking
from .units import Unit, units_of

LEAD_PASSAGES = 5  # the best passages, from which the lead is chosen
READ_ALONE = 8  # the strongest units, which are read by themselves; 8 to all of them choose alike
_MOST_GAP = 5.0  # in strength, to the best unit of another article; also where there is none
# Weights for questions that no reader reads, fitted on half the articles of SQuAD 1.1 dev and rounded.
BY_WORDS: Features = {"share": 2.0, "score": 2.0, "before": 1.0, "pointer": -2.0}


@dataclass(frozen=True, slots=True)
class LeadModel:
    """Weights by feature: of a unit's strength before and after it is read alone, and of the lead's confidence.

    `thresholds` are pairs of a risk (the share of wrong answers) and the least confidence that keeps it.
    """

    strength: Features
    strength_alone: Features
    intercept: float
    confidence: Features
    thresholds: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit with its features, its strength (higher is better), and the likeliest answer in it if it was read."""

    unit: Unit
    features: Features
    strength: float
    answer: AnswerSpan | None = None


@dataclass(frozen=True, slots=True)
class Leads:
    """All candidates, in the order of the passages, and the best of them (None without hits).

    `evidence` are the features of its confidence; None where no reader has read. `unread` counts the passages and
    units for which there was no time.
    """

    candidates: tuple[Candidate, ...]
    best: Candidate | None
    evidence: Features | None = None
    unread: int = 0

    @property
    def share(self) -> float:
        """The largest share of the question's terms that one candidate contains."""
        return max((candidate.features["share"] for candidate in self.candidates), default=0.0)


@lru_cache(maxsize=1)
def lead_model() -> LeadModel:
    """The shipped model, fitted by benchmarks/fit_lead.py on questions about real articles (docs/quality.md)."""
    model = json.loads(files("qa.ask").joinpath("lead.json").read_text("utf-8"))
    thresholds = tuple((float(risk), float(least)) for risk, least in model["thresholds"])
    confidence = model["confidence"]
    return LeadModel(
        model["strength"], model["strength_alone"], confidence["intercept"], confidence["weights"], thresholds
    )


def leads_of(ranking: Ranking, reader: Reader | None, seconds: float, contexts: Mapping[str, str]) -> Leads:
    """The candidates in a ranking's first passages, and the best of them.

    Reading takes at most about `seconds`. `contexts` gives title and path by document. If the first passage was not
    read (without a reader, or in a language that it cannot read), words alone decide.
    """
    hits = ranking.hits[:LEAD_PASSAGES]
    if reader is None or not hits or hits[0].judgement is None:
        candidates = tuple(by_words(ranking))
        return Leads(candidates, max(candidates, key=lambda each: each.strength, default=None))
    model = lead_model()
    candidates = tuple(by_reader(ranking, model.strength))
    chosen = strongest(candidates, READ_ALONE)
    judgements = reader.read(ranking.query.text, [each.unit.alone() for each in chosen], seconds)
    finalists = []
    for each, judgement in zip(chosen, judgements, strict=True):
        if judgement is not None:
            features = {**each.features, **traits.read_alone(judgement)}
            finalists.append(replace(each, features=features, strength=weighed(features, model.strength_alone)))
    best = max(finalists, key=lambda each: each.strength, default=None)
    if best is None:
        return Leads(candidates, None, unread=len(chosen))
    evidence = evidence_for(best, finalists, ranking, contexts.get(best.unit.passage.document, ""))
    return Leads(candidates, best, evidence, len(chosen) - len(finalists))


def by_words(ranking: Ranking) -> list[Candidate]:
    """The candidates where no reader has read: strength by the question's words and the passage's score."""
    made = []
    for hit, unit, words in _units(ranking):
        features = {**words, "pointer": float(traits.is_pointer(unit.sentence_text))}
        made.append(Candidate(unit, features, weighed(features, BY_WORDS), traits.likeliest(unit, hit.judgement)))
    return made


def by_reader(ranking: Ranking, weights: Features) -> list[Candidate]:
    """The candidates in the passages that were read, with all features that `weights` can name."""
    candidates = []
    for hit, unit, words in _units(ranking):
        if hit.judgement is not None:
            features = {**words, **traits.read_in(unit, hit.judgement), **traits.shape(unit)}
            candidates.append(
                Candidate(unit, features, weighed(features, weights), traits.likeliest(unit, hit.judgement))
            )
    return candidates


def strongest(candidates: Sequence[Candidate], count: int) -> list[Candidate]:
    """The strongest candidates, best first; equal ones keep their order."""
    return sorted(candidates, key=lambda each: -each.strength)[:count]


def evidence_for(best: Candidate, finalists: Sequence[Candidate], ranking: Ranking, context: str) -> dict[str, float]:
    """The features of the best candidate's confidence.

    Beside its own: how far its strength exceeds that of the best candidate of another article (at most 5), how far its
    margin exceeds the best one in another passage that was read, what it lacks, the logarithm of the summed odds of all
    passages to answer, and what the ranking says of the topic.
    """
    document = best.unit.passage.document
    others = [each.strength for each in finalists if each.unit.passage.document != document]
    margins = [
        hit.judgement.margin
        for number, hit in enumerate(ranking.hits)
        if number != best.unit.hit and hit.judgement is not None and hit.judgement.margin is not None
    ]
    return {
        **best.features,
        **traits.lacks(ranking.asked, best.unit, ranking.terms, context),
        "strength": best.strength,
        "article_gap": min(_MOST_GAP, best.strength - max(others, default=best.strength - _MOST_GAP)),
        "margin_gap": best.features["margin"] - max(margins, default=traits.UNREAD),
        "odds": float(np.logaddexp.reduce([hit.judgement.relevance for hit in ranking.hits if hit.judgement])),
        "top_cosine": ranking.evidence.top_cosine,
        "coverage": ranking.evidence.coverage,
        "peak": ranking.evidence.peak,
        "log_passages": ranking.evidence.log_passages,
    }


def _units(ranking: Ranking) -> Iterator[tuple[Hit, Unit, dict[str, float]]]:
    """The units of the first passages with their hits, and what the question's words say of each.

    The text before a passage's first sentence is its heading, since the answer to an FAQ's question follows it.
    """
    for number, hit in enumerate(ranking.hits[:LEAD_PASSAGES]):
        passage = hit.passage
        before = contained_in(passage.section[-1] if passage.section else "", passage.language)
        for unit in units_of(number, passage):
            own = contained_in(unit.sentence_text, passage.language)
            numbers = traits.numbers_in(unit, ranking.asked)
            yield hit, unit, {**traits.words_in(own, before, ranking.terms), "numbers": numbers, "score": hit.score}
            before = own
