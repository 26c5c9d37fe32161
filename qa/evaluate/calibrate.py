"""Fits the threshold to questions about one's own articles, and bounds how often what is then shown is wrong.

The questions are split in two by chance. The threshold is the lowest at which, in the first half, the share of wrong
answers among those shown is at most the risk, with one more counted as wrong. The other half, which nothing was chosen
with, is a sample of shown answers that are right or wrong: the exact upper bound of Clopper and Pearson (Biometrika 26,
1934) says how many may be wrong among all answers to questions like these.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..ask.answer import Answer
from ..config import Config
from ..engine import Engine
from ..errors import ConfigError, StoreError
from ..index import calibration, open_store
from ..index.calibration import Calibration
from .run import contains_answer

LEAST = 20  # questions: with fewer, no half says anything
_STEPS = [step / 100 for step in range(20, 100)]
_SEED = 20_240_517
_FORM = 'write lines such as {"question": "…", "file": "notes/a.md", "words": "…"}'


@dataclass(frozen=True, slots=True)
class OwnQuestion:
    """A question with the file that answers it and words that a right answer has; neither if nothing answers it.

    An answer from `wrong_file` is wrong, whatever it says. `without` is an article that is not asked.
    """

    text: str
    file: str = ""
    words: str = ""
    wrong_file: str = ""
    without: str = ""

    def is_right(self, answer: Answer) -> bool:
        """Whether the lead of an answer is right."""
        lead = answer.lead
        if lead is None or not (self.file or self.words):
            return False
        document = answer.citations[lead.citation - 1].document
        is_there = not self.file or document == self.file or document.startswith((f"{self.file}#", f"{self.file}/"))
        return is_there and (not self.words or contains_answer(lead.text, [self.words]))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How sure the program was of an answer, and whether it was right; `answerable` is whether there is a right one."""

    confidence: float
    right: bool
    answerable: bool


def read_questions(path: Path) -> list[OwnQuestion]:
    """The questions of a file of JSON lines. Raises ConfigError, with the line."""
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The questions in {str(path)!r} cannot be read: give a file of JSON lines.") from error
    return [_question(line, number, path) for number, line in enumerate(lines, 1) if line.strip()]


def ask_own(
    engine: Engine, questions: Sequence[OwnQuestion], progress: Callable[[str, int, int], None] = lambda *_: None
) -> list[Outcome]:
    """Ask each question of an engine whose threshold is 0, so that every lead is judged."""
    outcomes = []
    for number, question in enumerate(questions):
        progress("asking", number, len(questions))
        scope = {"not": {"in": [question.without]}} if question.without else None
        answer = engine.ask(question.text, scope=scope)
        if question.wrong_file:
            cited = answer.citations[answer.lead.citation - 1].document if answer.lead else ""
            if cited != question.wrong_file:
                continue  # nobody has said whether this one is right
        confidence = answer.confidence if answer.lead else -1.0
        outcomes.append(Outcome(confidence, question.is_right(answer), bool(question.file or question.words)))
    return outcomes


def halves(outcomes: Sequence[Outcome]) -> tuple[list[Outcome], list[Outcome]]:
    """Two halves by chance, the same ones each time. Raises ConfigError if there are too few."""
    if len(outcomes) < LEAST:
        raise ConfigError(f"{len(outcomes)} questions are too few to calibrate with: give at least {LEAST}.")
    mixed = list(outcomes)
    random.Random(_SEED).shuffle(mixed)  # noqa: S311 - no secret
    return mixed[::2], mixed[1::2]


def lowest_threshold(outcomes: Iterable[Outcome], risk: float) -> float | None:
    """The lowest threshold from which on the share of wrong answers is at most the risk, counting one more as wrong.

    That one is the answer to the next question (Angelopoulos et al., Conformal Risk Control, 2024): without it, five
    right answers would do for any risk. Of thresholds that show the same answers it is the highest; None if none does.
    """
    known = list(outcomes)
    for step in _STEPS:
        shown, wrong = counts(known, step)
        if wrong + 1 <= risk * (shown + 1) + 1e-9:
            least = min(each.confidence for each in known if each.confidence >= step)
            return max(each for each in _STEPS if each <= least)
    return None


def counts(outcomes: Iterable[Outcome], threshold: float) -> tuple[int, int]:
    """How many answers are shown from a threshold on, and how many of them are wrong."""
    shown = [each for each in outcomes if each.confidence >= threshold]
    return len(shown), sum(not each.right for each in shown)


def effect(outcomes: Sequence[Outcome], threshold: float) -> dict[str, int]:
    """How many questions are answered rightly and wrongly, and how many are refused, and how many of these rightly."""
    shown, wrong = counts(outcomes, threshold)
    refused = [each for each in outcomes if each.confidence < threshold]
    rightly = sum(not each.answerable for each in refused)
    return {"right": shown - wrong, "wrong": wrong, "refused": len(refused), "refused_rightly": rightly}


def fitted(
    outcomes: Sequence[Outcome], risk: float, certainty: float, now: float
) -> tuple[Calibration | None, dict[str, Any]]:
    """The threshold for a risk with what it does to the second half, where `now` counts at present; None without one.

    Raises ConfigError if there are too few questions.
    """
    first, second = halves(outcomes)
    threshold = lowest_threshold(first, risk)
    if threshold is None:
        return None, {}
    shown, wrong = counts(second, threshold)
    bound = round(upper_bound(wrong, shown, certainty), 4)
    found = Calibration(threshold, risk, bound, certainty, len(second), shown, wrong, "", "")
    figures = {
        "questions": len(outcomes), "threshold": threshold, "risk": risk, "certainty": certainty,
        "tested": len(second), "bound": bound, **effect(second, threshold), "before": effect(second, now),
    }  # fmt: skip
    return found, figures


def measured(outcomes: Sequence[Outcome], asked: int, threshold: float) -> dict[str, Any]:
    """What a threshold does to the answers of so many questions, for `qa gate`; nothing is fitted."""
    return {"questions": asked, "threshold": threshold, **effect(outcomes, threshold)}


def keep(config: Config, found: Calibration, encoder: Mapping[str, Any]) -> None:
    """Store what was fitted with an encoder beside the index, where all interfaces find it. Raises OSError."""
    sha256 = str(encoder["weights_sha256"])
    calibration.write(config.index, replace(found, encoder=sha256, reader=config.reader or "on"))


def forget(config: Config) -> bool:
    """Remove what was fitted; whether there was anything."""
    return calibration.forget(config.index)


def threshold_now(config: Config, encoder: Mapping[str, Any]) -> float:
    """The threshold that counts at present. Raises StoreError."""
    return calibration.calibrated(config, encoder).least_confidence


def in_use(config: Config) -> tuple[float, Path] | None:
    """The fitted threshold and its file, if it counts for the present index; None also if that cannot be opened."""
    if config.threshold is None:
        with suppress(StoreError), closing(open_store(config)) as store:
            fitted = calibration.calibrated(config, store.open_current().manifest.encoder).threshold
            return None if fitted is None else (fitted, config.index / calibration.NAME)
    return None


def upper_bound(wrong: int, shown: int, certainty: float) -> float:
    """The largest share of wrong answers with which as few as these would come up with probability 1 - `certainty`.

    It is exact: the upper limit of Clopper and Pearson, one-sided. 1 if nothing was shown.
    """
    if wrong >= shown:
        return 1.0
    low, high = wrong / shown, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(wrong, shown, middle) > 1 - certainty:
            low = middle
        else:
            high = middle
    return high


def _at_most(k: int, n: int, p: float) -> float:
    """The probability of at most `k` successes of `n` with probability `p` each (0 < p < 1)."""
    if p >= 1:
        return 0.0
    if p <= 0:
        return 1.0
    logs = (
        math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * math.log(p) + (n - i) * math.log1p(-p)
        for i in range(k + 1)
    )
    return math.fsum(map(math.exp, logs))


def _question(line: str, number: int, path: Path) -> OwnQuestion:
    where = f"Line {number} of {str(path)!r}"
    try:
        data: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{where} is not JSON: {_FORM}.") from error
    names = {"question", "file", "words"}
    if not isinstance(data, dict) or not data.keys() <= names or not str(data.get("question") or "").strip():
        raise ConfigError(f"{where} is no question: {_FORM}, without file and words if nothing answers it.")
    if not all(value is None or isinstance(value, str) for value in data.values()):
        raise ConfigError(f"{where} has a value that is no text: {_FORM}.")
    return OwnQuestion(data["question"], data.get("file") or "", data.get("words") or "")
