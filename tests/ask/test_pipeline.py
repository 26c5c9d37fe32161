"""A question passes through its stages in one direction, and each stage runs once."""

from __future__ import annotations

import sys
from dataclasses import fields, is_dataclass, replace
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest
from conftest import TinyEncoder, TinyReader
from corpora import write

from qa.ask import query
from qa.ask.follow_up import Turn
from qa.ask.pipeline import Request, Resources, request_of
from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.errors import QuestionError
from qa.index.protocols import Query

# The modules of each stage, in order, with the functions that `pipeline` calls.
STAGES = [
    ({"qa.engine"}, ""),
    ({"qa.ask.query"}, "query_of"),
    ({"qa.ask.collection", "qa.ask.collection_forms"}, "collection_answer"),
    ({"qa.ask.respelling"}, "respell"),
    ({"qa.ask.correction"}, "correct"),
    ({"qa.ask.follow_up", "qa.ask.prose"}, "follow_up_of"),
    ({"qa.ask.search", "qa.ask.shares", "qa.ask.fusion", "qa.ask.presence"}, "rank_follow_up"),
    ({"qa.ask.rereading"}, "reread"),
    ({"qa.ask.sources"}, "facts_of"),
    (
        {
            "qa.ask.lead",
            "qa.ask.beside",
            "qa.ask.another_article",
            "qa.ask.another_name",
            "qa.ask.asked_number",
            "qa.ask.versions",
        },
        "leads_of with_versions",
    ),
    ({"qa.ask.confidence"}, "judge"),
    ({"qa.ask.compose", "qa.ask.short_answer"}, "compose"),
    ({"qa.ask.limits"}, "with_limit"),
    ({"qa.ask.unmentioned"}, "unmentioned"),
    ({"qa.ask.explanation"}, "explain"),
]
VALUES = {
    "qa.ask.ranking",
    "qa.ask.leaning",
    "qa.ask.answer",
    "qa.ask.features",
    "qa.ask.rows",
    "qa.ask.units",
    "qa.ask.why",
}  # the values that stages pass on
# What is no stage: filters are read in the question, and left out of earlier ones; the candidates for the lead and the
# features by which they are compared also order the passages.
SHARED = {"qa.ask.filters", "qa.ask.candidates", "qa.ask.lead_model", "qa.ask.traits", "qa.ask.wanted", "qa.ask.period"}
ARTICLES = {
    "tesla.md": "# Nikola Tesla\n\nNikola Tesla was born in Smiljan. Nikola Tesla died in New York in 1943.\n",
    "kant.md": "# Immanuel Kant\n\nImmanuel Kant was born in Prussia. Immanuel Kant died at home in 1804.\n",
    "bees.md": "# Bees\n\nBees dance in the dark hive for other bees, to tell them of flowers.\n",
}
BEFORE = [Turn("user", "Where was Nikola Tesla born?"), Turn("agent", "Nikola Tesla was born in Smiljan.")]
# It refers to an earlier turn, and contains a misspelt word and a name that no article mentions.
QUESTION = "When did he die at Hamburg, and was he from Prusssia?"


@pytest.fixture
def engine(config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch) -> Engine:
    write(config.corpus, ARTICLES)
    build(config, tiny)
    monkeypatch.setattr(tiny, "count_tokens", lambda texts: [2] * len(texts))  # no word is in its vocabulary
    return Engine.open(replace(config, threshold=0.0, reader=""), tiny, reader=TinyReader(died=3, born=2))


def test_a_question_passes_its_stages_in_one_direction_and_each_runs_once(engine: Engine) -> None:
    calls: list[tuple[str, str]] = []

    def note(frame: FrameType, event: str, argument: object) -> None:
        module = str(frame.f_globals.get("__name__"))
        if event == "call" and (module == "qa.engine" or module.startswith("qa.ask.")):
            calls.append((module, frame.f_code.co_name))

    sys.setprofile(note)
    try:
        answer = engine.ask(QUESTION, history=BEFORE)
    finally:
        sys.setprofile(None)
    assert answer.lead is not None
    assert answer.carried and answer.corrected and answer.unmentioned
    places = {module: number for number, (modules, _) in enumerate(STAGES) for module in modules}
    # Whether a question stands alone is asked of its answer, to decide whether it is answered alone, too. The turns of
    # its conversation are compared with those of earlier questions before anything is done.
    asked = {"stands_alone", "refers_back", "__hash__", "__eq__"}
    walked = [(places[m], name) for m, name in calls if m in places and m != "qa.engine" and name not in asked]
    for (before, _), (after, name) in pairwise(walked):
        assert before <= after, f"{STAGES[after][0]} is come back to: {name}"
    for number, (modules, stages) in enumerate(STAGES[1:], start=1):
        called = [name for place, name in walked if place == number]
        assert [called.count(stage) for stage in stages.split()] == [1] * len(stages.split()), modules
    assert [name for module, name in calls if module == "qa.ask.query"].count("parse") == 1
    assert {module for module, _ in calls} <= set(places) | VALUES | SHARED | {"qa.ask.pipeline"}
    first = next(number for number, (module, _) in enumerate(calls) if module == "qa.ask.correction")
    assert "_resources" not in [name for _, name in calls[first:]]  # everything was opened before the first stage


def test_a_question_is_parsed_once_also_when_it_is_refused(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    really = query.parse

    def parse(question: str) -> Query:
        parsed.append(question)
        return really(question)

    monkeypatch.setattr(query, "parse", parse)
    engine.ask(" Do bees dance? ")
    engine.search("bees -hive")
    with pytest.raises(QuestionError):
        engine.ask("-bees")
    assert parsed == ["Do bees dance?", "bees -hive", "-bees"]


def test_the_values_between_stages_are_frozen(engine: Engine) -> None:
    request = request_of(QUESTION, 5, BEFORE, ["Tesla"])
    assert (request.history, request.without) == (tuple(BEFORE), ("Tesla",))
    values: tuple[type[Any], ...] = (Request, Resources, type(engine.search("bees")), type(request.query))
    for cls in values:
        assert is_dataclass(cls) and fields(cls)
        assert vars(cls)["__dataclass_params__"].frozen


def test_a_ranking_says_which_generation_was_searched_and_how_long_it_took(engine: Engine) -> None:
    ranking = engine.search("bees")
    assert ranking.generation == engine.generation.id
    assert set(ranking.timings_ms) == {"encode", "search", "read"}
