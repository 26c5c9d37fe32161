"""English words of one root count as one another; others do not, however alike they look."""

from __future__ import annotations

import sys

import pytest

from qa.text.kin import contained_with_kin, with_kin
from qa.text.query_term import QueryTerm
from qa.text.terms import analyze


def is_kin(word: str, text: str, language: str = "en") -> bool:
    """Whether a text contains a word of a question or a relative of it."""
    (term,) = with_kin((QueryTerm(frozenset(analyze(word, language)), 1.0, word),))
    return term.is_in(contained_with_kin(text, language))


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("long", "The length is 12 m."),
        ("high", "a height of 3 m"),
        ("wide", "WIDTH"),
        ("delivered", "Delivery takes two days."),
        ("delivery", "We deliver on Mondays."),
        ("apply", "Every applicant is told."),
        ("application", "They applied in May."),
        ("pay", "The payment is due."),
        ("paid", "They pay in May."),
        ("sold", "He sells honey."),
        ("pays", "The payer signs."),
        ("written", "She wrote it."),
        ("product", "They produce cheese."),
        ("described", "the description"),
        ("comply", "in compliance"),
        ("classify", "the classification"),
        ("Tuesday", "Tue: closed"),
        ("September", "12 Sep 2024"),
        ("movement", "They move."),
        ("ownership", "The owner signs."),
        ("inclusion", "It includes tax."),
        ("extend", "an extension of a week"),
    ],
)
def test_a_word_is_in_a_text_that_has_another_word_of_its_root(word: str, text: str) -> None:
    assert is_kin(word, text)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("current", "the currency"),
        ("sent", "a sentence"),
        ("party", "a part"),
        ("policy", "the police"),
        ("university", "a single"),
        ("care", "a car"),
        ("summer", "the sum"),
        ("flower", "the flow"),
        ("factory", "a factor"),
        ("organism", "an organ"),
        ("height", "the width"),
        ("bee", "hives"),
    ],
)
def test_a_word_is_not_in_a_text_that_only_looks_alike(word: str, text: str) -> None:
    if word == "organism" and sys.version_info < (3, 11):
        pytest.skip("tantivy 0.27, whose stemmers are newer, needs Python 3.11")
    assert not is_kin(word, text)


def test_texts_in_other_languages_have_no_english_kin() -> None:
    assert not is_kin("long", "length", "de")
    assert contained_with_kin("Die Länge", "de") == frozenset(analyze("Die Länge", "de")) | {"die lang"}


def test_a_term_without_kin_is_found_as_before() -> None:
    term = QueryTerm(frozenset({"hive"}), 1.0, "hive")
    assert not term.is_in(contained_with_kin("delivery", "en"))
    assert term.is_in(contained_with_kin("two hives", "en"))
