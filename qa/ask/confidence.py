"""Computes confidence, the probability that a lead is right, and decides whether to show the lead.

With the reader, confidence is a logistic model over the evidence for the lead, fitted to "this lead answers this
question" on real articles. Without it, a model over the ranking tells whether the articles are about the question,
since words alone cannot tell more.
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
    """The verdict on the lead, by `threshold`, or by `risk` if it is given (see `threshold_for`)."""
    least = threshold if risk is None else threshold_for(risk, leads)
    if leads.best is None:
        return Verdict(0.0, False, least)
    sure = confidence(ranking.evidence, leads)
    return Verdict(sure, sure >= least, least)


def confidence(evidence: Evidence, leads: Leads) -> float:
    """The probability that the lead is right, by the model in lead.json.

    If the reader has not read, the probability that the articles are about the question, by that in confidence.json.
    """
    if leads.evidence is not None:
        model = lead_model()
        return logistic(model.intercept + weighed(leads.evidence, model.confidence))
    topic = topic_model()
    return logistic(topic.intercept + weighed(features(evidence, leads.share), topic.weights))


def threshold_for(risk: float, leads: Leads) -> float:
    """The least confidence at which at most a share `risk` of the shown answers is wrong.

    It was read off questions that the model was not fitted on, for each hundredth of risk; a risk between two of them
    counts as the smaller one. 1 if no confidence keeps the risk.
    """
    thresholds = topic_model().thresholds if leads.evidence is None else lead_model().thresholds
    return min((least for step, least in thresholds if step <= risk), default=1.0)


def features(evidence: Evidence, share: float) -> dict[str, float]:
    """The features of the model without the reader; `share` is the largest of the candidates' shares of terms."""
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
    """The shipped model without the reader."""
    model = json.loads(files("qa.ask").joinpath("confidence.json").read_text("utf-8"))
    thresholds = tuple((float(risk), float(least)) for risk, least in model["thresholds"])
    return TopicModel(float(model["intercept"]), dict(model["weights"]), thresholds)
