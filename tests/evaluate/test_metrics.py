"""Metrics agree with values computed by hand, with scikit-learn, and with their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.evaluate.metrics import (
    auroc,
    average_precision,
    calibration_curve,
    calibration_error,
    ndcg,
    recall,
    reciprocal_rank,
)

QRELS = {"a": 3.0, "b": 2.0, "c": 1.0, "z": 0.0, "n": -1.0}
IDS = st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=10)
GRADES = st.dictionaries(st.sampled_from("abcdefghij"), st.integers(0, 3).map(float), max_size=10)
SCORES = st.lists(st.floats(-5, 5, allow_nan=False).map(lambda x: round(x, 1)), min_size=1, max_size=30)


# --- rankings ---------------------------------------------------------------------------------------------------------


def test_ndcg_by_hand() -> None:
    ideal = 3 / math.log2(2) + 2 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(["b", "x", "a"], QRELS) == pytest.approx((2 / 1 + 3 / 2) / ideal)
    assert ndcg(["b", "x", "a"], QRELS, k=1) == pytest.approx(2 / 3)
    assert ndcg(["a", "b", "c"], QRELS) == 1
    assert ndcg(["z", "n", "x"], QRELS) == 0


def test_reciprocal_rank_by_hand() -> None:
    assert reciprocal_rank(["x", "z", "c", "a"], QRELS) == pytest.approx(1 / 3)
    assert reciprocal_rank(["x", "z", "c"], QRELS, k=2) == 0
    assert reciprocal_rank([], QRELS) == 0


def test_recall_by_hand() -> None:
    assert recall(["a", "x", "c", "z"], QRELS, 10) == pytest.approx(2 / 3)
    assert recall(["a", "x", "c", "z"], QRELS, 1) == pytest.approx(1 / 3)


def test_average_precision_by_hand() -> None:
    assert average_precision(["a", "x", "c", "z"], QRELS) == pytest.approx((1 / 1 + 2 / 3) / 3)
    assert average_precision(["a", "x", "c"], QRELS, k=2) == pytest.approx(1 / 3)


@pytest.mark.parametrize("qrels", [{}, {"z": 0.0}])
def test_a_query_without_anything_relevant_scores_nothing(qrels: dict[str, float]) -> None:
    assert ndcg(["z"], qrels) == reciprocal_rank(["z"], qrels) == recall(["z"], qrels, 5) == 0
    assert average_precision(["z"], qrels) == 0


@settings(deadline=None)
@given(IDS, GRADES, st.integers(1, 12))
def test_measures_of_any_ranking_are_between_0_and_1(ranked: list[str], qrels: dict[str, float], k: int) -> None:
    for value in (
        ndcg(ranked, qrels, k),
        reciprocal_rank(ranked, qrels, k),
        recall(ranked, qrels, k),
        average_precision(ranked, qrels, k),
    ):
        assert 0 <= value <= 1 + 1e-12


@settings(deadline=None)
@given(GRADES, st.integers(1, 12))
def test_the_ideal_order_scores_one(qrels: dict[str, float], k: int) -> None:
    ranked = sorted(qrels, key=lambda item: -qrels[item])
    expected = 1 if any(qrels.values()) else 0
    assert ndcg(ranked, qrels, k) == pytest.approx(expected)
    assert reciprocal_rank(ranked, qrels, k) == expected
    assert average_precision(ranked, qrels, 10) == pytest.approx(expected)
    assert recall(ranked, qrels, 10) == expected


@settings(deadline=None)
@given(IDS, GRADES, st.integers(0, 8))
def test_swapping_a_better_item_forward_never_lowers_a_measure(
    ranked: list[str], qrels: dict[str, float], place: int
) -> None:
    if place + 1 < len(ranked) and qrels.get(ranked[place], 0) < qrels.get(ranked[place + 1], 0):
        better = [*ranked[:place], ranked[place + 1], ranked[place], *ranked[place + 2 :]]
        assert ndcg(better, qrels) >= ndcg(ranked, qrels)
        assert reciprocal_rank(better, qrels) >= reciprocal_rank(ranked, qrels)
        assert average_precision(better, qrels) >= average_precision(ranked, qrels)


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=10), st.integers(1, 10))
def test_ndcg_agrees_with_scikit_learn(grades: list[int], k: int) -> None:
    from sklearn.metrics import ndcg_score  # imported here, since it takes a second to load

    ranked = [str(number) for number in range(len(grades))]
    qrels = {item: float(grade) for item, grade in zip(ranked, grades, strict=True)}
    expected = ndcg_score([grades], [[-number for number in range(len(grades))]], k=k)
    assert ndcg(ranked, qrels, k) == pytest.approx(expected)


# --- separation -------------------------------------------------------------------------------------------------------


def test_auroc_by_hand() -> None:
    assert auroc([3, 2], [1, 0]) == 1
    assert auroc([1, 0], [3, 2]) == 0
    assert auroc([1, 3], [2, 0]) == pytest.approx(3 / 4)
    assert auroc([1, 1], [1]) == pytest.approx(1 / 2)


def test_auroc_of_an_empty_side_is_not_a_number() -> None:
    assert math.isnan(auroc([], [1]))
    assert math.isnan(auroc([1], []))


@settings(deadline=None)
@given(SCORES, SCORES)
def test_auroc_is_symmetric_and_agrees_with_scikit_learn(positive: list[float], negative: list[float]) -> None:
    from sklearn.metrics import roc_auc_score

    value = auroc(positive, negative)
    assert value == pytest.approx(1 - auroc(negative, positive))
    labels = [1] * len(positive) + [0] * len(negative)
    assert value == pytest.approx(roc_auc_score(labels, positive + negative))


@settings(deadline=None)
@given(SCORES, SCORES)
def test_auroc_asks_only_for_the_order(positive: list[float], negative: list[float]) -> None:
    stretched = auroc([2**x for x in positive], [2**x for x in negative])
    assert stretched == pytest.approx(auroc(positive, negative))


@settings(deadline=None)
@given(SCORES, SCORES, st.floats(0, 3))
def test_raising_the_positives_never_lowers_auroc(positive: list[float], negative: list[float], more: float) -> None:
    assert auroc([score + more for score in positive], negative) >= auroc(positive, negative)


# --- calibration ------------------------------------------------------------------------------------------------------


def test_calibration_by_hand() -> None:
    probabilities, outcomes = [0.1, 0.15, 0.8, 0.9, 1.0], [0, 1, 1, 1, 0]
    curve = calibration_curve(probabilities, outcomes, bins=2)
    assert [mean for mean, _, _ in curve] == pytest.approx([0.125, 0.9])
    assert [share for _, share, _ in curve] == pytest.approx([0.5, 2 / 3])
    assert [count for _, _, count in curve] == [2, 3]
    expected = (2 * abs(0.125 - 0.5) + 3 * abs(0.9 - 2 / 3)) / 5
    assert calibration_error(probabilities, outcomes, bins=2) == pytest.approx(expected)


def test_certainty_that_is_always_right_has_no_error_and_always_wrong_has_all() -> None:
    assert calibration_error([1.0, 0.0, 1.0], [1, 0, 1]) == 0
    assert calibration_error([1.0, 0.0, 1.0], [0, 1, 0]) == 1


def test_calibration_of_nothing_is_not_a_number() -> None:
    assert calibration_curve([], []) == []
    assert math.isnan(calibration_error([], []))


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), min_size=1, max_size=50), st.integers(1, 20))
def test_every_probability_is_counted_once_in_order(pairs: list[tuple[float, int]], bins: int) -> None:
    probabilities, outcomes = zip(*pairs, strict=True)
    curve = calibration_curve(probabilities, outcomes, bins)
    assert sum(count for _, _, count in curve) == len(pairs)
    means = [mean for mean, _, _ in curve]
    assert means == sorted(means)
    assert sum(mean * count for mean, _, count in curve) == pytest.approx(sum(probabilities))
    assert sum(share * count for _, share, count in curve) == pytest.approx(sum(outcomes))
    assert 0 <= calibration_error(probabilities, outcomes, bins) <= 1 + 1e-9


def test_the_curve_agrees_with_scikit_learn() -> None:
    from sklearn.calibration import calibration_curve as sk_curve

    probabilities = np.random.default_rng(0).random(500)
    outcomes = (np.random.default_rng(1).random(500) < probabilities).astype(int)
    shares, means = sk_curve(outcomes, probabilities, n_bins=10)
    curve = calibration_curve(probabilities, outcomes, 10)
    assert [mean for mean, _, _ in curve] == pytest.approx(list(means))
    assert [share for _, share, _ in curve] == pytest.approx(list(shares))
