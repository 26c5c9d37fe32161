"""`qa conflicts` on the command line: what it prints, writes and exits with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa.cli import main

FEE = "# Harbour\n\nMembers of the Bergen rowing club pay an annual harbour fee of {} euros for each boat.\n"


@pytest.fixture
def folder(commands: Path) -> Path:
    """A working folder with two articles that contradict each other, and its index."""
    for name, fee in (("one", 40), ("two", 45)):
        (commands / "corpus" / f"{name}.md").write_text(FEE.format(fee))
    assert main(["build", "--json"]) == 0
    return commands


def test_both_sentences_are_shown_and_strict_fails(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["conflicts", "--markdown", "out.md"]) == 0
    out = capsys.readouterr().out
    assert "40 ≠ 45" in out
    assert out.count("an annual harbour fee of") == 2
    assert "Harbour (one.md)" in out and "Harbour (two.md)" in out
    assert (folder / "out.md").read_text().startswith("# Conflicts\n\n1 conflict in 2 statements")
    assert main(["conflicts", "--strict", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_strict_passes_without_any(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "corpus" / "two.md").write_text(FEE.format(40))
    assert main(["build", "--json"]) == 0
    capsys.readouterr()
    assert main(["conflicts", "--strict"]) == 0
    assert capsys.readouterr().out == "No conflict in 2 statements that give a value\n"
