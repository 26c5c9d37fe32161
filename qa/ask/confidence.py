"""Computes confidence, the probability that a lead is right, and decides whether to show the lead.

With the reader, confidence is a logistic model over the evidence for the lead, fitted to "this lead answers this
question" on real articles. Without it, another such model has only what words alone can tell.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..models.protocols import logistic
from .features import weighed
from .lead import Leads

# The most that a lead can reach which gives another value than the one asked for, or does not compare where the
# question does. No model learns this from the few such questions that there are, and each is a wrong answer.
MOST_BESIDE = 0.4


@dataclass(frozen=True, slots=True)
class Verdict:
    """The probability that the lead is right, and whether that is enough to show it: at least `threshold`."""

    confidence: float
    answerable: bool
    threshold: float


def judge(leads: Leads, threshold: float, risk: float | None = None, wanted: float = 0.0) -> Verdict:
    """The verdict on the lead, by `threshold`, or by `risk` if it is given (see `threshold_for`).

    Whoever asks may want more, but not less.
    """
    least = max(wanted, threshold if risk is None else threshold_for(risk, leads))
    if leads.best is None:
        return Verdict(0.0, False, least)
    sure = confidence(leads)
    return Verdict(sure, sure >= least, least)


def confidence(leads: Leads) -> float:
    """The probability that the lead is right, by the model in lead.json."""
    likely = logistic(leads.model.intercept + weighed(leads.evidence, leads.model.confidence))
    return min(likely, MOST_BESIDE if leads.evidence["beside"] else leads.model.most)


def threshold_for(risk: float, leads: Leads) -> float:
    """The least confidence at which at most a share `risk` of the shown answers is wrong.

    It was read off questions that the model was not fitted on, for each hundredth of risk; a risk between two of them
    counts as the smaller one. 1 if no confidence keeps the risk.
    """
    return min((least for step, least in leads.model.thresholds if step <= risk), default=1.0)
