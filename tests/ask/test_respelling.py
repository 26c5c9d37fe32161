"""A compound that the articles spell otherwise is searched for and read in their spelling."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import TinyEncoder
from corpora import write

from qa.ask.query import parse
from qa.ask.respelling import respell
from qa.build import build
from qa.config import Config
from qa.engine import Engine

ARTICLES = {
    "desk.md": "# Desk\n\nThe on-boarding takes two days. Health care is paid. Tool boxes are blue.\n",
    "people.md": "# People\n\nThe coworkers got an email by WiFi. The lawn mower and the lawnmower are red.\n",
    "ship.md": "# Ship\n\nThe board met on the boarding day.\n",
}


@pytest.fixture
def engine(config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch) -> Engine:
    write(config.corpus, ARTICLES)
    build(config, tiny)
    monkeypatch.setattr(tiny, "count_tokens", lambda texts: [2] * len(texts))  # it has no word in its vocabulary
    return Engine.open(replace(config, threshold=0.0), tiny)


@pytest.mark.parametrize(
    ("typed", "spelled"),
    [
        ("How long does onboarding take?", "How long does on-boarding take?"),
        ("Onboarding and HEALTHCARE", "On-boarding and HEALTH CARE"),
        ("Which toolbox?", "Which tool box?"),
        ("Do Co-Workers get an e-mail by Wi‑Fi?", "Do Coworkers get an email by Wifi?"),
        ("my co worker", "my coworker"),
        ("a lawnmower or a lawn mower, or two lawn-mowers", "a lawnmower or a lawn mower, or two lawn-mowers"),
        ('"onboarding" healthcare', '"onboarding" health care'),
        ("boarding on board", "boarding on board"),
    ],
)
def test_a_compound_is_spelled_as_in_the_articles(engine: Engine, typed: str, spelled: str) -> None:
    assert respell(parse(typed), engine.generation).text == spelled


def test_an_answer_says_what_was_searched_for_and_nothing_was_corrected(engine: Engine) -> None:
    for question in ("onboarding", "on-boarding"):
        answer = engine.ask(f"How long does {question} take?")
        assert (answer.query, answer.corrected) == ("How long does on-boarding take?", ())
        assert answer.citations[0].document == "desk.md"
        assert answer.question == f"How long does {question} take?"


def test_a_passage_in_the_other_spelling_is_found_if_the_articles_have_both(engine: Engine) -> None:
    (term,) = engine.generation.query_terms("lawnmower")
    assert term.is_in({"lawn mower"})
    assert not term.is_in({"lawn", "mower"})
