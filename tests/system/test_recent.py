"""What many threads ask for at once is made once, and none of them pays for what happened to another."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from waiting import wait_until

from qa.system.recent import Recent


class Maker:
    """Makes a value, or raises, once `allow` is called; counts how often it was asked to."""

    def __init__(self, made: object = "value") -> None:
        self.made, self.times = made, 0
        self.begun, self._go_on = threading.Event(), threading.Event()

    def __call__(self) -> object:
        self.times += 1
        self.begun.set()
        assert self._go_on.wait(60)
        if isinstance(self.made, BaseException):
            raise self.made
        return self.made

    def allow(self) -> None:
        self._go_on.set()


class Key:
    """Counts how often it is looked up: from then on, a thread gets what another one is making."""

    def __init__(self) -> None:
        self.times = 0

    def __hash__(self) -> int:
        self.times += 1
        return 7

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key)


def waiting(recent: Recent[object], make: Maker, threads: int, pool: ThreadPoolExecutor) -> list[Future[object]]:
    """The futures of so many threads, each of which waits for what another one makes."""
    keys = [Key() for _ in range(threads)]
    futures = [pool.submit(recent.get, key, make) for key in keys]
    wait_until(lambda: all(key.times for key in keys))
    return futures


@pytest.mark.parametrize("most", [0, 2])
def test_what_many_threads_ask_for_at_once_is_made_once(most: int) -> None:
    recent, make = Recent[object](most), Maker()
    with ThreadPoolExecutor(16) as pool:
        first = pool.submit(recent.get, Key(), make)
        assert make.begun.wait(60)
        futures = [first, *waiting(recent, make, 15, pool)]
        make.allow()
        assert [future.result(60) for future in futures] == ["value"] * 16
    assert make.times == 1
    assert recent.get(Key(), make) == "value"
    assert make.times == (1 if most else 2)  # it is kept only if it may be


def test_an_exception_reaches_all_that_wait_and_is_not_kept() -> None:
    recent, make = Recent[object](2), Maker(ValueError("no"))
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(recent.get, Key(), make)
        assert make.begun.wait(60)
        futures = [first, *waiting(recent, make, 3, pool)]
        make.allow()
        for future in futures:
            with pytest.raises(ValueError, match="no"):
                future.result(60)
    assert make.times == 1
    assert recent.get(Key(), lambda: "yes") == "yes"


def test_a_caller_that_is_interrupted_interrupts_no_other() -> None:
    recent, first, second = Recent[object](0), Maker(KeyboardInterrupt()), Maker()
    with ThreadPoolExecutor(4) as pool:
        interrupted = pool.submit(recent.get, Key(), first)
        assert first.begun.wait(60)
        others = waiting(recent, second, 3, pool)
        second.allow()
        first.allow()
        with pytest.raises(KeyboardInterrupt):
            interrupted.result(60)
        assert [future.result(60) for future in others] == ["value"] * 3
    assert first.times == 1


def test_after_forgetting_nobody_gets_what_is_being_made() -> None:
    recent, old, new = Recent[object](2), Maker("old"), Maker("new")
    new.allow()
    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(recent.get, "key", old)
        assert old.begun.wait(60)
        recent.clear()
        assert recent.get("key", new) == "new"
        old.allow()
        assert before.result(60) == "old"
    assert recent.get("key", old) == "new"


def test_the_values_used_last_are_kept() -> None:
    recent = Recent[str](2)
    for key in ("one", "two", "one", "three"):
        assert recent.get(key, lambda key=key: key) == key  # type: ignore[misc]
    assert [recent.get(key, lambda: "new") for key in ("one", "three", "two")] == ["one", "three", "new"]


def test_an_exception_keeps_nothing_alive() -> None:
    class Key:
        pass

    def fail() -> object:
        raise ValueError("no")

    key = Key()
    seen = weakref.ref(key)
    gc.disable()
    try:
        with pytest.raises(ValueError, match="no"):
            Recent[object](0).get(key, fail)
        del key
        assert seen() is None
    finally:
        gc.enable()
