"""The figures of a reader, computed from its outputs: ranking of passages, spans, and answerability."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.common import f1, interval, plain
from qa.evaluate import metrics

from .data import Example
from .mine import Pool, PoolPassage

WEIGHTS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)  # of relevance relative to the fused score
NEAR = {"squad-v2-dev", "clapnq-dev"}  # with unanswerable questions
MARGIN = 0.3  # of the span's margin relative to relevance
DEEP = 3  # passages that may contain the answer


@dataclass(frozen=True, slots=True)
class Reading:
    """The reader's output for a pair: relevance, the logits of "no answer" and of the best span, and its text."""

    relevance: float
    nothing: float
    best: float
    answer: str

    @property
    def margin(self) -> float:
        """The logit of the best span minus that of "no answer"."""
        return self.best - self.nothing


@dataclass(frozen=True, slots=True)
class Asked:
    """An evaluated question with its pool, and the reading of each passage by id, including its own."""

    example: Example
    pool: Pool
    read: Mapping[str, Reading]


Signal = Callable[[Asked], float]


def fit(asked: Sequence[Asked]) -> Signal:
    """Fit a logistic model of all signals, of the reader and of retrieval."""
    from sklearn.linear_model import LogisticRegression

    rows = np.array([_row(a) for a in asked])
    mean, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    model = LogisticRegression().fit((rows - mean) / spread, [a.example.answerable for a in asked])
    return lambda a: float(model.decision_function([(_row(a) - mean) / spread])[0])


def _row(a: Asked) -> Any:
    return np.array(
        [*(signal(a) for signal in signals().values()), a.pool.evidence["coverage"], a.pool.evidence["peak"]]
    )


def figures(name: str, asked: Sequence[Asked], together: Signal | None = None) -> dict[str, Any]:
    """All figures of a reader on one set, with 95 % intervals from 1,000 bootstrap samples of its questions."""
    own = [a for a in asked if a.example.answerable and a.example.passages]
    made: dict[str, Any] = {"questions": len(own), "missing": sum(not a.example.answerable for a in asked)}
    for label, order in _orders().items():
        ranked = [(order(a), dict.fromkeys(a.example.passages, 1.0)) for a in own]
        made[label] = {
            "ndcg@10": _interval([metrics.ndcg(ids, rel, 10) for ids, rel in ranked]),
            "recall@1": _interval(
                [metrics.recall(ids[:1], rel, 1) if len(rel) == 1 else float(ids[0] in rel) for ids, rel in ranked]
            ),
        }
    literal = [a for a in own if a.example.answers]
    if literal:
        pairs = [(a.read[a.example.passages[0]].answer, a.example.answers) for a in literal]
        made["span"] = {
            "f1": _interval([max(f1(said, answer) for answer in answers) for said, answers in pairs]),
            "exact": _interval([float(max(plain(said) == plain(x) for x in answers)) for said, answers in pairs]),
        }
    missing = [a for a in asked if not a.example.answerable]
    if name in NEAR and missing:
        made["near_miss"] = {
            label: _auroc([value(a) for a in own], [value(a) for a in missing])
            for label, value in (signals() | own_signals() | ({"together": together} if together else {})).items()
        }
    return made


def signals() -> dict[str, Signal]:
    """The signals of answerability, from the best passages by fused score."""

    def top(a: Asked) -> list[Reading]:
        return [a.read[found.passage] for found in a.pool.found[:DEEP]]

    return {
        "relevance": lambda a: max(r.relevance for r in top(a)),
        "margin": lambda a: max(r.margin for r in top(a)),
        "both": lambda a: max(r.relevance + 0.5 * r.margin for r in top(a)),
        "dense": lambda a: a.pool.evidence["top_cosine"],
    }


def own_signals() -> dict[str, Signal]:
    """The same signals, from the passage about which the question was written."""

    def own(a: Asked) -> Reading:
        return a.read[a.example.passages[0]]

    return {
        "own passage, relevance": lambda a: own(a).relevance,
        "own passage, margin": lambda a: own(a).margin,
        "own passage, both": lambda a: own(a).relevance + 0.5 * own(a).margin,
    }


def _orders() -> dict[str, Callable[[Asked], list[str]]]:
    """The ways to order a pool: by the fused score, together with the reader's output, or by that alone."""

    def by(fused: float, relevance: float, margin: float) -> Callable[[Asked], list[str]]:
        def order(a: Asked) -> list[str]:
            def score(found: PoolPassage) -> float:
                read = a.read[found.passage]
                return fused * found.score + relevance * read.relevance + margin * read.margin

            return [found.passage for found in sorted(a.pool.found, key=score, reverse=True)]

        return order

    return {
        "fused": by(1, 0, 0),
        **{f"fused + {w} relevance": by(1, w, 0) for w in WEIGHTS},
        **{f"fused + {w} relevance + {w * MARGIN:.3g} margin": by(1, w, w * MARGIN) for w in WEIGHTS},
        "reader": by(0, 1, 0),
    }


def _interval(values: Sequence[float]) -> list[float]:
    """The mean, and the ends of its 95 % bootstrap interval."""
    return [round(x, 4) for x in interval([values])]


def _auroc(own: Sequence[float], missing: Sequence[float]) -> list[float]:
    return [round(x, 4) for x in interval([own, missing], metrics.auroc, 300)]
