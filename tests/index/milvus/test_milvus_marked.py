"""The conditions by which a server searches marked passages alone."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.index.milvus import marked
from qa.index.milvus.marked import NOTHING, conditions_for


def numbers(condition: str, count: int) -> set[int]:
    """The numbers that satisfy a condition."""
    ranges = re.findall(r"\(id >= (\d+) and id < (\d+)\)", condition)
    assert condition == " or ".join(f"(id >= {start} and id < {stop})" for start, stop in ranges)
    found = [number for start, stop in ranges for number in range(int(start), int(stop))]
    assert len(found) == len(set(found)) and set(found) <= set(range(count))
    return set(found)


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_together_the_conditions_find_each_marked_passage_once(marks: list[bool]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(marked, "MOST_RANGES", 4)
        conditions = conditions_for(np.array(marks))
    if all(marks):
        assert conditions == [""]
    elif not any(marks):
        assert conditions == [NOTHING]
    else:
        found = [numbers(condition, len(marks)) for condition in conditions]
        assert sum(map(len, found)) == len(set().union(*found))
        assert set().union(*found) == {number for number, is_in in enumerate(marks) if is_in}
        assert all(condition.count("(") <= 4 for condition in conditions)


def test_without_marks_there_is_one_search_without_a_condition() -> None:
    assert conditions_for(None) == [""]
