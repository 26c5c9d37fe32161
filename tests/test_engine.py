"""From a question to an Answer of the current generation, and the errors if there is none."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from builder import Builder
from conftest import TinyReader
from corpora import REBUILD, article, replace_unseen, write
from files.make_pdf import lines_at, written
from waiting import holds_within

from qa.ask.answer import Answer, Lead
from qa.ask.follow_up import Turn
from qa.ask.pipeline import MAX_TOP_K
from qa.ask.query import MAX_QUESTION_CHARACTERS, query_of
from qa.ask.words import as_text
from qa.build import build
from qa.config import Config
from qa.engine import Engine
from qa.errors import ClosedError, MismatchError, NoGenerationError, QuestionError, StoreError
from qa.index.local import store
from qa.index.local.generation import Generation
from qa.models.protocols import Encoder, Vectors
from qa.system.precedence import questions
from qa.text.document import Span
from qa.text.passages import PassageSettings

if TYPE_CHECKING:
    from conftest import TinyEncoder

QUESTION = "Where does the anchor report say that it lies?"


@pytest.fixture
def built(config: Config, tiny: TinyEncoder) -> Config:
    write(
        config.corpus,
        {
            "harbour.md": "---\nurl: https://example.org/harbours\n---\n\n" + article("Harbours", "anchor", "beacon"),
            "kitchen.md": article("Kitchens", "dough", "embers"),
            "notes/garden.txt": article("Gardens", "gravel", "hedge"),
        },
    )
    build(config, tiny)
    return replace(config, threshold=0.0)


@pytest.fixture
def engine(built: Config, tiny: TinyEncoder) -> Engine:
    return Engine.open(built, tiny)


def test_answer_is_cited_at_its_exact_words(built: Config, engine: Engine) -> None:
    answer = engine.ask(QUESTION)
    first = answer.citations[0]
    assert (first.document, first.title, first.section, first.rank) == ("harbour.md", "Harbours", "On anchor", 1)
    assert first.url == "https://example.org/harbours"
    assert answer.lead is not None
    text = (built.corpus / "harbour.md").read_text()
    assert text[first.span.start : first.span.end] == first.text
    assert answer.lead.span.of(text) == answer.lead.text
    assert "anchor" in answer.lead.text
    assert first.highlights
    assert all(first.span.start <= mark.start < mark.end <= first.span.end for mark in first.highlights)
    assert answer.generation == "000001"
    assert not any(citation.changed for citation in answer.citations)
    assert [citation.rank for citation in answer.citations] == list(range(1, len(answer.citations) + 1))


def test_answer_has_exactly_the_keys_of_the_contract(engine: Engine) -> None:
    data = json.loads(json.dumps(engine.ask(f"  {QUESTION} ").as_json()))
    assert set(data) == {
        "question", "query", "as_of", "scope", "carried", "corrected", "reason", "unmentioned", "unread", "searched",
        "answerable", "confidence", "answer", "others", "citations", "why", "generation", "timings_ms",
    }  # fmt: skip
    assert (data["question"], data["query"]) == (f"  {QUESTION} ", QUESTION)
    assert set(data["answer"]) == {
        "text", "short", "citation", "start", "end", "span", "sentence", "date", "stated", "row", "limit", "link",
    }  # fmt: skip
    assert set(data["citations"][0]) == {
        "rank", "score", "document", "title", "section", "columns", "page", "url", "author", "date", "start", "end",
        "text", "highlights", "changed", "recognised", "link", "app", "csl",
    }  # fmt: skip
    assert set(data["timings_ms"]) == {"encode", "search", "read", "answer", "total"}
    assert 0 <= data["confidence"] <= 1


@pytest.mark.parametrize(
    ("asked", "unmentioned"),
    [
        ("What does the anchor report of Hamburg say?", ["Hamburg"]),
        ("What does the anchor report say of Oslo and Hamburg, or of Oslo?", ["Oslo", "Hamburg"]),
        ("What does the anchor report of hamburg say?", []),  # not recognised as a name
        ("Hamburg: what does the anchor report say?", []),
        ("What does the Anchor report say?", []),
        ("What does the anchor report of the Harbour say?", []),  # the path and the title do
        ("WHAT DOES THE ANCHOR REPORT OF HAMBURG SAY?", []),
    ],
)
def test_a_name_that_the_cited_article_does_not_mention_is_reported(
    engine: Engine, asked: str, unmentioned: list[str]
) -> None:
    answer = engine.ask(asked)
    assert answer.lead is not None
    assert answer.citations[0].document == "harbour.md"
    assert answer.as_json()["unmentioned"] == unmentioned
    assert ("mention" in as_text(answer)) == bool(unmentioned)


def test_without_an_answer_no_name_is_reported(built: Config, tiny: TinyEncoder) -> None:
    answer = Engine.open(replace(built, threshold=1.0), tiny).ask("What does the anchor report of Hamburg say?")
    assert answer.as_json()["unmentioned"] == []


def test_below_the_threshold_there_is_no_answer_and_the_nearest_passages_stay(built: Config, tiny: TinyEncoder) -> None:
    answer = Engine.open(replace(built, threshold=1.0), tiny).ask(QUESTION)
    assert not answer.answerable
    assert answer.as_json()["answer"] is None
    assert answer.citations


def test_search_gives_hits_best_first(engine: Engine) -> None:
    ranking = engine.search("embers", 3)
    assert [hit.rank for hit in ranking.hits] == [1, 2, 3]
    assert ranking.hits[0].passage.document == "kitchen.md"
    scores = [hit.score for hit in ranking.hits]
    assert scores == sorted(scores, reverse=True)


# Questions that cannot be asked.


@pytest.mark.parametrize(
    "question",
    ["", " ", " \n\t ", "?!", "…—", "(((", "🙂", "w" * 100_000, "word " * 20_000, "surrogate \udcff here", "-only"],
    ids=[
        "empty",
        "blank",
        "blanks",
        "marks",
        "dashes",
        "brackets",
        "emoji",
        "long word",
        "long text",
        "no text",
        "minus",
    ],
)
def test_question_that_cannot_be_asked_is_one_short_sentence(engine: Engine, question: str) -> None:
    for ask in (engine.ask, engine.search, query_of):
        with pytest.raises(QuestionError) as caught:
            ask(question)
        sentence = str(caught.value)
        assert "\n" not in sentence
        assert len(sentence) < 120
        assert sentence.endswith(".")
        assert ": " in sentence  # what is wrong: what to do


def test_longest_question_is_answered(engine: Engine) -> None:
    question = ("anchor " * MAX_QUESTION_CHARACTERS)[:MAX_QUESTION_CHARACTERS]
    assert engine.ask(f"  {question}  ").citations
    with pytest.raises(QuestionError):
        engine.ask(question + "xx")


@pytest.mark.parametrize(
    "question",
    ["7", "東京?", "Ελλάδα", "a AND b OR (c", '"unbalanced', "field:value^2~", "a\x00b", "<script>", "%s {0} \\ '"],
)
def test_question_in_any_characters_is_answered(engine: Engine, question: str) -> None:
    assert engine.ask(question).citations


@pytest.mark.parametrize("top_k", [0, -1, MAX_TOP_K + 1, 10**9])
def test_top_k_out_of_bounds_is_refused(engine: Engine, top_k: int) -> None:
    for ask in (engine.ask, engine.search):
        with pytest.raises(QuestionError, match=rf"top_k is {top_k}: give a whole number from 1 to {MAX_TOP_K}\."):
            ask(QUESTION, top_k)


def test_top_k_is_the_most_that_is_given(engine: Engine) -> None:
    for top_k, given in ((1, 1), (2, 2), (6, 6), (MAX_TOP_K, 6)):
        assert len(engine.search("report of the old wall", top_k).hits) == given
        assert len(engine.ask("report of the old wall", top_k).citations) == given


# The current generation.


def test_new_generation_answers_without_a_restart(built: Config, engine: Engine, tiny: TinyEncoder) -> None:
    assert engine.ask("jasmine").generation == "000001"
    write(built.corpus, {"garden.md": article("Gardens", "jasmine")})
    build(built, tiny)
    answer = engine.ask("jasmine")
    assert answer.generation == "000002"
    assert answer.citations[0].document == "garden.md"


def test_generation_stays_open_while_it_is_current(engine: Engine) -> None:
    first = engine.generation
    engine.ask(QUESTION)
    assert engine.generation is first


def test_engine_that_was_opened_before_the_first_build_answers_after_it(config: Config, tiny: TinyEncoder) -> None:
    engine = Engine.open(config, tiny)
    with pytest.raises(NoGenerationError):
        engine.ask(QUESTION)
    write(config.corpus, {"a.md": article("A", "anchor")})
    build(config, tiny)
    assert engine.ask(QUESTION).citations


def test_engine_recovers_when_the_index_is_mended(built: Config, engine: Engine, tiny: TinyEncoder) -> None:
    engine.ask(QUESTION)
    (built.index / "CURRENT").write_text("garbage")
    with pytest.raises(StoreError):
        engine.ask(QUESTION)
    build(built, tiny)
    assert engine.ask(QUESTION).generation == "000002"


def test_generation_that_is_pruned_while_it_is_opened_is_not_missed(
    built: Config, engine: Engine, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CURRENT is read, then so many builds end that its generation is removed: the newest one answers."""
    really = Generation
    publishing = [True]

    def slowly(folder: Path, **given: Any) -> object:
        if publishing and folder.name == "000001":
            publishing.clear()
            for number in range(4):
                write(built.corpus, {"more.md": f"Edition {number}."})
                build(built, tiny)
        return really(folder, **given)

    monkeypatch.setattr(store, "Generation", slowly)
    assert engine.ask(QUESTION).generation == "000005"


@pytest.fixture(scope="module")
def builder() -> Iterator[Builder]:
    builder = Builder()
    yield builder
    builder.close()


def test_every_answer_is_of_one_generation_while_another_process_rebuilds(
    config: Config, tiny: TinyEncoder, builder: Builder
) -> None:
    def write_edition(number: int) -> dict[str, str]:
        words = (f"edition{number}", f"other{number}")
        files = {f"a{i}.md": article(f"Title {i} edition{number}", *words) for i in range(4)}
        write(config.corpus, files)
        return files

    texts = {"000001": write_edition(1)}
    build(config, tiny)
    engine = Engine.open(config, tiny)
    answers: list[list[Answer]] = [[] for _ in range(4)]
    errors: list[BaseException] = []
    rebuilt = threading.Event()

    def ask(mine: list[Answer]) -> None:
        try:
            while len(mine) < 50 or not rebuilt.is_set():
                mine.append(engine.ask(f"What does the report of edition{len(mine) % 6 + 1} say?", 4))
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=ask, args=(mine,)) for mine in answers]
    for thread in threads:
        thread.start()
    for number in range(2, 7):
        texts[f"{number:06d}"] = write_edition(number)
        assert builder.run(config.corpus, config.index).status == 0
    rebuilt.set()
    for thread in threads:
        thread.join()
    assert errors == []
    every = [answer for mine in answers for answer in mine]
    assert len(every) >= 200
    for answer in every:
        assert answer.citations
        for citation in answer.citations:
            assert texts[answer.generation][citation.document][citation.span.start : citation.span.end] == citation.text
    for mine in answers:
        generations = [answer.generation for answer in mine]
        assert generations == sorted(generations)  # never back to an older one
        assert len(set(generations)) > 2
    assert engine.ask("edition6").generation == "000006"


# Mismatches.


def test_before_the_first_build_it_says_what_to_run(config: Config, tiny: TinyEncoder) -> None:
    engine = Engine.open(config, tiny)
    calls: list[Callable[[], object]] = [
        lambda: engine.ask(QUESTION), lambda: engine.search("anchor"), lambda: engine.document("a.md"),
        lambda: engine.changed("a.md"), engine.verify, engine.preflight,
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(NoGenerationError, match=r"No index was built yet: run `qa build`\."):
            call()
    assert engine.status().generation == ""
    assert not config.index.exists()


@pytest.mark.parametrize("differs", ["name", "weights_sha256", "dimension", "max_tokens", "passage_prompt", "runtime"])
def test_another_encoder_is_refused_by_name_with_the_remedy(built: Config, tiny: TinyEncoder, differs: str) -> None:
    other = type(tiny)()
    value: Any = {"dimension": 64, "max_tokens": 9}.get(differs, "other")
    other.identity = replace(other.identity, **{differs: value})
    for ask in (Engine.open(built, other).ask, Engine.open(built, other).search):
        with pytest.raises(MismatchError) as caught:
            ask(QUESTION)
        sentence = str(caught.value)
        assert "'tiny'" in sentence
        assert f"{other.identity.name!r}" in sentence
        assert f"differ in {differs}" in sentence
        assert "run `qa build`" in sentence
        assert "\n" not in sentence
    build(built, other)
    assert Engine.open(built, other).ask(QUESTION).generation == "000002"


def test_an_engine_opens_the_encoder_that_made_the_generation_and_moves_on_with_it(
    built: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def opens(name: str, query_prompt: object, passage_prompt: object, index: Path, made: dict[str, object]) -> Encoder:
        opened.append(made["weights_sha256"])
        encoder = type(tiny)()
        encoder.identity = replace(encoder.identity, weights_sha256=str(made["weights_sha256"]))
        return encoder

    monkeypatch.setattr("qa.engine.open_encoder", opens)
    engine = Engine.open(replace(built, encoder="tiny"))
    assert [engine.ask(QUESTION).generation, engine.ask(QUESTION).generation] == ["000001", "000001"]
    other = type(tiny)()
    other.identity = replace(other.identity, weights_sha256="1" * 64)
    build(built, other)
    assert engine.ask(QUESTION).generation == "000002"
    assert opened == [tiny.identity.weights_sha256, "1" * 64]


def test_other_passage_settings_are_refused_with_the_remedy(built: Config, tiny: TinyEncoder) -> None:
    short = PassageSettings(most=60)
    build(built, tiny, settings=short)
    with pytest.raises(MismatchError, match=r"passage settings .*'most': 60.*'most': 200.*: run `qa build`\."):
        Engine.open(built, tiny).ask(QUESTION)
    assert Engine.open(built, tiny, short).ask(QUESTION).citations
    build(built, tiny)
    assert Engine.open(built, tiny).ask(QUESTION).citations


def test_preflight_tells_a_wrong_encoder_without_loading_one(built: Config) -> None:
    with pytest.raises(MismatchError, match=r"'tiny'.*'all-MiniLM-L6-v2'.*run `qa build`"):
        Engine.open(built).preflight()
    with pytest.raises(MismatchError, match=r"'tiny'.*'/some/model'"):
        Engine.open(replace(built, encoder="/some/model")).preflight()
    Engine.open(replace(built, encoder="tiny")).preflight()


@pytest.mark.parametrize("name", ["manifest.json", "passages.sqlite", "vectors.faiss", "lexical/meta.json"])
def test_damaged_index_is_one_sentence_that_ends_with_what_to_do(built: Config, tiny: TinyEncoder, name: str) -> None:
    path = built.index / "generations" / "000001" / name
    os.truncate(path, path.stat().st_size // 2)
    engine = Engine.open(built, tiny)
    for call in (lambda: engine.ask(QUESTION), engine.status, engine.verify, lambda: engine.document("kitchen.md")):
        with pytest.raises(StoreError) as caught:
            call()
        assert str(caught.value).endswith(REBUILD)
        assert "\n" not in str(caught.value)


def test_index_without_articles_answers_that_it_does_not_know(config: Config, tiny: TinyEncoder) -> None:
    build(config, tiny)
    answer = Engine.open(replace(config, threshold=0.0), tiny).ask(QUESTION)
    assert not answer.answerable
    assert answer.citations == ()
    assert answer.confidence == 0
    assert json.dumps(answer.as_json())


# The file behind a citation.


def test_edited_file_is_marked_changed_until_it_is_indexed_again(
    built: Config, engine: Engine, tiny: TinyEncoder
) -> None:
    assert not engine.changed("harbour.md")
    write(built.corpus, {"harbour.md": "Entirely other words now."})
    assert engine.changed("harbour.md")
    changed = {citation.document: citation.changed for citation in engine.ask(QUESTION, 10).citations}
    assert changed == {"harbour.md": True, "kitchen.md": False, "notes/garden.txt": False}
    build(built, tiny)
    assert not engine.changed("harbour.md")


def test_file_replaced_by_one_of_the_same_size_and_time_is_marked_changed(built: Config, engine: Engine) -> None:
    assert engine.ask(QUESTION).citations[0].document == "harbour.md"
    place = built.corpus / "harbour.md"
    replace_unseen(place, place.read_text().swapcase())
    assert engine.changed("harbour.md")
    assert engine.ask(QUESTION).citations[0].changed
    assert [file.record.path for file in engine.status().files if file.pending] == ["harbour.md"]


def test_deleted_file_no_longer_answers_although_it_is_still_in_the_index(built: Config, engine: Engine) -> None:
    assert engine.ask(QUESTION).citations[0].document == "harbour.md"
    (built.corpus / "harbour.md").unlink()
    assert engine.changed("harbour.md")
    assert {citation.document for citation in engine.ask(QUESTION, 100).citations} == {"kitchen.md", "notes/garden.txt"}
    (built.corpus / "harbour.md").mkdir()
    assert engine.changed("harbour.md")
    assert engine.ask(QUESTION).citations[0].changed


def test_if_the_whole_folder_is_gone_the_refusal_says_so(built: Config, engine: Engine) -> None:
    built.corpus.rename(built.corpus.parent / "away")
    answer = engine.ask(QUESTION)
    assert (answer.lead, answer.citations) == (None, ())
    assert answer.reason.startswith("The articles with these words are gone from the folder")


def test_a_record_is_there_as_long_as_its_file_is(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"news.jsonl": json.dumps({"title": "Harbours", "text": "The anchor lies in the harbour."})})
    build(config, tiny)
    with Engine.open(config, tiny) as engine:
        assert [citation.document for citation in engine.ask("anchor harbour").citations] == ["news.jsonl#1"]
        (config.corpus / "news.jsonl").unlink()
        assert engine.ask("anchor harbour").citations == ()


def test_file_that_was_only_touched_or_saved_again_is_not_changed(built: Config, engine: Engine) -> None:
    os.utime(built.corpus / "harbour.md", ns=(1, 1))
    (built.corpus / "kitchen.md").write_bytes((built.corpus / "kitchen.md").read_bytes())
    assert not engine.changed("harbour.md")
    assert not engine.changed("kitchen.md")
    assert not any(citation.changed for citation in engine.ask(QUESTION, 10).citations)


def test_file_that_is_not_indexed_counts_as_changed(engine: Engine) -> None:
    assert engine.changed("nowhere.md")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/a?b=c#d", True),
        ("http://example.org", True),
        ("HTTPS://EXAMPLE.ORG", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        ("data:text/html,x", False),
        ("file:///etc/passwd", False),
        ("//example.org/a", False),
        ("example.org", False),
        ("mailto:a@example.org", False),
        ("http://[broken", False),
        ("", False),
    ],
)
def test_only_web_addresses_become_links(config: Config, tiny: TinyEncoder, url: str, shown: bool) -> None:
    write(config.corpus, {"a.md": f"---\nurl: {json.dumps(url)}\n---\n\n" + article("A", "anchor")})
    build(config, tiny)
    assert Engine.open(config, tiny).ask(QUESTION).citations[0].url == (url if shown else None)


# Every file of the folder.


def test_status_agrees_with_the_folder_in_every_situation(config: Config, tiny: TinyEncoder) -> None:
    engine = Engine.open(config, tiny)

    def counts() -> dict[str, int]:
        """The counts agree with the folder and with the list of files."""
        status = engine.status()
        data = json.loads(json.dumps(status.as_json()))
        number = data["counts"]
        on_disk = {path.relative_to(config.corpus).as_posix() for path in config.corpus.rglob("*") if not path.is_dir()}
        listed = {file["document"] for file in data["files"] if file["pending"] != "removed"}
        assert listed == on_disk
        assert number["files"] == len(on_disk)
        kinds = ("indexed", "empty", "failed", "skipped", "pending")
        assert sum(number[kind] for kind in kinds) == number["files"]
        assert len(data["files"]) == number["files"] + number["removed"]
        assert [file["document"] for file in data["files"]] == sorted(file["document"] for file in data["files"])
        assert all(file["reason"] for file in data["files"] if file["status"] not in ("indexed", None))
        return {kind: count for kind, count in number.items() if count}

    assert counts() == {}
    odd = {"bad.md": b"\x00\x01\xff" * 99, "empty.txt": b"", "video.mp4": b"\xff", "none": b"x"}
    write(config.corpus, {"a.md": article("A", "anchor"), "below/b.md": article("B", "beacon"), **odd})
    assert counts() == {"files": 6, "pending": 4, "skipped": 2}
    build(config, tiny)
    assert counts() == {"files": 6, "indexed": 2, "empty": 1, "failed": 1, "skipped": 2}
    os.utime(config.corpus / "a.md", ns=(1, 1))
    assert counts() == {"files": 6, "indexed": 2, "empty": 1, "failed": 1, "skipped": 2}
    write(config.corpus, {"a.md": "Other words.", "c.md": "New words.", "bad.md": "Mended.", "video.mp4": b"\xff\xd8"})
    assert counts() == {"files": 7, "indexed": 1, "empty": 1, "pending": 3, "skipped": 2}
    (config.corpus / "below" / "b.md").unlink()
    assert counts() == {"files": 6, "empty": 1, "pending": 3, "skipped": 2, "removed": 1}
    (config.corpus / "a.md").rename(config.corpus / "d.md")
    assert counts() == {"files": 6, "empty": 1, "pending": 3, "skipped": 2, "removed": 2}
    build(config, tiny)
    assert counts() == {"files": 6, "indexed": 3, "empty": 1, "skipped": 2}
    write(config.corpus, {"d.md": b"\x00\x01\xff" * 99})
    (config.corpus / "gone.md").symlink_to(config.corpus / "nowhere.md")
    assert counts() == {"files": 7, "indexed": 2, "empty": 1, "pending": 1, "skipped": 2, "failed": 1}
    build(config, tiny)
    assert counts() == {"files": 7, "indexed": 2, "empty": 1, "skipped": 2, "failed": 2}


def test_status_shows_what_another_limit_would_change(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": article("A", "anchor", "beacon")})
    small = replace(config, max_file_bytes=1000)
    build(small, tiny)
    assert [(file.record.status, file.pending) for file in Engine.open(small, tiny).status().files] == [("skipped", "")]
    assert [file.pending for file in Engine.open(config, tiny).status().files] == ["changed"]
    build(config, tiny)
    assert [(file.record.status, file.pending) for file in Engine.open(small, tiny).status().files] == [
        ("skipped", "changed")
    ]


def test_status_says_what_is_indexed(built: Config, engine: Engine, tiny: TinyEncoder) -> None:
    data = engine.status().as_json()
    assert set(data) == {
        "generation", "created", "encoder", "encoder_languages", "documents", "passages", "store", "counts", "files",
    }  # fmt: skip
    assert (data["generation"], data["encoder"], data["documents"], data["passages"]) == ("000001", "tiny", 3, 6)
    (first, *_) = data["files"]
    assert (first["document"], first["title"], first["passages"]) == ("harbour.md", "Harbours", 2)
    assert sum(file["passages"] for file in data["files"]) == data["passages"]


def test_status_before_the_first_build_lists_what_a_build_would_find(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": "Words.", "video.mp4": b"\xff"})
    status = Engine.open(config, tiny).status()
    assert [(file.record.path, file.pending) for file in status.files] == [("a.md", "new"), ("video.mp4", "")]
    data = status.as_json()
    assert (data["generation"], data["created"], data["encoder"]) == (None, None, None)


def test_document_is_given_as_it_was_indexed(built: Config, engine: Engine) -> None:
    text = (built.corpus / "kitchen.md").read_text()
    write(built.corpus, {"kitchen.md": "Other."})
    document = engine.document("kitchen.md")
    assert document is not None
    assert document.text == text
    assert engine.document("../kitchen.md") is None


def pdf(*lines: str) -> bytes:
    return written([lines_at(60, 700, lines)])


@pytest.fixture
def printed(config: Config, tiny: TinyEncoder) -> Iterator[Engine]:
    """An engine whose index contains a PDF and a text."""
    (config.corpus / "report.PDF").write_bytes(pdf("The anchor report says that the anchor lies in the old harbour."))
    write(config.corpus, {"kitchen.md": article("Kitchens", "dough", "embers")})
    build(config, tiny)
    engine = Engine.open(replace(config, threshold=0.0), tiny)
    yield engine
    engine.close()


def test_a_citation_of_a_pdf_has_its_page_with_its_words_boxed(printed: Engine) -> None:
    cited = printed.ask(QUESTION).citations[0]
    assert cited.document == "report.PDF"
    (picture,) = printed.pictures(cited)
    assert picture.page == 1 and picture.png.startswith(b"\x89PNG")
    assert len(picture.passage) == 1 and picture.highlights
    assert printed.pictures(cited)[0] is picture  # not drawn again


def test_a_changed_file_or_another_format_has_no_page(printed: Engine) -> None:
    cited, other = printed.ask(QUESTION).citations[0], printed.ask("dough").citations[0]
    assert other.document == "kitchen.md"
    moved = replace(cited, span=Span(cited.span.start + 1, cited.span.end + 1))
    for citation in (other, moved, replace(cited, document="elsewhere.pdf"), replace(cited, document="../report.PDF")):
        assert printed.pictures(citation) == ()
    path = printed.config.corpus / "report.PDF"
    path.write_bytes(path.read_bytes().replace(b"old harbour", b"new harbour"))
    assert printed.pictures(cited) == ()
    path.unlink()
    assert printed.pictures(cited) == ()


def test_pages_that_are_remembered_are_bounded(printed: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printed._pictures, "most", 2)
    cited = printed.ask(QUESTION).citations[0]
    drawn = [printed.pictures(replace(cited, highlights=(Span(0, end),))) for end in (3, 10, 17)]
    again = [printed.pictures(replace(cited, highlights=(Span(0, end),))) for end in (17, 10, 3)]
    assert again == drawn[::-1]
    assert [one is other for one, other in zip(again, drawn[::-1], strict=True)] == [True, True, False]


def test_engine_verifies_the_current_generation(built: Config, engine: Engine) -> None:
    assert engine.verify() == []
    with (built.index / "generations" / "000001" / "passages.sqlite").open("r+b") as file:
        file.seek(5000)
        file.write(b"damage")
    assert engine.verify() == ["passages.sqlite is not what was published"]


def test_nothing_of_a_passage_is_encoded_to_answer(engine: Engine, tiny: TinyEncoder) -> None:
    encoded = len(tiny.encoded)
    assert engine.ask(QUESTION).answerable
    assert len(tiny.encoded) == encoded


def test_the_identity_of_the_encoder_is_in_the_manifest(engine: Engine, tiny: TinyEncoder) -> None:
    assert engine.generation.manifest.encoder == asdict(tiny.identity)


@pytest.mark.parametrize("top_k", [None, "5", 2.5, 0, -1, 101])
def test_a_number_of_passages_that_is_none_is_one_sentence(config: Config, tiny: TinyEncoder, top_k: object) -> None:
    write(config.corpus, {"a.md": article("A", "anchor")})
    build(config, tiny)
    with pytest.raises(QuestionError, match="whole number from 1 to 100"):
        Engine.open(config, tiny).search("anchor", top_k)  # type: ignore[arg-type]


def test_a_text_altered_behind_the_program_is_not_cited(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": article("A", "anchor")})
    build(config, tiny)
    engine = Engine.open(config, tiny)
    engine.ask("anchor")
    passages = config.index / "generations" / engine.generation.id / "passages.sqlite"
    with contextlib.closing(sqlite3.connect(passages)) as database, database:
        database.execute("UPDATE passages SET text = replace(text, 'anchor', 'rudder')")
    engine = Engine.open(config, tiny)
    with pytest.raises(StoreError, match="run `qa build --full`"):
        engine.ask("anchor")


# --- an engine that is closed -----------------------------------------------------------------------------------------


def test_a_closed_engine_has_released_what_it_opened(built: Config, tiny: TinyEncoder) -> None:
    def encoding() -> set[threading.Thread]:
        return {thread for thread in threading.enumerate() if thread.name.startswith("question")}

    before = encoding()
    with Engine.open(built, tiny) as engine:
        assert engine.ask(QUESTION).citations
        generation = weakref.ref(engine.generation)
        assert generation() is not None
        begun = encoding() - before
        assert begun
    gc.collect()
    assert generation() is None
    assert not any(thread.is_alive() for thread in begun)
    engine.close()  # closing again is not an error


def test_whatever_is_asked_of_a_closed_engine_is_one_clear_error(built: Config, tiny: TinyEncoder) -> None:
    with Engine.open(built, tiny) as engine:
        cited = engine.ask(QUESTION).citations[0]
    calls: list[Callable[[], object]] = [
        lambda: engine.ask(QUESTION), lambda: engine.search("anchor"), lambda: engine.document("a.md"),
        lambda: engine.changed("a.md"), lambda: engine.pictures(cited), lambda: engine.withdraw(["a.md"]),
        engine.verify, engine.preflight, engine.status,
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(ClosedError, match=r"This engine was closed: open another with `Engine.open`\."):
            call()


def test_an_engine_is_closed_after_an_error_too(built: Config, tiny: TinyEncoder) -> None:
    with pytest.raises(QuestionError), Engine.open(built, tiny) as engine:
        engine.ask("?!")
    with pytest.raises(ClosedError):
        engine.ask(QUESTION)


def test_a_question_that_is_being_answered_when_the_engine_is_closed_is_answered(
    built: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine.open(built, tiny)
    encode = tiny.encode_queries
    reached, closed = threading.Event(), threading.Event()

    def slowly(texts: list[str]) -> object:
        reached.set()
        assert closed.wait(60)
        return encode(texts)

    monkeypatch.setattr(tiny, "encode_queries", slowly)
    with ThreadPoolExecutor(1) as executor:
        answering = executor.submit(engine.ask, QUESTION)
        assert reached.wait(60)
        generation = weakref.ref(engine.generation)
        engine.close()
        with pytest.raises(ClosedError):
            engine.ask(QUESTION)
        closed.set()
        assert answering.result().citations
    gc.collect()
    assert generation() is None


# --- the same question at once ---------------------------------------------------------------------------------------


class Threshold(float):
    """The least confidence, which also tells when its question was looked up among those that are being answered."""

    def __init__(self, _: float) -> None:
        self.looked_up = threading.Event()

    def __hash__(self) -> int:
        self.looked_up.set()
        return super().__hash__()


class Slow:
    """Encodes the first question once it is allowed to, and all others at once."""

    def __init__(self, tiny: TinyEncoder) -> None:
        self._encode, self.times = tiny.encode_queries, 0
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.times += 1
        if self.times == 1:
            self.begun.set()
            assert self.go_on.wait(60)
        return self._encode(texts)


@pytest.fixture
def slow(tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch) -> Slow:
    slow = Slow(tiny)
    monkeypatch.setattr(tiny, "encode_queries", slow)
    return slow


def test_the_same_question_at_once_is_answered_once(engine: Engine, slow: Slow) -> None:
    thresholds = [Threshold(0.0) for _ in range(8)]
    with ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(engine.ask, QUESTION, threshold=each) for each in thresholds]
        assert all(each.looked_up.wait(60) for each in thresholds)
        assert slow.begun.wait(60)
        others = [
            pool.submit(engine.ask, QUESTION, 3),
            pool.submit(engine.ask, QUESTION, scope={"in": ["kitchen.md"]}),
            pool.submit(engine.ask, QUESTION, history=(Turn("user", "What of the embers?"),)),
        ]
        assert len({id(other.result(60)) for other in others}) == 3  # each is a question of its own
        slow.go_on.set()
        assert len({id(answer.result(60)) for answer in answers}) == 1
    assert slow.times == 1 + len(others)
    assert engine.ask(QUESTION) is not answers[0].result()  # nothing is kept


def test_a_new_generation_answers_though_the_same_question_is_asked_of_the_old_one(
    built: Config, engine: Engine, slow: Slow, tiny: TinyEncoder
) -> None:
    with ThreadPoolExecutor(1) as pool:
        old = pool.submit(engine.ask, QUESTION)
        assert slow.begun.wait(60)
        write(built.corpus, {"harbour.md": article("Harbours", "anchor", "lantern")})
        build(built, tiny)
        assert engine.ask(QUESTION).generation == "000002"
        slow.go_on.set()
        assert old.result(60).generation == "000001"


def test_a_question_after_files_were_withdrawn_gets_no_answer_from_before(engine: Engine, slow: Slow) -> None:
    with ThreadPoolExecutor(1) as pool:
        before = pool.submit(engine.ask, QUESTION)
        assert slow.begun.wait(60)
        engine.withdraw(["harbour.md"])
        after = engine.ask(QUESTION)
        slow.go_on.set()
        assert before.result(60) is not after


def test_work_in_the_background_pauses_while_a_question_is_answered(
    engine: Engine, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "_longest", 60)
    with ThreadPoolExecutor(2) as pool:
        answer = pool.submit(engine.ask, QUESTION)
        assert slow.begun.wait(60)
        paused = pool.submit(questions.give_way)
        assert not holds_within(paused.done, 0.05)
        slow.go_on.set()
        answer.result(60)
        paused.result(60)


# --- the reader -------------------------------------------------------------------------------------------------------


def with_reader(built: Config, tiny: TinyEncoder, **words: float) -> tuple[Engine, TinyReader]:
    reader = TinyReader(**words)
    return Engine.open(replace(built, reader="", reader_ms=60), tiny, reader=reader), reader


def test_without_a_reader_rankings_and_answers_are_those_of_before_there_was_one(
    built: Config, tiny: TinyEncoder
) -> None:
    reader = TinyReader(dough=9)
    engine = Engine.open(built, tiny, reader=reader)
    ranking, answer = engine.search(QUESTION, 3), engine.ask(QUESTION, 3)
    assert reader.asked == []
    # The ranking as measured on the version before the reader; the names of files have since become words.
    assert [(hit.passage.document, hit.passage.order) for hit in ranking.hits] == [
        ("harbour.md", 0), ("kitchen.md", 1), ("harbour.md", 1),
    ]  # fmt: skip
    assert [hit.score for hit in ranking.hits] == pytest.approx([1.0, 0.13300, 0.10300], abs=2e-5)
    assert [hit.judgement for hit in ranking.hits] == [None] * 3
    assert answer.confidence == Engine.open(built, tiny).ask(QUESTION, 3).confidence >= built.least_confidence
    document = engine.document("harbour.md")
    assert document is not None and answer.lead is not None
    assert answer.lead.sentence.of(document.text) == (
        "The anchor report says that anchor0 lies beside the old stone wall of the town."
    )
    assert answer.lead == Lead(answer.lead.span.of(document.text), 1, answer.lead.span, Span(69, 148))
    assert answer.lead.span.start == 69 and len(answer.lead.text.split()) <= 60
    marks = [((69, 148), (149, 228)), ((664, 743), (744, 823)), ((724, 803), (804, 883))]
    assert [citation.highlights for citation in answer.citations] == [
        tuple(Span(*mark) for mark in both) for both in marks
    ]


def test_passages_are_cut_after_they_are_read(
    built: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "qa.ask.rereading.RELEVANCE_WEIGHT", 3.0
    )  # only the other passage contains the question's words
    engine, reader = with_reader(built, tiny, dough=30, anchor=0)
    (hit,) = engine.search(QUESTION, 1).hits
    assert "dough" in hit.passage.text
    assert hit.judgement is not None
    assert hit.judgement.relevance == 30
    assert reader.asked == [(QUESTION, 6, 0.06)]
    assert len(engine.search(QUESTION, 6).hits) == 6


def test_the_answer_found_by_the_reader_is_marked_in_the_document(built: Config, tiny: TinyEncoder) -> None:
    engine, _ = with_reader(built, tiny, anchor7=9, anchor=-9)
    answer = engine.ask(QUESTION)
    assert answer.lead is not None
    assert answer.lead.pieces()[1] == "anchor7"
    data = answer.as_json()["answer"]
    document = engine.document(answer.citations[0].document)
    assert document is not None
    assert document.text[data["start"] : data["end"]] == data["short"] == "anchor7"
    assert answer.timings_ms["read"] > 0


def test_a_follow_up_is_read_with_its_carried_words(built: Config, tiny: TinyEncoder) -> None:
    engine, reader = with_reader(built, tiny, gravel=1)
    history = (Turn("user", "What does the gravel report say of the stone wall?"),)
    ranking = engine.search("And why is it there?", 3, history)
    assert ranking.carried
    assert [question for question, _, _ in reader.asked] == [ranking.query.text]
    assert ranking.query.text.endswith("And why is it there?") and "gravel" in ranking.query.text


def test_the_judgement_of_the_lead_decides_the_confidence(built: Config, tiny: TinyEncoder) -> None:
    sure, unsure = (with_reader(built, tiny, anchor=number)[0].ask(QUESTION) for number in (6, -6))
    assert sure.confidence > unsure.confidence


# --- what a question can contain --------------------------------------------------------------------------------------

SAID = {
    "hives.md": "# Hives\n\n## Wall\n\nThe white hive stands by the old\nstone wall.\n",
    "roof.md": "# Roof\n\nThe hive has a roof of white straw on the houses.\n",
    "honey.md": "# Honey\n\nThe Bee Health Bureau (BHB) says that honey is white. Photosynthesis feeds it.\n",
    "office.md": "# Office\n\nIn winter the BHB counts what is left.\n",
    "rome.md": "# Rome\n\nThe hive museum of Rome opened in 1911.\n",
}


@pytest.fixture
def library(config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch) -> Engine:
    write(config.corpus, SAID)
    build(config, tiny)
    monkeypatch.setattr(tiny, "count_tokens", lambda texts: [2] * len(texts))  # no word is in its vocabulary
    return Engine.open(replace(config, threshold=0.0), tiny)


def texts(answer: Answer) -> list[str]:
    return [" ".join(citation.text.split()) for citation in answer.citations]


def test_every_citation_contains_the_quoted_words(library: Engine) -> None:
    assert len(texts(library.ask("white hive"))) > 2
    answer = library.ask('Where is the "OLD stone  wall"?')
    assert texts(answer) == ["The white hive stands by the old stone wall."]
    assert answer.lead is not None
    assert answer.query == 'Where is the "OLD stone  wall"?'
    assert [c.document for c in library.ask('"white hive" "stone wall"').citations] == ["hives.md"]


@pytest.mark.parametrize("phrase", ["wall stone", "white hives", "no such thing", "wal"])
def test_a_phrase_that_no_passage_contains_is_reported(library: Engine, phrase: str) -> None:
    answer = library.ask(f'Where is the hive with "{phrase}"?')
    assert (answer.answerable, answer.lead, answer.citations, answer.confidence) == (False, None, (), 0)
    assert answer.reason == f"No passage contains “{phrase}”."
    assert answer.as_json()["reason"] == answer.reason


def test_phrases_of_two_passages_are_not_found_together(library: Engine) -> None:
    answer = library.ask('"stone wall" "opened in 1911"')
    assert answer.citations == ()
    assert "No passage contains all" in answer.reason


def test_no_citation_contains_excluded_words(library: Engine) -> None:
    assert any("wall" in text for text in texts(library.ask("white hive wall")))
    answer = library.ask("white hive wall -stone -Rome")
    assert texts(answer)
    assert not any(word in text for text in texts(answer) for word in ("stone", "Rome"))
    assert answer.query == "white hive wall -stone -Rome"
    assert library.ask('hive -"white straw"').citations != ()
    assert not any("white straw" in text for text in texts(library.ask('hive -"white straw"')))


def test_a_question_that_leaves_out_everything_finds_nothing_and_says_so(library: Engine) -> None:
    answer = library.ask("honey -the")
    assert answer.citations == ()
    assert answer.reason


def test_a_misspelt_word_still_finds_its_passage(library: Engine) -> None:
    answer = library.ask("What does photosinthesis feed?")
    assert answer.corrected == (("photosinthesis", "photosynthesis"),)
    assert answer.query == "What does photosynthesis feed?"
    assert answer.question == "What does photosinthesis feed?"
    assert answer.citations[0].document == "honey.md"
    assert answer.as_json()["corrected"] == [{"typed": "photosinthesis", "meant": "photosynthesis"}]
    assert library.ask('"photosinthesis"').reason == "No passage contains “photosinthesis”."


def test_a_word_that_occurs_in_another_form_is_not_corrected(library: Engine) -> None:
    assert library.ask("Do museums open in winters?").corrected == ()


def test_a_word_that_the_encoder_has_whole_is_not_corrected(library: Engine) -> None:
    assert library.ask("the housses").corrected == (("housses", "houses"),)
    library.encoder.count_tokens = lambda texts: [1] * len(texts)  # type: ignore[method-assign]
    assert library.ask("the housses").corrected == ()


def test_an_acronym_and_its_long_form_find_each_other(library: Engine) -> None:
    assert {citation.document for citation in library.ask("BHB", 2).citations} == {"honey.md", "office.md"}
    both = library.search("Where does the Bee Health Bureau count in spring?", 2)
    assert {hit.passage.document for hit in both.hits} == {"honey.md", "office.md"}
    assert library.generation.query_terms("Bee Health Bureau")[0].is_in({"bhb"})
    assert not library.generation.query_terms("Health Bureau")[0].is_in({"bhb"})


def test_a_well_known_acronym_is_not_missing_where_its_long_form_stands(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"works.md": "# Hive works\n\nDana Reed is the chief executive officer of the hive works.\n"})
    build(config, tiny)
    with Engine.open(replace(config, threshold=0.0), tiny) as engine:
        answer = engine.ask("Who is the CEO of the hive works?")
        assert answer.lead is not None and answer.unmentioned == ()
        assert answer.why is not None and "CEO" in answer.why.matched
        assert engine.ask("Who is the CFO of the hive works?").unmentioned == ("CFO",)


def test_acronyms_are_copied_and_removed_with_their_document(library: Engine, tiny: TinyEncoder) -> None:
    write(library.config.corpus, {"zebra.md": "# Zebra\n\nNo stripes.\n"})
    build(library.config, tiny)
    assert library.generation.query_terms("BHB")[0].also
    (library.config.corpus / "honey.md").unlink()
    build(library.config, tiny)
    assert not library.generation.query_terms("BHB")[0].also


def test_a_question_of_two_parts_cites_both(library: Engine) -> None:
    answer = library.ask("When did the museum in Rome open and what does the bureau count in winter?", 3)
    assert {"rome.md", "office.md"} <= {citation.document for citation in answer.citations}
    assert answer.lead is not None
    assert "1911" in answer.lead.text
    assert [citation.rank for citation in answer.citations] == [1, 2, 3]
    office = next(citation for citation in answer.citations if citation.document == "office.md")
    assert office.highlights
