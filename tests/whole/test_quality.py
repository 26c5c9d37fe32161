"""A fixed set of questions over the project's own articles: retrieval, leads and abstention do not get worse.

Thresholds are slightly below what was measured; figures for public sets are in docs/quality.md.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import pytest
from conftest import ROOT, TESTS

from qa.ask.answer import Answer
from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.models.protocols import Encoder, Reader

ARTICLES = ["files/html/*.html", "files/pdf/hives.pdf", "files/pdf/columns.pdf", "files/office/bees.md"]


@dataclass(frozen=True)
class Asked:
    """A question, the article and the words that answer it (None if there is no answer), and the answer given."""

    question: str
    document: str | None
    evidence: str | None
    answer: Answer


@pytest.fixture(scope="module")
def measured(
    tmp_path_factory: pytest.TempPathFactory, encoder: Encoder, reader: Reader
) -> Callable[..., dict[str, float]]:
    """The figures for all questions, with the configured reader ("" or "off") and threshold."""
    place = tmp_path_factory.mktemp("quality")
    config = Config(corpus=place / "corpus", index=place / "index", reader_ms=math.inf)
    shutil.copytree(ROOT / "corpus", config.corpus)
    for path in (path for pattern in ARTICLES for path in TESTS.glob(pattern)):
        shutil.copy(path, config.corpus)
    build(config, encoder)
    rows = [json.loads(line) for line in (TESTS / "questions.jsonl").read_text("utf-8").splitlines()]

    @cache
    def asked(setting: str, threshold: float = config.least_confidence) -> dict[str, float]:
        engine = Engine.open(replace(config, reader=setting, threshold=threshold), encoder, reader=reader)
        return shares([Asked(**row, answer=engine.ask(row["question"])) for row in rows])

    return asked


def shares(asked: list[Asked]) -> dict[str, float]:
    own = [(a, a.evidence) for a in asked if a.evidence is not None]
    other = [a for a in asked if a.evidence is None]
    values = {
        "article first": [a.answer.citations[0].document == a.document for a, _ in own],
        "evidence in top 3": [
            any(c.document == a.document and evidence in c.text for c in a.answer.citations[:3]) for a, evidence in own
        ],
        "answered": [a.answer.answerable for a, _ in own],
        "evidence in lead": [a.answer.lead is not None and evidence in a.answer.lead.text for a, evidence in own],
        "abstained": [not a.answer.answerable for a in other],
    }
    shorts = [(lead.pieces()[1], evidence) for a, evidence in own if (lead := a.answer.lead) and lead.short]
    values["short answer right"] = [short in evidence or evidence in short for short, evidence in shorts]
    values["short answer shown"] = [True] * len(shorts) + [False] * (len(own) - len(shorts))
    return {name: sum(marks) / len(marks) for name, marks in values.items() if marks}


@pytest.mark.model
@pytest.mark.parametrize(
    ("figure", "least"),
    [
        ("article first", 0.97),
        ("evidence in top 3", 0.95),
        ("answered", 0.8),
        ("evidence in lead", 0.74),
        ("abstained", 0.6),
        ("short answer shown", 0.6),
        ("short answer right", 0.85),
    ],
)
def test_quality_has_not_dropped(measured: Callable[..., dict[str, float]], figure: str, least: float) -> None:
    assert measured("")[figure] >= least


@pytest.mark.model
def test_the_reader_leads_better_than_words_alone(measured: Callable[..., dict[str, float]]) -> None:
    read, words = measured("", 0.0), measured("off", 0.0)
    assert read["evidence in lead"] > words["evidence in lead"]
    assert words["evidence in lead"] >= 0.65
    assert "short answer right" not in words


@pytest.mark.model
def test_words_alone_answer_fewer_questions_and_those_rightly(measured: Callable[..., dict[str, float]]) -> None:
    read, words = measured(""), measured("off")
    assert words["answered"] < read["answered"]
    assert words["evidence in lead"] >= 0.75 * words["answered"]
    assert words["abstained"] >= read["abstained"]
