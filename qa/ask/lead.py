"""Ranked hits → the unit that leads the answer, and the evidence for and against it.

Each unit of the first passages has a strength: a weighted sum of features of the question's words and, with a reader,
of its judgements. With a reader, the strongest few are read once more, each by itself, and the strongest of these
leads.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np

from ..models.protocols import AnswerSpan, Reader
from ..text.kin import contained_with_kin, with_kin
from . import traits
from .features import Features, weighed
from .ranking import Hit, Ranking
from .units import Unit, units_of
from .wanted import asked_for

LEAD_PASSAGES = 5  # the best passages, from which the lead is chosen
READ_ALONE = 8  # the strongest units, which are read by themselves; 8 to all of them choose alike
_MOST_GAP = 5.0  # in strength, to the best unit of another article; also where there is none
ModelKind = Literal["read", "words", "languages"]


@dataclass(frozen=True, slots=True)
class LeadModel:
    """Weights by feature: of a unit's strength before and after it is read alone, and of the lead's confidence.

    `thresholds` are pairs of a risk (the share of wrong answers) and the least confidence that keeps it; `most` is the
    most that confidence can be.
    """

    strength: Features
    strength_alone: Features
    intercept: float
    confidence: Features
    thresholds: tuple[tuple[float, float], ...]
    most: float = 1.0


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

    `finalists` are those among which the best one was chosen, strongest first. `evidence` are the features of its
    confidence, and `model` has their weights. `unread` counts the passages and units for which there was no time.
    `others` are units of other articles that say the same as the best with other values, the newest first.
    """

    model: LeadModel
    candidates: tuple[Candidate, ...]
    best: Candidate | None = None
    finalists: tuple[Candidate, ...] = ()
    evidence: Features = field(default_factory=dict)
    unread: int = 0
    others: tuple[Candidate, ...] = ()


@lru_cache
def lead_model(kind: ModelKind) -> LeadModel:
    """The shipped model: for questions that a reader has read, or for those that words alone decide.

    Both are fitted by benchmarks/fit_lead.py on questions about real articles (docs/quality.md). A third is for words
    alone where an encoder of several languages searches: it chooses the same leads, and its confidence is fitted by
    benchmarks/fit_languages.py.
    """
    model: dict[str, Any] = json.loads(_weights())
    own = {**model["words"], **model[kind]}
    thresholds = tuple((float(risk), float(least)) for risk, least in own["thresholds"])
    confidence = own["confidence"]
    return LeadModel(
        own["strength"],
        own["strength_alone"],
        confidence["intercept"],
        confidence["weights"],
        thresholds,
        confidence.get("most", 1.0),
    )


@lru_cache
def weights_sha256() -> str:
    """The SHA-256 of the shipped models: with others, a confidence means something else."""
    return hashlib.sha256(_weights()).hexdigest()


def _weights() -> bytes:
    return files("qa.ask").joinpath("lead.json").read_bytes()


def leads_of(ranking: Ranking, reader: Reader | None, seconds: float, contexts: Mapping[str, str]) -> Leads:
    """The candidates in a ranking's first passages, and the best of them.

    Reading takes at most about `seconds` of work. `contexts` gives title and path by document. If the first passage was
    not read (without a reader, or in a language that it cannot read), words alone decide.
    """
    hits = ranking.hits[:LEAD_PASSAGES]
    if reader is None or not hits or hits[0].judgement is None:
        model = lead_model("languages" if ranking.evidence.multilingual else "words")
        candidates = tuple(by_words(ranking, model.strength))
        return _first(Leads(model, candidates, finalists=strongest(candidates, READ_ALONE)), ranking, contexts)
    model = lead_model("read")
    candidates = tuple(by_reader(ranking, model.strength))
    chosen = strongest(candidates, READ_ALONE)
    judgements = reader.read(ranking.query.text, [each.unit.alone() for each in chosen], seconds)
    finalists = []
    for each, judgement in zip(chosen, judgements, strict=True):
        if judgement is not None:
            features = {**each.features, **traits.read_alone(judgement)}
            answer = (
                traits.likeliest_cell(each.unit, judgement, with_kin(ranking.terms)) if each.unit.row else each.answer
            )
            strength = weighed(features, model.strength_alone)
            finalists.append(replace(each, features=features, strength=strength, answer=answer))
    leads = Leads(model, candidates, finalists=strongest(finalists, READ_ALONE), unread=len(chosen) - len(finalists))
    return _first(leads, ranking, contexts)


def by_words(ranking: Ranking, weights: Features) -> list[Candidate]:
    """The candidates where no reader has read, each with the features that `weights` may name."""
    return [_candidate(hit, unit, {**words, **traits.shape(unit)}, weights) for hit, unit, words in _units(ranking)]


def by_reader(ranking: Ranking, weights: Features) -> list[Candidate]:
    """The candidates in the passages that were read, with all features that `weights` can name."""
    candidates = []
    for hit, unit, words in _units(ranking):
        if hit.judgement is not None:
            features = {**words, **traits.read_in(unit, hit.judgement), **traits.shape(unit)}
            candidates.append(_candidate(hit, unit, features, weights))
    return candidates


def strongest(candidates: Sequence[Candidate], count: int) -> tuple[Candidate, ...]:
    """The strongest candidates, best first; equal ones keep their order."""
    return tuple(sorted(candidates, key=lambda each: -each.strength)[:count])


def evidence_for(best: Candidate, finalists: Sequence[Candidate], ranking: Ranking, context: str) -> dict[str, float]:
    """The features of the best candidate's confidence.

    Beside its own: how far its strength exceeds that of the best candidate of another article (at most 5), what it
    lacks, and what the ranking says of the topic. If it was read: how far its margin exceeds the best one in another
    passage, and the logarithm of the summed odds of all passages to answer.
    """
    document = best.unit.passage.document
    others = [each.strength for each in finalists if each.unit.passage.document != document]
    evidence = {
        **best.features,
        **traits.lacks(ranking.asked, best.unit, with_kin(ranking.terms), context),
        "strength": best.strength,
        "article_gap": min(_MOST_GAP, best.strength - max(others, default=best.strength - _MOST_GAP)),
        "top_cosine": ranking.evidence.top_cosine,
        "coverage": ranking.evidence.coverage,
        "peak": ranking.evidence.peak,
        "passage_gap": ranking.evidence.margin,
        "log_passages": ranking.evidence.log_passages,
    }
    if "margin" in best.features:
        read = [hit.judgement for number, hit in enumerate(ranking.hits) if number != best.unit.hit and hit.judgement]
        margins = [judgement.margin for judgement in read if judgement.margin is not None]
        relevance = [hit.judgement.relevance for hit in ranking.hits if hit.judgement]
        evidence["margin_gap"] = best.features["margin"] - max(margins, default=traits.UNREAD)
        evidence["odds"] = float(np.logaddexp.reduce(relevance))
    return evidence


def led_by(leads: Leads, best: Candidate, ranking: Ranking, contexts: Mapping[str, str]) -> Leads:
    """The leads with another best candidate, and the evidence for it."""
    evidence = evidence_for(best, leads.finalists, ranking, contexts.get(best.unit.passage.document, ""))
    return replace(leads, best=best, evidence=evidence)


def _first(leads: Leads, ranking: Ranking, contexts: Mapping[str, str]) -> Leads:
    return led_by(leads, leads.finalists[0], ranking, contexts) if leads.finalists else leads


def _candidate(hit: Hit, unit: Unit, features: Features, weights: Features) -> Candidate:
    return Candidate(unit, features, weighed(features, weights), traits.likeliest(unit, hit.judgement))


def _units(ranking: Ranking) -> Iterator[tuple[Hit, Unit, dict[str, float]]]:
    """The units of the first passages with their hits, and the features of the question's words in each."""
    terms, wanted = with_kin(ranking.terms), asked_for(ranking.asked)
    for number, hit in enumerate(ranking.hits[:LEAD_PASSAGES]):
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
