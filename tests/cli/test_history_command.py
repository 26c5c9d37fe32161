"""`qa ask --as-of` and `qa history` on the command line."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from qa.cli import main

BEFORE = "2026-10-01T12:00+00:00"


@pytest.fixture
def folder(commands: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder in which the fee was 40 euros on the first of October, and is 55 since the third."""
    for day, text in ((1, "The fee is 40 euros a year."), (3, "The fee is 55 euros a year.")):

        class Clock(datetime):
            @classmethod
            def now(cls, tz: object = None, day: int = day) -> datetime:  # type: ignore[override]
                return datetime(2026, 10, day, 8, tzinfo=timezone.utc)

        for module in ("qa.build.pipeline", "qa.index.local.history"):
            monkeypatch.setattr(f"{module}.datetime", Clock)
        (commands / "corpus" / "fees.md").write_text(f"# Fees\n\n{text}\n")
        assert main(["build"]) == 0
    return commands


def test_an_earlier_state_is_asked_and_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["ask", "What is the fee?", "--as-of", BEFORE, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["citations"][0]["text"] == "The fee is 40 euros a year."
    assert answer["as_of"] == {
        "asked": "2026-10-01T12:00:00+00:00", "generation": "000001", "created": "2026-10-01T08:00:00+00:00",
        "ended": "2026-10-03T08:00:00+00:00", "exact": True,
    }  # fmt: skip
    assert main(["ask", "What is the fee?", "--as-of", "2026-10-02"]) == 0
    out = capsys.readouterr().out
    assert "As of 2026-10-02: your articles as they were from 2026-10-01" in out
    assert "(changed since then)" in out


def test_a_time_that_cannot_be_asked_is_wrong_usage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    future = (datetime.now(timezone.utc) + timedelta(days=3)).date().isoformat()
    for time, words in (
        ("2026-09-01", "the earliest is that of 2026-10-01"),
        ("soon", "like 2026-10-01"),
        (future, "future"),
    ):
        capsys.readouterr()
        assert main(["ask", "What is the fee?", "--as-of", time]) == 2
        assert words in capsys.readouterr().err


def test_states_are_listed_with_their_cost(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["history", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert (listed["days"], len(listed["states"])) == (30, 2)
    assert listed["states"][0]["bytes"] > 0 and listed["states"][1]["bytes"] == 0
    assert listed["bytes"] == (folder / "index" / "history.sqlite").stat().st_size
    assert main(["history"]) == 0
    out = capsys.readouterr().out
    assert "Earlier states are kept for 30 days (QA_AS_OF_DAYS) and take" in out


def test_an_article_is_shown_as_it_changed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["history", "fees.md"]) == 0
    assert "    | The fee is [-40-]{+55+} euros a year.\n" in capsys.readouterr().out
    assert main(["history", "fees.md", "--json"]) == 0
    (first, second) = json.loads(capsys.readouterr().out)["versions"]
    assert (first["changes"], first["ended"], second["created"], second["ended"]) == (
        [], "2026-10-03T08:00:00+00:00", "2026-10-03T08:00:00+00:00", None,
    )  # fmt: skip
    ((change),) = second["changes"]
    assert [piece["kind"] for piece in change["pieces"]] == ["same", "removed", "added", "same"]
    assert main(["history", "none.md"]) == 1


def test_all_states_can_be_forgotten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "What is the fee?", "--as-of", BEFORE]) == 0
    capsys.readouterr()
    assert main(["history", "--forget"]) == 0
    assert "Earlier states deleted" in capsys.readouterr().out
    assert main(["history"]) == 0
    assert "No earlier state is kept yet" in capsys.readouterr().out
    assert main(["ask", "What is the fee?", "--as-of", BEFORE]) == 2
    assert main(["ask", "What is the fee?"]) == 0
