"""Metrics of rankings, of separation and of calibration, as pure functions.

`relevance` is the qrels of one query: id → grade (> 0 is relevant); `ranked` is a run for it: ids, best first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike


def ndcg(ranked: Sequence[str], relevance: Mapping[str, float], k: int = 10) -> float:
    """Normalised discounted cumulative gain at `k`, linear gain (as trec_eval's ndcg_cut)."""
    ideal = sorted((grade for grade in relevance.values() if grade > 0), reverse=True)[:k]
    best = sum(grade / math.log2(rank + 2) for rank, grade in enumerate(ideal))
    gain = sum(max(0.0, relevance.get(item, 0)) / math.log2(rank + 2) for rank, item in enumerate(ranked[:k]))
    return gain / best if best else 0.0


def reciprocal_rank(ranked: Sequence[str], relevance: Mapping[str, float], k: int = 10) -> float:
    """One over the rank of the first relevant id within `k`, or 0."""
    return next((1 / rank for rank, item in enumerate(ranked[:k], 1) if relevance.get(item, 0) > 0), 0.0)


def recall(ranked: Sequence[str], relevance: Mapping[str, float], k: int) -> float:
    """The share of the relevant ids that are among the first `k`."""
    relevant = {item for item, grade in relevance.items() if grade > 0}
    return len(relevant.intersection(ranked[:k])) / len(relevant) if relevant else 0.0


def average_precision(ranked: Sequence[str], relevance: Mapping[str, float], k: int = 10) -> float:
    """Average precision at `k`, over the number of relevant ids (as trec_eval's map_cut)."""
    relevant = sum(grade > 0 for grade in relevance.values())
    hits, total = 0, 0.0
    for rank, item in enumerate(ranked[:k], 1):
        if relevance.get(item, 0) > 0:
            hits += 1
            total += hits / rank
    return total / relevant if relevant else 0.0


def auroc(positive: ArrayLike, negative: ArrayLike) -> float:
    """The probability that a random positive scores above a random negative (ties count half): Mann–Whitney U.

    NaN if either is empty.
    """
    above, below = np.asarray(positive, dtype=float), np.asarray(negative, dtype=float)
    if not above.size or not below.size:
        return float("nan")
    ordered = np.sort(below)
    left = np.searchsorted(ordered, above, side="left")
    right = np.searchsorted(ordered, above, side="right")
    return float((left + right).sum() / 2 / above.size / below.size)


def calibration_curve(probabilities: ArrayLike, outcomes: ArrayLike, bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean probability, share of true outcomes, count) for each non-empty bin of equal width."""
    p, y = np.asarray(probabilities, dtype=float), np.asarray(outcomes, dtype=float)
    bin_of = np.minimum((p * bins).astype(int), bins - 1)
    return [
        (float(p[bin_of == b].mean()), float(y[bin_of == b].mean()), int((bin_of == b).sum()))
        for b in range(bins)
        if (bin_of == b).any()
    ]


def calibration_error(probabilities: ArrayLike, outcomes: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error over bins of equal width (Naeini, Cooper and Hauskrecht, AAAI 2015)."""
    curve = calibration_curve(probabilities, outcomes, bins)
    total = sum(count for _, _, count in curve)
    return sum(abs(mean - share) * count for mean, share, count in curve) / total if total else float("nan")
