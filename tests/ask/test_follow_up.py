"""Which words a question carries from its conversation, and that a change of topic carries none."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import TinyEncoder
from hypothesis import given
from hypothesis import strategies as st

from qa.ask import pipeline
from qa.ask.answer import Answer
from qa.ask.follow_up import (
    MAX_CHARACTERS,
    MAX_TURNS,
    Turn,
    follow_up_of,
    names_only,
    refers_back,
    richness,
    stands_alone,
    turns,
)
from qa.ask.leaning import FollowUp, carried_share
from qa.ask.ranking import Ranking
from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.errors import QuestionError
from qa.index.protocols import Query
from qa.models.protocols import Vectors
from qa.text.query_term import QueryTerm

PASSAGES = 100
RAREST = math.log(1 + (PASSAGES + 0.5) / 0.5)
LITTLE = set("a and did does for he how in is it of the to was were what when where which who why".split())  # noqa: SIM905


def terms(text: str) -> tuple[QueryTerm, ...]:
    """Every word weighs as much as a word that one of three passages contains; function words are left out."""
    words = dict.fromkeys(re.findall(r"\w+", text))
    about = [word for word in words if word.lower() not in LITTLE]
    return tuple(
        QueryTerm(frozenset([word.lower()]), RAREST / 2, word, says_little=not about) for word in about or words
    )


def user(*texts: str) -> list[Turn]:
    return [Turn("user", text) for text in texts]


def carried(question: str, history: list[Turn], *without: str) -> tuple[str, ...]:
    return follow_up_of(Query(question), history, terms, PASSAGES, without).carried


# --- references -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "When did he die?",
        "Which brands did they launch later?",
        "And in Russia?",
        "What about the second one?",
        "Why?",
        "Where was it built?",
        "Is there proof of this?",
        "What do you know about that?",
        "Who lived there?",
        "What is its capital?",
    ],
)
def test_a_question_with_a_word_for_an_earlier_turn_refers_back(question: str) -> None:
    assert refers_back(question)


@pytest.mark.parametrize(
    "question",
    [
        "When did Tesla die?",
        "Is there a bridge in Warsaw?",
        "Which law did Tesla break when he came to Paris?",
        "How many people that live in Kenya are farmers?",
        "What do those who keep bees eat?",
        "Who won the cup in 1998?",
        "Why do bees dance?",
    ],
)
def test_a_question_that_names_its_subject_does_not_refer_back(question: str) -> None:
    assert not refers_back(question)


def test_the_subject_is_carried_in_its_original_spelling() -> None:
    follow_up = follow_up_of(Query("When did he die?"), user("Where was Nikola Tesla born?"), terms, PASSAGES)
    assert follow_up.carried == ("Nikola Tesla", "born")
    assert follow_up.query.text == "Nikola Tesla born When did he die?"


def test_words_of_the_question_itself_are_not_carried() -> None:
    assert carried("Did Tesla like it?", user("What is a coil of Tesla?")) == ("coil",)


def test_a_chain_of_follow_ups_goes_back_to_its_beginning() -> None:
    history = user("Where was Nikola Tesla born?", "When did he die?", "And why?")
    assert "Nikola Tesla" in carried("Was it sudden?", history)


def test_a_self_contained_question_drops_earlier_words() -> None:
    history = user("Where was Nikola Tesla born?", "How long does sourdough bread rise overnight?")
    assert "Nikola Tesla" not in carried("Does it need salt?", history)
    assert "sourdough bread rise overnight" in " ".join(carried("Does it need salt?", history))


def test_words_of_an_answer_are_carried_to_a_question_that_says_little() -> None:
    history = [Turn("user", "Who improved the pump?"), Turn("agent", "Bento Portugal did.")]
    assert "Portugal" in " ".join(carried("When?", history))
    assert "Portugal" not in " ".join(carried("Which parts did he replace with copper?", history))


def test_a_word_that_was_dropped_is_not_carried_nor_another_in_its_place() -> None:
    history = user("Where was Nikola Tesla born?")
    assert carried("When did he die?", history, "nikola tesla") == ("born",)
    assert follow_up_of(Query("When did he die?"), history, terms, PASSAGES, ("Nikola Tesla", "born")) == FollowUp(
        Query("When did he die?")
    )


def test_exclusions_of_an_earlier_question_are_not_carried() -> None:
    history = user('Where was Nikola Tesla born -museum -"power station"?')
    assert carried("When did he die?", history) == ("Nikola Tesla", "born")
    assert carried("When did he die?", [*history, Turn("agent", "In Smiljan, -museum says.")])[0] == "Nikola Tesla"


def test_phrases_and_exclusions_also_apply_with_carried_words() -> None:
    question = Query('Did he "die"?', ("die",), ("York",), (("dye", "die"),))
    follow_up = follow_up_of(question, user("Where was Nikola Tesla born?"), terms, PASSAGES)
    assert follow_up.query == replace(question, text='Nikola Tesla born Did he "die"?')


def test_names_come_before_other_words_and_numbers_only_as_years() -> None:
    history = user("Why were old iron rails in 1923 across Kenya sold for 42 shillings to dealers abroad?")
    words = " ".join(carried("Who bought them?", history)).split()
    assert "Kenya" in words
    assert "42" not in words


def test_a_short_question_in_another_language_carries_words() -> None:
    assert carried("Und warum?", user("Wer baute die Brücke in Köln?")) != ()


def test_a_question_without_a_conversation_is_unchanged() -> None:
    assert follow_up_of(Query("When did he die?"), [], terms, PASSAGES) == FollowUp(Query("When did he die?"))


TREES = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath"]


@given(
    st.lists(st.sampled_from(TREES), min_size=7, unique=True),
    st.lists(st.text(max_size=80), max_size=6),
)
def test_a_question_without_a_sign_of_leaning_is_returned_unchanged(words: list[str], earlier: list[str]) -> None:
    question = f"Which {' '.join(words)}?"
    assert follow_up_of(Query(question), user(*earlier), terms, PASSAGES) == FollowUp(Query(question))


@given(st.text(max_size=60), st.lists(st.tuples(st.sampled_from(["user", "agent"]), st.text(max_size=700)), max_size=8))
def test_carried_words_are_few_and_occur_in_the_conversation(question: str, earlier: list[tuple[Any, str]]) -> None:
    history = [Turn(speaker, text) for speaker, text in earlier]
    follow_up = follow_up_of(Query(question), history, terms, PASSAGES)
    assert follow_up.query.text == " ".join([*follow_up.carried, question])
    assert len(follow_up.carried) <= 6
    for text in follow_up.carried:
        assert any(text in unicodedata.normalize("NFC", turn.text) for turn in history)


def test_invalid_text_and_scripts_without_spaces_do_no_harm() -> None:
    assert carried("Why?", user("bees \ud800 dance")) == ("bees", "dance")
    assert follow_up_of(Query("為什麼?"), user("蜜蜂為什麼跳舞"), terms, PASSAGES).carried == ("蜜蜂為什麼跳舞",)


# --- the share of carried words ---------------------------------------------------------------------------------------


def test_the_share_grows_with_the_evidence_and_never_reaches_the_whole_ranking() -> None:
    poor = follow_up_of(Query("When did he die?"), user("Where was Nikola Tesla born?"), terms, PASSAGES)
    rich = follow_up_of(
        Query("Which bronze medals were made for Vienna?"), user("Where was Nikola Tesla born?"), terms, PASSAGES
    )
    assert 0 < carried_share(poor, 0.6, 0.2) < carried_share(poor, 0.3, 0.2) < carried_share(poor, 0.3, 1.0) < 0.9
    assert carried_share(rich, 0.6, 0.2) == 0
    assert carried_share(FollowUp(Query("Why?")), 0.0, 1.0) == 0


def test_function_words_add_no_richness() -> None:
    assert richness(terms("what is it"), RAREST) == 0
    assert richness(terms("bees"), RAREST) == 0.5


# --- the JSON ---------------------------------------------------------------------------------------------------------


def test_turns_are_read_in_order() -> None:
    data = [{"speaker": "user", "text": "Who?"}, {"speaker": "agent", "text": "Ivo.", "more": 1}]
    assert turns(data) == (Turn("user", "Who?"), Turn("agent", "Ivo."))
    assert turns([]) == ()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"speaker": "user"}, "not a list"),
        ("Who?", "not a list"),
        ([{"speaker": "user", "text": "Who?"}, {"speaker": "robot", "text": "I"}], "Turn 2"),
        ([{"speaker": "user", "text": 7}], "Turn 1"),
        ([{"speaker": ["user"], "text": "Who?"}], "Turn 1"),
        (["Who?"], "Turn 1"),
        ([{"speaker": "user", "text": "?"}] * (MAX_TURNS + 1), "too long"),
        ([{"speaker": "user", "text": "x" * (MAX_CHARACTERS + 1)}], "too long"),
    ],
)
def test_an_invalid_conversation_is_one_sentence(data: object, words: str) -> None:
    with pytest.raises(QuestionError, match=words) as caught:
        turns(data)
    assert ": give" in str(caught.value)


# --- on an index ------------------------------------------------------------------------------------------------------

ARTICLES = {
    "tesla": "# Nikola Tesla\n\nNikola Tesla was born in Smiljan. Nikola Tesla died in New York in 1943.\n",
    "kant": "# Immanuel Kant\n\nImmanuel Kant was born in Prussia. Immanuel Kant died at home in 1804.\n",
    "bread": "# Bread\n\nThe baker lets the sourdough rise for nine hours in a wooden basket.\n",
    "bees": "# Bees\n\nBees dance in the dark hive for other bees, to tell them of flowers.\n",
}
BORN = [Turn("user", "Where was Nikola Tesla born?"), Turn("agent", "Nikola Tesla was born in Smiljan.")]


@pytest.fixture
def engine(config: Config, tiny: TinyEncoder) -> Engine:
    for name, text in ARTICLES.items():
        Path(config.corpus, f"{name}.md").write_text(text, "utf-8")
    build(config, tiny)
    return Engine.open(config, tiny)


def test_a_follow_up_finds_what_it_refers_to(engine: Engine) -> None:
    answer = engine.ask("When did he die?", history=BORN)
    assert answer.citations[0].document == "tesla.md"
    assert "Nikola Tesla" in answer.carried
    assert answer.question == "When did he die?"
    assert answer.query == " ".join([*answer.carried, answer.question])
    assert answer.as_json()["carried"] == list(answer.carried)


@pytest.mark.parametrize(
    "question", ["How long does the baker let the sourdough rise?", "Why do bees dance in the hive?"]
)
def test_a_change_of_topic_carries_nothing(engine: Engine, question: str) -> None:
    alone, after = engine.ask(question).as_json(), engine.ask(question, history=BORN).as_json()
    assert after["carried"] == []
    assert {**alone, "timings_ms": 0} == {**after, "timings_ms": 0}


FULL = ["Who was born in Prussia?", "Where was Kant born?"]  # they say little, and might carry words


@pytest.mark.parametrize("question", FULL)
@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_a_question_that_can_stand_alone_is_answered_alone_unless_only_the_conversation_answers(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, question: str, threshold: float
) -> None:
    # Whatever the model of leaning thinks, it leans.
    monkeypatch.setattr("qa.ask.search.carried_share", lambda *_: 0.9)
    strict = Engine.open(replace(engine.config, threshold=threshold), engine.encoder)
    alone, after = strict.ask(question), strict.ask(question, history=BORN)
    assert after.carried == ()  # it is answered alone, or not even with its conversation
    assert (after.lead, after.citations, after.confidence) == (alone.lead, alone.citations, alone.confidence)
    assert strict.ask("And when did he die?", history=BORN).carried


def test_words_that_no_article_contains_are_not_carried(engine: Engine) -> None:
    earlier = [Turn("user", "Who invented the zeppelin propeller of Tesla?")]
    assert engine.ask("When did he die?", history=earlier).carried == ("Tesla",)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What does the /GS option do?", True),
        ("Where was Kant born", True),
        ("In which year was it built?", False),
        ("And in Russia?", False),
        ("the cellar room?", False),
        ("Why?", False),
        ("How much for adults?", False),
        ("How long in total?", False),
        ("When exactly?", False),
        ("In which year?", False),
        ("What happened next?", False),
        ("How much does it cost for adults?", False),
        ("How much is the ticket for adults?", True),
        ("How long before takeoff does the gate close?", True),
        ("Which rooms face north?", True),
        ("Was she there?", False),
        ("Wie hoch ist das Dach?", False),
    ],
)
def test_a_whole_question_with_nothing_that_refers_back_stands_alone(question: str, expected: bool) -> None:
    assert stands_alone(question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("the cellar room?", True),
        ("opening hours library", True),
        ("How much for adults?", False),
        ("And the cellar room?", False),
        ("the second one", False),
        ("What is the cellar room?", False),
    ],
)
def test_a_question_that_asks_nothing_only_names(question: str, expected: bool) -> None:
    assert names_only(question) == expected


@pytest.mark.parametrize("surer", ["alone", "carried"])
def test_of_what_only_names_something_the_surer_answer_is_given(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, surer: str
) -> None:
    really = pipeline._composed

    def composed(ranking: Ranking, request: pipeline.Request, resources: pipeline.Resources) -> Answer:
        is_carried = bool(ranking.carried)
        return replace(
            really(ranking, request, resources), confidence=0.9 if is_carried == (surer == "carried") else 0.8
        )

    monkeypatch.setattr(pipeline, "_composed", composed)
    monkeypatch.setattr("qa.ask.search.carried_share", lambda *_: 0.9)  # whatever the model of leaning thinks
    eager = Engine.open(replace(engine.config, threshold=0.0), engine.encoder)
    answer = eager.ask("the home in Prussia?", history=BORN)
    assert answer.lead is not None
    assert bool(answer.carried) == (surer == "carried")


def test_a_word_that_the_user_dropped_is_not_searched_for(engine: Engine) -> None:
    every = engine.ask("When did he die?", history=BORN).carried
    fewer = engine.ask("When did he die?", history=BORN, without=every[:1])
    assert fewer.carried == every[1:]
    assert engine.ask("When did he die?", history=BORN, without=every).query == "When did he die?"


def test_a_follow_up_is_encoded_once_more_and_a_question_alone_is_not(
    engine: Engine, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    encode = tiny.encode_queries

    def noted(texts: Sequence[str]) -> Vectors:
        asked.extend(texts)
        return encode(texts)

    monkeypatch.setattr(tiny, "encode_queries", noted)
    engine.search("When did he die?", history=BORN)
    assert len(asked) == 2
    engine.search("When did he die?")
    assert len(asked) == 3


@pytest.mark.parametrize("question", ["xyzzy plugh?", "asdf asdf asdf", "zzz"])
def test_a_question_of_words_that_no_article_contains_carries_nothing(engine: Engine, question: str) -> None:
    answer = engine.ask(question, history=BORN)
    assert answer.carried == () and answer.query == question


def test_a_follow_up_applies_its_exclusions(engine: Engine) -> None:
    assert "tesla.md" in [citation.document for citation in engine.ask("And he?", history=BORN).citations]
    answer = engine.ask("And he? -York", history=BORN)
    assert answer.carried
    assert answer.query == " ".join([*answer.carried, "And he? -York"])
    assert answer.citations
    assert not any("York" in citation.text for citation in answer.citations)


def test_every_citation_contains_the_phrase_of_a_follow_up(engine: Engine) -> None:
    answer = engine.ask('Was he "born in"?', history=BORN)
    assert "Nikola Tesla" in " ".join(answer.carried)
    assert [citation.document for citation in answer.citations] == ["tesla.md", "kant.md"]
    nowhere = engine.ask('Was he "born at sea"?', history=BORN)
    assert (nowhere.citations, nowhere.reason) == ((), "No passage contains “born at sea”.")


def test_words_of_the_question_are_corrected_before_words_are_carried(
    engine: Engine, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiny, "count_tokens", lambda texts: [2] * len(texts))  # no word is in its vocabulary
    assert engine.ask("Was Smiljann his home?").corrected == (("Smiljann", "Smiljan"),)
    answer = engine.ask("Was it Smiljann?", history=[Turn("user", "Where was Nikolla Tesla born?")])
    assert answer.corrected == (("Smiljann", "Smiljan"),)
    assert "Tesla" in answer.carried
    assert answer.query == " ".join([*answer.carried, "Was it Smiljan?"])
