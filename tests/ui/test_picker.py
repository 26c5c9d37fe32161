"""What can be chosen to be asked, and what the page is told of a choice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import TinyEncoder
from corpora import article, write
from served import clicked, picker_of, screen_of, talk_of

from qa.build import build
from qa.config import Config
from qa.corpus.records import FileRecord
from qa.engine import Engine
from qa.index.scope import Scope
from qa.ui.page.chat import Chat
from qa.ui.page.choices import MOST_FOUND, MOST_ROWS, Place, choices_of, choices_value
from qa.ui.page.session import Session
from qa.ui.page.views import exchange_html

if TYPE_CHECKING:
    from collections.abc import Sequence

# gradio's use of pandas, in a separate thread
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def record(path: str, documents: int = 1) -> FileRecord:
    return FileRecord(path, 10, 0, documents=documents)


def outline(places: Sequence[Place]) -> list[object]:
    return [[place.name, place.articles, *outline(place.places)] for place in places]


def test_folders_and_files_are_a_tree_with_the_number_of_their_articles() -> None:
    choices = choices_of(
        [record("b.md"), record("work/news.jsonl", 20), record("work/a/x.pdf"), record("work/empty.md", 0)]
    )
    assert outline(choices.top) == [["b.md", 1], ["work", 21, ["a", 1, ["x.pdf", 1]], ["news.jsonl", 20]]]
    assert [place.path for place in choices.all] == ["b.md", "work", "work/a", "work/a/x.pdf", "work/news.jsonl"]
    assert choices.articles == 22
    assert choices.kinds == [("JSON Lines", 20), ("Markdown", 1), ("PDF", 1)]


def test_places_are_found_by_all_words_in_any_part_of_their_path() -> None:
    choices = choices_of([record("Work/Café notes.md"), record("work2/tea.md")])
    assert [place.path for place in choices.found("cafe work")] == ["Work/Café notes.md"]
    assert [place.path for place in choices.found("WORK")] == ["Work", "Work/Café notes.md", "work2", "work2/tea.md"]


def test_of_very_many_files_the_folders_are_shown_and_what_is_found() -> None:
    choices = choices_of([record(f"{n % 30}/{n % 300}/{n}.md") for n in range(3_000)])
    value = choices_value(choices, "")
    assert len(re.findall("<input", value["places"])) == 330 <= MOST_ROWS
    assert "3,000 more: type a part of the name" in value["places"]
    deeper = choices_of([record(f"{n % 30}/{n}/x.md") for n in range(3_000)])
    assert len(re.findall("<input", choices_value(deeper, "")["places"])) == 30
    found = choices_value(choices, ".md")["places"]
    assert len(re.findall("<input", found)) == MOST_FOUND
    assert "2,900 more: type more of the name" in found
    assert "No folder or article has this in its path" in choices_value(choices, "zebra")["places"]


def test_names_of_files_are_data_in_the_list() -> None:
    hostile = 'x" onclick="alert(1)/<img src=x>.md'
    for find in ("", "img"):
        places = choices_value(choices_of([record(hostile)]), find)["places"]
        assert "<img" not in places and 'onclick="alert' not in places


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("picker")
    config = Config(corpus=folder / "corpus", index=folder / "index", threshold=0.0, reader="off")
    write(config.corpus, {"a/harbour.md": article("Harbour", "anchor"), "b/garden.md": article("Garden", "hedge")})
    build(config, TinyEncoder())
    return Engine.open(config, TinyEncoder())


def test_the_page_is_told_how_many_articles_a_choice_holds_or_why_none(engine: Engine) -> None:
    picker = picker_of(engine)
    everything = picker.look(clicked(find="", scope={}, serial=3))
    assert (everything["held"], everything["serial"]) == ("All 2 articles", 3)
    assert "harbour.md" in everything["places"] and "Markdown" in everything["kinds"]
    assert picker.look(clicked(find="gard", scope={"in": ["a"]}))["held"] == "1 article"
    assert "harbour" not in picker.look(clicked(find="gard", scope={"in": ["a"]}))["places"]
    refused = picker.look(clicked(find="", scope={"in": ["a"], "until": "1999-01-01"}))
    assert refused["held"].startswith("No article was written until 1999-01-01:")
    assert "There is no folder" in picker.look(clicked(scope={"in": ["c"]}))["held"]
    assert "not an object" in picker.look(clicked(scope=3))["held"]


def test_before_the_first_build_the_dialog_says_what_to_do(tmp_path: Path) -> None:
    config = Config(corpus=tmp_path / "corpus", index=tmp_path / "index")
    value = picker_of(Engine.open(config, TinyEncoder())).look(clicked(find="", scope={}))
    assert value["places"] == "" and value["held"].endswith(".")


def test_a_question_is_asked_in_the_scope_that_the_page_has_chosen_also_when_it_is_asked_again(engine: Engine) -> None:
    talk, session = talk_of(screen_of(Chat(engine))), Session()
    list(talk.ask(session, "What does the hedge report say?", {"in": ["a"]}))
    list(talk.retry(session, clicked(turn=1)))
    (exchange,) = session.current.exchanges
    assert exchange.scope == Scope(folders=("a",))
    assert exchange.answer is not None and exchange.answer.scope is not None
    assert {citation.document for citation in exchange.answer.citations} == {"a/harbour.md"}
    list(talk.ask(session, "And the anchor?"))
    first, second = map(exchange_html, session.current.exchanges)
    assert session.current.exchanges[1].scope == Scope()
    assert "Asked 1 article: in:a" in first
    assert "Asked" not in second


def test_a_scope_that_cannot_be_read_or_holds_nothing_is_told_instead_of_asking_everything(engine: Engine) -> None:
    talk, session = talk_of(screen_of(Chat(engine))), Session()
    for scope in ({"in": ["nowhere"]}, {"folder": "a"}, "a"):
        list(talk.ask(session, "What does the hedge report say?", scope))
    problems = [exchange.problem for exchange in session.current.exchanges]
    assert all(exchange.answer is None for exchange in session.current.exchanges)
    assert [problem.split(":")[0] for problem in problems] == [
        "There is no folder or article “nowhere”", "'folder' is not a part of a scope", "The scope is not an object",
    ]  # fmt: skip


def test_a_question_that_its_scope_does_not_answer_is_asked_of_all_articles_in_its_place(engine: Engine) -> None:
    talk, session = talk_of(screen_of(Chat(engine))), Session()
    list(talk.ask(session, '"hedge report" in:a', {"kind": ["md"]}))
    (exchange,) = session.current.exchanges
    assert exchange.answer is not None and exchange.answer.lead is None
    assert "Ask all articles" in exchange_html(exchange)
    list(talk.ask_everywhere(session, clicked(turn=1)))
    (exchange,) = session.current.exchanges
    assert (exchange.question, exchange.scope) == ('"hedge report"', Scope())
    assert exchange.answer is not None and exchange.answer.scope is None
    assert exchange.answer.citations[0].document == "b/garden.md"
    assert session.current.everywhere(1) is None  # it was


def test_a_suggested_question_is_asked_in_the_scope_of_the_answer_before_it(engine: Engine) -> None:
    talk, session = talk_of(screen_of(Chat(engine))), Session()
    list(talk.ask(session, "What does the anchor report say?", {"in": ["a"]}))
    session.current.suggest(1, ("What else does the anchor report say?",))
    list(talk.ask_suggestion(session, clicked(turn=1, number=0)))
    assert [exchange.scope for exchange in session.current.exchanges] == [Scope(folders=("a",))] * 2
