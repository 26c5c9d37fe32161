"""What is said of one name answers no question about another one in its place."""

from __future__ import annotations

import pytest

from qa.ask.another_name import names_another

ANOTHER = [
    ("How many times was the Kelbrook chapel painted?", "The Brinde chapel was painted 16 times."),
    ("What is Anna's salary?", "In spring, Berta's salary was raised to 4,000 euros."),
    ("who was the mayor of Kelbrook in 1950", "Ida Holm was mayor of Brinde from 1948 to 1952."),
    ("Which ship brought Elias Openshaw back?", "It was there that John Openshaw went aboard the barque."),
]
SAME = [
    # the name is there, or near
    ("How many times was the Kelbrook chapel painted?", "The Kelbrook chapel was painted 16 times."),
    # no other name
    ("How many times was the Kelbrook chapel painted?", "The old chapel was painted 16 times."),
    ("How many times was the Kelbrook chapel painted?", "Painted chapels are rare. Most chapels are white."),
    # another name in another place
    ("How many times was the Kelbrook chapel painted?", "The chapel was painted for the Brinde mill."),
    # a name that is misspelt
    ("When was Hatmanis's book written?", "It was then that Hartmanis's book was written."),
    # a title or a word that begins a sentence
    ("When did Miss Stoner arrive?", "At nine, Helen Stoner arrived."),
    ("How long is the Kelbrook trail?", "Marked trail: 12 km. Long trails are marked, too."),
]  # fmt: skip


@pytest.mark.parametrize(("question", "text"), ANOTHER)
def test_another_name_in_the_place_of_the_one_that_is_asked_for_is_told(question: str, text: str) -> None:
    assert names_another(question, text, text)


@pytest.mark.parametrize(("question", "text"), SAME)
def test_no_other_text_names_another(question: str, text: str) -> None:
    assert not names_another(question, text, text)


def test_a_name_that_is_near_is_not_missing() -> None:
    question, text = "How many times was the Kelbrook chapel painted?", "The Brinde chapel was painted 16 times."
    assert not names_another(question, text, f"The chapels of Kelbrook and Brinde. {text}")
