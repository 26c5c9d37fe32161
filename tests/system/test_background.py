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
def test_jobs_run_in_order_and_the_queue_stays_bounded(sizes: list[int], most: int) -> None:
    background = BackgroundQueue(most, lambda: None)
    done: list[int] = []
    for number, size in enumerate(sizes):
        background.add(lambda number=number: done.append(number), size)  # type: ignore[misc]
        waiting = sizes[len(done) : number + 1]
        assert sum(waiting) <= max(most, size)
    background.finish()
    assert done == [*range(len(sizes))]
    background.end()


def test_waiting_for_room_can_be_stopped_and_reports_errors() -> None:
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


def test_at_the_end_no_job_starts_and_the_running_one_may_finish() -> None:
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
