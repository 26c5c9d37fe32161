"""The tests wait for events, not for time to pass."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from conftest import ROOT, TESTS
from waiting import holds_within, wait_until


def sleeps(path: Path) -> list[str]:
    """Where a file calls something named `sleep`, in its code or in a program that it contains as a string."""
    lines = path.read_text("utf-8").splitlines()
    tree = ast.parse("\n".join(lines))
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls = {func.lineno for func in called if "sleep" in (getattr(func, "id", ""), getattr(func, "attr", ""))}
    calls |= {number for number, line in enumerate(lines, 1) if "time.sleep" in line}
    return [f"{path.relative_to(ROOT)}:{number}" for number in sorted(calls)]


def test_no_test_sleeps() -> None:
    allowed = {TESTS / "waiting.py", Path(__file__)}
    assert [place for path in TESTS.rglob("*.py") if path not in allowed for place in sleeps(path)] == []
    assert len(sleeps(TESTS / "waiting.py")) == 2  # so this test detects what it looks for


def test_waiting_ends_with_its_condition_or_with_an_error() -> None:
    asked = iter([False, False, True])
    wait_until(lambda: next(asked), 10)
    assert next(asked, None) is None
    assert not holds_within(lambda: False, 0.05)
    with pytest.raises(AssertionError, match=r"not so within 0\.05 s"):
        wait_until(lambda: False, 0.05)
