"""What judged answers promise: no more than they support, and exactly how many are lacking."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from qa.ask.lead_model import weights_sha256
from qa.cli import main
from qa.config import Config
from qa.evaluate.calibrate import Outcome, upper_bound
from qa.evaluate.promise import RISKS, promises
from qa.index import calibration
from qa.index.manifest import Manifest
from qa.index.promised import promised

CERTAINTY = 0.95
EACH = 1 - 0.05 / 3


def right(n: int, start: float = 0.6) -> list[Outcome]:
    return [Outcome(start + 0.3 * i / max(n, 1), True, True) for i in range(n)]


@pytest.mark.parametrize(("given", "lacking"), [(0, (408, 80, 39)), (38, (370, 42, 1)), (39, (369, 41, 0))])
def test_it_says_how_many_judged_answers_are_lacking(given: int, lacking: tuple[int, ...]) -> None:
    found = promises(right(given), CERTAINTY, 0.5)
    assert tuple(each.more for each in found) == lacking
    assert [each.threshold is not None for each in found] == [not each for each in lacking]


def test_what_is_lacking_is_enough_and_one_less_is_not() -> None:
    for number, risk in enumerate(RISKS):
        least = promises([], CERTAINTY, 0.5)[number].more
        assert least is not None
        assert upper_bound(0, least, EACH) <= risk < upper_bound(0, least - 1, EACH)


def test_wrong_answers_below_cost_refusals_and_those_at_the_top_promise_nothing() -> None:
    low = [Outcome(0.55, False, True)] * 30
    found = promises([*right(100), *low], CERTAINTY, 0.5)[2]
    assert found.threshold is not None and 0.55 < found.threshold <= 0.6
    assert (found.shown, found.wrong, found.refused) == (100, 0, 30)
    top = [Outcome(0.99, False, True)] * 30
    refused = promises([*right(100), *top], CERTAINTY, 0.5)[2]
    assert (refused.threshold, refused.more) == (None, None)


def test_an_answer_that_is_not_shown_now_is_not_counted_and_equal_ones_are_not_parted() -> None:
    assert promises(right(100, 0.1), CERTAINTY, 0.5)[2].threshold is None
    same = [Outcome(0.8, n % 10 != 0, True) for n in range(200)]  # a tenth is wrong, among equals
    assert promises(same, CERTAINTY, 0.5)[2].threshold is None


def test_the_promise_holds_as_often_as_it_says() -> None:
    """Of many samples from a known population, a promise is broken in at most 5 %."""
    chance = random.Random(7)
    broken = made = 0
    for _ in range(400):
        sample = []
        for _ in range(150):
            confidence = chance.uniform(0.5, 1)
            sample.append(Outcome(confidence, chance.random() < 0.55 + 0.45 * confidence, True))
        for each in promises(sample, CERTAINTY, 0.5):
            if each.threshold is not None:
                made += 1
                mean = (each.threshold + 1) / 2  # of the confidences from there on
                broken += 1 - (0.55 + 0.45 * mean) > each.risk
    assert made > 100
    assert broken / 400 <= 0.05


def test_the_command_keeps_what_is_promised_and_says_what_is_lacking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus").mkdir()
    judged = [*right(100), *[Outcome(0.55, False, True)] * 30]
    encoder = {"weights_sha256": "0" * 64}
    manifest = Manifest("000007", "2026-11-30T18:00:00+00:00", encoder, {}, {}, 1, 1, {}, ("en",))
    monkeypatch.setattr("qa.cli.calibrate._outcomes", lambda *_: (judged, len(judged), manifest, 0.5))
    assert main(["calibrate", "--at-most", "1"]) == 1
    assert "308 more judged answers" in capsys.readouterr().err
    assert calibration.read(tmp_path / "index") is None
    assert main(["calibrate", "--at-most", "10"]) == 0
    said = capsys.readouterr().out
    assert "At most 10 of 100 shown answers wrong: from a confidence of 0.55 on, where 30 of 130 questions" in said
    kept = calibration.read(tmp_path / "index")
    assert kept is not None and (kept.threshold > 0.55, kept.shown, kept.wrong) == (True, 100, 0)
    assert main(["calibrate", "--at-most", "10", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["more"] for each in found["promises"]] == [308, 0, 0] and found["bound"] <= 0.1
    config = Config(corpus=tmp_path / "corpus", index=tmp_path / "index")
    assert promised(config) is None  # the questions were made, so nobody judged their answers
    assert main(["calibrate", "--thumbs", "--at-most", "1"]) == 1
    kept_for_the_chat = promised(config)
    assert kept_for_the_chat is not None and kept_for_the_chat.promises == promises(judged, CERTAINTY, 0.5)
    assert kept_for_the_chat.has_articles_of(manifest) and kept_for_the_chat.has_models_of(
        config, manifest, weights_sha256()
    )
    assert not kept_for_the_chat.has_articles_of(replace(manifest, id="000008"))
    assert not kept_for_the_chat.has_models_of(replace(config, reader="off"), manifest, weights_sha256())
    assert not kept_for_the_chat.has_models_of(config, manifest, "other weights")
    assert main(["calibrate", "--forget"]) == 0
    assert promised(config) is None
