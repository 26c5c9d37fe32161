"""Words of a claim and of an article: what counts as a word, and how one is laid along the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qa.check.alignment import align, found_in
from qa.check.diff import as_text, word_diff
from qa.check.words import words_of
from qa.text.document import Span


def test_markup_links_and_signs_are_no_words_and_numbers_are_whole() -> None:
    found = words_of("The **port** of the [server](https://a.example/b?c=1) is `8,410`[^2] or -3.5 °C – “at most”.")
    assert found.forms == (
        "The",
        "port",
        "of",
        "the",
        "server",
        "is",
        "8,410",
        "or",
        "-",
        "3.5",
        "°",
        "C",
        "at",
        "most",
    )
    assert all(
        span.of(found.text).replace("’", "'") == form for span, form in zip(found.spans, found.forms, strict=True)
    )


def test_a_number_with_letters_behind_it_is_one_word() -> None:
    assert words_of("the 1980s, 11h00, the 3rd of 12,500").forms == (
        "the",
        "1980s",
        "11h00",
        "the",
        "3rd",
        "of",
        "12,500",
    )


def test_punctuation_is_compared_without_quotation_marks_and_marks_of_items() -> None:
    one = words_of("He paid, “at last” – and left.")
    other = words_of("He paid, *at last* -\n\n> and left")
    assert one.punctuation() == other.punctuation()
    assert words_of("He paid at last").punctuation() != words_of("He paid, at last").punctuation()
    assert words_of("one\n- two").punctuation() == ("",)


def test_a_claim_is_found_where_its_words_stand_in_a_row() -> None:
    article = words_of("The cat sat. The cat sat on the mat.")
    assert found_in(words_of("the CAT sat on"), article) == 3
    assert found_in(words_of("cat on"), article) is None
    assert found_in(words_of(""), article) is None


def test_alignment_finds_the_nearest_words_and_what_differs() -> None:
    claim, article = words_of("the port is 80 today"), words_of("We said before: the port is 8080, and stays so.")
    found = align(claim, article)
    assert found is not None
    assert (found.first, found.distance) == (3, 2)
    first, second = found.changes[0], found.changes[-1]
    assert claim.forms[first.start] == "80"
    assert article.forms[first.there_start] == "8080"
    assert second.end == len(claim)
    assert align(words_of(""), article) is None


@given(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=8),
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=12),
)
def test_changes_turn_the_claim_into_the_words_of_the_article(ours: list[str], theirs: list[str]) -> None:
    claim, article = words_of(" ".join(ours)), words_of(" ".join(theirs))
    found = align(claim, article)
    assert found is not None
    made, place = [], 0
    for change in found.changes:
        made += [*ours[place : change.start], *theirs[change.there_start : change.there_end]]
        place = change.end
    assert [*made, *ours[place:]] == theirs[found.first : found.last]
    assert found.distance >= len(found.changes)


def test_a_difference_is_shown_word_by_word() -> None:
    assert as_text(word_diff("The port is 80.", "The port is 8080.")) == "The port is [-80-]{+8080+}."
    assert as_text(word_diff("It is open.", "It is not open.")) == "It is {+not+}open."
    assert as_text(word_diff("a b", "")) == "[-a b-]"


def test_words_within_a_span_keep_their_places() -> None:
    found = words_of("one two three").within(Span(4, 13))
    assert found.forms == ("two", "three")
    assert found.span == Span(4, 13)
