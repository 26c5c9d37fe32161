"""`qa check` on the command line: what it prints, writes and exits with."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from qa.cli import main

ZOO = "# Zoo\n\nThe zebra at the zoo is called Bruno. He eats five kilos of hay a day.\n"


@pytest.fixture
def folder(commands: Path) -> Path:
    """A working folder with one article and its index."""
    (commands / "corpus" / "zoo.md").write_text(ZOO)
    assert main(["build", "--json"]) == 0
    return commands


def test_a_draft_is_checked_and_its_reports_are_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draft = folder / "draft.md"
    draft.write_text("It says “The zebra at the zoo is called Bruno”. He eats seven kilos of hay a day.\n")
    capsys.readouterr()
    assert main(["check", "draft.md", "--html", "out.html", "--markdown", "out.md"]) == 0
    out = capsys.readouterr().out
    assert "✗ contradicted: He eats [-seven-]{+five+} kilos of hay a day" in out
    assert "Bruno" not in out  # what is right is only counted
    assert "<del>seven</del>" in (folder / "out.html").read_text()
    assert "~~seven~~**five**" in (folder / "out.md").read_text()
    assert main(["check", "draft.md", "--strict", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["counts"]["contradicted"] == 1


def test_a_draft_on_standard_input_that_is_right_passes(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"He eats five kilos of hay a day.")))
    assert main(["check", "-", "--strict", "--all"]) == 0
    assert "✓ literal: He eats five kilos" in capsys.readouterr().out


def test_what_cannot_be_read_is_one_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "empty.md").write_text("")
    (folder / "draft.xyz").write_text("A text.")
    for name, words in (("empty.md", "text"), ("draft.xyz", "format"), ("gone.md", "cannot be read")):
        capsys.readouterr()
        assert main(["check", name]) == 2
        error = capsys.readouterr().err
        assert error.startswith("qa: ") and error.count("\n") == 1
        assert words in error
