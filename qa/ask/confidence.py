"""Evidence → the probability that the articles hold the answer, by the shipped models, and whether that is enough."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from ..models.protocols import logistic
from .ranking import Evidence, Ranking

# Numbers of passages between which the confidence model knows what size does.
FITTED_SIZES = (20, 2_000)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How sure it is that there is an answer, and whether that is enough to give it."""

    confidence: float
    answerable: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that must hold for there to be an answer, as a logistic model over some of the evidence's features."""

    intercept: float
    weights: Mapping[str, float]

    def probability(self, values: Mapping[str, float]) -> float:
        """How likely it holds, by the features' values."""
        return logistic(self.intercept + sum(weight * values[name] for name, weight in self.weights.items()))


@dataclass(frozen=True, slots=True)
class ConfidenceModel:
    """Conditions that must all hold; `thresholds` are risks with the confidence from which on each is kept."""

    conditions: tuple[Condition, ...]
    thresholds: tuple[tuple[float, float], ...]


def judge(ranking: Ranking, sentence_share: float, threshold: float, risk: float | None = None) -> Verdict:
    """Whether a question is answered: by `threshold`, or instead of it by `risk` (see `threshold_for`).

    Of a question that is made of several, the first is judged; without hits there is nothing to be sure of.
    """
    if not ranking.hits:
        return Verdict(0.0, False)
    evidence = ranking.readings[0].evidence
    sure = confidence(evidence, sentence_share)
    return Verdict(sure, sure >= (threshold if risk is None else threshold_for(risk, evidence)))


def confidence(evidence: Evidence, sentence_share: float) -> float:
    """The probability that the articles hold the answer: the product of the conditions' probabilities.

    `sentence_share` is the best of the sentences that may lead. Coefficients and the figures of their fit are
    in confidence.json, written by benchmarks/fit_confidence.py: of one model by words alone, with one condition, and
    of one with a reader, with two: so that a question that is surely on the topic is as sure as the reader is.
    """
    values = features(evidence, sentence_share)
    return math.prod(condition.probability(values) for condition in _model(evidence).conditions)


def threshold_for(risk: float, evidence: Evidence) -> float:
    """The confidence from which on at most a share `risk` of the answered questions is not answered by the articles.

    It was read off questions that the model was not fitted on, of a mixture that docs/quality.md names, for hundredths
    of risk; between two of them the smaller holds. 1 where none keeps it.
    """
    kept = [threshold for least, threshold in _model(evidence).thresholds if least <= risk]
    return min(kept, default=1.0)


def features(evidence: Evidence, sentence_share: float) -> dict[str, float]:
    """The numbers that the confidence model weighs.

    The best of many passages is nearer than the best of few, so their number is one of them; the logarithm is
    held within the sizes that the model was fitted on. What a reader says is one of them where it was asked.
    """
    fewest, most = FITTED_SIZES
    return {
        "top_cosine": evidence.top_cosine,
        "sentence_share": sentence_share,
        "coverage": evidence.coverage,
        "margin": evidence.margin,
        "peak": evidence.peak,
        "log_passages": math.log(min(max(evidence.passages, fewest), most)),
        **({} if evidence.relevance is None else {"relevance": evidence.relevance}),
    }


def _model(evidence: Evidence) -> ConfidenceModel:
    return confidence_model("words" if evidence.relevance is None else "reader")


@lru_cache(maxsize=2)
def confidence_model(name: str) -> ConfidenceModel:
    """A shipped model: "words", or "reader" where one was asked."""
    model = json.loads(files("qa.ask").joinpath("confidence.json").read_text("utf-8"))[name]
    thresholds = tuple((float(risk), float(threshold)) for risk, threshold in model["thresholds"])
    conditions = (Condition(float(each["intercept"]), dict(each["weights"])) for each in model["conditions"])
    return ConfidenceModel(tuple(conditions), thresholds)
