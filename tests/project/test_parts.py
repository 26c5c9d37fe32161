"""The parts in which CI runs the tests leave none out and run none twice."""

from __future__ import annotations

import pytest
from conftest import TESTS
from hypothesis import given
from hypothesis import strategies as st
from parts import SLOW, parts_of


@given(st.dictionaries(st.text(min_size=1), st.integers(1, 300)), st.integers(1, 5))
def test_each_file_is_in_one_part(files: dict[str, int], count: int) -> None:
    parts = parts_of(files, count)
    assert len(parts) == count
    assert sorted(path for part in parts for path in part) == sorted(files)
    assert parts == parts_of(dict(reversed(files.items())), count)


def test_slow_files_are_spread() -> None:
    files = {path.relative_to(TESTS).as_posix(): 30 for path in TESTS.rglob("test_*.py")}
    assert {path.rpartition("/")[2] for path in files} > set(SLOW)
    parts = parts_of(files, 2)
    slowest = [sum(SLOW.get(path.rpartition("/")[2], 0) for path in part) for part in parts]
    assert max(slowest) == pytest.approx(sum(SLOW.values()) / 2, rel=0.2)
