"""How many of 100 shown answers are wrong at most: what judged answers can promise, what it costs, and what is lacking.

Judged answers are taken from the most certain one down, as long as the upper bound on the share of wrong ones, of those
so far, is at most the risk. This is fixed-sequence testing (Angelopoulos et al., Learn then Test, 2021): the first test
is where that many right answers would be enough, each further one has one answer more, and the first failure ends it.
So nothing has to be held back, and the promise holds with the certainty, for all RISKS at once (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from ..index.promised import Promise
from .calibrate import Outcome, upper_bound

RISKS = (0.01, 0.05, 0.1)
_LEAST = 10  # judged answers from which on a stretch says how many are wrong
_MOST = 1_000_000  # judged answers: nobody has more, so they are as good as never enough


def promises(outcomes: Sequence[Outcome], certainty: float, now: float) -> tuple[Promise, ...]:
    """What these outcomes promise for each of RISKS; no answer counts that is not shown from `now` on."""
    each = 1 - (1 - certainty) / len(RISKS)
    return tuple(_promise(outcomes, risk, each, now) for risk in RISKS)


def _promise(outcomes: Sequence[Outcome], risk: float, certainty: float, now: float) -> Promise:
    shown = sorted((each for each in outcomes if each.confidence >= now), key=lambda each: -each.confidence)
    wrong = [0, *accumulate(not each.right for each in shown)]
    tested = _first(risk, certainty, 0, 1)
    held = 0
    for n in range(tested, len(shown) + 1):
        if n < len(shown) and shown[n].confidence == shown[n - 1].confidence:
            continue  # no threshold lies between two equal ones
        if upper_bound(wrong[n], n, certainty) > risk:
            break
        held = n
    if not held:
        return Promise(risk, None, 1.0, 0, 0, len(outcomes), _lacking(wrong, tested, risk, certainty))
    # Just above the next answer: of those above it, nothing but their number was chosen.
    threshold = now if held == len(shown) else math.nextafter(shown[held].confidence, 1.0)
    bound = round(upper_bound(wrong[held], held, certainty), 4)
    return Promise(risk, threshold, bound, held, wrong[held], len(outcomes), 0)


def _lacking(wrong: Sequence[int], tested: int, risk: float, certainty: float) -> int | None:
    """How many judged answers more would do, if no more of them are wrong than of the best stretch of certain ones."""
    known = len(wrong) - 1
    if not known:
        return tested
    best = min(range(min(known, _LEAST), known + 1), key=lambda n: (wrong[n] / n, -n))
    needed = _first(risk, certainty, wrong[best], best)
    return None if needed >= _MOST else max(1, needed - best)


def _first(risk: float, certainty: float, wrong: int, of: int) -> int:
    """The least number of answers that supports the risk if so many `of` so many are wrong; _MOST if none does."""
    if wrong >= risk * of:
        return _MOST
    low, high = 0, 1
    while high < _MOST and upper_bound(math.ceil(wrong * high / of), high, certainty) > risk:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        is_enough = upper_bound(math.ceil(wrong * middle / of), middle, certainty) <= risk
        low, high = (low, middle) if is_enough else (middle, high)
    return min(high, _MOST)
