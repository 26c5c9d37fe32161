"""Filters typed in a question: what is one, what is ordinary text, and what both say."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.ask.filters import read_filters, without_filters
from qa.ask.follow_up import Turn, follow_up_of
from qa.ask.query import literal, parse
from qa.errors import QuestionError
from qa.index.scope import EVERYTHING, Scope

SIGNS = st.text(st.sampled_from("inafter:-\"“ ?/\\20x'\n"), max_size=30)


@pytest.mark.parametrize(
    "question",
    [
        "Note: x is in: reports", "What is C:\\reports?", "see https://in:80/file", "file:///etc/hosts is what?",
        'what does "in:reports" mean', "„after:2023“ as text", "begin:reports built-in:reports", "in:?", "in: reports",
        "at 12:30 before:", "the profile:x of in", "author : Ada", "`in:reports`", "(in:reports)",
    ],
)  # fmt: skip
def test_a_colon_in_ordinary_text_is_no_filter(question: str) -> None:
    assert read_filters(question) == (question, EVERYTHING)
    assert parse(question).text == question


@pytest.mark.parametrize(
    ("question", "text", "scope"),
    [
        ("price in:reports", "price", Scope(folders=("reports",))),
        ("In:reports What is the price?", "What is the price?", Scope(folders=("reports",))),
        ('price in:"my reports/2023" of plums', "price of plums", Scope(folders=("my reports/2023",))),
        ("price in:“my reports”", "price", Scope(folders=("my reports",))),
        ("price in:a in:b file:budget", "price", Scope(folders=("a", "b"), files=("budget",))),
        ("What is the price in:reports?", "What is the price ?", Scope(folders=("reports",))),
        ("price -in:drafts -kind:pdf", "price", Scope(without=Scope(folders=("drafts",), kinds=("pdf",)))),
        ("price kind:.pdf language:de author:Ada", "price",
         Scope(kinds=(".pdf",), languages=("de",), authors=("Ada",))),
        ("price after:2023-05 before:2024", "price", Scope(after="2023-05", before="2024")),
        ('price since:"May 2023" until:2023-05-17', "price", Scope(since="May 2023", until="2023-05-17")),
        ('"in:x" price in:y', '"in:x" price', Scope(folders=("y",))),
        ("price\nin:a\nof plums", "price of plums", Scope(folders=("a",))),
    ],
)  # fmt: skip
def test_filters_are_read_and_taken_out(question: str, text: str, scope: Scope) -> None:
    assert read_filters(question) == (text, scope)
    query = parse(question)
    assert (query.text, query.scope) == (text, scope)


def test_filters_stand_beside_phrases_and_exclusions() -> None:
    query = parse('"old wall" -beacon in:reports -in:drafts')
    assert (query.text, query.phrases, query.excluded) == ('"old wall"', ("old wall",), ("beacon",))
    assert query.scope == Scope(folders=("reports",), without=Scope(folders=("drafts",)))
    assert str(query) == '"old wall" -beacon'  # what is searched for; the scope is told apart from it


@pytest.mark.parametrize("question", ["in:reports", "in:reports ?", "kind:pdf after:2023"])
def test_a_question_of_filters_alone_is_refused(question: str) -> None:
    with pytest.raises(QuestionError, match="only says where to look: add what you want to know"):
        parse(question)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("price after:soon", "“soon” is not a date .after:.: write 2023, 2023-05 or 2023-05-17"),
        ("price before:2023-13", "“2023-13” is not a date"),
        ("price since:12.5", "is not a date"),
        ("price -after:2023", "cannot leave out a time: use before:, after:, since: or until: instead"),
        ("price in:/", "names nothing after in: give a value, or leave it out"),
    ],
)
def test_a_value_that_says_nothing_is_refused_in_one_sentence(question: str, words: str) -> None:
    with pytest.raises(QuestionError, match=words):
        parse(question)


@given(SIGNS)
@example('in:"')
@example("in:in:x after:")
def test_what_is_left_of_a_text_is_the_rest_of_it_in_order(text: str) -> None:
    rest = iter(text)
    assert all(character in rest for character in without_filters(text) if not character.isspace())


def test_words_of_a_filter_are_neither_quoted_nor_carried() -> None:
    assert literal("hney in:hney-pots", ("hney",)) == '"hney" in:hney-pots'
    history = (Turn("user", "Who keeps the lighthouse in:harbour?"),)

    def terms(text: str) -> tuple[object, ...]:
        assert "harbour" not in text and "in:" not in text
        return ()

    follow_up_of(parse("And when?"), history, terms, 10)  # type: ignore[arg-type]
