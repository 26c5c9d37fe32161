"""`qa feedback` and `qa gaps`: verdicts are listed, filtered and exported, and gaps are grouped and checked again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import TinyEncoder

from qa.cli import main
from qa.ui.feedback.tables import feedback_path
from qa.ui.feedback.verdicts import Feedback


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an article and an index of the tiny encoder."""
    monkeypatch.chdir(tmp_path)
    for name, value in (("QA_ENCODER", "tiny"), ("QA_READER", "off"), ("QA_THRESHOLD", "0")):
        monkeypatch.setenv(name, value)
    for name in ("QA_CORPUS", "QA_INDEX", "QA_GAPS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("qa.models.encoders.load_encoder", lambda *_: TinyEncoder())
    monkeypatch.setattr("qa.engine.open_encoder", lambda *_: TinyEncoder())
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "zoo.md").write_text("# Zoo\n\nThe zebra at the zoo is called Bruno.\n")
    assert main(["build"]) == 0
    return tmp_path


@pytest.fixture
def judged(folder: Path) -> Feedback:
    feedback = Feedback(feedback_path(folder / "index"))
    feedback.add("What is the zebra called?", "000001", "zoo.md", "up")
    feedback.add("Who feeds\nthe zebra?", "000001", "", "down")
    return feedback


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def keep(folder: Path, question: str) -> None:
    from qa.config import Config
    from qa.engine import Engine
    from qa.ui.feedback.unanswered import Unanswered

    with Engine.open(Config(folder / "corpus", folder / "index", threshold=1.0), TinyEncoder()) as engine:
        Unanswered(feedback_path(folder / "index")).add(engine.ask(question))


def test_verdicts_are_listed_a_line_each(judged: Feedback, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "feedback")
    up, down, sum_ = out.splitlines()
    assert (code, err, sum_) == (0, "", "2 verdicts: 1 up, 1 down")
    assert up.endswith("  up    What is the zebra called?  (zoo.md)")
    assert down.endswith(r"  down  Who feeds\nthe zebra?")


def test_verdicts_are_filtered(judged: Feedback, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "feedback", "--verdict", "down")[1].endswith("1 verdict: 0 up, 1 down\n")
    assert run(capsys, "feedback", "--since", "2124-01-01")[1] == "0 verdicts: 0 up, 0 down\n"
    assert run(capsys, "feedback", "--until", "2001-01-01")[1] == "0 verdicts: 0 up, 0 down\n"
    assert run(capsys, "feedback", "--since", "soon")[0] == 2


def test_verdicts_are_exported(judged: Feedback, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "feedback", "--json")
    exported = json.loads(out)
    assert exported["counts"] == {"up": 1, "down": 1}
    assert exported["verdicts"][1]["question"] == "Who feeds\nthe zebra?"
    _, out, _ = run(capsys, "feedback", "--csv", "--verdict", "up")
    assert out.splitlines()[0] == "time,generation,question,document,verdict"
    code, _, err = run(capsys, "feedback", "--csv", "--json")
    assert (code, err) == (2, "qa: --json and --csv exclude each other: give one of them.\n")


def test_a_folder_without_an_index_has_no_verdicts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "feedback", "--index", "index") == (0, "0 verdicts: 0 up, 0 down\n", "")
    assert list(tmp_path.iterdir()) == []


def test_gaps_are_listed_and_it_is_said_that_none_are_kept(
    judged: Feedback, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = run(capsys, "gaps")
    assert (code, out) == (0, "Who feeds\\nthe zebra?: 1 × thumb down\n1 question\n")
    assert err == "qa: The chat keeps no unanswered questions: set QA_GAPS=yes before `qa serve` to keep them.\n"
    monkeypatch.setenv("QA_GAPS", "yes")
    keep(folder, "Who feeds the zebra at night?")
    _, out, err = run(capsys, "gaps")
    assert (out.splitlines()[0], out.splitlines()[-1], err) == ("feeds zebra: 2 questions", "2 questions", "")
    exported = json.loads(run(capsys, "gaps", "--json")[1])
    assert exported["kept"] is True
    assert [gap["times"] for gap in exported["gaps"]] == [2]


def test_what_is_answered_now_is_no_gap(
    judged: Feedback, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(folder, "What is the zebra called?")
    assert len(json.loads(run(capsys, "gaps", "--json")[1])["gaps"]) == 2
    (gap,) = json.loads(run(capsys, "gaps", "--check", "--json")[1])["gaps"]
    assert gap["questions"][0]["down"] == 1
    monkeypatch.setenv("QA_THRESHOLD", "1")
    assert len(json.loads(run(capsys, "gaps", "--check", "--json")[1])["gaps"]) == 2


def test_unanswered_questions_can_be_forgotten_and_thumbs_stay(
    judged: Feedback, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(folder, "Who feeds the giraffe?")
    assert run(capsys, "gaps", "--forget")[1] == "1 unanswered question deleted\n"
    assert b"giraffe" not in feedback_path(folder / "index").read_bytes()
    assert run(capsys, "gaps")[1].splitlines()[-1] == "1 question"
