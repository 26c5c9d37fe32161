"""What quality is measured with: the split of questions, the cache of judgements, mixtures, risk, and pictures."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from conftest import NEEDS_SETS, ROOT
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.common import FIT_ARTICLES, HELD_OUT_ARTICLES, SETS, _judgement, _row, f1, interval, part_of
from benchmarks.judged import SQUAD_1, SQUAD_2, sample
from benchmarks.mixture import MIXTURE, RISKS, error_if_true, in_mixture, mixed, risk, thresholds, weighted
from benchmarks.pictures import curves
from qa.models.protocols import AnswerSpan, Judgement
from qa.text.document import Span
from training.config import read_settings
from training.data import read_set, split_articles

SPANS = st.tuples(st.integers(0, 10_000), st.integers(0, 500)).map(lambda pair: Span(pair[0], pair[0] + pair[1]))
LOGITS = st.floats(-30, 30, width=32)
FOUND = st.builds(AnswerSpan, SPANS, SPANS, LOGITS, LOGITS)


# --- questions --------------------------------------------------------------------------------------------------------


@NEEDS_SETS
def test_the_split_is_the_one_that_the_reader_was_trained_by() -> None:
    settings = read_settings(ROOT / "training" / "reader.json")
    family = settings.train_on[0]
    sets = [read_set(SETS / folder) for folder in family.folders]
    split = split_articles(sets, family, settings.seed)
    titles = {source.article: source.title for each in sets for source in each.sources.values()}
    assert {titles[article]: part for article, part in split.items()} == {
        title: part_of(title) for title in titles.values()
    }
    assert set(titles.values()) >= FIT_ARTICLES | HELD_OUT_ARTICLES


@NEEDS_SETS
@pytest.mark.parametrize("name", [SQUAD_1, SQUAD_2])
def test_no_question_is_both_fitted_and_judged(name: str) -> None:
    fit, held_out = sample(name, "fit"), sample(name, "held-out")
    for kind, questions in fit.questions.items():
        assert questions
        assert not {q.id for q in questions} & {q.id for q in held_out.questions[kind]}
    titles = {number: title for number, title, _ in fit.dataset.passages}
    assert {titles[fit.about[q.id]] for kind in ("own", "near") for q in fit.questions[kind]} <= FIT_ARTICLES


# --- cached judgements ------------------------------------------------------------------------------------------------


@given(LOGITS, st.lists(FOUND, max_size=5), st.integers(0, 500))
def test_a_cached_judgement_is_returned_for_the_same_passage_anywhere(
    relevance: float, found: list[AnswerSpan], start: int
) -> None:
    judgement = Judgement(relevance, tuple(found))
    assert _judgement(_row(judgement, start), start) == judgement


def test_a_passage_that_was_not_read_stays_so() -> None:
    assert _judgement(_row(None, 7), 7) is None


# --- mixtures and risk ------------------------------------------------------------------------------------------------


def test_unanswerable_questions_keep_their_weight_if_a_kind_is_missing() -> None:
    assert mixed(["own", "off", "near"], {"own": 0.6, "off": 0.3, "near": 0.1}) == pytest.approx(
        {"own": 0.6, "off": 0.3, "near": 0.1}
    )
    assert mixed(["own", "off"], {"own": 0.6, "off": 0.3, "near": 0.1}) == pytest.approx({"own": 0.6, "off": 0.4})


def test_chance_alone_costs_less_the_more_questions_there_are() -> None:
    few, many = (error_if_true(np.linspace(0, 1, count)) for count in (50, 5_000))
    assert 0.05 < few < 0.15
    assert many < few / 5
    assert error_if_true(np.array([0.0, 1.0])) == 0


def test_a_mixture_has_its_shares() -> None:
    values, truth = in_mixture({"own": np.ones(60), "off": np.zeros(500), "near": np.full(500, 0.5)})
    assert len(values) == 100
    assert truth.sum() == 60
    assert (values == 0.5).sum() == 10


def test_risk_is_a_share_of_the_answered_questions() -> None:
    sure, wrong, even = np.array([0.9, 0.8, 0.7, 0.1]), np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4)
    assert risk(0.5, [(sure, wrong, even)]) == pytest.approx((0.75, 1 / 3))
    assert risk(0.5, [(sure, wrong, np.array([1.0, 4.0, 1.0, 4.0]))]) == pytest.approx((0.6, 2 / 3))
    assert risk(0.95, [(sure, wrong, even)]) == (0.0, 0.0)


def test_weights_make_the_mixture_of_whatever_was_asked() -> None:
    _, truth, weights = weighted({"own": np.ones(7), "off": np.zeros(31), "near": np.zeros(2)})
    assert weights.sum() == pytest.approx(1)
    assert weights[truth == 1].sum() == pytest.approx(MIXTURE["own"])
    assert weights[-2:].sum() == pytest.approx(MIXTURE["near"])


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50))
def test_a_threshold_keeps_its_risk_and_so_does_any_above_it(rows: list[tuple[float, bool]]) -> None:
    sets = [(np.array([s for s, _ in rows]), np.array([float(wrong) for _, wrong in rows]), np.ones(len(rows)))]
    table = thresholds(sets)
    assert [wanted for wanted, _ in table] == list(RISKS)
    risks = [risk(step / 100, sets)[1] for step in range(101)]
    for wanted, threshold in table:
        assert threshold == 1.0 or all(each <= wanted for each in risks[round(100 * threshold) :])
    assert [t for _, t in table] == sorted((t for _, t in table), reverse=True)


# --- figures and pictures ---------------------------------------------------------------------------------------------


def test_overlap_leaves_articles_and_punctuation_out() -> None:
    assert f1("The 23rd.", "23rd") == 1.0
    assert f1("oil", "gas") == 0.0


def test_an_interval_contains_its_figure() -> None:
    figure, low, high = interval([[0.0, 1.0] * 50])
    assert low < figure == 0.5 < high


def test_a_picture_is_one_with_words_that_cannot_break_it() -> None:
    picture = curves("a < b", "x & y", "share", {'"line"': [(0.0, 0.0), (0.5, 0.2)]}, diagonal="perfect")
    root = ElementTree.fromstring(picture)
    texts = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert {"a < b", "x & y", '"line"', "perfect"} <= set(texts)
    lines = [element.get("points") for element in root.iter() if element.tag.endswith("polyline")]
    assert "64.0,400.0 244.0,328.0" in lines
