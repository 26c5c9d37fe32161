"""The report that the articles do not answer a question."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa.cli import main

ZEBRA = "# Animals of the zoo\n\nThe zebra at the zoo is called Bruno. He eats five kilos of hay a day.\n"


@pytest.fixture
def folder(commands: Path) -> Path:
    """A working folder with an indexed article, one without text and one that cannot be read."""
    (commands / "corpus" / "zoo.md").write_text(ZEBRA)
    (commands / "corpus" / "blank.md").write_text("\n")
    (commands / "corpus" / "broken.pdf").write_bytes(b"%PDF-1.7\nno")
    assert main(["build"]) in (0, 1)
    return commands


def test_it_says_what_was_searched_which_words_occur_nowhere_and_where_the_answer_could_be(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "corpus" / "later.md").write_text("# Later\n\nThe zeppelin landed.\n")
    capsys.readouterr()
    assert main(["absent", "When does the zebra board the zeppelin?"]) == 0
    report = capsys.readouterr().out
    assert report.startswith("# Not in the articles: When does the zebra board the zeppelin?\n")
    assert "- zebra: in 1 passage\n" in report and "- zeppelin: in no article\n" in report
    assert "of 1 article." in report and "has 1 passage, searched" in report
    elsewhere = report.split("## Where the answer could be all the same\n")[1]
    assert "- blank.md: " in elsewhere and "- broken.pdf: " in elsewhere
    assert "- later.md: added since the index was built" in elsewhere and "zoo.md" not in elsewhere


def test_the_same_in_json_with_the_refusal_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["absent", "--json", "When does the zeppelin land?"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report) == [
        "question", "absent", "asked", "generation", "built", "searched", "words", "unsearched", "answer",
    ]  # fmt: skip
    assert report["absent"] is True and report["words"]["zeppelin"] == 0
    assert report["searched"] == {"articles": 1, "passages": 1, "unread": 1, "empty": 1, "partial": 0}
    assert report["answer"]["searched"] == report["searched"] and report["answer"]["answerable"] is False
    assert [each["document"] for each in report["unsearched"]] == ["blank.md", "broken.pdf"]


def test_an_answer_is_no_absence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["absent", "Which is the newest article?"]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("# In the articles: Which is the newest article?")
    assert printed.err == 'qa: The articles answer this question: see `qa ask "…"`.\n'


def test_a_refusal_in_the_terminal_says_how_much_was_searched(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["ask", "When does the zeppelin land?"]) == 0
    searched = "Searched 1 article. 2 files could not be read, or not all of them, and the answer may be there."
    assert searched in capsys.readouterr().out.splitlines()
