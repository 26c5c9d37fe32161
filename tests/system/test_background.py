"""Background jobs run in order, with a bounded queue, and their errors are reported."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.system.background import BackgroundQueue


class Stopped(Exception):
    """The work was stopped."""


@given(sizes=st.lists(st.integers(0, 9), max_size=30), most=st.integers(0, 12))
def test_all_is_done_in_order_and_never_too_much_waits(sizes: list[int], most: int) -> None:
    background = BackgroundQueue(most, lambda: None)
    done: list[int] = []
    for number, size in enumerate(sizes):
        background.add(lambda number=number: done.append(number), size)  # type: ignore[misc]
        waiting = sizes[len(done) : number + 1]
        assert sum(waiting) <= max(most, size)
    background.finish()
    assert done == [*range(len(sizes))]
    background.end()


def test_whoever_waits_for_room_may_stop_and_is_told_what_went_wrong() -> None:
    going, steps = threading.Event(), 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == 2:
            raise Stopped

    def wait() -> None:
        going.wait(10)

    background = BackgroundQueue(1, step)
    background.add(wait, 1)
    with pytest.raises(Stopped):
        background.add(lambda: None, 1)
    going.set()
    background.add(lambda: [][0], 1)
    with pytest.raises(IndexError):
        background.finish()
    background.end()


def test_at_the_end_nothing_is_begun_and_what_runs_has_its_time() -> None:
    going, begun = threading.Event(), threading.Event()
    done: list[int] = []

    def first() -> None:
        begun.set()
        if going.wait(10):
            done.append(1)

    background = BackgroundQueue(9, lambda: None)
    background.add(first)
    background.add(lambda: done.append(2))
    assert begun.wait(5)
    started = time.monotonic()
    background.end(0.1)
    assert 0.1 <= time.monotonic() - started < 5
    going.set()
    background.end()
    assert done == [1]
