"""One open generation: it returns what was written, and its check finds whatever does not belong."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from corpora import article, passages_of, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa.build import build
from qa.config import Config
from qa.corpus.records import FileRecord, Part
from qa.errors import StoreError
from qa.index import generation as generation_module
from qa.index.local import store
from qa.index.local.generation import Generation
from qa.index.manifest import Manifest, WrittenFile, file_sha256, record_json, write_manifest
from qa.index.protocols import Query
from qa.index.rows import row_checksum
from qa.text.document import Document, Section, Span
from qa.text.passage import Passage

if TYPE_CHECKING:
    from conftest import TinyEncoder

TEXT = "First sentence here. Second sentence there.\n\nThe third, with ümläut and 😀, stands alone."


def document(path: str = "a.md", text: str = TEXT) -> Document:
    sections = (Section((), 0, Span(0, 0)), Section(("One", "Two"), 2, Span(0, len(text))))
    pages, metadata = (Span(0, 20), Span(20, len(text))), {"url": "https://a.example"}
    return Document(path, "Title", text, sections, (), pages, metadata, language="de")


def passage(start: int, end: int, order: int, text: str = TEXT, path: str = "a.md") -> Passage:
    span = Span(start, end)
    return Passage(path, order, span, text[start:end], "Title", ("One", "Two"), 1, (span,), language="de")


def two_passages() -> list[Passage]:
    return [passage(0, 43, 0), passage(45, len(TEXT), 1)]


def publish(
    index: Path, encoder: TinyEncoder, passages: Sequence[Passage], vectors: Any = None, doc: Document | None = None
) -> Generation:
    doc = doc or document()
    manifest = Manifest.begun(encoder.identity, {"most": 1})
    opened = store.LocalStore(index)
    with opened.writing(), opened.writer(manifest) as writer:
        rows = encoder.encode_passages([p.encoded for p in passages]) if vectors is None else vectors
        writer.add(FileRecord(doc.path, len(doc.text), 1, "0" * 64), [(doc, passages)], rows)
        writer.publish(3)
    return store.LocalStore(index).open_current()


def test_a_written_generation_is_read_back(tmp_path: Path, tiny: TinyEncoder) -> None:
    passages = two_passages()
    generation = publish(tmp_path, tiny, passages)
    assert generation.count() == 2
    assert generation.passages([1, 0, 1]) == [passages[1], passages[0], passages[1]]
    assert passages_of(generation, "a.md") == list(enumerate(passages))
    assert passages_of(generation, "other.md") == []
    assert generation.keys() == [p.key for p in passages]
    assert generation.document("a.md") == document()
    assert generation.document("other.md") is None
    assert list(generation.documents()) == list(generation.documents("a.md")) == ["a.md"]
    facts = generation.facts(["a.md", "other.md"])
    assert set(facts) == {"a.md"}
    assert (facts["a.md"].file.path, facts["a.md"].title, facts["a.md"].metadata) == (
        "a.md", "Title", {"url": "https://a.example"},
    )  # fmt: skip
    assert np.array_equal(generation.vectors([1]), tiny.encode_passages([passages[1].encoded]).astype(np.float16))
    assert generation.verify() == []


WRONG: dict[str, Callable[[], list[Passage]]] = {
    "text that is not in the document": lambda: [replace(passage(0, 43, 0), text="Something else")],
    "text from another place": lambda: [replace(passage(0, 43, 0), text=TEXT[1:44])],
    "span beyond the end": lambda: [passage(0, len(TEXT) + 1, 0)],
    "empty span": lambda: [replace(passage(5, 5, 0), sentences=())],
    "span backwards": lambda: [replace(passage(5, 4, 0), sentences=())],
    "span before the start": lambda: [replace(passage(0, 4, 0), span=Span(-1, 4))],
    "sentence outside": lambda: [replace(passage(0, 20, 0), sentences=(Span(0, 21),))],
    "empty sentence": lambda: [replace(passage(0, 20, 0), sentences=(Span(3, 3),))],
}


@pytest.mark.parametrize("wrong", WRONG)
def test_generation_with_a_wrong_passage_is_not_published(tmp_path: Path, tiny: TinyEncoder, wrong: str) -> None:
    publish(tmp_path, tiny, two_passages())
    with pytest.raises(StoreError, match=r"failed its check .* the last one still answers: .*run `qa build --full`"):
        publish(tmp_path, tiny, WRONG[wrong]())
    assert store.LocalStore(tmp_path).open_current().id == "000001"
    assert [path.name for path in (tmp_path / "generations").iterdir()] == ["000001"]


@pytest.mark.parametrize(
    "rows",
    [
        np.zeros((2, 256), np.float32),
        np.full((2, 256), np.nan, np.float32),
        np.ones((2, 256), np.float32),
        np.eye(3, 256, dtype=np.float32),
        np.eye(1, 256, dtype=np.float32),
    ],
    ids=["zeros", "not numbers", "too long", "one too many", "one missing"],
)
def test_generation_with_wrong_embeddings_is_not_published(tmp_path: Path, tiny: TinyEncoder, rows: Any) -> None:
    with pytest.raises(StoreError, match="failed its check"):
        publish(tmp_path, tiny, two_passages(), rows)
    assert store.LocalStore(tmp_path).current_id() is None


def test_wrong_embeddings_are_not_reused_by_the_next_build(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": article("A", "anchor")})
    good = tiny.encode_passages
    tiny.encode_passages = lambda texts: good(texts) * 2  # type: ignore[method-assign]
    with pytest.raises(StoreError, match="unit length"):
        build(config, tiny)
    tiny.encode_passages = good  # type: ignore[method-assign]
    assert build(config, tiny).passages_encoded == 1


ALTERATIONS = {
    "a passage moved": "UPDATE passages SET start = start + 1 WHERE id = 0",
    "a passage gone": "DELETE FROM passages WHERE id = 1",
    "a text altered": "UPDATE documents SET text = replace(text, 'sentence', 'Sentence')",
    "a title altered": "UPDATE documents SET title = 'Other'",
    "a key altered": "UPDATE passages SET key = x'00' WHERE id = 0",
    "ids not in order": "UPDATE passages SET id = 7 WHERE id = 1",
    "a document more": "INSERT INTO documents VALUES (1, 'b.md', 'b.md', '', '', '', '{}', '[]')",
    "a document renamed": "UPDATE documents SET file = 'b.md'",
    "no JSON": "UPDATE passages SET sentences = 'none' WHERE id = 0",
    "no text": "UPDATE documents SET text = 5",
    "no table": "DROP TABLE passages",
}


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_check_of_contents_finds_every_alteration(tmp_path: Path, tiny: TinyEncoder, alteration: str) -> None:
    """Even if somebody made the checksums match."""
    generation = publish(tmp_path, tiny, two_passages())
    place = generation.folder / "passages.sqlite"
    with sqlite3.connect(place) as connection:
        connection.execute(ALTERATIONS[alteration])
    connection.close()
    agreed = WrittenFile(place.stat().st_size, place.stat().st_mtime_ns, file_sha256(place))
    manifest = replace(generation.manifest, files={**generation.manifest.files, place.name: agreed})
    write_manifest(generation.folder / "manifest.json", manifest, map(record_json, generation.records.values()))
    problems = store.LocalStore(tmp_path).open_current().verify()
    assert problems
    assert all(isinstance(problem, str) and "\n" not in problem for problem in problems)


def test_opening_a_folder_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(StoreError, match="run `qa build --full`"):
            Generation(folder)


def test_opening_reads_nothing_that_grows_with_the_articles(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(config.corpus, {"a.md": article("A", "anchor")})
    build(config, tiny)
    read: list[Path] = []

    def sha256(path: Path) -> str:
        read.append(path)
        return ""

    for reader in ("qa.index.manifest.file_sha256", "qa.index.local.intact.file_sha256"):
        monkeypatch.setattr(reader, sha256)
    opened = store.LocalStore(config.index).open_current()
    assert read == []
    assert not {"_written", "_parts"} & set(vars(opened))


def test_a_copy_whose_files_say_another_time_is_read_and_found_whole(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": article("A", "anchor")})
    build(config, tiny)
    folder = config.index / "generations" / "000001"
    for path in folder.rglob("*"):
        os.utime(path, ns=(0, 0))
    assert store.LocalStore(config.index).open_current().verify() == []


def test_manifest_lists_every_file_as_the_store_knows_it(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": article("A", "anchor"), 'odd "name" 😀.md': article("", "canal"), "x": ""})
    build(config, tiny)
    generation = store.LocalStore(config.index).open_current()
    data = json.loads((generation.folder / "manifest.json").read_bytes())
    assert [FileRecord(**entry) for entry in data["documents"]] == list(generation.records.values())


def test_each_file_has_its_range_of_documents(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {"a.md": article("A", "anchor", "beacon"), "b.md": "", "c.md": article("C", "canal")})
    build(config, tiny)
    generation = store.LocalStore(config.index).open_current()
    parts = generation.parts()
    assert parts == {
        "a.md": Part(range(1), range(2)), "b.md": Part(range(1, 1), range(2, 2)),
        "c.md": Part(range(1, 2), range(2, 3)),
    }  # fmt: skip
    for path, part in parts.items():
        assert [number for number, _ in passages_of(generation, path)] == list(part.passages)


def test_reading_from_many_threads(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {f"a{i}.md": article(f"A{i}", f"word{i}", f"other{i}") for i in range(6)})
    build(config, tiny)
    generation = store.LocalStore(config.index).open_current()
    vector = tiny.encode_queries(["word3"])[0]
    expected = generation.search(lambda: vector, Query("word3"), 5).ids.tolist()
    wrong: list[object] = []

    def read() -> None:
        try:
            for _ in range(30):
                candidates = generation.search(lambda: vector, Query("word3"), 5)
                texts = [p.text for p in generation.passages(candidates.ids.tolist())]
                if candidates.ids.tolist() != expected or sum("word3" in text for text in texts) != 1:
                    wrong.append(texts)
                assert generation.document("a3.md") is not None
        except BaseException as error:
            wrong.append(error)
            raise

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_search_gives_exact_cosines_for_all_candidates(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {f"a{i}.md": article(f"A{i}", f"word{i}", f"other{i}") for i in range(6)})
    build(config, tiny)
    generation = store.LocalStore(config.index).open_current()
    vector = tiny.encode_queries(["word3 other1"])[0]
    candidates = generation.search(lambda: vector, Query("word3 other1"), 2)
    assert candidates.ids.tolist() == sorted(set(candidates.ids.tolist()))
    assert 2 <= len(candidates.ids) <= 4
    assert np.allclose(candidates.cosine, generation.vectors(candidates.ids.tolist()) @ vector, atol=1e-6)
    worded = {i for i, p in zip(candidates.ids, generation.passages(candidates.ids.tolist()), strict=True)
              if re.search(r"\b(word3|other1)\b", p.text)}  # fmt: skip
    assert {int(i) for i, score in zip(candidates.ids, candidates.bm25, strict=True) if score > 0} == worded


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=60),
    data=st.data(),
)
def test_any_slice_of_any_text_is_returned_unchanged(
    tmp_path_factory: pytest.TempPathFactory, tiny: TinyEncoder, text: str, data: st.DataObject
) -> None:
    bounds = st.integers(0, len(text))
    spans = data.draw(
        st.lists(st.tuples(bounds, bounds).map(sorted).filter(lambda pair: pair[0] < pair[1]), max_size=4)
    )
    passages = [passage(start, end, order, text) for order, (start, end) in enumerate(spans)]
    generation = publish(tmp_path_factory.mktemp("any"), tiny, passages, doc=document(text=text))
    assert generation.passages(range(len(passages))) == passages
    assert generation.document("a.md") == document(text=text)
    assert generation.verify() == []


UNSOUND_ROWS = {
    "sentences that are no text": "UPDATE passages SET sentences = x'00' WHERE id = 0",
    "sentences that are a number": "UPDATE passages SET sentences = '5' WHERE id = 0",
    "spans of one number": "UPDATE passages SET sentences = '[[1]]' WHERE id = 0",
    "spans of words": 'UPDATE passages SET sentences = \'[["a", "b"]]\' WHERE id = 0',
    "a section that is a number": "UPDATE passages SET section = '5' WHERE id = 0",
    "a section of numbers": "UPDATE passages SET section = '[5]' WHERE id = 0",
    "lists without end": f"UPDATE passages SET section = '{'[' * 100_000}' WHERE id = 0",
    "a start that is a word": "UPDATE passages SET start = 'a' WHERE id = 0",
    "a text that is none": "UPDATE passages SET text = x'00' WHERE id = 0",
    "a title that is none": "UPDATE documents SET title = x'00'",
    "pages that are a number": "UPDATE documents SET pages = '5'",
    "metadata that is a list": "UPDATE documents SET metadata = '[]'",
    "a document's text that is none": "UPDATE documents SET text = x'00'",
    "a section's path that is none": "UPDATE sections SET path = '5'",
    "a section that starts at a word": "UPDATE sections SET start = 'a'",
    "facts that are a list": "UPDATE files SET facts = '[]'",
    "facts without a path": "UPDATE files SET facts = '{}'",
    "facts with one more": """UPDATE files SET facts = '{"path": "a", "size": 1, "mtime_ns": 1, "more": 1}'""",
    "facts with a size that is a word": """UPDATE files SET facts = '{"path": "a", "size": "b", "mtime_ns": 1}'""",
}


@pytest.mark.parametrize("alteration", UNSOUND_ROWS)
def test_rows_of_any_wrong_kind_are_damage(tmp_path: Path, tiny: TinyEncoder, alteration: str) -> None:
    """Even if somebody made the checksum of the row match."""
    generation = publish(tmp_path, tiny, two_passages())
    connection = sqlite3.connect(generation.folder / "passages.sqlite")
    connection.execute(UNSOUND_ROWS[alteration])
    columns = 'p.ordinal, p.start, p."end", p.text, p.section, p.page, p.sentences, d.language'
    rows = connection.execute(
        f"SELECT {columns}, p.id FROM passages p JOIN documents d ON d.id = p.document"
    ).fetchall()
    for *values, number in rows:
        connection.execute("UPDATE passages SET checksum = ? WHERE id = ?", (row_checksum(*values), number))
    connection.commit()
    connection.close()
    opened = Generation.__new__(Generation)  # another file, which opening would notice
    opened.__dict__.update({name: value for name, value in vars(generation).items() if name != "_written"})
    opened._sqlite = sqlite3.connect(generation.passages_uri, uri=True, check_same_thread=False)
    problems = []
    for read in (
        lambda: opened.passages([0]), lambda: opened.document("a.md"), lambda: opened.facts(["a.md"]),
        lambda: opened.records,
    ):  # fmt: skip
        try:
            read()
        except StoreError as error:
            problems.append(str(error))
    assert problems and all("passages.sqlite of generation 000001 is damaged" in problem for problem in problems)
    assert opened.verify_contents() or alteration in (
        "pages that are a number", "metadata that is a list", "a section's path that is none",
        "a section that starts at a word",
    )  # fmt: skip


@pytest.mark.parametrize("bug", [TypeError, AttributeError, NameError], ids=lambda bug: bug.__name__)
def test_a_mistake_of_the_program_is_not_called_damage(
    tmp_path: Path, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch, bug: type[Exception]
) -> None:
    def mistaken(*_: object, **__: object) -> None:
        raise bug("our own")

    generation = publish(tmp_path, tiny, two_passages())
    with monkeypatch.context() as patched:
        patched.setattr("qa.index.rows.Passage", mistaken)
        for read in (lambda: generation.passages([0]), lambda: passages_of(generation, "a.md"), generation.verify):
            with pytest.raises(bug, match="our own"):
                read()
    with monkeypatch.context() as patched:
        patched.setattr("qa.index.rows.Section", mistaken)
        with pytest.raises(bug, match="our own"):
            generation.document("a.md")
    with monkeypatch.context() as patched:
        patched.setattr(generation_module, "DocumentInfo", mistaken)
        with pytest.raises(bug, match="our own"):
            generation.facts(["a.md"])
    with monkeypatch.context() as patched:
        vars(generation).pop("_written", None)  # the check has read them
        patched.setattr("qa.corpus.records.FileRecord.__init__", mistaken)
        with pytest.raises(bug, match="our own"):
            generation.records  # noqa: B018


def test_an_invalid_sql_call_is_a_bug_and_not_damage(tmp_path: Path, tiny: TinyEncoder) -> None:
    generation = publish(tmp_path, tiny, two_passages())
    with pytest.raises(sqlite3.ProgrammingError):
        generation._rows("SELECT ?", ())


def test_a_mistake_around_the_word_index_is_not_called_damage(
    tmp_path: Path, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = publish(tmp_path, tiny, two_passages())
    with pytest.raises(TypeError):
        generation._lexical.frequencies("words", None)  # type: ignore[arg-type]
