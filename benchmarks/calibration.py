"""Check what `qa calibrate` promises on real articles: `python -m benchmarks.calibration [--only NAME …]`.

A share of a collection's questions, drawn by chance, is given to `qa calibrate` as a person would give their own. The
other questions, which it never saw, say what its threshold does to them, and whether its bound holds. Each draw is
another one of the same questions, so the draws say how much chance there is in it. Outcomes are kept in the cache.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from benchmarks.common import CACHE, CachingReader
from benchmarks.real import Collection, is_right, opened
from qa.config.settings import USUAL_THRESHOLD
from qa.evaluate.calibrate import Outcome, counts, fitted

DRAWS = 1_000
CERTAINTY = 0.95
RISKS = (0.05, 0.1, 0.2)


@dataclass(frozen=True, slots=True)
class Promise:
    """What one draw promised, and what the questions that it did not see say.

    `threshold` is None where none keeps the risk, so that the usual one stays; then there is no `bound`. `shown`,
    `wrong` and `right` are of the unseen questions, and those `before` with the usual threshold.
    """

    threshold: float | None
    bound: float
    shown: int
    wrong: int
    shown_before: int
    wrong_before: int


def outcomes(collection: Collection) -> list[Outcome]:
    """What the program answers to each question of a collection, whatever its confidence."""
    kept = CACHE / "calibration" / f"{collection.name}.json"
    if not kept.is_file():
        found = []
        with opened(collection, CachingReader(), threshold=0.0) as engine:
            for question in collection.questions:
                answer = engine.ask(question.text, 5, question.history)
                right = answer.lead is not None and is_right(question, answer.lead.text)
                found.append(Outcome(answer.confidence if answer.lead else -1.0, right, question.answerable))
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps([asdict(each) for each in found]), "utf-8")
    return [Outcome(**each) for each in json.loads(kept.read_text("utf-8"))]


def promises(asked: Sequence[Outcome], given: int, risk: float) -> Iterator[Promise]:
    """Give so many of the questions to `qa calibrate`, in many draws."""
    for seed in range(DRAWS):
        mixed = random.Random(seed).sample(asked, len(asked))
        found, _ = fitted(mixed[:given], risk, CERTAINTY, USUAL_THRESHOLD)
        unseen = mixed[given:]
        least = found.threshold if found else None
        yield Promise(
            least,
            found.bound if found else 1.0,
            *counts(unseen, USUAL_THRESHOLD if least is None else least),
            *counts(unseen, USUAL_THRESHOLD),
        )
