"""Questions about the articles themselves: recognised by their words, and answered only if they name what there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import TinyEncoder
from corpora import write

from qa.ask.answer import Answer
from qa.ask.collection import asked_of
from qa.ask.words import as_text
from qa.build import build
from qa.config import Config
from qa.engine import Engine

FILES = {
    "plums.md": "---\ntitle: Plum jam\nauthor: Ada Marsh\ndate: 2019-05-01\n"
    "tags: [fruit]\nrating: 4\n---\n\nBoil the fruit.\n",
    "pears.md": '+++\ntitle = "Dried pears"\nauthor = "Ada Marsh"\ndate = 2023-02-03\n+++\n\nCut the pears thin.\n',
    "quinces.html": "<html><head><title>Quince paste</title><meta name=author content='Ben Hollow'>"
    "<meta name=date content='2021-03-04'></head><body><article><h1>Quince paste</h1><p>Cook the quinces for two hours "
    "until the paste is red, then let it dry for a week in a cool room.</p></article></body></html>",
    "log/2020-01-02.md": "Snow fell on the orchard.\n",
    "letter.md": "# The old king\n\nThe treaty had twelve articles. A friend wrote the letter to the king.\n",
}
DATED = "4 articles that have a date"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder: Path = tmp_path_factory.mktemp("collection")
    config = Config(corpus=folder / "corpus", index=folder / "index", reader="off")
    config.corpus.mkdir()
    write(config.corpus, FILES)
    build(config, TinyEncoder())
    yield Engine.open(config, TinyEncoder())


def is_literal(engine: Engine, answer: Answer) -> bool:
    documents = {citation: engine.generation.document(citation.document) for citation in answer.citations}
    return all(
        document and citation.span.of(document.text) == citation.text for citation, document in documents.items()
    )


@pytest.mark.parametrize(
    ("question", "said", "document"),
    [
        ("Who wrote Plum jam?", "author: Ada Marsh", "plums.md"),
        ("Who is the author of the plum jam?", "author: Ada Marsh", "plums.md"),
        ("who wrote quince paste", "Author: Ben Hollow", "quinces.html"),
        ("When was Dried pears published?", "date = 2023-02-03", "pears.md"),
        ("When was Quince paste written?", "Date: 2021-03-04", "quinces.html"),
        ("What rating does the plum jam have?", "rating: 4", "plums.md"),
        ("What is the rating of plum jam?", "rating: 4", "plums.md"),
        ("What did Ada Marsh write?", "2 articles by Ada Marsh: Dried pears; Plum jam", "pears.md"),
        ("Which articles did Ada Marsh write?", "2 articles by Ada Marsh: Dried pears; Plum jam", "pears.md"),
        ("How many articles are there by Marsh?", "2 articles by Marsh: Dried pears; Plum jam", "pears.md"),
        ("How many articles do I have?", "5 articles", "letter.md"),
        ("How many documents are there?", "5 articles", "letter.md"),
        (
            "Which article is the newest?",
            "Dried pears (2023-02-03): the newest of 4 articles that have a date",
            "pears.md",
        ),
        ("What is the oldest article?", "Plum jam (2019-05-01): the oldest of 4 articles that have a date", "plums.md"),
        ("Which files are about pears?", "1 article with pears in the title or tags: Dried pears", "pears.md"),
        ("Which articles mention the orchard?", "1 article that mention the orchard: 2020 01 02", "log/2020-01-02.md"),
        ("What do I have on quinces?", "1 article with quinces in the title or tags: Quince paste", "quinces.html"),
    ],
)
def test_what_is_asked_about_the_articles_is_answered_from_their_properties(
    engine: Engine, question: str, said: str, document: str
) -> None:
    answer = engine.ask(question)
    assert answer.lead is not None
    assert (answer.lead.text.rstrip(","), answer.citations[0].document) == (said, document)
    assert answer.confidence >= 0.85
    assert answer.lead.is_stated == (said[0].isdigit() or "(" in said)
    assert is_literal(engine, answer)
    assert said in as_text(answer)
    assert answer.as_json()["answer"]["stated"] is answer.lead.is_stated


@pytest.mark.parametrize(
    "question",
    [
        "How many articles did the treaty have?",
        "How many articles does the treaty have?",
        "Who wrote the letter to the king?",
        "Who wrote it?",
        "What did the king write?",
        "When was the treaty published?",
        "When was it written?",
        "What colour does the paste have?",
        "What is the length of the river?",
        "Which article of the treaty is about fishing?",
        "Which articles mention zebras?",
        "How many notes does the scale have?",
        "What is the newest bridge?",
        "What did Ada say about plums?",
        "Who wrote to the king?",
        "How many pages are in a quire?",
        '"plum jam" who wrote it',
    ],
)
def test_any_other_question_is_left_to_the_search(engine: Engine, question: str) -> None:
    answer = engine.ask(question)
    assert answer.why is not None or answer.lead is None
    assert answer.lead is None or not answer.lead.is_stated


def test_forms_of_questions_are_told_apart() -> None:
    assert asked_of("How many articles do I have about bees?") is not None
    for question in ("How many articles did the treaty have?", "Who is the king?", "Why was it written?", ""):
        assert asked_of(question) is None
