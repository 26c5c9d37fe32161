"""The conditions by which Milvus searches marked passages alone: ranges of their numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_RANGES = 200  # in one condition: for more, the server is asked several times
NOTHING = "id < 0"


def conditions_for(marks: NDArray[np.bool_] | None) -> list[str]:
    """Conditions that together find the marked passages, each of them once; an empty one if all are to be found.

    The passages of one folder have consecutive numbers, so most scopes are few ranges.
    """
    if marks is None or marks.all():
        return [""]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marks, [False]]).view(np.int8))).tolist()
    ranges = list(zip(edges[::2], edges[1::2], strict=True))
    blocks = [ranges[start : start + MOST_RANGES] for start in range(0, len(ranges), MOST_RANGES)]
    return [" or ".join(f"(id >= {start} and id < {stop})" for start, stop in block) for block in blocks] or [NOTHING]
