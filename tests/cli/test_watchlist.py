"""Pinned questions are asked again after a build, and only what the articles say otherwise is reported."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from qa.cli import main

QUESTION = "How many kilos of hay does the zebra eat?"
OLD = "The zebra eats five kilos of hay a day."
NEW = "The zebra eats seven kilos of hay a day."


@pytest.fixture
def folder(commands: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an indexed article, in which commands show all answers."""
    monkeypatch.setenv("QA_THRESHOLD", "0.01")
    write(commands, "zoo.md", f"# Zoo\n\n{OLD}\n")
    assert main(["build"]) == 0
    assert main(["watchlist", "add", QUESTION]) == 0
    return commands


def write(folder: Path, name: str, text: str) -> None:
    (folder / "corpus" / name).write_text(text)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(arguments) == 0
    return capsys.readouterr().out


def test_a_build_says_which_answer_is_another_one_now(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "zoo.md", f"# Zoo\n\n{NEW}\n")
    sentence = f"The answer to “{QUESTION}” was “{OLD}” (zoo.md), and is “{NEW}” (zoo.md)."
    assert printed(capsys, "build").splitlines()[-1] == sentence
    assert printed(capsys, "watchlist", "check") == "No answer has changed.\n"  # since then
    assert printed(capsys, "watchlist", "changes").partition("  ")[2] == f"{sentence}\n"
    (change,) = json.loads(printed(capsys, "watchlist", "changes", "--json"))["changes"]
    assert (change["question"], change["before"]["words"], change["after"]["words"]) == (QUESTION, OLD, NEW)
    assert change["after"]["link"].startswith("http://127.0.0.1:7860/#/article/zoo.md?at=")
    item = ElementTree.fromstring(printed(capsys, "watchlist", "changes", "--rss")).find("channel/item")
    assert item is not None and item.findtext("description") == sentence
    assert item.findtext("link") == change["after"]["link"]


def test_other_words_that_stood_there_before_are_no_change(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, "other.md", "# Boats\n\nBoats are heavy. Wax melts.\n")
    write(folder, "zoo.md", f"# The zoo\n\n{OLD} It likes it.\n")  # the words stay
    assert "The answer to" not in printed(capsys, "build")


def test_an_answer_that_is_gone_is_a_change_and_so_is_one_that_comes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "corpus" / "zoo.md").unlink()
    write(folder, "boats.md", "# Boats\n\nBoats are heavy.\n")
    assert printed(capsys, "build", "--yes").endswith("and is not in the articles.\n")
    write(folder, "zoo.md", f"# Zoo\n\n{NEW}\n")
    assert f"was not in the articles, and is “{NEW}” (zoo.md)." in printed(capsys, "build")
    assert printed(capsys, "build", "--json").count("\n") == 1  # one object, whatever has changed


def test_pins_are_listed_and_removed_with_their_changes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "watchlist", "list") == f"{QUESTION}: “{OLD}” (zoo.md)\n"
    assert json.loads(printed(capsys, "watchlist", "list", "--json"))["pins"][0]["scope"] == {}
    write(folder, "zoo.md", f"# Zoo\n\n{NEW}\n")
    main(["build"])
    assert printed(capsys, "watchlist", "remove", QUESTION) == "Removed.\n"
    assert printed(capsys, "watchlist", "changes") == "" == printed(capsys, "watchlist", "list")
    assert main(["watchlist", "remove", QUESTION]) == 2


def test_a_scope_is_kept_and_one_that_is_empty_now_keeps_the_last_answer(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed(capsys, "watchlist", "add", QUESTION, "--in", "zoo.md")
    (folder / "corpus" / "zoo.md").rename(folder / "corpus" / "animals.md")
    assert "The answer to" not in printed(capsys, "build")
    assert OLD in printed(capsys, "watchlist", "list")


def test_a_damaged_list_does_not_stop_a_build(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "index" / "watchlist.sqlite").write_bytes(b"no database" * 100)
    write(folder, "zoo.md", f"# Zoo\n\n{NEW}\n")
    capsys.readouterr()
    assert main(["build"]) == 0
    said = capsys.readouterr()
    assert "1 passages" in said.out and said.err.count("qa: The pinned questions were not asked again") == 1
