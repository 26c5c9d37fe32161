"""The authors and tags of an article are words of its passages, outside what is embedded and cited."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from qa.index import bm25
from qa.text.document import Block, Document, Section, Span
from qa.text.packed import PackedPassages
from qa.text.passage import LABELS, Passage
from qa.text.properties import searched_labels
from qa.text.terms import analyze, analyze_question, indexed_terms, searched_terms

TEXT = "Boil the plums."
JAM = Document(
    path="jam.md",
    title="Plum jam",
    text=TEXT,
    sections=(Section((), 0, Span(0, len(TEXT))),),
    blocks=(Block("paragraph", Span(0, len(TEXT)), 0),),
    metadata={"author": "Ada Lovelace", "tags": "plum jam, slow cooking"},
)


@pytest.mark.parametrize(
    ("metadata", "title", "labels"),
    [
        ({"author": "Ada Lovelace", "tags": "food, slow cooking"}, "Plum jam", "Ada Lovelace, food, slow cooking"),
        ({"author": "Ada Lovelace"}, "Ada Lovelace: a life", ""),  # the title says it
        ({"author": "Ada Lovelace"}, "Ada", "Ada Lovelace"),  # a name is left out whole or not at all
        ({"author": "Ada", "by": "ada; Bo"}, "", "Ada, Bo"),
        ({"tags": "#food #plums", "keywords": "Food"}, "", "food, plums"),
        ({"author": "admin", "tags": "none"}, "", ""),
        ({"tags": ", ".join(f"word{n}" for n in range(40))}, "", ""),  # so many were put there for searches
        ({"author": "  Ada \t Lovelace\n"}, "", "Ada Lovelace"),
        ({"date": "2024-03-06", "url": "https://example.org/"}, "", ""),
    ],
)
def test_labels_are_the_authors_and_tags_that_the_title_does_not_say(
    metadata: dict[str, str], title: str, labels: str
) -> None:
    assert searched_labels("jam.md", metadata, title) == labels


def test_labels_are_limited_and_a_record_has_none() -> None:
    crowd = {"author": ", ".join(f"Author number {n}" for n in range(1_000))}
    assert len(searched_labels("paper.md", crowd, "")) == 400
    assert searched_labels("papers.jsonl#3", {"author": "Ada Lovelace"}, "") == ""


def test_passages_are_searched_with_their_labels_and_encoded_and_read_without() -> None:
    (passage,) = PackedPassages(JAM, [_passage(JAM)])
    assert passage.labels == "Ada Lovelace, slow cooking"
    assert passage.searched == "Plum jam. Boil the plums.\n\x1fAda Lovelace, slow cooking"
    (other,) = PackedPassages(replace(JAM, metadata={}), [_passage(JAM)])
    assert other.searched == "Plum jam. Boil the plums.\n\x1f"
    assert (other.key, other.encoded, other.read) == (passage.key, passage.encoded, passage.read)


def test_a_word_in_the_labels_alone_counts_less_than_in_the_text() -> None:
    texts = [
        indexed_terms(f"{text}{LABELS}{labels}")
        for text, labels in [
            ("the plum and the pear", ""),
            ("the quince and the pear", "plum"),
            ("the apple and the pear", ""),
        ]
    ]
    counts = Counter(term for terms in texts for term in set(terms))
    frequency = counts.__getitem__
    terms = searched_terms(analyze_question("plums", ["en"]), frequency, 3)
    joined = [" ".join(each) for each in texts]
    text, label, other = bm25.scores(terms, joined, frequency, 3, sum(map(len, texts))).tolist()
    assert text > label > other == 0


@pytest.mark.parametrize("languages", [["en"], ["de", "en"]])
def test_function_words_and_dates_are_no_labels(languages: list[str]) -> None:
    words = analyze_question("What did the keeper say on 6 March 2024?", languages)
    labelled = {word.written for word in words if word.labels}
    assert {"keeper", "March", "2024"} <= labelled
    assert labelled.isdisjoint({"What", "did", "the", "on", "6 March 2024"})


def test_text_that_looks_like_the_mark_of_labels_stays_text() -> None:
    passage = replace(_passage(JAM), text=f"Boil{LABELS}plums", labels="food")
    assert indexed_terms(passage.searched) == [*analyze("Plum jam. Boil plums"), *indexed_terms(f"{LABELS}food")]


def _passage(document: Document) -> Passage:
    span = document.sections[0].span
    return Passage(document.path, 0, span, document.text, document.title, (), None, (span,))
