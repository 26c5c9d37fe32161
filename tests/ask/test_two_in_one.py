"""A question is taken apart only where it is two questions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.ask.two_in_one import split


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("What is honey and what is wax?", ("What is honey?", "what is wax?")),
        ("Who built the hive? When was the wall painted?", ("Who built the hive?", "When was the wall painted?")),
        ("When was the wall built; who paid for the paint?", ("When was the wall built?", "who paid for the paint?")),
        ("Who founded Acme and when did it move?", ("Who founded Acme?", "when did it move? Acme")),
        ("Is honey sweet, and in which year was it sold?",
         ("Is honey sweet?", "in which year was it sold? honey sweet")),
        ("When was Doctor Who shown and who tried to end it?",
         ("When was Doctor Who shown?", "who tried to end it? Doctor Who")),
        ("What is wax and how many bees live in it?", ("What is wax?", "how many bees live in it? wax")),
        ("Where do bees sleep and how many of the wasps do die?",
         ("Where do bees sleep?", "how many of the wasps do die?")),
    ],
)  # fmt: skip
def test_two_questions_are_taken_apart(question: str, parts: tuple[str, str]) -> None:
    assert split(question) == parts


@pytest.mark.parametrize(
    "question",
    [
        "What goes with salt and pepper?",
        "Which man who lived in Rome and who died in Paris wrote it?",
        "What is the difference between how bees sleep and how wasps sleep?",
        "Who discovered wax and when?",
        "Explain the hive and what is in it",
        "bees and when they sleep",
        "What did they say about the war and peace?",
        "What is done before the wall is built and when an inspection is passed?",
        "What are hives that hold in theory, but which in practice fall?",
        "Who are you?",
        "",
    ],
)
def test_one_question_stays_whole(question: str) -> None:
    assert split(question) == ()


@given(st.lists(st.sampled_from(["who", "what", "is", "and", "it", "bees", "flew", "?", ";", ",", "蜂"]), max_size=20))
def test_parts_are_none_or_two_and_made_of_the_question(words: list[str]) -> None:
    question = " ".join(words)
    parts = split(question)
    assert len(parts) in (0, 2)
    assert set("".join(parts)) <= set(question) | {"?", " "}
