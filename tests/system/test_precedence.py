"""Background work pauses while a question is answered, but never for long; and a build has a lower priority."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import ROOT
from waiting import holds_within

from qa.system.precedence import Precedence

AUTOGROUP = Path("/proc/self/autogroup")  # empty where the session has no share of its own
needs_nice = pytest.mark.skipif(not hasattr(os, "setpriority"), reason="needs a system with priorities")


def test_what_is_in_the_background_pauses_until_all_questions_are_answered() -> None:
    precedence = Precedence(longest=60, between=0)
    with ThreadPoolExecutor(1) as pool:
        with precedence.first():
            with precedence.first():
                paused = pool.submit(precedence.give_way)
                assert not holds_within(paused.done, 0.05)
            assert not holds_within(paused.done, 0.05)
        paused.result(60)
    precedence.give_way()  # at once: nothing goes first


def test_a_pause_ends_though_questions_never_do() -> None:
    precedence = Precedence(longest=0.01, between=0)
    with precedence.first():
        for _ in range(3):
            precedence.give_way()


def test_a_question_that_fails_lets_the_background_go_on() -> None:
    precedence = Precedence(longest=60, between=0)
    with pytest.raises(ValueError, match="no"), precedence.first():
        raise ValueError("no")
    precedence.give_way()


def test_a_thread_that_paused_works_before_its_next_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    precedence, worked = Precedence(longest=0.01, between=5), [0.0]
    pauses = 0

    def wait_for(*_: object) -> bool:
        nonlocal pauses
        pauses += 1
        return False

    monkeypatch.setattr(time, "thread_time", lambda: worked[0])
    monkeypatch.setattr(precedence._changed, "wait_for", wait_for)
    with precedence.first():
        for worked[0] in (0, 1, 4.9, 5, 6, 9.9, 10):
            precedence.give_way()
    assert pauses == 3  # at 0, 5 and 10


def test_each_thread_pauses_for_itself() -> None:
    precedence, together = Precedence(longest=0.01, between=60), threading.Barrier(3)

    def work() -> float:
        together.wait(60)
        started = time.monotonic()
        precedence.give_way()
        return time.monotonic() - started

    with precedence.first(), ThreadPoolExecutor(3) as pool:
        assert min(pool.map(lambda _: work(), range(3))) >= 0.009


_PRIORITY = """
    import os, subprocess, sys
    from qa.system.precedence import lower_priority
    {first}
    lower_priority()
    lower_priority()
    child = [sys.executable, "-c", "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"]
    print(os.getpriority(os.PRIO_PROCESS, 0), subprocess.run(child, capture_output=True, text=True).stdout.strip())
    print(open("/proc/self/autogroup").read() if os.path.exists("/proc/self/autogroup") else "")
"""


def lowered(first: str = "", own_session: bool = False) -> tuple[str, str]:
    """What a process says of its priority and its child's, and of its session's, after it lowered its own."""
    program = "\n".join(line.strip() for line in _PRIORITY.format(first=first).splitlines())
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT, capture_output=True, text=True, check=True, start_new_session=own_session,
    )  # fmt: skip
    priorities, _, session = done.stdout.partition("\n")
    return priorities, session.strip()


@needs_nice
def test_a_lower_priority_is_that_of_all_that_starts_later_and_is_never_raised() -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert lowered()[0] == f"{max(5, own)} {max(5, own)}"
    assert lowered("os.setpriority(os.PRIO_PROCESS, 0, 12)")[0] == f"{max(12, own)} {max(12, own)}"


@needs_nice
@pytest.mark.skipif(not AUTOGROUP.exists() or not AUTOGROUP.read_text("ascii"), reason="needs sessions with a share")
def test_a_process_that_leads_its_session_lowers_that_too_and_no_other_does() -> None:
    before = AUTOGROUP.read_text("ascii").split()[-1]
    _, own = lowered(own_session=True)
    assert own.endswith(f"nice {max(5, os.getpriority(os.PRIO_PROCESS, 0))}")
    _, shared = lowered()
    assert shared.split()[-1] == before
