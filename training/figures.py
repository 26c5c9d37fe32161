"""Figures of a reader from what it said: order of passages, spans, and whether the answer is there at all.

It knows nothing about models, tokens or files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.common import f1, interval, plain
from qa.evaluate import metrics

from .data import Example
from .mine import Found, Pool

WEIGHTS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)  # of relevance beside the fused score
NEAR = {"squad-v2-dev", "clapnq-dev"}  # with questions whose answer is missing
MARGIN = 0.3  # of the span's margin beside relevance
DEEP = 3  # passages that may hold the answer


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader says of a pair: relevance, the logit of "no answer", the best span's, and its text."""

    relevance: float
    nothing: float
    best: float
    answer: str

    @property
    def margin(self) -> float:
        """How much more likely the best span is than none, as a difference of logits."""
        return self.best - self.nothing


@dataclass(frozen=True, slots=True)
class Asked:
    """A judged question with its pool and what was read of each passage, by id, its own included."""

    example: Example
    pool: Pool
    read: Mapping[str, Reading]


Signal = Callable[[Asked], float]


def fit(asked: Sequence[Asked]) -> Signal:
    """All signals together: a logistic model of what the reader says and what retrieval knows."""
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
    """All that a set can say of a reader; intervals are of 95 %, from 1,000 samples of its questions."""
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
    """What may tell whether the answer is there, of the best passages by fused score."""

    def top(a: Asked) -> list[Reading]:
        return [a.read[found.passage] for found in a.pool.found[:DEEP]]

    return {
        "relevance": lambda a: max(r.relevance for r in top(a)),
        "margin": lambda a: max(r.margin for r in top(a)),
        "both": lambda a: max(r.relevance + 0.5 * r.margin for r in top(a)),
        "dense": lambda a: a.pool.evidence["top_cosine"],
    }


def own_signals() -> dict[str, Signal]:
    """The same where the passage that a question was written about is known."""

    def own(a: Asked) -> Reading:
        return a.read[a.example.passages[0]]

    return {
        "own passage, relevance": lambda a: own(a).relevance,
        "own passage, margin": lambda a: own(a).margin,
        "own passage, both": lambda a: own(a).relevance + 0.5 * own(a).margin,
    }


def _orders() -> dict[str, Callable[[Asked], list[str]]]:
    """Ways to order a pool: by the fused score, with what the reader says beside it, or by that alone."""

    def by(fused: float, relevance: float, margin: float) -> Callable[[Asked], list[str]]:
        def order(a: Asked) -> list[str]:
            def score(found: Found) -> float:
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
    """Mean, and the ends of its 95 % bootstrap interval."""
    return [round(x, 4) for x in interval([values])]


def _auroc(own: Sequence[float], missing: Sequence[float]) -> list[float]:
    return [round(x, 4) for x in interval([own, missing], metrics.auroc, 300)]
