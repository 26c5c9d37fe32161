"""Questions about the articles themselves: recognised by their words, and answered only if they name what there is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import TinyEncoder
from corpora import write
from hypothesis import given
from hypothesis import strategies as st

from qa.ask import collection
from qa.ask.answer import Answer
from qa.ask.collection_forms import readings_of
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
        ("Which articles mention the orchard?", "1 article that mentions the orchard: 2020 01 02", "log/2020-01-02.md"),
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


def test_a_collection_of_too_many_documents_is_not_read_for_one_question(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "_MOST_READ", len(FILES))
    assert engine.ask("How many articles are there?").answerable
    monkeypatch.setattr(collection, "_MOST_READ", len(FILES) - 1)
    monkeypatch.setattr(collection, "_Collection", None)  # nothing is read
    assert not engine.ask("How many articles are there?").answerable
    monkeypatch.undo()
    assert engine.ask("How many articles are there?").answerable


def test_forms_of_questions_are_told_apart() -> None:
    assert [*readings_of("How many articles do I have about bees?")]
    for question in ("How many articles did the treaty have?", "Who is the king?", "Why was it written?", ""):
        assert [*readings_of(question)] == []


MAIL = "From: {} <{}@example.org>\nTo: {} <x@example.org>\nSubject: {}\nDate: {}\nContent-Type: text/plain\n\n{}\n"
MIXED = {
    "plan.md": "---\ntitle: Annual plan\nauthor: Anna Berg\ndate: 2023-05-01\ntags: [budget, town finance]\n---\n\n"
    "The committee meets in May.\n",
    "pruning.md": "---\ntitle: Pruning\nauthor: Anna Berg\ndate: 2024-02-11\ntags: garden\n---\n\nPrune apples in "
    "February, after the storms.\n",
    "fjord.md": "---\ntitle: Ice on the fjord\nauthor: Hedda Lind\ndate: 2022-01-20\ntags: [ice]\n---\n\n"
    "Storms broke the ice by the harbour.\n",
    "coal.md": "# The coal harbour\n\nThe harbour handled coal. Storms damaged the quay.\n",
    "lunch.eml": MAIL.format(
        "Anna Berg", "anna", "Piet Maas", "Lunch", "Tue, 05 Mar 2024 10:00:00 +0000", "Lunch at the harbour cafe?"
    ),
    "boiler.eml": MAIL.format(
        "Jon Dahl", "jon", "Anna Berg", "Broken boiler", "Wed, 06 Mar 2024 10:00:00 +0000", "It is in the cellar."
    ),
}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder: Path = tmp_path_factory.mktemp("mixed")
    config = Config(corpus=folder / "corpus", index=folder / "index", reader="off")
    config.corpus.mkdir()
    write(config.corpus, MIXED)
    build(config, TinyEncoder())
    yield Engine.open(config, TinyEncoder())


BY_ANNA = "3 articles by Anna: Lunch; Annual plan; Pruning"


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Who sent the mail about the boiler?", "From: Jon Dahl <jon@example.org>"),
        ("Who wrote me the e-mail about lunch?", "From: Anna Berg <anna@example.org>"),
        ("Who emailed about the boiler?", "From: Jon Dahl <jon@example.org>"),
        ("From whom was the message about the cellar?", "From: Jon Dahl <jon@example.org>"),
        ("To whom did Anna send the mail about lunch?", "To: Piet Maas <x@example.org>"),
        ("Who wrote the article about apples?", "author: Anna Berg"),
        ("Who is the author of the article on the fjord?", "author: Hedda Lind"),
        ("When was the mail about the boiler sent?", "Date: Wed, 06 Mar 2024 10:00:00 +0000"),
        ("When was the article about the fjord published?", "date: 2022-01-20"),
        ("When did Jon write the mail about the boiler?", "Date: Wed, 06 Mar 2024 10:00:00 +0000"),
        ("When did Anna publish Pruning?", "date: 2024-02-11"),
        ("articles by Anna", BY_ANNA),
        ("Which articles are by Anna?", BY_ANNA),
        ("List all articles written by Anna", BY_ANNA),
        ("How many articles has Anna written?", BY_ANNA),
        ("articles tagged town finance", "1 article tagged town finance: Annual plan"),
        ("Which articles have the tag garden?", "1 article tagged garden: Pruning"),
        ("What is tagged with budget?", "1 article tagged budget: Annual plan"),
        ("How many articles by Anna are tagged budget?", "1 article by Anna tagged budget: Annual plan"),
        ("Which mails are from Anna?", "1 mail by Anna: Lunch"),
        ("mails to Anna", "1 mail to Anna: Broken boiler"),
        ("Which mails did Jon Dahl send?", "1 mail by Jon Dahl: Broken boiler"),
        ("Which articles mention the harbour?",
         "3 articles that mention the harbour: The coal harbour; Ice on the fjord; Lunch"),
        ("How many articles mention storms?",
         "3 articles that mention storms: The coal harbour; Ice on the fjord; Pruning"),
        ("Which articles by Anna mention storms?", "1 article by Anna that mentions storms: Pruning"),
        ("Which articles were written in 2023?", "1 article from 2023 (1 more article without a date): Annual plan"),
        ("articles from March 2024",
         "2 articles from March 2024 (1 more article without a date): Broken boiler; Lunch"),
        ("Which articles by Anna were published before 2024?", "1 article by Anna before 2024: Annual plan"),
        ("mails after 5 March 2024", "1 mail after 5 March 2024: Broken boiler"),
        ("Which mails were sent since March 2024?", "2 mails since March 2024: Broken boiler; Lunch"),
        ("latest mail from Anna", "Lunch (2024-03-05): the only mail by Anna"),
        ("mails from March 2024", "2 mails from March 2024: Broken boiler; Lunch"),
        ("What is the newest article about ice?", "Ice on the fjord (2022-01-20): the only article about ice"),
        ("the newest article about storms",
         "Pruning (2024-02-11): the newest of 2 articles about storms that have a date"),
        ("What is the latest article by Anna Berg?", "Lunch (2024-03-05): the newest of 3 articles by Anna Berg"),
        ("Which mail is the oldest?", "Lunch (2024-03-05): the oldest of 2 mails"),
        ("Which article about ice is the newest?", "Ice on the fjord (2022-01-20): the only article about ice"),
    ],
)  # fmt: skip
def test_articles_are_found_by_who_wrote_them_when_and_what_about(mixed: Engine, question: str, said: str) -> None:
    answer = mixed.ask(question)
    assert answer.lead is not None
    assert answer.lead.text == said
    assert answer.confidence >= 0.85
    assert is_literal(mixed, answer)


@pytest.mark.parametrize(
    "question",
    [
        "Who sent the mail about the harbour bridge?",  # there is none
        "Who wrote the article about storms?",  # there are several
        "When was the article about storms published?",
        "Which articles are by Berg Lind?",
        "articles tagged finance",  # a part of a tag
        "Which mails are from Hedda?",
        "articles about storms",  # words to search for
        "notes on the harbour",
        "Which articles were written in 1066?",
        "To whom did Hedda send the mail about lunch?",
        "When did the committee publish the budget?",
        "How many pages did Anna write?",
        "How many pages does the plan have?",
        "Which pages are torn?",
        "Which articles mention storms or ice?",
        "Which articles are not by Anna?",
        "How many articles do not mention storms?",
        "How many articles mention no storms?",
        "How many articles mention Hedda?",  # one is by her
        "How many files did the thief steal from the office by night?",
    ],
)
def test_what_is_not_known_for_certain_is_left_to_the_search(mixed: Engine, question: str) -> None:
    answer = mixed.ask(question)
    assert answer.why is not None or answer.lead is None
    assert answer.lead is None or not answer.lead.is_stated


def test_a_value_may_contain_the_words_of_a_filter() -> None:
    assert [reading.filters for reading in readings_of("Which articles are about houses by the sea?")] == [
        (("topic", "houses"), ("person", "the sea")),
        (("topic", "houses by the sea"),),
    ]


def test_the_newest_is_told_by_any_property_that_says_when_an_article_was_written(tmp_path: Path) -> None:
    config = Config(corpus=tmp_path / "corpus", index=tmp_path / "index", reader="off")
    config.corpus.mkdir()
    files = {
        "roof.md": "---\ntitle: Roof\ndate: 2021-05-01\n---\n\nThe roof is slate.\n",
        "cellar.md": "---\ntitle: Cellar\nupdated: soon\nlastmod: 2023-02-03\n---\n\nThe cellar is dry.\n",
    }
    write(config.corpus, files)
    build(config, TinyEncoder())
    lead = Engine.open(config, TinyEncoder()).ask("Which article is the newest?").lead
    assert lead is not None
    assert lead.text == "Cellar (2023-02-03): the newest of 2 articles"


def test_filters_before_a_choice_are_read_in_a_moment() -> None:
    began = time.process_time()
    assert [*readings_of("Which articles " + "from 2024 " * 12 + "by Ada or Ben?")] == []
    assert time.process_time() - began < 1


WORDS = ("articles", "by", "about", "who", "wrote", "in", "2024", "the", "newest", "did", "write", "mention")


@given(st.text(max_size=200) | st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join))
def test_any_question_is_read_quickly_or_is_none(text: str) -> None:
    assert len([*readings_of(text)]) < 100


def test_what_too_many_passages_mention_is_not_counted(mixed: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "_MOST_SEARCHED", 2)
    for question in ("How many articles mention storms?", "Which articles mention the harbour?"):
        answer = mixed.ask(question)
        assert answer.lead is None or not answer.lead.is_stated
