"""The threshold for one's own articles: how it is chosen, what is promised, and that all interfaces use it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from conftest import TinyEncoder
from corpora import write
from hypothesis import given
from hypothesis import strategies as st

from qa.build import build
from qa.cli import main
from qa.config import Config
from qa.engine import Engine
from qa.errors import ConfigError, StoreError
from qa.evaluate.calibrate import (
    Outcome,
    OwnQuestion,
    ask_own,
    counts,
    effect,
    halves,
    lowest_threshold,
    read_questions,
    upper_bound,
)
from qa.evaluate.gate import compare
from qa.evaluate.generated import generated
from qa.index import calibration
from qa.index.calibration import Calibration, calibrated


def outcome(confidence: float, right: bool = True, answerable: bool = True) -> Outcome:
    return Outcome(confidence, right, answerable)


# --- the bound --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "shown", "certainty", "expected"),
    # scipy.stats.beta.ppf(certainty, wrong + 1, shown - wrong); without wrong ones 1 - (1 - certainty) ** (1 / shown).
    [(0, 59, 0.95, 0.0495), (0, 1, 0.95, 0.95), (1, 10, 0.95, 0.3942), (5, 100, 0.95, 0.1023), (3, 3, 0.95, 1.0)],
)
def test_the_bound_is_that_of_clopper_and_pearson(wrong: int, shown: int, certainty: float, expected: float) -> None:
    assert upper_bound(wrong, shown, certainty) == pytest.approx(expected, abs=2e-4)


def test_without_answers_nothing_is_promised() -> None:
    assert upper_bound(0, 0, 0.95) == 1.0


def test_the_bound_holds_as_often_as_it_says() -> None:
    """Of many samples from a known share of wrong answers, the bound is below that share in at most 5 %."""
    chance, share, size = random.Random(1), 0.12, 60
    draws = (sum(chance.random() < share for _ in range(size)) for _ in range(2_000))
    assert sum(upper_bound(wrong, size, 0.95) < share for wrong in draws) / 2_000 <= 0.06


# --- the threshold ----------------------------------------------------------------------------------------------------


def test_the_threshold_is_the_lowest_that_keeps_the_risk() -> None:
    known = [outcome(0.9)] * 18 + [outcome(0.7, False)] * 1 + [outcome(0.4, False)] * 9
    assert lowest_threshold(known, 0.1) == 0.7
    assert lowest_threshold(known, 0.06) == 0.9
    assert lowest_threshold(known, 0.05) is None  # of 18 and the next answer, one may be wrong: that is .053
    assert lowest_threshold([outcome(0.9, False)] * 20, 0.3) is None
    assert lowest_threshold([outcome(0.9)] * 4, 0.1) is None  # too few to say anything


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60), st.sampled_from([0.05, 0.2]))
def test_from_the_threshold_on_the_risk_is_kept(rows: list[tuple[float, bool]], risk: float) -> None:
    known = [outcome(*row) for row in rows]
    threshold = lowest_threshold(known, risk)
    if threshold is not None:
        shown, wrong = counts(known, threshold)
        assert wrong <= risk * shown


def test_the_halves_are_by_chance_and_the_same_each_time() -> None:
    known = [outcome(n / 100) for n in range(41)]
    first, second = halves(known)
    assert halves(known) == (first, second) and len(first) == 21 and len(second) == 20
    assert sorted(each.confidence for each in (*first, *second)) == [each.confidence for each in known]
    with pytest.raises(ConfigError, match="19 questions are too few to calibrate with: give at least 20"):
        halves(known[:19])


def test_what_a_threshold_does() -> None:
    known = [outcome(0.9), outcome(0.8, False), outcome(0.3), outcome(-1, False, answerable=False)]
    assert effect(known, 0.5) == {"right": 1, "wrong": 1, "refused": 2, "refused_rightly": 1}


# --- the questions ----------------------------------------------------------------------------------------------------


def test_questions_are_read_and_a_wrong_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"question": "A?", "file": "a.md", "words": "x"}\n\n{"question": "B?", "words": null}\n')
    assert read_questions(file) == [OwnQuestion("A?", "a.md", "x"), OwnQuestion("B?")]
    for line in ("{", "[]", '{"question": " "}', '{"question": "A?", "fil": "a"}', '{"question": "A?", "file": 1}'):
        file.write_text(f'{{"question": "A?"}}\n{line}\n')
        with pytest.raises(ConfigError, match=r"Line 2 of .*questions\.jsonl'"):
            read_questions(file)
    with pytest.raises(ConfigError, match="cannot be read: give a file of JSON lines"):
        read_questions(tmp_path / "none")


@pytest.fixture
def built(config: Config, tiny: TinyEncoder) -> Config:
    things = [f"thing{n}" for n in range(30)]
    write(
        config.corpus,
        {f"{thing}.md": f"The {thing} is kept in the shed number {n}.\n" for n, thing in enumerate(things)},
    )
    build(config, tiny)
    return config


def test_answers_are_judged_by_their_file_and_words(built: Config, tiny: TinyEncoder) -> None:
    everything = Config(built.corpus, built.index, reader="off", threshold=0.0)
    with Engine.open(everything, tiny) as engine:
        answer = engine.ask("Where is the thing7 kept?")
        assert OwnQuestion("", "thing7.md", "NUMBER 7").is_right(answer)
        assert not OwnQuestion("", "thing7.md", "number 8").is_right(answer)
        assert not OwnQuestion("", "thing8.md").is_right(answer) and not OwnQuestion("").is_right(answer)
        down = [OwnQuestion("Where is the thing7 kept?", wrong_file=file) for file in ("thing7.md", "thing8.md")]
        assert [each.right for each in ask_own(engine, down)] == [False]  # of another answer nobody knows


def test_questions_are_made_from_headings_and_asked_of_all_other_articles_too(
    config: Config, tiny: TinyEncoder
) -> None:
    text = "This is the long text about how one thing or another is done here, with all that belongs to it. "
    bees = f"# Bees\n\n## How do bees dance?\n\n{text}\n\n## Wintering of hives\n\n{text}\n\n## Short\n\n{text}\n"
    write(config.corpus, {"bees.md": bees, "cats.md": "# Cats\n\nCats purr.\n"})
    build(config, tiny)
    with Engine.open(Config(config.corpus, config.index, reader="off", threshold=0.0), tiny) as engine:
        made = generated(engine)
        assert [(each.text, each.file, each.without) for each in made] == [
            ("How do bees dance?", "bees.md", ""),
            ("How do bees dance?", "", "bees.md"),
            ("What is said about Wintering of hives in Bees?", "bees.md", ""),
            ("What is said about Wintering of hives in Bees?", "", "bees.md"),
        ]
        assert [each.right for each in ask_own(engine, made)] == [True, False, True, False]


# --- stored -----------------------------------------------------------------------------------------------------------


def test_the_threshold_counts_in_the_engine_until_it_is_forgotten(built: Config, tiny: TinyEncoder) -> None:
    made = Calibration(0.97, 0.05, 0.1, 0.95, 20, 10, 0, tiny.identity.weights_sha256, "off")
    with Engine.open(built, tiny) as engine:
        usual = engine.ask("Where is the thing7 kept?").why
        calibration.write(built.index, made)
        fitted = engine.ask("Where is the thing7 kept?").why
        assert usual is not None and fitted is not None and (usual.threshold, fitted.threshold) == (0.5, 0.97)
        assert calibration.forget(built.index) and not calibration.forget(built.index)
        again = engine.ask("Where is the thing7 kept?").why
        assert again is not None and again.threshold == 0.5


def test_it_does_not_count_for_another_encoder_reader_or_setting(built: Config) -> None:
    calibration.write(built.index, Calibration(0.97, 0.05, 0.1, 0.95, 20, 10, 0, "abc", "off"))
    named = {"weights_sha256": "abc"}

    def of(**changes: Any) -> float:
        return calibrated(Config(built.corpus, built.index, **{"reader": "off", **changes}), named).least_confidence

    assert of() == 0.97
    assert of(reader="") == 0.5 and of(threshold=0.6) == 0.6 and of(threshold=0.5) == 0.5 and of(risk=0.1) == 0.5
    assert calibrated(built, {"weights_sha256": "other"}).least_confidence == 0.5
    (built.index / calibration.NAME).write_text("{}")
    with pytest.raises(StoreError, match=r"cannot be read: run `qa calibrate` again, or delete it"):
        of()


def threshold_shown(capsys: pytest.CaptureFixture[str]) -> str:
    """The line of `qa config` with the threshold."""
    assert main(["config"]) == 0
    return next(line for line in capsys.readouterr().out.splitlines() if " threshold " in line)


@pytest.mark.model
def test_the_command_fits_tells_and_stores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QA_READER", "off")
    rooms = ["kitchen", "cellar", "attic", "garage", "hall", "study", "pantry", "stable", "barn", "tower"]
    write(
        tmp_path / "corpus",
        {f"{room}.md": f"# The {room}\n\nThe {room} was painted in 19{n:02} by Ada.\n" for n, room in enumerate(rooms)},
    )
    asked = [{"question": f"When was the {room} painted?", "file": f"{room}.md"} for room in rooms for _ in range(3)]
    Path("questions.jsonl").write_text("\n".join(map(json.dumps, asked)))
    assert main(["build"]) == 0
    capsys.readouterr()
    code = main(["calibrate", "questions.jsonl", "--risk", "0.2", "--json"])
    out = capsys.readouterr().out
    assert code == 0, out
    figures = json.loads(out)
    assert figures["questions"] == 30 and figures["tested"] == 15
    assert figures["right"] + figures["wrong"] + figures["refused"] == 15
    assert main(["ask", "When was the attic painted?", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["why"]["threshold"] == figures["threshold"]
    assert threshold_shown(capsys).endswith(f"{figures['threshold']:g}  (index/calibration.json, of qa calibrate)")
    with monkeypatch.context() as set_by_hand:
        set_by_hand.setenv("QA_THRESHOLD", ".5")
        assert threshold_shown(capsys).endswith("0.5  (QA_THRESHOLD)")
        assert main(["ask", "When was the attic painted?", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["why"]["threshold"] == 0.5
    assert main(["calibrate", "questions.jsonl", "--risk", "0.2"]) == 0
    assert "% certainty, on questions like these." in capsys.readouterr().out
    for name in ("before.json", "after.json"):
        assert main(["calibrate", "questions.jsonl", "--only-measure", "--json"]) == 0
        Path(name).write_text(capsys.readouterr().out.splitlines()[-1])
    assert json.loads(Path("after.json").read_text())["questions"] == 30
    assert main(["gate", "before.json", "after.json"]) == 0
    assert main(["calibrate", "questions.jsonl", "--only-measure"]) == 0
    assert "Of 30 questions: " in capsys.readouterr().out
    assert main(["calibrate", "--forget"]) == 0
    assert "The shipped threshold counts again." in capsys.readouterr().out
    assert threshold_shown(capsys).endswith("0.5  (default)")
    assert main(["calibrate"]) == 2  # these articles have no headings to ask about
    assert "0 questions are too few" in capsys.readouterr().err


# --- the gate ---------------------------------------------------------------------------------------------------------


def test_a_gate_shows_what_is_worse() -> None:
    before = {"dataset": "a", "queries": 9, "ndcg@10": 0.9, "calibration_error": 0.1, "right": 9, "wrong": 2}
    after = {**before, "ndcg@10": 0.89, "calibration_error": 0.12, "right": 8, "wrong": 2}
    assert [each.name for each in compare(before, after, 0) if each.is_worse] == [
        "ndcg@10",
        "right",
        "calibration_error",
    ]
    assert [each.name for each in compare(before, after, 0.05) if each.is_worse] == ["right"]
    assert not any(each.is_worse for each in compare(after, before, 0))


@pytest.mark.parametrize(
    ("after", "says"),
    [
        ({"dataset": "b", "recall@1": 1.0}, "not of the same questions"),
        ({"dataset": "a"}, "has no recall@1"),
        ({"dataset": "a", "recall@1": None}, "has no recall@1"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(after: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        compare({"dataset": "a", "recall@1": 0.5}, after, 0)


def test_the_gate_ends_with_one_if_a_figure_is_worse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    one.write_text('{"recall@1": 0.5}')
    two.write_text('{"recall@1": 0.4}')
    assert [main(["gate", str(a), str(b)]) for a, b in ((one, two), (two, one), (one, one))] == [1, 0, 0]
    assert "recall@1  0.5 → 0.4  worse" in capsys.readouterr().out
    assert main(["gate", str(one), str(two), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["worse"] == 1
    two.write_text("[")
    assert main(["gate", str(one), str(two)]) == 2
