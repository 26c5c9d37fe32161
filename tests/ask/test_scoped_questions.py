"""Questions asked of some of the articles: answers, evidence and statements come from these alone."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from corpora import article, prose, write

from qa.ask.follow_up import Turn
from qa.ask.words import as_text
from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.errors import QuestionError
from qa.index.scope import Scope

if TYPE_CHECKING:
    from conftest import TinyEncoder

FILES = {
    "work/reports/2023/harbour.md": "---\nauthor: Ada Byron\ndate: 2023-05-17\n---\n\n# Harbour\n\n" + prose("anchor"),
    "work/reports/2024/harbour.md": "---\nauthor: Grace Hopper\ndate: 2024\n---\n\n# Harbour\n\n" + prose("anchor", 6),
    "private/reports/garden.txt": article("Garden", "anchor", "hedge"),
    "private/Café notes.md": article("Café", "espresso", "anchor"),
    "list.csv": "title,text\nFirst,The anchor lies behind the mill.\nSecond,The granite quarry was closed.\n",
}
QUESTION = "What does the anchor report say?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Config:
    place = tmp_path_factory.mktemp("scoped")
    config = Config(corpus=place / "corpus", index=place / "index", threshold=0.0, reader="off")
    write(config.corpus, FILES)
    for path in FILES:
        os.utime(config.corpus / path, (1_600_000_000, 1_600_000_000))  # September 2020
    return config


@pytest.fixture
def engine(folder: Config, tiny: TinyEncoder) -> Engine:
    if not (folder.index / "CURRENT").exists():
        build(folder, tiny)
    return Engine.open(folder, tiny)


def documents(engine: Engine, question: str, scope: Scope | None = None) -> set[str]:
    """The articles that a question is answered from."""
    answer = engine.ask(question, 100, scope=scope)
    assert {hit.passage.document for hit in engine.search(question, 100, scope=scope).hits} == {
        citation.document for citation in answer.citations
    }
    return {citation.document for citation in answer.citations}


HARBOURS = {"work/reports/2023/harbour.md", "work/reports/2024/harbour.md"}
PRIVATE = {"private/reports/garden.txt", "private/Café notes.md"}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("in:work", HARBOURS),
        ("in:work/", HARBOURS),
        ("in:Work/Reports", HARBOURS),
        ("in:reports", {*HARBOURS, "private/reports/garden.txt"}),  # of this name, anywhere
        ("in:reports/2023", {"work/reports/2023/harbour.md"}),
        ("in:2023 in:list.csv", {"work/reports/2023/harbour.md", "list.csv#1", "list.csv#2"}),
        ("in:list.csv#1", {"list.csv#1"}),
        ("in:private/cafe", set()),
        ('in:"private/cafe notes.md"', {"private/Café notes.md"}),
        ("file:cafe", {"private/Café notes.md"}),
        ("file:harbour after:2023", {"work/reports/2024/harbour.md"}),
        ("kind:markdown -in:work", {"private/Café notes.md"}),
        ("kind:.txt", {"private/reports/garden.txt"}),
        ("kind:csv kind:text", {"list.csv#1", "list.csv#2", "private/reports/garden.txt"}),
        ("author:ada", {"work/reports/2023/harbour.md"}),
        ('-author:"hopper, Grace" in:work', {"work/reports/2023/harbour.md"}),
        ("since:2023-05 until:2023-05-17", {"work/reports/2023/harbour.md"}),
        ("after:2023-05", {"work/reports/2024/harbour.md"}),
        ("before:2024-06 in:work", {"work/reports/2023/harbour.md"}),  # nobody knows when in 2024 the other was written
        ("before:2021", {*PRIVATE, "list.csv#1", "list.csv#2"}),  # by the times of their files
        ("-in:private -kind:csv", HARBOURS),
    ],
)
def test_only_the_articles_of_the_scope_are_searched(engine: Engine, filters: str, expected: set[str]) -> None:
    question = f"{QUESTION} {filters}"
    if not expected:
        with pytest.raises(QuestionError, match="There is no folder or article “private/cafe”: check its name"):
            engine.ask(question)
        return
    assert documents(engine, question) == expected
    scope = engine.ask(question).scope
    assert scope is not None and scope.articles == len(expected)


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ("in:nowhere", "There is no folder or article “nowhere”: check its name, or leave in: out."),
        ("in:port", "There is no folder or article “port” (there is “private/reports”): check its name"),
        ("in:work in:nowhere", "There is no folder or article “nowhere”"),
        ("-in:nowhere", "There is no folder or article “nowhere”"),
        ("file:zebra", "No article has “zebra” in the name of its file"),
        ("kind:pdf", "No article is of the kind “pdf”: use one of CSV, Markdown, text."),
        ("language:fr", "No article is of the language “fr”: use one of English"),
        ("author:nobody", "No article names “nobody” as its author"),
        ("after:2030", "No article was written after 2030: ask about another time, or leave after: out."),
        ("in:work kind:csv", "No article is in this scope (in:work kind:csv): leave out a part of it."),
    ],
)
def test_a_scope_without_an_article_is_refused_in_one_sentence(engine: Engine, filters: str, words: str) -> None:
    for ask in (engine.ask, engine.search):
        with pytest.raises(QuestionError) as refused:
            ask(f"{QUESTION} {filters}")
        assert words in str(refused.value)
        assert ":" in str(refused.value) and str(refused.value).endswith(".") and "\n" not in str(refused.value)


def test_a_scope_is_given_as_a_value_too_and_typed_filters_replace_it(engine: Engine) -> None:
    scope = Scope(folders=("private",))
    assert documents(engine, QUESTION, scope) == PRIVATE
    assert documents(engine, f"{QUESTION} in:work", scope) == HARBOURS
    assert documents(engine, f"{QUESTION} kind:text", scope) == {"private/reports/garden.txt"}


def test_the_answer_says_what_was_asked_and_how_many_articles_that_is(engine: Engine) -> None:
    answer = engine.ask(f"{QUESTION} in:work -kind:csv")
    data = answer.as_json()
    assert data["scope"] == {
        "typed": "in:work -kind:csv", "articles": 2, "filters": {"in": ["work"], "not": {"kind": ["csv"]}},
    }  # fmt: skip
    assert (data["question"], data["query"]) == (f"{QUESTION} in:work -kind:csv", QUESTION)
    assert "Asked 2 articles: in:work -kind:csv" in as_text(answer)
    everything = engine.ask(QUESTION)
    assert everything.as_json()["scope"] is None
    assert "Asked" not in as_text(everything)


def test_a_refusal_speaks_of_the_articles_that_were_asked(folder: Config, tiny: TinyEncoder, engine: Engine) -> None:
    with Engine.open(replace(folder, threshold=1.0), tiny) as strict:
        text = as_text(strict.ask("What does the zeppelin report say? in:work"))
    assert text.startswith(
        "No passage of the articles that were asked answers this for certain. "
        "None of your articles contains “zeppelin”."
    )


def test_a_word_that_only_other_articles_contain_is_not_called_unknown(folder: Config, tiny: TinyEncoder) -> None:
    with Engine.open(replace(folder, threshold=1.0), tiny) as strict:
        why = strict.ask("What does the espresso zeppelin report say? in:work").why
    assert why is not None
    assert why.missing == ("espresso", "zeppelin")
    assert why.unknown == ("zeppelin",)


def test_what_lies_outside_changes_nothing_but_the_weights_of_words(
    folder: Config, tiny: TinyEncoder, engine: Engine
) -> None:
    alone = replace(folder, corpus=folder.corpus.parent / "alone", index=folder.corpus.parent / "alone-index")
    write(alone.corpus, {path: text for path, text in FILES.items() if path.startswith("work")})
    build(alone, tiny)
    inside, apart = engine.search(QUESTION, scope=Scope(folders=("work",))), Engine.open(alone, tiny).search(QUESTION)
    assert [hit.passage.document for hit in inside.hits] == [hit.passage.document for hit in apart.hits]
    assert [hit.cosine for hit in inside.hits] == pytest.approx([hit.cosine for hit in apart.hits])
    assert inside.evidence.searched == apart.evidence.passages
    for name in ("top_cosine", "peak", "log_passages"):
        assert getattr(inside.evidence, name) == pytest.approx(getattr(apart.evidence, name)), name


def test_questions_about_the_articles_are_about_those_of_the_scope(engine: Engine) -> None:
    def lead(question: str) -> str:
        answer = engine.ask(question)
        assert answer.lead is not None and answer.lead.is_stated
        return answer.lead.text

    assert lead("How many articles are there?").startswith("6 articles")
    assert lead("How many articles are there? in:work").startswith("2 articles")
    assert lead("How many articles mention anchor? in:private").startswith("2 articles that mention anchor")
    assert "2023-05-17" in lead("Which article is the newest? in:2023")


def test_a_phrase_outside_the_scope_is_not_found(engine: Engine) -> None:
    answer = engine.ask('"granite quarry" in:work')
    assert answer.citations == ()
    assert answer.reason == "No passage in the scope contains all that you asked for and nothing that you excluded."


def test_a_follow_up_has_the_scope_that_is_given_with_it_alone(engine: Engine) -> None:
    history = (Turn("user", "What does the espresso report say in:private?"), Turn("agent", "It lies there."))
    free = engine.ask("And what of the anchor?", 100, history)
    assert free.scope is None and "in" not in free.carried and "private" not in " ".join(free.carried)
    kept = engine.ask("And what of the anchor?", 100, history, scope=Scope(folders=("private",)))
    assert {citation.document for citation in kept.citations} <= PRIVATE


def test_a_withdrawn_file_leaves_every_scope(
    folder: Config, tiny: TinyEncoder, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = engine.generation
    assert engine.ask(f"{QUESTION} in:work").scope is not None
    monkeypatch.setattr(type(generation), "withdrawn", lambda _: frozenset({"work/reports/2023/harbour.md"}))
    scope = engine.ask(f"{QUESTION} in:work").scope
    assert scope is not None and scope.articles == 1
    with pytest.raises(QuestionError, match="no folder or article “2023”"):
        engine.ask(f"{QUESTION} in:2023")
