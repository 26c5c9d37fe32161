"""Check what `qa calibrate` promises on real articles: `python -m benchmarks.calibration [--only NAME …]`.

Half of a collection's questions, drawn by chance, is given to `qa calibrate` as a person would give their own. The
other half, which it never saw, says what its threshold does to them, and whether its bound holds. Each draw is another
half of the same questions, so many draws say how much of it is chance. Outcomes are kept in the cache.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from benchmarks.common import CACHE, CachingReader
from benchmarks.real import OWN, REAL, Collection, collections, is_right, opened, share
from qa.config.settings import USUAL_THRESHOLD
from qa.evaluate.calibrate import Outcome, counts, fitted

DRAWS = 300
CERTAINTY = 0.95
RISKS = (0.05, 0.1, 0.2, 0.3)


@dataclass(frozen=True, slots=True)
class Promise:
    """The threshold and bound of one draw, and how many of the unseen questions are shown an answer and a wrong one.

    `before` has the latter two with the usual threshold, which stays where none keeps the risk: then there is no
    `threshold`, and the bound is 1.
    """

    threshold: float | None
    bound: float
    shown: int
    wrong: int
    before: tuple[int, int]


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
        unseen, before = mixed[given:], counts(mixed[given:], USUAL_THRESHOLD)
        if found is None:
            yield Promise(None, 1.0, *before, before)
        else:
            yield Promise(found.threshold, found.bound, *counts(unseen, found.threshold), before)


def row(name: str, asked: Sequence[Outcome], risk: float) -> str:
    """A line of the table: what the draws promised, and what the questions say that they did not see."""
    given = len(asked) // 2
    drawn = list(promises(asked, given, risk))
    kept = [each for each in drawn if each.threshold is not None]
    cells = [name, str(given), f"{risk:g}", f"{len(kept) / len(drawn):.2f}"]
    if not kept:
        return f"| {' | '.join([*cells, *['–'] * 5])} |"
    unseen = len(asked) - given
    shown, wrong = sum(each.shown for each in kept), sum(each.wrong for each in kept)
    shown_before, wrong_before = (sum(each.before[n] for each in kept) for n in (0, 1))
    cells += [
        f"{median(each.threshold or 0 for each in kept):.2f}",
        f"{median(each.bound for each in kept):.2f}",
        f"{share([each.wrong <= each.bound * each.shown for each in kept]):.3f}",
        f"{wrong / max(1, shown):.2f} ({wrong_before / max(1, shown_before):.2f})",
        f"{(shown - wrong) / len(kept) / unseen:.2f} ({(shown_before - wrong_before) / len(kept) / unseen:.2f})",
    ]
    return f"| {' | '.join(cells)} |"


def coverage(asked: Sequence[Outcome], given: int, risk: float) -> tuple[float, float]:
    """The share of draws of so many questions, with repetitions, that have a threshold, and of these, a true bound.

    The questions asked are then all that there are, so that the share of wrong answers is known and not a sample.
    """
    held = []
    for seed in range(DRAWS):
        drawn = random.Random(seed).choices(asked, k=given)
        found, _ = fitted(drawn, risk, CERTAINTY, USUAL_THRESHOLD)
        if found is not None:
            shown, wrong = counts(asked, found.threshold)
            held.append(wrong <= found.bound * shown)
    return len(held) / DRAWS, share(held)


def main() -> int:
    """Print the draws without repetitions, and then how often the bound holds with them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", help="collections; all by default")
    only = parser.parse_args().only
    listed = [each for folder in (REAL, OWN) for each in collections(folder) if not only or each.name in only]
    found = {collection.name: outcomes(collection) for collection in listed}
    found["all together"] = [each for own in found.values() for each in own]
    print("| questions of | given | risk | fitted | threshold | bound | held | wrong of shown | right of all |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for name, asked in found.items():
        for risk in RISKS:
            print(row(name, asked, risk), flush=True)
    for given in (60, 120, 300):
        for risk in RISKS:
            fits, held = coverage(found["all together"], given, risk)
            print(f"{given} questions, risk {risk:g}: fitted in {fits:.2f} of the draws; the bound holds in {held:.3f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
