"""Compares the figures of two runs: which have become worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ConfigError

# The figures of `qa eval` and `qa calibrate`: of these more is better, of those less.
_MORE = (
    "ndcg@10", "mrr@10", "recall@1", "recall@10", "recall@100", "map@10", "answer_in_lead", "answer_in_top3",
    "answerable_auroc", "right", "refused_rightly",
)  # fmt: skip
_LESS = ("calibration_error", "wrong", "bound")
_SAME = ("dataset", "queries", "questions")  # what must be equal for two runs to be compared


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure before and after, and whether it has become worse by more than was allowed."""

    name: str
    before: float
    after: float
    is_worse: bool


def compare(before: Mapping[str, Any], after: Mapping[str, Any], tolerance: float) -> list[Difference]:
    """The figures that both runs have; a share may become worse by `tolerance`, a count not at all.

    Raises ConfigError if the runs are of different questions or have no figure in common.
    """
    for name in _SAME:
        if before.get(name) != after.get(name):
            raise ConfigError(
                f"The runs are not of the same questions ({name}: {before.get(name)} and {after.get(name)}): "
                "compare two runs of one set."
            )
    found = []
    for name in (*_MORE, *_LESS):
        values = before.get(name), after.get(name)
        if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
            was, now = (float(value) for value in values if value is not None)
            loss = was - now if name in _MORE else now - was
            is_count = all(isinstance(value, int) for value in values) and max(was, now) > 1
            found.append(Difference(name, was, now, loss > (0 if is_count else tolerance) + 1e-9))
        elif values[0] is not None and values[1] is None:
            raise ConfigError(f"The second run has no {name}: compare two runs of one program and set.")
    if not found:
        raise ConfigError("The files have no figures to compare: give what `qa eval --json` printed.")
    return found
