"""Processes that share one processor wait for it; one that sleeps does not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from waiting import holds_within, wait_until

from qa.system import waiting
from qa.system.waiting import Waiting, waited_for_processor

_BUSY = "import os\nos.sched_setaffinity(0, {%d})\nprint(flush=True)\nwhile True: pass"
_STARTS = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', sys.argv[1]])"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's schedstat")


def _started(*program: str) -> subprocess.Popen[bytes]:
    """A process in a group of its own that has printed a line."""
    process = subprocess.Popen([sys.executable, "-c", *program], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None and process.stdout.readline() == b"\n"
    return process


def test_two_that_share_a_processor_wait_for_it_and_so_does_who_started_one() -> None:
    busy = _BUSY % min(os.sched_getaffinity(0))
    with _started(busy) as one, _started(_STARTS, busy) as other:
        try:
            before = {each: waited_for_processor(each.pid) for each in (one, other)}
            wait_until(lambda: all(waited_for_processor(each.pid) - was > 0.2 for each, was in before.items()))
        finally:
            for each in (one, other):
                os.killpg(each.pid, signal.SIGKILL)


def test_one_that_sleeps_does_not_wait_and_one_that_is_gone_neither() -> None:
    with _started("import signal\nprint(flush=True)\nsignal.pause()") as process:
        before = waited_for_processor(process.pid)
        assert not holds_within(lambda: waited_for_processor(process.pid) - before >= 0.2, 1)
        process.kill()
    assert waited_for_processor(process.pid) == 0


def test_a_recent_reading_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    times, readings = iter([10.0, 10.5, 11.5, 11.5, 12.0]), iter([1.0, 2.0, 3.0])
    monkeypatch.setattr(waiting, "monotonic", lambda: next(times))
    monkeypatch.setattr(waiting, "waited_for_processor", lambda _: next(readings))
    one = Waiting(1)
    assert (one.now(), one.lately(), one.lately(), one.lately()) == (1.0, 1.0, 2.0, 2.0)
