"""A compound is found in its other spelling if the index has that spelling, and only then."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import pytest

from qa.text.compounds import find
from qa.text.terms import plain_words


class Index:
    """A few texts, which count how often they are asked for words, phrases and examples."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.lookups, self.phrases, self.examples_asked = 0, list[str](), list[str]()

    def find(self, question: str) -> list[tuple[str, str]]:
        return find(question, self.frequencies, self.contains, self.examples)

    def frequencies(self, words: Iterable[str]) -> Mapping[str, int]:
        self.lookups += 1
        return {word: sum(word in plain_words(text) for text in self.texts) for word in words}

    def contains(self, phrase: str) -> bool:
        self.phrases.append(phrase)
        return bool(self._containing(phrase))

    def examples(self, phrase: str) -> Sequence[str]:
        self.examples_asked.append(phrase)
        return self._containing(phrase)

    def _containing(self, phrase: str) -> list[str]:
        return [text for text in self.texts if re.search(rf"\b{phrase}\b", " ".join(plain_words(text)))]


@pytest.mark.parametrize(
    ("question", "text", "pairs"),
    [
        ("Who pays for healthcare?", "Health care is paid by the firm.", [("healthcare", "health care")]),
        ("Where is the TOOLBOX?", "The tool-box is here.", [("toolbox", "tool box")]),
        ("a toolbox", "Tool boxes are here.", [("toolbox", "tool boxes")]),
        ("my coworkers", "A co-worker and co-workers", [("coworkers", "co workers"), ("coworkers", "co worker")]),
        ("How long does onboarding take?", "The on-boarding takes long.", [("onboarding", "on boarding")]),
        ("Which email?", "an e‑mail", [("email", "e mail")]),
        ("the wifi", "the Wi-Fi", [("wifi", "wi fi")]),
        ("What do co-workers share?", "The coworkers share a guide.", [("coworkers", "co workers")]),
        ("the tool box", "Toolboxes, a toolbox", [("toolbox", "tool box"), ("toolboxes", "tool box")]),
        ("the tool boxes", "one toolbox", [("toolbox", "tool boxes")]),
        ("a co-worker", "two coworkers", [("coworkers", "co worker")]),
        ("e-mail or on-boarding", "email, onboarding", [("email", "e mail"), ("onboarding", "on boarding")]),
        ("a set-up guide", "the setup", [("setup", "set up")]),
    ],
)
def test_the_other_spelling_is_found(question: str, text: str, pairs: list[tuple[str, str]]) -> None:
    assert sorted(Index(text).find(question)) == sorted(pairs)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("toolbox", "A box for a tool, and a tool for the box"),  # both words, but not next to each other
        ("What is notable?", "They are not able to fly."),
        ("Where does it belong?", "It can be long."),
        ("onboarding", "They go on boarding the ship."),  # a function word that no hyphen joins
        ("When is land sold?", "The island is sold."),
        ("Where is the area?", "They are a pair, and it is a rea."),
        ("the shell", "Then she'll go."),
        ("the states", "the state's land"),
        ("the king's hut", "a kings shut"),
        ("together", "to gether"),  # a function word is not split
        ("2024123", "20 24123"),
        ("toolbox", "toolbox"),
        ("", "tool box"),
    ],
)
def test_words_that_only_look_like_a_compound_are_left_alone(question: str, text: str) -> None:
    assert Index(text).find(question) == []


def test_a_phrase_is_looked_for_only_if_both_halves_are_words_and_all_words_at_once() -> None:
    index = Index("health and care", "nothing else")
    assert index.find("healthcare for goats and a set-up guide") == []
    assert (index.lookups, index.phrases, index.examples_asked) == (1, ["health care"], [])


def test_nothing_is_looked_up_for_a_question_without_words_to_split() -> None:
    index = Index("the")
    assert index.find("Who?") == []
    assert index.lookups == 0


def test_a_page_that_was_pasted_is_looked_up_in_part() -> None:
    index = Index("the tool box")
    assert index.find(f"{'and so on ' * 40}toolbox") == []
