"""The project's own collections: evidence stands in the articles as the program reads them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.real import OWN, Collection, collections, fold
from qa.formats import parse

COLLECTIONS = list(collections(OWN))
PARTS = pytest.mark.parametrize("collection", COLLECTIONS, ids=[each.name for each in COLLECTIONS])


def _texts(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): "\n".join(
            document.text for document in parse(path.name, path.read_bytes()).documents
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_there_are_as_many_questions_of_each_kind_as_were_wanted() -> None:
    kinds = Counter(
        "own" if question.answerable else "near" if question.is_near_miss else question.kind
        for each in COLLECTIONS
        for question in each.questions
    )
    assert len(COLLECTIONS) >= 3
    assert all(len(each.questions) >= 40 for each in COLLECTIONS)
    assert kinds.total() >= 130
    assert kinds["near"] >= kinds.total() / 5
    assert set(kinds) == {"own", "near", "off-topic"}


@PARTS
def test_the_articles_contain_what_a_good_answer_contains(collection: Collection) -> None:
    folded = {path: fold(text) for path, text in _texts(collection.folder).items()}
    missing = [
        (question.id, wanted)
        for question in collection.questions
        for wanted in (*question.evidence, *question.must)
        if not wanted or not any(wanted in text for text in folded.values())
    ]
    assert not missing


@PARTS
def test_only_questions_with_an_answer_have_evidence(collection: Collection) -> None:
    assert len({question.id for question in collection.questions}) == len(collection.questions)
    assert all(bool(question.evidence) == question.answerable for question in collection.questions)


@PARTS
def test_its_source_and_licence_are_named(collection: Collection) -> None:
    assert f"| {collection.name} |" in (OWN / "README.md").read_text("utf-8")


def test_the_collections_are_small() -> None:
    assert sum(path.stat().st_size for path in OWN.rglob("*") if path.is_file()) < 1_500_000
