"""A file gets the time back that its images take to be read, and cannot claim more of it than it may hold."""

from __future__ import annotations

import threading
import time

import pytest

from qa.sandbox.time_limit import TimeLimit, images_in


class Clock:
    """Time that only tests let pass."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def limit_of(seconds: float, pages: int) -> TimeLimit:
    return TimeLimit(seconds, pages, lambda: None)


def test_a_page_gives_back_the_time_that_it_took(clock: Clock) -> None:
    limit = limit_of(60, 2)
    for took in (3.0, 30.0, 5.0):
        with limit.running():
            clock.now += took
            limit.extend()
    assert limit.seconds == 60 + 3 + 20  # of a page no more than 20, and of two pages alone


def test_pages_that_took_no_time_give_none(clock: Clock) -> None:
    limit = limit_of(60, 500)
    with limit.running():
        for _ in range(500):
            limit.extend()
    assert limit.seconds == 60


def test_the_time_since_the_last_page_counts_over_several_waits(clock: Clock) -> None:
    limit = limit_of(60, 5)
    for _ in range(3):
        with limit.running():
            clock.now += 2
        clock.now += 100  # this program's own time
    with limit.running():
        limit.extend()
    assert limit.seconds == 66


def test_a_file_may_hold_as_many_pages_as_it_has_room_for() -> None:
    assert [images_in(b"x" * size) for size in (0, 1_999, 4_000, 10_000_000)] == [1, 1, 3, 500]


def test_a_limit_that_is_over_ends_the_process() -> None:
    ended = threading.Event()
    limit = TimeLimit(0.01, 1, ended.set)
    with limit.running():
        assert ended.wait(10)
    assert limit.is_over


def test_one_thread_watches_all_limits_and_ends_only_those_that_are_over() -> None:
    before = threading.active_count()
    over = {name: threading.Event() for name in ("long", "short", "second")}
    seconds = (60, 0.01, 0.02)
    long, short, second = (TimeLimit(each, 1, over[name].set) for name, each in zip(over, seconds, strict=True))
    with long.running():
        for _ in range(500):
            with limit_of(60, 1).running():
                pass
        with second.running(), short.running():
            assert over["short"].wait(10) and over["second"].wait(10)
        assert threading.active_count() <= before + 1
    assert (short.is_over, second.is_over, long.is_over) == (True, True, False)


def test_the_time_that_others_had_the_processors_is_given_back_once() -> None:
    waits = iter([5.4, 5.9, 5.9])
    limit = TimeLimit(0.5, 0, lambda: None, lambda: next(waits), begun=5.0)
    assert limit.more() == pytest.approx(0.4)
    assert limit.more() == pytest.approx(0.5)
    assert limit.more() == 0
    assert limit.seconds == 0.5  # of its own time


def test_a_file_gets_no_more_time_back_than_has_passed() -> None:
    waits = iter([90.0, 90.0, 5_000.0])
    limit = TimeLimit(10, 0, lambda: None, lambda: next(waits))
    assert (limit.more(), limit.more()) == (10, 20)  # of nine threads that waited at the same time
    limit = TimeLimit(3_000, 0, lambda: None, lambda: next(waits, 9_000.0))
    assert limit.more() == 1_200


@pytest.mark.parametrize("waited", [0.4, 0.0])
def test_a_process_that_waits_for_a_processor_is_ended_later(waited: float) -> None:
    ended = threading.Event()
    begun = time.monotonic()
    with TimeLimit(0.4, 0, ended.set, lambda: waited).running():
        assert ended.wait(20)
    assert time.monotonic() - begun >= 0.4 + waited - 0.01
