"""One suite for every store: building, searching, changing, publishing and withdrawing give the same results."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import TinyEncoder
from corpora import article, installed, prose, write
from hypothesis import given, settings
from hypothesis import strategies as st
from servers import Server
from waiting import wait_until

from qa.ask.query import parse
from qa.build import Progress, build
from qa.config import Config
from qa.corpus.records import FileRecord
from qa.engine import Engine
from qa.errors import BusyError, NoGenerationError, StoreError, UnnamedError, UnreachableError
from qa.index import open_store
from qa.index.generation import OpenGeneration
from qa.index.milvus import facts as milvus_facts
from qa.index.milvus import marked as milvus_marked
from qa.index.milvus.connection import WRITING
from qa.index.milvus.store import MilvusStore
from qa.index.protocols import Candidates, Embedding, Query
from qa.index.scope import Scope

HOSTILE = "deep/quo\"te {brace} \\back% ü😀'.md"
FILES = {
    "acronyms.md": f"# Bees\n\nThe Bee Health Bureau (BHB) counts hives.\n\n{prose('hive')}\n",
    "bienen.md": "# Die Bienen\n\n" + "Die Bienen schlafen nachts in den Häusern am Fluss. " * 12 + "\n",
    "compounds.md": "# Desk\n\nThe on-boarding takes two days. The tool boxes are blue. A coworker has a key.\n",
    "harbour.md": article("Harbour", "anchor", "beacon", "lantern"),
    "list.csv": "title,text\nFirst,The quarry lies behind the mill.\nSecond,The granite quarry was closed.\n",
    "long.md": f"# Long\n\nThe giant {'x' * 6_000} word ends there.\n",  # longer than a passage may be
    "notes.txt": "",
    "蜜蜂.md": "# 蜜蜂\n\n" + "蜜蜂在冬天睡觉，春天飞出蜂房。" * 20 + "\n",
    HOSTILE: '# "Quotes" \\ {and} [braces]\n\n'
    + 'He said "anchor ] or 1 == 1" \\" and {left} the town\'s wall. ' * 12
    + "\n",
}
QUESTIONS = [
    "What does the beacon report say?",
    "lantern anchor wall",
    '"anchor report" wall',
    '"old stone wall" -beacon',
    'the report -"anchor report"',
    '"stone old" wall',
    '"no such words here" wall',
    "Who counts at the BHB?",
    "Bee Health Bureau",
    "Wo schlafen die Bienen?",
    "蜜蜂睡觉",
    '"冬天睡觉" 蜜蜂',
    '"die Biene schläft nachts" Fluss',
    '"Haus am Fluss" Bienen -Mühle',
    "granite quarry",
    "notes list csv",
    '"back" -bienen anchor',
    "zebra",
    "Where does the giant word end?",
    '"word ends there" giant',
    '"anchor ] or 1 == 1" \\" {left}',
    "') or id >= 0 or text like ('%",
    "-wall quarry",
    "How long does onboarding take?",
    "Is the toolbox blue?",
    "Which co-worker has a key?",
]


@dataclass(frozen=True)
class Place:
    """A corpus with its index in the store under test, and another index of it on this disk."""

    config: Config
    local: Config

    def build(self, **more: Any) -> Any:
        build(self.local, TinyEncoder())
        return build(self.config, TinyEncoder(), **more)

    def opened(self) -> tuple[OpenGeneration, OpenGeneration]:
        tested, expected = (open_store(config).open_current() for config in (self.config, self.local))
        return tested, expected


Make = Callable[[Path, str], Place]
SERVED = [
    pytest.param("milvus_lite", marks=pytest.mark.milvus_lite),
    pytest.param("milvus", marks=pytest.mark.milvus),
]
lite = pytest.mark.parametrize("make", SERVED[:1], indirect=True, scope="module")
served = pytest.mark.parametrize("make", SERVED, indirect=True, scope="module")


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with installed(tmp_path_factory.mktemp("plugin")):
        yield


@pytest.fixture(scope="module", params=["local", "memory", *SERVED])
def make(request: pytest.FixtureRequest) -> Make:
    is_served = request.param not in ("local", "memory")
    server: Server | None = request.getfixturevalue(request.param) if is_served else None
    if request.param == "memory":
        request.getfixturevalue("plugin")

    def place(folder: Path, name: str) -> Place:
        (folder / "corpus").mkdir()
        local = Config(corpus=folder / "corpus", index=folder / "local", reader="off")
        urls = {"local": "", "memory": f"memory://{folder.name}/{name}"}
        url = f"milvus://{server.address}/{name}" if server is not None else urls[request.param]
        store = Config.from_env({}, store=url).store
        return Place(replace(local, index=folder / "index", store=store), local)

    return place


@pytest.fixture(scope="module")
def library(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Built once; tests only read it."""
    place = make(tmp_path_factory.mktemp("library"), "library")
    write(place.config.corpus, FILES)
    place.build()
    return place


@pytest.fixture(scope="module")
def moving(make: Make, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Built once; tests change it, one after another."""
    place = make(tmp_path_factory.mktemp("moving"), "moving")
    write(place.config.corpus, {f"{word}.md": article(word.title(), word) for word in ("anchor", "beacon", "candle")})
    place.build()
    return place


def searched(index: OpenGeneration, query: Query, k: int = 100) -> Candidates:
    encoder = TinyEncoder()
    embedding: Embedding = lambda: encoder.encode_queries([query.text])[0]  # noqa: E731
    return index.search(embedding, query, k)


def undated(record: FileRecord) -> FileRecord:
    """One index is built a moment after the other."""
    return replace(record, indexed="")


# --- reading an index -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS)
def test_answers_are_those_of_an_index_on_this_disk(library: Place, question: str) -> None:
    actual, expected = (
        Engine.open(config, TinyEncoder()).ask(question, 10) for config in (library.config, library.local)
    )
    assert [c.span for c in actual.citations] == [c.span for c in expected.citations]
    assert [c.document for c in actual.citations] == [c.document for c in expected.citations]
    assert [c.score for c in actual.citations] == pytest.approx([c.score for c in expected.citations], abs=1e-3)
    assert actual.confidence == pytest.approx(expected.confidence, abs=1e-3)
    assert (actual.query, actual.corrected, actual.reason) == (expected.query, expected.corrected, expected.reason)
    assert [c.text for c in actual.citations] == [c.text for c in expected.citations]


def test_candidates_have_the_cosines_and_scores_of_an_index_on_this_disk(library: Place) -> None:
    for index_query in (Query("anchor beacon wall"), Query("report", ("stone wall",), ("beacon",))):
        actual, expected = (searched(index, index_query) for index in library.opened())
        assert actual.ids.tolist() == expected.ids.tolist()
        assert actual.cosine == pytest.approx(expected.cosine, abs=1e-5)
        assert actual.bm25 == pytest.approx(expected.bm25, rel=1e-4)
        assert (actual.allowed is None) == (expected.allowed is None)
        assert actual.languages is not None
        assert expected.languages is not None
        assert actual.languages.tolist() == expected.languages.tolist()
        if actual.allowed is not None and expected.allowed is not None:
            assert actual.allowed.tolist() == expected.allowed.tolist()


def test_the_languages_of_passages_are_those_of_an_index_on_this_disk(library: Place) -> None:
    ids = range(library.opened()[0].count())
    actual, expected = (index.languages(ids) for index in library.opened())
    assert actual == expected == [passage.language for passage in library.opened()[0].passages(ids)]


def test_an_allowed_passage_is_found_at_any_rank(library: Place) -> None:
    index = library.opened()[0]
    for query in (Query("anchor report", (), ("anchor report",)), Query("anchor", ("lantern report",))):
        candidates = searched(index, query, 1)
        assert candidates.allowed is not None
        texts = [passage.text for passage in index.passages(candidates.ids[candidates.allowed].tolist())]
        assert texts
        assert all(phrase in text for phrase in query.phrases for text in texts)
        assert not any(words in text for words in query.excluded for text in texts)


@pytest.mark.parametrize("phrase", ["stone wall", "wall stone", "ANCHOR", "anchor ] or 1", "冬天", "'", ""])
def test_a_phrase_matches_where_its_words_are_adjacent(library: Place, phrase: str) -> None:
    actual, expected = library.opened()
    assert actual.contains(phrase) == expected.contains(phrase)


@pytest.mark.parametrize(
    ("phrase", "excluded", "documents"),
    [
        ("Haus am Fluss", (), {"bienen.md"}),
        ("Häusern am Fluss", (), {"bienen.md"}),
        ("Fluss am Haus", (), set()),
        ("Haus am Fluss", ("Biene",), {"bienen.md"}),  # what is excluded is excluded as it is written
        ("Haus am Fluss", ("Bienen",), set()),
        ("old stone wall", (), {"acronyms.md", "harbour.md"}),
        ("old stone walls", (), set()),  # in English a phrase is literal
    ],
)
def test_a_phrase_matches_with_other_endings_where_the_language_inflects(
    library: Place, phrase: str, excluded: tuple[str, ...], documents: set[str]
) -> None:
    for index in library.opened():
        for k in (1, index.count()):
            found = searched(index, Query(f"Wo? {phrase}", (phrase,), excluded), k)
            assert found.allowed is not None
            allowed = {passage.document for passage in index.passages(found.ids[found.allowed].tolist())}
            assert allowed == documents if k > 1 else bool(allowed) == bool(documents)
        assert index.mentions(phrase) == bool(documents or excluded)


def test_words_are_corrected_the_same_way(library: Place) -> None:
    words = ["lanterm", "beacon", "harbuor", "quarrry", "zebra", "hauser", "anc'hor"]
    actual, expected = library.opened()
    assert actual.nearest_words(words) == expected.nearest_words(words)
    assert actual.nearest_words(words)["lanterm"] == "lantern"


def test_compounds_are_found_alike_in_either_spelling(library: Place) -> None:
    found, expected = library.opened()
    assert found.compounds("Is onboarding in the toolbox?") == [
        ("onboarding", "on boarding"),
        ("toolbox", "tool boxes"),
    ]
    for text in ("onboarding", "a toolbox", "co-workers", "the stonewall report", "the old tool boxes"):
        assert found.compounds(text) == expected.compounds(text)
        assert found.query_terms(text) == expected.query_terms(text)


def test_everything_that_is_known_is_read_back(library: Place) -> None:
    actual, expected = library.opened()
    assert actual.count() == expected.count() > 5
    assert list(map(undated, actual.records.values())) == list(map(undated, expected.records.values()))
    assert actual.parts() == expected.parts()
    assert list(actual.documents()) == list(expected.documents())
    assert list(actual.documents("list.csv")) == list(expected.documents("list.csv")) == ["list.csv#1", "list.csv#2"]
    paths = [*expected.documents(), "nothing.md", "') or key like ('"]
    known, wanted = actual.facts(paths), expected.facts(paths)
    assert list(known) == list(wanted)
    for path, facts in known.items():
        assert replace(facts, file=undated(facts.file)) == replace(wanted[path], file=undated(wanted[path].file))
    for path in paths:
        assert actual.document(path) == expected.document(path), path
    ids = range(expected.count())
    assert actual.passages(ids) == expected.passages(ids)
    assert actual.passages([3, 1]) == expected.passages([3, 1])
    assert actual.keys() == expected.keys()
    assert np.allclose(actual.vectors(ids), expected.vectors(ids), atol=1e-6)
    # An index on disk has a format of its own, since its embeddings are a FAISS index.
    manifests = [replace(of.manifest, id="", created="", files={}, format_version=0) for of in (actual, expected)]
    assert manifests[0] == manifests[1]
    for text in ("Who counts at the BHB?", "Die Bienen", "beacon"):
        assert actual.query_terms(text) == expected.query_terms(text)


def test_rows_and_vocabulary_are_those_of_the_defaults(library: Place) -> None:
    index = library.opened()[0]
    numbers, paths = range(index.manifest.documents), ["long.md", "list.csv#2", "nothing.md"]
    assert index.heads(numbers) == OpenGeneration.heads(index, numbers)
    assert index.heads(paths) == OpenGeneration.heads(index, paths)
    assert len(index.heads(paths)) == 2
    found, expected = index.vocabulary, index._exhaustive().vocabulary
    terms, words = sorted(expected.terms), sorted(expected.words)
    assert min(len(terms), len(words)) > 50
    assert found.frequencies("terms", terms) == expected.frequencies("terms", terms)
    assert found.frequencies("words", words) == expected.frequencies("words", words)
    assert found.beginning(["anch", "qu"]) == expected.beginning(["anch", "qu"])
    assert list(found.acronyms(["bhb", "wall"])) == list(expected.acronyms(["bhb", "wall"])) != []


@pytest.mark.parametrize("text", ["anchor beacon wall", "Wo schlafen die Bienen?", "zebra"])
def test_candidates_are_those_of_an_exhaustive_search(
    library: Place, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = library.opened()[0]
    found = searched(index, Query(text), 3)
    monkeypatch.setattr(type(index), "candidates", OpenGeneration.candidates)
    expected = searched(index, Query(text), 3)
    assert found.ids.tolist() == expected.ids.tolist()
    assert found.cosine == pytest.approx(expected.cosine, abs=1e-5)
    assert found.bm25 == pytest.approx(expected.bm25, rel=1e-4)


@pytest.mark.parametrize(
    "scope",
    [
        Scope(folders=("deep",)),
        Scope(without=Scope(folders=("deep",))),
        Scope(kinds=("md",), without=Scope(files=("harbour",))),
        Scope(folders=("list.csv#2",)),
        Scope(files=("list", "bienen", "蜜蜂")),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("text", "phrases", "excluded"),
    [
        ("anchor beacon wall", (), ()),
        ("the report", ("old stone wall",), ("beacon",)),
        ("Wo schlafen die Bienen?", (), ()),
        ("Wer schläft im Haus am Fluss?", ("Haus am Fluss",), ()),
    ],
)
def test_candidates_in_a_scope_are_those_of_all_that_it_holds(
    library: Place, text: str, phrases: tuple[str, ...], excluded: tuple[str, ...], scope: Scope
) -> None:
    for index in library.opened():
        query, everything = Query(text, phrases, excluded), index.count()
        selection = index.selection(scope)
        assert selection is not None and 0 < selection.passages.sum() < everything
        whole = searched(index, query, everything)
        inside = selection.passages[whole.ids]
        for k in (1, everything):
            found = searched(index, replace(query, scope=scope), k)
            rows = np.searchsorted(whole.ids, found.ids)
            assert whole.ids[rows].tolist() == found.ids.tolist()
            assert selection.passages[found.ids].all()
            assert found.searched == selection.passages.sum()
            assert found.cosine == pytest.approx(whole.cosine[rows], abs=1e-5)
            allowed = inside if whole.allowed is None else inside & whole.allowed
            nearest = whole.ids[allowed][np.argsort(-whole.cosine[allowed], kind="stable")[:k]]
            assert set(nearest.tolist()) <= set(found.ids.tolist())
            by_words = whole.ids[allowed & (whole.bm25 > 0)]
            assert k == 1 or set(by_words.tolist()) <= set(found.ids[found.bm25 > 0].tolist())
            scored = found.bm25 > 0
            assert found.bm25[scored] == pytest.approx(whole.bm25[rows][scored], rel=1e-4)


@served
def test_a_scope_of_many_ranges_is_searched_in_parts_on_a_server(
    library: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = Query("anchor beacon wall", scope=Scope(without=Scope(files=("harbour", "compounds"))))
    tested, expected = library.opened()
    whole = searched(expected, query, 3)
    for most in (200, 1):
        monkeypatch.setattr(milvus_marked, "MOST_RANGES", most)
        found = searched(tested, query, 3)
        assert found.ids.tolist() == whole.ids.tolist()
        assert found.bm25 == pytest.approx(whole.bm25, rel=1e-4)


def test_a_scope_holds_the_same_in_every_store(library: Place) -> None:
    for scope in (
        Scope(kinds=("csv",)),
        Scope(languages=("German",)),
        Scope(since="2000"),
        Scope(folders=("list.csv#1",)),
    ):
        actual, expected = (index.selection(scope) for index in library.opened())
        assert actual is not None and expected is not None
        assert actual.documents.tolist() == expected.documents.tolist()
        assert actual.passages.tolist() == expected.passages.tolist()


def test_a_built_index_is_complete(library: Place) -> None:
    assert library.opened()[0].verify() == []


@settings(max_examples=25)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_no_question_is_more_than_data(library: Place, text: str) -> None:
    index = library.opened()[0]
    candidates = searched(index, Query(f"wall {text}", (text,), (f"{text} wall",)), 5)
    assert len(candidates.ids) <= index.count()


def test_before_the_first_build_there_is_nothing_to_open(make: Make, tmp_path: Path) -> None:
    place = make(tmp_path, "nothing")
    store = open_store(place.config)
    assert store.current_id() is None
    with pytest.raises(NoGenerationError, match="run `qa build`"):
        store.open_current()


# --- changes ----------------------------------------------------------------------------------------------------------


def test_a_build_copies_what_did_not_change_and_a_running_engine_follows(moving: Place) -> None:
    corpus, engine = moving.config.corpus, Engine.open(moving.config, TinyEncoder())
    assert engine.ask("candle").citations[0].document == "candle.md"
    before = engine.generation
    write(corpus, {"dune.md": article("Dune", "dune"), "anchor.md": article("Anchor", "anchor", "mast")})
    (corpus / "beacon.md").rename(corpus / "light.md")
    (corpus / "candle.md").unlink()
    report = moving.build()
    assert (report.added, report.changed, report.removed) == (("dune.md",), ("anchor.md",), ("candle.md",))
    assert report.renamed == (("beacon.md", "light.md"),)
    assert report.passages_encoded == 2
    wait_until(lambda: engine.generation.id != before.id, 1.1)  # for so long, an open index may use what it knew
    assert engine.generation.id == report.generation > before.id
    assert "candle.md" not in {citation.document for citation in engine.ask("candle").citations}
    assert before.passages([0])[0].document == "anchor.md"  # what an open index still refers to is still there
    actual, expected = moving.opened()
    ids = range(expected.count())
    assert actual.passages(ids) == expected.passages(ids)
    assert np.allclose(actual.vectors(ids), expected.vectors(ids), atol=1e-6)
    assert actual.query_terms("mast candle beacon")[0].weight == pytest.approx(
        expected.query_terms("mast candle beacon")[0].weight, rel=0.2
    )  # (on disk, removed passages may still count)
    assert actual.verify() == []


def test_a_renamed_file_is_found_by_its_new_name_alone_and_nothing_is_encoded(make: Make, tmp_path: Path) -> None:
    place = make(tmp_path, "renamed")
    write(place.config.corpus, {f"{word}_2024-03-05.md": article("Log", word) for word in ("anchor", "beacon")})
    place.build()
    (place.config.corpus / "anchor_2024-03-05.md").rename(place.config.corpus / "quay_06.03.2024.md")
    assert place.build().passages_encoded == 0
    for index in place.opened():
        dates = index.query_terms("on 6 March 2024")
        assert [term.word for term in dates] == ["6", "March", "2024", "6 March 2024"]
        assert not any(term.word == "7 March 2024" for term in index.query_terms("on 7 March 2024"))
        for words in ("quay", "2024-03-06", "20240306"):
            pool = searched(index, Query(words), 1)
            (best,) = index.passages(pool.ids[pool.bm25 == max(pool.bm25)].tolist())[:1]
            assert best.document == "quay_06.03.2024.md", words
        assert index.has_word("quay")
        assert index.contains("6 March 2024")
        assert not index.contains("anchor 5")  # the words of the old name
        assert index.verify() == []


def test_an_article_is_found_by_its_authors_and_tags_and_a_new_tag_encodes_nothing(make: Make, tmp_path: Path) -> None:
    place = make(tmp_path, "labelled")
    fronts = {
        "jam": "author: Ada Lovelace, Bo Ek\ntags: [plum, slow cooking]",
        "rope": "author: Unknown\ntags: [knots]",
    }
    texts = {f"{name}.md": f"---\n{front}\n---\n\n{article(name.title(), name)}" for name, front in fronts.items()}
    write(place.config.corpus, {**texts, "sail.md": article("Sail", "sail")})
    place.build()
    for index in place.opened():
        for words in ("Lovelace", "Who is Bo Ek?", "plums", '"slow cooking" report'):
            assert documents_by_words(index, words) == {"jam.md"}, words
        assert documents_by_words(index, "Unknown") == set()
        assert not index.has_word("unknown")
        assert documents_by_words(index, "report", excluded=("knots",)) == {"jam.md", "sail.md"}
        assert index.contains("slow cooking")
        assert {passage.labels for passage in index.passages(range(index.count()))} == {
            "Ada Lovelace, Bo Ek, plum, slow cooking",
            "knots",
            "",
        }
    write(place.config.corpus, {"rope.md": texts["rope.md"].replace("knots", "splice")})
    assert place.build().passages_encoded == 0
    for index in place.opened():
        assert documents_by_words(index, "splice") == {"rope.md"}
        assert documents_by_words(index, "knots") == set()
        assert index.verify() == []


def documents_by_words(index: OpenGeneration, words: str, excluded: tuple[str, ...] = ()) -> set[str]:
    query = replace(parse(words), excluded=excluded)
    candidates = searched(index, query)
    allowed = candidates.allowed if candidates.allowed is not None else np.ones(len(candidates.ids), dtype=np.bool_)
    found = candidates.ids[(candidates.bm25 > 0) & allowed].tolist()
    return {passage.document for passage in index.passages(found)}


class Full(Exception):
    """Errors that a build meets."""


def test_a_build_that_fails_leaves_the_last_one_answering_and_nothing_behind(moving: Place) -> None:
    corpus, store = moving.config.corpus, open_store(moving.config)
    number = store.current_id()
    write(corpus, {"extra.md": article("Extra", "extra")})

    def fail(progress: Progress) -> None:
        if progress.stage == "publishing":
            raise Full

    with pytest.raises(Full):
        build(moving.config, TinyEncoder(), progress=fail)
    assert store.current_id() == number
    assert Engine.open(moving.config, TinyEncoder()).ask("dune").citations[0].document == "dune.md"
    if isinstance(store, MilvusStore):
        names = [name for name in store.server.call("list_collections") if name.startswith("moving_")]
        assert max(names) == f"moving_{number}_facts"
    (corpus / "extra.md").unlink()


@served
def test_a_build_whose_rows_are_not_all_there_is_not_published(moving: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(moving.config)
    assert isinstance(store, MilvusStore)
    number = store.current_id()
    write(moving.config.corpus, {"extra.md": article("Extra", "extra")})
    with monkeypatch.context() as patch:
        patch.setattr("qa.index.milvus.client.Server.prepare", lambda *_: None)
        patch.setattr("qa.index.milvus.client.Server.count", lambda *_: 1)
        patch.setattr("qa.index.milvus.generation.MilvusGeneration.altered", lambda _: [])
        with pytest.raises(StoreError, match=r"failed its check .* holds 1 rows, not .*; the last one still answers"):
            build(moving.config, TinyEncoder())
    assert store.current_id() == number
    (moving.config.corpus / "extra.md").unlink()


@served
def test_a_file_removed_during_a_build_is_in_neither_index(moving: Place) -> None:
    store = open_store(moving.config)
    assert isinstance(store, MilvusStore)
    gone: list[str] = []
    write(moving.config.corpus, {"extra.md": article("Extra", "extra")})

    def withdraw(progress: Progress) -> None:
        if progress.stage == "publishing" and not gone:
            gone.append(store.current_id() or "")
            store.withdraw(["dune.md"])
            old = store.open(gone[0])
            assert old.document("dune.md") is None
            assert old.verify() == []
            assert "dune.md" not in old.records

    report = build(moving.config, TinyEncoder(), progress=withdraw)
    now = store.open_current()
    assert now.id == report.generation > gone[0]
    assert now.document("dune.md") is None
    assert "dune.md" not in now.records
    assert not [p for p in searched(now, Query("dune")).ids.tolist() if now.passages([p])[0].document == "dune.md"]
    assert now.verify() == []
    assert (
        Engine.open(moving.config, TinyEncoder()).status().counts["pending"] == 1
    )  # it is in the folder, so it is new


@served
def test_leftovers_and_replaced_generations_are_dropped_but_never_the_current_one(
    moving: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(moving.config)
    assert isinstance(store, MilvusStore)
    current = store.current_id() or ""
    for leftover in (store.collection("999999_0123abcd"), "moving_building_0123abcd_a"):
        store.server.create(leftover, milvus_facts.FIELDS)
    store.drop(current)
    monkeypatch.setattr("qa.index.milvus.store._GRACE", 0.0)
    with store.writing():
        store.prune(3)
    left = [name for name in store.server.call("list_collections") if name.startswith("moving_")]
    assert sorted(left) == [store.collection(current), f"{store.collection(current)}_facts"]
    assert store.open_current().passages([0])[0].document == "anchor.md"


@served
def test_the_check_finds_a_passage_that_was_deleted(moving: Place) -> None:
    store = open_store(moving.config)
    assert isinstance(store, MilvusStore)
    index = store.open_current()
    count = index.count()
    store.server.call("delete", index.collection, ids=[0], seconds=10)
    store.server.count(index.collection)
    (problem,) = index.verify()
    assert "passages where the manifest says" in problem
    assert count > 1


# --- other programs and dead builders on a server ---------------------------------------------------------------------


@pytest.fixture
def shared(make: Make, tmp_path: Path) -> tuple[Place, MilvusStore]:
    """An index on a server, for this test alone."""
    place = make(tmp_path, tmp_path.name)
    write(place.config.corpus, {f"{word}.md": article(word.title(), word) for word in ("anchor", "beacon", "candle")})
    build(place.config, TinyEncoder())
    store = open_store(place.config)
    assert isinstance(store, MilvusStore)
    return place, store


def collections(store: MilvusStore) -> set[str]:
    return {name for name in store.server.call("list_collections") if name.startswith(f"{store.address.name}_")}


def cited(config: Config, question: str) -> set[str]:
    return {citation.document for citation in Engine.open(config, TinyEncoder()).ask(question).citations}


@lite
def test_of_two_builders_on_two_machines_the_second_is_refused_and_the_first_publishes(
    shared: tuple[Place, MilvusStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, store = shared
    monkeypatch.setattr("qa.index.milvus.lease._BEAT", 0.1)
    other = replace(place.config, index=place.config.index.with_name("other"))
    write(place.config.corpus, {"extra.md": article("Extra", "extra")})
    refused: list[str] = []

    def build_too(progress: Progress) -> None:
        if progress.stage == "publishing" and len(refused) < 2:
            refused.append("")
            with pytest.raises(BusyError, match="wait for it to end"):
                build(other, TinyEncoder())

    report = build(place.config, TinyEncoder(), progress=build_too)
    assert len(refused) == 2
    assert store.open_current().id == report.generation
    assert store.open_current().verify() == []
    assert not any("_building" in name for name in collections(store))
    write(place.config.corpus, {"more.md": article("More", "more")})
    assert build(other, TinyEncoder()).added == ("more.md",)


@lite
def test_a_builder_that_died_is_followed_after_a_while_and_on_its_own_machine_at_once(
    shared: tuple[Place, MilvusStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, store = shared
    other = replace(place.config, index=place.config.index.with_name("other"))
    write(place.config.corpus, {"extra.md": article("Extra", "extra")})
    with monkeypatch.context() as patch:
        patch.setattr("qa.index.milvus.lease.Lease._release", lambda _: None)
        build(place.config, TinyEncoder())
    begun = time.monotonic()
    with store.writing():
        assert time.monotonic() - begun < 5
        monkeypatch.setattr("qa.index.milvus.lease._DEAD", 0.0)  # as if it had shown no sign of life
        write(place.config.corpus, {"more.md": article("More", "more")})
        build(other, TinyEncoder())
        now = store.open_current().id
        with pytest.raises(StoreError, match="took over"):
            store.switch(now)
        store.prune(1)
        assert store.open_current().id == now
        assert len(collections(store)) > 2  # what another builder may be writing is left alone


@lite
def test_a_wiped_and_rebuilt_index_is_noticed(shared: tuple[Place, MilvusStore]) -> None:
    place, store = shared
    engine = Engine.open(place.config, TinyEncoder())
    before = engine.ask("anchor").generation
    store.server.call("drop_alias", store.address.name, seconds=10)
    for name in collections(store):
        store.server.call("drop_collection", name, seconds=10)
    (place.config.corpus / "anchor.md").unlink()
    after = build(place.config, TinyEncoder()).generation
    wait_until(lambda: engine.generation.id != before, 1.1)
    assert after[:6] == before[:6] == "000001"
    assert engine.generation.id == after != before
    assert "anchor.md" not in {citation.document for citation in engine.ask("anchor").citations}


@lite
def test_without_the_alias_nothing_is_dropped_and_a_build_asks_for_it(shared: tuple[Place, MilvusStore]) -> None:
    place, store = shared
    names = collections(store)
    (name,) = {name for name in names if not name.endswith("_facts")}
    store.server.call("drop_alias", store.address.name, seconds=10)
    with pytest.raises(UnnamedError, match=rf"set the alias .* to {name}, or build with --full"):
        build(place.config, TinyEncoder())
    assert collections(store) == names
    assert build(place.config, TinyEncoder(), full=True).generation.startswith("000002_")
    assert collections(store) > names


@lite
@pytest.mark.parametrize("stage", ["comparing", "reading", "publishing"])
def test_a_file_withdrawn_at_any_stage_of_a_build_is_left_out_of_it(
    shared: tuple[Place, MilvusStore], stage: str
) -> None:
    place, store = shared
    write(place.config.corpus, {"extra.md": article("Extra", "extra")})
    gone: list[str] = []

    def withdraw(progress: Progress) -> None:
        if progress.stage == stage and not gone:
            gone.append(store.open_current().id)
            store.withdraw(["beacon.md"])

    report = build(place.config, TinyEncoder(), progress=withdraw)
    now = store.open_current()
    assert now.id == report.generation > gone[0]
    assert "beacon.md" not in now.records
    assert now.document("beacon.md") is None
    assert now.verify() == []
    assert cited(place.config, "beacon report") == {"anchor.md", "candle.md", "extra.md"}


@lite
def test_a_removal_that_died_half_way_hides_the_file_and_the_next_build_ends_it(
    shared: tuple[Place, MilvusStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, store = shared
    index = store.open_current()
    store.withdraw(["beacon.md"])
    assert "beacon.md" not in cited(place.config, "beacon report")
    assert not index.contains("beacon report")
    assert index.contains("candle report")
    assert index.facts(["beacon.md", "candle.md"]).keys() == {"candle.md"}
    assert list(index.documents()) == ["anchor.md", "candle.md"]
    index._delete(index.collection, [1])  # the passage of beacon.md, and then no more
    assert index.verify() == []
    (place.config.corpus / "beacon.md").unlink()
    report = build(place.config, TinyEncoder())
    assert (report.passages_encoded, report.added, report.removed) == (0, (), ())
    assert report.generation == index.id
    assert store.server.count(index.collection) == 2
    assert not index.raw_heads([1])
    assert index.verify() == []


@lite
def test_an_unreachable_server_ends_a_build_and_does_not_restart_it(
    shared: tuple[Place, MilvusStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, _ = shared
    write(place.config.corpus, {"extra.md": article("Extra", "extra")})

    def out_of_reach(*_: object) -> list[str]:
        raise UnreachableError("The index cannot be reached: check that the server is running.")

    with monkeypatch.context() as patch:
        patch.setattr("qa.index.milvus.generation.MilvusGeneration.altered", out_of_reach)
        with pytest.raises(UnreachableError, match="check that the server is running"):
            build(place.config, TinyEncoder())
    assert build(place.config, TinyEncoder()).passages_encoded == 1


@lite
def test_a_replaced_generation_without_a_time_is_kept_for_a_minute(shared: tuple[Place, MilvusStore]) -> None:
    place, store = shared
    before = store.open_current()
    write(place.config.corpus, {"extra.md": article("Extra", "extra")})
    build(place.config, TinyEncoder())
    facts = f"{store.collection(store.open_current().id)}_facts"
    store.server.call("delete", facts, ids=["published:"], seconds=10)
    build(place.config, TinyEncoder())
    assert before.passages([0])[0].document == "anchor.md"


@lite
def test_a_build_killed_at_the_switch_has_recorded_its_time(
    shared: tuple[Place, MilvusStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, store = shared
    call = type(store.server).call
    switched: list[float] = []

    def look(self: Any, method: str, *arguments: Any, **named: Any) -> Any:
        if method == "alter_alias" and arguments[1] == store.address.name:
            published = store.open(arguments[0].removeprefix(f"{store.address.name}_")).published()
            assert published is not None
            switched.append(published)
        return call(self, method, *arguments, **named)

    monkeypatch.setattr("qa.index.milvus.client.Server.call", look)
    write(place.config.corpus, {"extra.md": article("Extra", "extra")})
    build(place.config, TinyEncoder())
    assert time.time() - switched[0] < 60


@lite
def test_the_end_of_a_build_has_more_time_than_a_question(
    shared: tuple[Place, MilvusStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, store = shared
    call, calls = type(store.server).call, []
    is_ending = threading.Event()

    def look(self: Any, method: str, *arguments: Any, **named: Any) -> Any:
        if is_ending.is_set() and threading.current_thread() is threading.main_thread():
            calls.append((method, named.get("seconds", 0.0) >= WRITING))
        return call(self, method, *arguments, **named)

    def note(progress: Progress) -> None:
        if progress.stage == "publishing":
            is_ending.set()

    monkeypatch.setattr("qa.index.milvus.client.Server.call", look)
    monkeypatch.setattr("qa.index.milvus.lease.Lease._release", lambda _: is_ending.clear())
    write(place.config.corpus, {"extra.md": article("Extra", "extra")})
    build(place.config, TinyEncoder(), progress=note)
    assert len(calls) > 10
    assert [method for method, is_patient in calls if not is_patient] == []
