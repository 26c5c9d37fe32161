"""Verdicts are read as they were given, and questions without an answer are grouped by what they are about."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from conftest import TinyEncoder
from hypothesis import given
from hypothesis import strategies as st
from served import screen_of, talk_of

from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.errors import StoreError
from qa.ui.feedback.gaps import Gap, GapQuestion, gaps, grouped
from qa.ui.feedback.unanswered import Unanswered, UnansweredQuestion
from qa.ui.feedback.verdicts import Feedback, Judged, as_csv, as_json
from qa.ui.page.chat import Chat
from qa.ui.page.session import Session

UP = Judged("2026-03-01T09:00:00+00:00", "000001", "Who?", "a.md", "up")
DOWN = Judged("2026-03-02T09:00:00+00:00", "000002", "Where?", "", "down")


@pytest.fixture
def east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The clock of this machine is two hours ahead of UTC."""
    monkeypatch.setenv("TZ", "Etc/GMT-2")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


# --- verdicts ---------------------------------------------------------------------------------------------------------


def test_verdicts_are_kept_in_order_and_made_lazily(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path / "index" / "feedback.sqlite")
    assert feedback.read() == () and not (tmp_path / "index").exists()
    feedback.add("Who?", "000001", "a.md", "up")
    feedback.add("'; DROP TABLE feedback; --", "000001", "", "down")
    assert [(each.generation, each.question, each.document, each.verdict) for each in feedback.read()] == [
        ("000001", "Who?", "a.md", "up"),
        ("000001", "'; DROP TABLE feedback; --", "", "down"),
    ]
    assert [each.question for each in feedback.read("up")] == ["Who?"]


def test_verdicts_are_found_by_their_day(tmp_path: Path) -> None:
    feedback = Feedback(tmp_path / "feedback.sqlite")
    feedback.add("Who?", "000001", "a.md", "up")
    day = feedback.read()[0].day
    before, after = date.fromordinal(day.toordinal() - 1), date.fromordinal(day.toordinal() + 1)
    assert len(feedback.read(since=day, until=day)) == 1
    assert feedback.read(since=after) == feedback.read(until=before) == ()


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the clock cannot be set to another zone")
def test_a_verdict_belongs_to_the_day_of_this_machines_clock(east: None) -> None:
    assert replace(UP, time="2026-03-01T23:30:00+00:00").day == date(2026, 3, 2)


def test_verdicts_that_cannot_be_stored_or_read_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "feedback.sqlite").write_bytes(b"not a database" * 100)
    feedback = Feedback(tmp_path / "feedback.sqlite")
    with pytest.raises(StoreError, match=r"could not be stored .*: move that file away, or restore a copy\."):
        feedback.add("Who?", "1", "a.md", "up")
    with pytest.raises(StoreError, match=r"cannot be read .*: move that file away, or restore a copy\."):
        feedback.read()


def test_verdicts_are_exported_with_their_counts() -> None:
    exported = as_json([UP, DOWN])
    assert exported["counts"] == {"up": 1, "down": 1}
    assert [each["document"] for each in exported["verdicts"]] == ["a.md", None]
    assert set(exported["verdicts"][0]) == {"time", "generation", "question", "document", "verdict"}


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=20))
def test_csv_keeps_every_question_and_computes_none(question: str) -> None:
    header, row = csv.reader(io.StringIO(as_csv([replace(UP, question=question)]), newline=""))
    assert header == ["time", "generation", "question", "document", "verdict"]
    assert row[2].removeprefix("'") == question.removeprefix("'")
    assert not row[2].startswith(("=", "+", "-", "@", "\t"))


# --- what the articles do not answer ----------------------------------------------------------------------------------


def asked(question: str, times: int = 1, last: str = "2026-03-01T09:00:00+00:00") -> GapQuestion:
    return GapQuestion(question, "", times, 0, last, "")


def groups(*questions: str) -> list[set[str]]:
    found = grouped([asked(each, len(questions) - number) for number, each in enumerate(questions)])
    return [{question.question for question in gap.questions} for gap in found]


def test_questions_about_one_thing_are_one_group() -> None:
    weeks, leave, boiler = "How many weeks of parental leave do I get?", "Is parental leave paid?", "Who mends boilers?"
    assert sorted(groups(weeks, leave, boiler), key=len) == [{boiler}, {weeks, leave}]
    assert groups("What is a boiler?", "When is the boiler serviced?")[0] == {
        "What is a boiler?",
        "When is the boiler serviced?",
    }


def test_one_word_in_common_is_too_little_where_there_are_more() -> None:
    assert len(groups("warranty of the boiler", "manual of the boiler")) == 2


def test_function_words_are_no_subject() -> None:
    assert len(groups("What is the price?", "What is the colour?")) == 2


def test_a_chain_of_questions_is_not_one_group() -> None:
    found = groups("price of red boots", "red boots for children", "children school lunch boots")
    assert {"price of red boots", "red boots for children"} in found
    assert {"children school lunch boots"} in found


def test_a_group_is_named_by_what_its_questions_share() -> None:
    (gap,) = grouped([asked("How many weeks of parental leave?", 2), asked("Is parental leave paid?")])
    assert gap.words == ("parental", "leave")
    assert (gap.times, gap.questions[0].question) == (3, "How many weeks of parental leave?")


def test_a_question_counts_once_however_it_is_typed_and_thumbs_up_are_no_gap() -> None:
    first = UnansweredQuestion("2026-03-01T09:00:00+00:00", "who was bruno", "", "zoo.md")
    (gap,) = gaps([first, replace(first, time="2026-03-03T09:00:00+00:00", question="Who was Bruno?")], [UP])
    (question,) = gap.questions
    assert (question.question, question.unanswered, question.down) == ("Who was Bruno?", 2, 0)
    (gap,) = gaps([first], [replace(DOWN, question="Who was Bruno?", document="b.md")])
    assert [(each.unanswered, each.down, each.nearest) for each in gap.questions] == [(1, 1, "b.md")]


def test_a_follow_up_is_grouped_with_the_words_of_its_conversation() -> None:
    follow_up = UnansweredQuestion("2026-03-01T09:00:00+00:00", "And for adults?", "museum ticket", "")
    other = UnansweredQuestion("2026-03-02T09:00:00+00:00", "What is a museum ticket?", "", "")
    (gap,) = gaps([follow_up, other], [])
    assert "museum ticket And for adults?" in [question.asked for question in gap.questions]
    assert gap.as_json()["questions"][1]["carried"] in (["museum", "ticket"], [])


QUESTIONS = st.lists(
    st.builds(
        GapQuestion,
        st.text(max_size=30) | st.sampled_from(["the boiler", "boiler price", "Wer zahlt?", "価格は？", "?", "-h"]),
        st.just(""),
        st.integers(1, 5),
        st.integers(0, 2),
        st.sampled_from(["2026-03-01T09:00:00+00:00", "2026-04-01T09:00:00+00:00"]),
        st.just(""),
    ),
    max_size=20,
)


@given(QUESTIONS)
def test_every_question_is_in_one_group_and_frequent_groups_come_first(questions: list[GapQuestion]) -> None:
    found = grouped(questions)
    assert sorted(map(repr, questions)) == sorted(repr(each) for gap in found for each in gap.questions)
    assert [gap.times for gap in found] == sorted((gap.times for gap in found), reverse=True)
    assert all(gap.questions for gap in found)


def test_many_questions_about_different_things_are_grouped_in_time() -> None:
    many = [asked(f"Is article a{number} b{number} c{number}?") for number in range(20_000)]
    start = time.process_time()
    assert len(grouped(many)) == len(many)
    assert time.process_time() - start < 20  # a comparison of each with each would take minutes


# --- in the chat ------------------------------------------------------------------------------------------------------


def ask(config: Config, question: str) -> Chat:
    chat = Chat(Engine.open(config, TinyEncoder()))
    list(talk_of(screen_of(chat)).ask(Session(), question))
    return chat


@pytest.fixture
def built(config: Config) -> Config:
    (config.corpus / "zoo.md").write_text("# Zoo\n\nThe zebra at the zoo is called Bruno.\n")
    build(config, TinyEncoder())
    return config


def test_a_question_that_some_articles_do_not_answer_is_no_gap(built: Config) -> None:
    wanted = replace(built, gaps=True, threshold=1.0)
    assert ask(wanted, "How old is the lighthouse keeper? in:zoo.md").unanswered.read() == ()
    assert len(ask(wanted, "How old is the lighthouse keeper?").unanswered.read()) == 1


def test_nothing_is_kept_unless_a_person_wants_it(built: Config) -> None:
    ask(built, "How old is the lighthouse keeper?")
    assert not (built.index / "feedback.sqlite").exists()


def test_a_question_without_an_answer_is_kept_if_wanted_and_one_with_an_answer_is_not(built: Config) -> None:
    wanted = replace(built, gaps=True)
    chat = ask(replace(wanted, threshold=1.0), "How old is the lighthouse keeper?")
    ask(replace(wanted, threshold=0.0), "What is the zebra called?")
    (kept,) = chat.unanswered.read()
    assert (kept.question, kept.nearest) == ("How old is the lighthouse keeper?", "zoo.md")
    assert chat.unanswered.forget() == 1
    assert chat.unanswered.read() == () and chat.unanswered.forget() == 0


def test_a_question_that_cannot_be_kept_is_answered_all_the_same(built: Config) -> None:
    (built.index / "feedback.sqlite").write_bytes(b"not a database" * 100)
    chat = Chat(Engine.open(replace(built, gaps=True, threshold=1.0), TinyEncoder()))
    answer = chat.engine.ask("How old is the lighthouse keeper?")
    assert chat.note(answer).endswith("move that file away, or restore a copy, or unset QA_GAPS.")


def test_unanswered_questions_are_told_from_others_by_a_gap(tmp_path: Path) -> None:
    assert Unanswered(tmp_path / "none.sqlite").read() == ()
    assert gaps([], []) == ()
    assert Gap(("boiler",), (asked("boiler?"),)).as_json()["times"] == 1
