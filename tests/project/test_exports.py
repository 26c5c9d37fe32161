"""The made exports of benchmarks/exports.py are read, and hold what its questions want."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.exports import QUESTIONS, verdict, write_exports
from qa.ask.answer import Answer, Lead
from qa.formats import parse
from qa.text.document import Span


def test_some_article_holds_all_words_that_a_question_wants(tmp_path: Path) -> None:
    write_exports(tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    texts = [document.text.casefold() for path in files for document in parse(path.name, path.read_bytes()).documents]
    questions = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    assert len(questions) == 51
    assert sum(not question["want"] for question in questions) == 10
    for question in questions:
        wanted = [want.casefold() for want in question["want"]]
        assert any(all(want in " ".join(text.split()) for want in wanted) for text in texts), question


@pytest.mark.parametrize(
    ("lead", "want", "expected"),
    [
        ("Ada: Nine\npounds.", ["ada", "nine pounds"], "right"),
        ("Bo: Nine pounds.", ["ada"], "wrong"),
        ("Bo: Nine pounds.", [], "wrong"),
        (None, ["ada"], "silent"),
        (None, [], "right"),
    ],
)
def test_an_answer_is_right_if_it_quotes_what_is_wanted(lead: str | None, want: list[str], expected: str) -> None:
    made = None if lead is None else Lead(lead, 1, Span(0, 1), Span(0, 1))
    answer = Answer("?", "?", made is not None, 0.5, made, (), "g", {})
    assert verdict({"want": want}, answer) == expected
