"""Your own risk in the settings: what is offered, what it costs, and that nothing is offered that is not supported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from conftest import TinyEncoder
from served import about_cats

from qa.ask.lead_model import weights_sha256
from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.evaluate.calibrate import Outcome
from qa.evaluate.promise import promises
from qa.index import calibration
from qa.index.calibration import Calibration
from qa.index.promised import NAME, forget_promised, keep_promised, promised
from qa.strings.spoken import speaking
from qa.ui.page.dial import Dial

# gradio's use of pandas, in a separate thread
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
JUDGED = [Outcome(0.6 + 0.003 * n, True, True) for n in range(100)] + [Outcome(0.55, False, True)] * 30


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return about_cats(tmp_path, reader="off")


@pytest.fixture
def engine(config: Config) -> Iterator[Engine]:
    with Engine.open(config, TinyEncoder()) as engine:
        yield engine


def judge(engine: Engine, outcomes: list[Outcome] = JUDGED) -> None:
    found = promises(outcomes, 0.95, engine.config.least_confidence)
    keep_promised(engine.config, found, 0.95, engine.generation.manifest, weights_sha256())


def shown(engine: Engine) -> str:
    """What the settings say, without tags."""
    return unescape(re.sub(r"<[^>]+>", " ", Dial(engine).look()["html"]))


def offered(engine: Engine) -> dict[str, float]:
    """The threshold by risk of the choices that can be made."""
    html = Dial(engine).look()["html"]
    return {risk: float(least) for risk, least in re.findall(r'value="(\d+)"[^>]*data-threshold="([^"]+)"', html)}


def test_each_choice_says_what_it_costs_or_what_it_lacks(engine: Engine) -> None:
    judge(engine)
    words = shown(engine)
    assert words.count("Answers 100 of 130 judged questions, 0 of them wrongly, and refuses 30.") == 2
    assert "Can be promised with 308 more judged answers" in words
    assert "With a certainty of 95 %" in words and "earlier state" not in words
    kept = promised(engine.config)
    assert kept is not None
    assert offered(engine) == {f"{100 * each.risk:.0f}": each.threshold for each in kept.promises[1:]}
    assert 'value="1" aria-describedby="qa-risk-1" disabled' in Dial(engine).look()["html"]


def test_wrong_answers_at_the_top_promise_nothing(engine: Engine) -> None:
    judge(engine, [*JUDGED, *[Outcome(0.99, False, True)] * 30])
    assert offered(engine) == {}
    assert shown(engine).count("Cannot be promised: too many of the most certain answers are wrong.") == 3


def test_nothing_is_offered_before_answers_were_judged_and_after_they_were_forgotten(engine: Engine) -> None:
    assert "qa calibrate questions.jsonl" in shown(engine) and "qa calibrate --thumbs" in shown(engine)
    judge(engine)
    assert offered(engine)
    assert forget_promised(engine.config) and not forget_promised(engine.config)
    assert offered(engine) == {} and Dial(engine).look()["failed"] is False


def test_it_says_that_the_articles_have_changed_since(engine: Engine, config: Config) -> None:
    judge(engine)
    (config.corpus / "dogs.md").write_text("# Dogs\n\nDogs bark at night.\n", "utf-8")
    build(config, TinyEncoder())
    assert "Judged with an earlier state of your articles: it is not certain that this still holds." in shown(engine)
    assert set(offered(engine)) == {"5", "10"}


def test_no_threshold_counts_with_other_models(engine: Engine, config: Config) -> None:
    judge(engine)
    with Engine.open(replace(config, reader=""), TinyEncoder()) as other:
        assert offered(other) == {} and "other models" in shown(other)
    manifest = engine.generation.manifest
    trained_anew = replace(manifest, encoder={**manifest.encoder, "weights_sha256": "0" * 64})
    keep_promised(config, promises(JUDGED, 0.95, 0.5), 0.95, trained_anew, weights_sha256())
    assert offered(engine) == {} and "other models" in shown(engine)


def test_a_limit_of_the_chat_that_shows_other_answers_counts_instead(engine: Engine, config: Config) -> None:
    judge(engine)
    sha256 = str(engine.generation.manifest.encoder["weights_sha256"])
    calibration.write(config.index, Calibration(0.97, 0.05, 0.1, 0.95, 20, 10, 0, sha256, "off"))
    assert offered(engine) == {} and shown(engine).count("The limit that was set for this chat counts instead.") == 2
    calibration.forget(config.index)
    assert set(offered(engine)) == {"5", "10"}
    with Engine.open(replace(config, risk=0.2), TinyEncoder()) as other:
        assert offered(other) == {} and "counts instead" in shown(other)


@pytest.mark.parametrize("text", ["{}", "no JSON", '{"promises": [{"threshold": 2}]}'])
def test_what_cannot_be_read_is_said_and_no_choice_is_given_up(engine: Engine, config: Config, text: str) -> None:
    (config.index / NAME).write_text(text)
    value = Dial(engine).look()
    assert value["failed"] is True and "cannot be read" in value["html"] and str(config.index) not in value["html"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", "Beantwortet 100 von 130 beurteilten Fragen, davon 0 falsch, und 30 nicht."),
        ("es", "Responde a 100 de 130 preguntas evaluadas, 0 de ellas mal, y no responde a 30."),
        ("ar", "المقيَّمة"),
    ],
)
def test_the_costs_are_said_in_the_language_of_the_page(engine: Engine, language: str, words: str) -> None:
    judge(engine)
    with speaking(language):
        assert words in shown(engine)
