"""The evidence for a lead → the probability that it is right, and whether that is enough to show it.

Where a reader has read, it is a logistic model over the lead's own evidence, fitted to "this lead answers this
question" on real articles. Without a reader, a model over the ranking says whether the articles are about the question
at all, which is all that words can tell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from ..models.protocols import logistic
from .features import weighed
from .lead import Leads, lead_model
from .ranking import Evidence, Ranking

Thresholds = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The probability that the lead is right, and whether that is enough to show it: at least `threshold`."""

    confidence: float
    answerable: bool
    threshold: float


@dataclass(frozen=True, slots=True)
class TopicModel:
    """A logistic model over the ranking's features; `thresholds` are risks with the least confidence for each."""

    intercept: float
    weights: Mapping[str, float]
    thresholds: Thresholds


def judge(ranking: Ranking, leads: Leads, threshold: float, risk: float | None = None) -> Verdict:
    """Whether the lead is shown: by `threshold`, or instead of it by `risk` (see `threshold_for`)."""
    least = threshold if risk is None else threshold_for(risk, leads)
    if leads.best is None:
        return Verdict(0.0, False, least)
    sure = confidence(ranking.evidence, leads)
    return Verdict(sure, sure >= least, least)


def confidence(evidence: Evidence, leads: Leads) -> float:
    """The probability that the lead is right; coefficients and the figures of their fit are in lead.json.

    Where no reader has read: the probability that the articles are about the question, from confidence.json.
    """
    if leads.evidence is not None:
        model = lead_model()
        return logistic(model.intercept + weighed(leads.evidence, model.confidence))
    topic = topic_model()
    return logistic(topic.intercept + weighed(features(evidence, leads.share), topic.weights))


def threshold_for(risk: float, leads: Leads) -> float:
    """The least confidence at which at most a share `risk` of the shown answers is wrong.

    It was read off questions that the model was not fitted on, for hundredths of risk; between two of them the smaller
    holds. 1 if none keeps it.
    """
    thresholds = topic_model().thresholds if leads.evidence is None else lead_model().thresholds
    return min((least for kept, least in thresholds if kept <= risk), default=1.0)


def features(evidence: Evidence, share: float) -> dict[str, float]:
    """The numbers that the model by words weighs; `share` is the best of the candidates'."""
    return {
        "top_cosine": evidence.top_cosine,
        "sentence_share": share,
        "coverage": evidence.coverage,
        "margin": evidence.margin,
        "peak": evidence.peak,
        "log_passages": evidence.log_passages,
    }


@lru_cache(maxsize=1)
def topic_model() -> TopicModel:
    """The shipped model by words."""
    model = json.loads(files("qa.ask").joinpath("confidence.json").read_text("utf-8"))
    thresholds = tuple((float(risk), float(least)) for risk, least in model["thresholds"])
    return TopicModel(float(model["intercept"]), dict(model["weights"]), thresholds)
