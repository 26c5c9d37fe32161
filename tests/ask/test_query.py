"""What a question can contain: quotation marks, exclusions and misspelt words."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa.ask.correction import replace_words
from qa.ask.query import literal, parse
from qa.errors import QuestionError
from qa.index.protocols import Query

SIGNS = st.text(st.sampled_from("ab c-\"“”„«»'3é蜂\n\t?"), max_size=30)


@pytest.mark.parametrize(
    "question",
    ["What is honey?", "e-mail 2010-2015", "a - b", "- list", "-3 degrees", "-12a", "--flag", "5\" discs and 7\" discs",
     'one " alone', '"" and "?!"', "it's 'so'", "well-known -", "a–b — c", "bees -3.5"],
)  # fmt: skip
def test_a_question_without_signs_is_run_as_it_was_typed(question: str) -> None:
    assert parse(question) == Query(question)
    assert str(parse(question)) == question


@pytest.mark.parametrize(
    ("question", "phrases"),
    [
        ('What is a "white  hive"?', ("white hive",)),
        ('"white\nhive"', ("white hive",)),
        ("“white hive” „alte Wand“ «la ruche» »bikupa«", ("white hive", "alte Wand", "la ruche", "bikupa")),
        ('"bees" or "wasps" or "bees"', ("bees", "wasps")),
        ('("don\'t")', ("don't",)),
    ],
)
def test_quoted_words_must_occur_in_a_passage(question: str, phrases: tuple[str, ...]) -> None:
    query = parse(question)
    assert query.phrases == phrases
    assert query.text == question  # the words are searched for too
    assert query.excluded == ()


@pytest.mark.parametrize(
    ("question", "text", "excluded"),
    [
        ("honey -wasps", "honey", ("wasps",)),
        ("-wasps honey -Frost?", "honey ?", ("wasps", "Frost")),
        ('honey -"old  wall" of bees', "honey of bees", ("old wall",)),
        ("honey\n-«alter Wall»", "honey", ("alter Wall",)),
        ("gas -state-of-the-art", "gas", ("state-of-the-art",)),
        ('honey -"old wall"-frost', "honey", ("old wall", "frost")),
        ('"white hive" -"white wall"', '"white hive"', ("white wall",)),
    ],
)
def test_words_after_a_minus_are_excluded(question: str, text: str, excluded: tuple[str, ...]) -> None:
    query = parse(question)
    assert (query.text, query.excluded) == (text, excluded)


@pytest.mark.parametrize("question", ["-wasps", '-"old wall" -frost', " -wasps ?!"])
def test_a_question_of_exclusions_alone_is_refused(question: str) -> None:
    with pytest.raises(QuestionError, match="add what you want to know"):
        parse(question)


@given(SIGNS)
@example('3 -"3"')
def test_any_text_is_parsed_and_its_query_parses_the_same(question: str) -> None:
    try:
        query = parse(question)
    except QuestionError:
        assert "-" in question
        return
    again = parse(str(query))
    assert (set(again.phrases), set(again.excluded)) == (set(query.phrases), set(query.excluded))
    assert all(phrase.strip() == phrase != "" for phrase in query.phrases + query.excluded)
    if not query.excluded:
        assert query.text == question


# --- spelling ---------------------------------------------------------------------------------------------------------


def nearest(word: str) -> str | None:
    return {"hony": "honey", "Wnter": "winter", "com": "come"}.get(word)


def test_a_word_is_replaced_and_both_are_kept() -> None:
    query = replace_words(parse("Is hony made in Wnter, hony?"), nearest)
    assert query.text == "Is honey made in Winter, honey?"
    assert query.corrected == (("hony", "honey"), ("Wnter", "Winter"))


@pytest.mark.parametrize(
    "question", ['"hony"', 'the "best hony"', "hony@example.com", "www.hony.com", "hony2", "a/hony"]
)
def test_quoted_words_and_non_words_are_not_corrected(question: str) -> None:
    assert replace_words(parse(question), nearest) == parse(question)


def test_exclusions_are_not_corrected() -> None:
    assert replace_words(parse("hony -hony"), nearest).excluded == ("hony",)


def test_a_corrected_question_can_be_asked_as_it_was_typed() -> None:
    question = 'Is hony "hony wine"?'
    again = literal(question, ("hony",))
    assert again == 'Is "hony" "hony wine"?'
    assert replace_words(parse(again), nearest).corrected == ()


@given(SIGNS)
def test_without_a_better_word_nothing_changes(question: str) -> None:
    assert replace_words(Query(question), lambda word: None) == Query(question)
