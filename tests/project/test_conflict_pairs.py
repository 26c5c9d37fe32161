"""The pairs of sentences that a reader judged: each once, with a reason if it is no conflict, and recognised again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import conflicts
from benchmarks.conflicts import JUDGED, judged, key_of
from qa.conflicts.findings import Conflict, Said
from qa.text.document import Span


def test_each_pair_is_there_once_with_a_reason_if_it_is_no_conflict() -> None:
    rows = [json.loads(line) for line in JUDGED.read_text("utf-8").splitlines()]
    assert len({row["key"] for row in rows}) == len(rows) > 50
    assert all(("why" in row) == (not row["conflict"]) and len(row["values"]) == 2 for row in rows)
    assert {row["chosen_on"] for row in rows} == {True, False}


def test_a_pair_is_recognised_whichever_side_is_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = [
        {"key": key_of("It costs 40.", "It costs\n45."), "conflict": True},
        {"key": key_of("a 1", "a 2"), "conflict": False},
    ]
    monkeypatch.setattr(conflicts, "JUDGED", tmp_path / "pairs.jsonl")
    (tmp_path / "pairs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    def conflict(one: str, other: str) -> Conflict:
        sides = [Said("a.md", "A", (), None, Span(0, len(text)), text, "", "", None) for text in (one, other)]
        return Conflict("number", (sides[0], sides[1]))

    found = [conflict("It costs 45.", "It  costs 40."), conflict("a 2", "a 1"), conflict("b 1", "b 2")]
    assert judged(found) == {"conflicts": 1, "none": 1, "unread": 1}
