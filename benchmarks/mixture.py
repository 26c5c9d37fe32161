"""Figures that depend on the share of answerable questions: calibration and risk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.judged import Kind
from qa.evaluate.metrics import calibration_error

# The mixture of kinds for which confidence is fitted and evaluated.
MIXTURE: dict[Kind, float] = {"own": 0.6, "off": 0.3, "near": 0.1}
RISKS = tuple(round(0.01 * number, 2) for number in range(1, 41))

Numbers = NDArray[np.float64]


def mixed(kinds: Iterable[Kind], mixture: Mapping[Kind, float] = MIXTURE) -> dict[Kind, float]:
    """The share of each kind if there are only these; unanswerable ones have the same total as in the mixture."""
    own, present = mixture["own"], set(kinds)
    missing = sum(mixture.get(kind, 0.0) for kind in present - {"own"})
    return {kind: own if kind == "own" else (1 - own) * mixture.get(kind, 0.0) / missing for kind in present}


def in_mixture(values: Mapping[Kind, Numbers], mixture: Mapping[Kind, float] = MIXTURE) -> tuple[Numbers, Numbers]:
    """As many values of each kind as the mixture permits, and whether each is of an own question."""
    shares = {kind: share for kind, share in mixed(values, mixture).items() if share}
    total = min(len(values[kind]) / share for kind, share in shares.items())
    random = np.random.default_rng(11)
    drawn = {kind: random.permutation(values[kind])[: round(total * shares[kind])] for kind in values if kind in shares}
    truth = [np.full(len(each), float(kind == "own")) for kind, each in drawn.items()]
    return np.concatenate(list(drawn.values())), np.concatenate(truth)


def error_if_true(sure: Numbers, samples: int = 200) -> float:
    """The expected calibration error of a sample of these probabilities if each of them is exactly true."""
    random = np.random.default_rng(12)
    return float(np.mean([calibration_error(sure, random.random(len(sure)) < sure) for _ in range(samples)]))


def weighted(
    values: Mapping[Kind, Numbers], mixture: Mapping[Kind, float] = MIXTURE
) -> tuple[Numbers, Numbers, Numbers]:
    """All values, whether each is of an own question, and the weight of each in the mixture, which add up to 1."""
    shares = mixed(values, mixture)
    truth = [np.full(len(each), float(kind == "own")) for kind, each in values.items()]
    weights = [np.full(len(each), shares[kind] / len(each)) for kind, each in values.items()]
    return np.concatenate(list(values.values())), np.concatenate(truth), np.concatenate(weights)


def risk(threshold: float, sets: Sequence[tuple[Numbers, Numbers, Numbers]]) -> tuple[float, float]:
    """The share of questions with at least this confidence, and the share of those that are answered wrongly.

    `sets` contains confidence, error (0 or 1) and weight of each question; each set has the same weight. The error is 0
    if nothing is answered.
    """
    answered = float(np.mean([weights[sure >= threshold].sum() / weights.sum() for sure, _, weights in sets]))
    lost = float(np.mean([(weights * wrong)[sure >= threshold].sum() / weights.sum() for sure, wrong, weights in sets]))
    return answered, lost / answered if answered else 0.0


def thresholds(sets: Sequence[tuple[Numbers, Numbers, Numbers]]) -> list[tuple[float, float]]:
    """Each risk with the lowest confidence above which it is never exceeded, in hundredths; 1 if there is none."""
    steps = [round(0.01 * number, 2) for number in range(101)]
    risks = [risk(step, sets)[1] for step in steps]
    worst = np.maximum.accumulate(risks[::-1])[::-1]  # at this confidence or any above it
    kept = list(zip(steps, worst, strict=True))
    return [(wanted, next((step for step, most in kept if most <= wanted), 1.0)) for wanted in RISKS]
