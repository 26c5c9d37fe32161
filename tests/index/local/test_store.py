"""Generations on disk are published by a rename, pruned and locked, and never half written."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import ROOT
from corpora import REBUILD, article, is_whole, snapshot, write
from numpy.typing import NDArray
from word_index import LexicalIndex

from qa.build import Progress, build, journal
from qa.config import Config
from qa.engine import Engine
from qa.errors import BusyError, NoGenerationError, StoreError
from qa.index.local import dense_writer, lexical, store, writer
from qa.index.local.generation import Generation
from qa.index.manifest import FAISS_FORMAT_VERSION
from qa.index.protocols import Query

if TYPE_CHECKING:
    from conftest import TinyEncoder

QUESTION = "Where does the anchor report say it lies?"
FILES = ("manifest.json", "passages.sqlite", "vectors.faiss", "vectors.checked", "lexical")


@pytest.fixture
def built(config: Config, tiny: TinyEncoder) -> Config:
    write(config.corpus, {"a.md": article("A", "anchor", "beacon"), "b.md": article("B", "canal")})
    build(config, tiny)
    return config


def change(config: Config, encoder: TinyEncoder, number: int) -> str:
    """Publish another generation; returns its id."""
    write(config.corpus, {"changing.md": article("Changing", f"edition{number}")})
    return build(config, encoder).generation


def folders(config: Config) -> list[str]:
    return sorted(path.name for path in (config.index / "generations").iterdir())


def answers(config: Config, encoder: TinyEncoder) -> bool:
    return "anchor" in Engine.open(config, encoder).ask(QUESTION).citations[0].text


def test_published_generation_has_the_layout_of_the_contract(built: Config) -> None:
    assert (built.index / "CURRENT").read_text() == "000001\n"
    assert folders(built) == ["000001"]
    folder = built.index / "generations" / "000001"
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert sorted(path.name for path in built.index.iterdir()) == [".lock", "CURRENT", "generations"]


def test_each_publish_has_the_next_number_and_the_last_three_stay(built: Config, tiny: TinyEncoder) -> None:
    for number in range(2, 7):
        assert change(built, tiny, number) == f"{number:06d}" == store.LocalStore(built.index).current_id()
        assert folders(built) == [f"{kept:06d}" for kept in range(max(1, number - 2), number + 1)]


@pytest.mark.parametrize("keep", [0, 1])
def test_the_current_generation_always_stays(built: Config, tiny: TinyEncoder, keep: int) -> None:
    for number in range(2, 4):
        write(built.corpus, {"changing.md": f"Edition {number}."})
        build(Config(built.corpus, built.index, keep=keep), tiny)
    assert folders(built) == ["000003"]
    assert answers(built, tiny)


def test_numbers_past_six_digits_are_still_in_order(built: Config, tiny: TinyEncoder) -> None:
    change(built, tiny, 2)
    generations = built.index / "generations"
    for old, new in (("000001", "999998"), ("000002", "999999")):
        (generations / old).rename(generations / new)
    (built.index / "CURRENT").write_text("999999\n")
    assert change(built, tiny, 3) == "1000000"
    assert set(folders(built)) == {"999998", "999999", "1000000"}
    assert change(built, tiny, 4) == "1000001"
    assert set(folders(built)) == {"999999", "1000000", "1000001"}
    assert answers(built, tiny)


def test_reader_keeps_the_generation_that_it_opened(built: Config, tiny: TinyEncoder) -> None:
    old = store.LocalStore(built.index).open_current()
    vector = tiny.encode_queries(["anchor"])[0]
    write(built.corpus, {"a.md": article("A", "other")})
    for number in range(2, 7):
        change(built, tiny, number)
        candidates = old.search(lambda: vector, Query("anchor"), 10)
        texts = [passage.text for passage in old.passages([int(i) for i in candidates.ids])]
        assert sum("anchor" in text for text in texts) == 1
        assert old.document("a.md") is not None
        if number <= 3:
            assert old.verify() == []
    assert old.id == "000001"


def test_publishing_is_one_rename_after_everything_is_written(
    built: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CURRENT is replaced, never written, and only when the folder that it names is complete and in place."""
    current = built.index / "CURRENT"
    before = current.stat().st_ino
    really = Path.replace
    seen: list[bool] = []

    def replace(source: Path, target: Path) -> Path:
        if target == current:
            assert current.read_text() == "000001\n"
            generation = Generation(built.index / "generations" / source.read_text().strip())
            seen.append(generation.verify() == [])
        return really(source, target)

    monkeypatch.setattr(Path, "replace", replace)
    change(built, tiny, 2)
    assert seen == [True]
    assert current.stat().st_ino != before


def test_every_file_and_folder_is_synced_before_current_names_it(
    built: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    really, really_replace = os.fsync, Path.replace

    def fsync(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").resolve().name)
        really(handle)

    def replace(source: Path, target: Path) -> Path:
        synced.append(f"→ {target.name}")
        return really_replace(source, target)

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("this system does not tell what a handle names")
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    change(built, tiny, 2)
    before, after = synced[: synced.index("→ CURRENT")], synced[synced.index("→ CURRENT") + 1 :]
    folder = built.index / "generations" / "000002"
    assert {path.name for path in folder.rglob("*")} | {".CURRENT.new", "generations"} <= set(before)
    assert after == ["index"]


# One writer at a time.

HOLD = """
import sys; sys.path.insert(0, sys.argv[2])
from pathlib import Path
from qa.index.local import store
with store.LocalStore(Path(sys.argv[1])).writing():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other_writer(built: Config) -> Iterator[subprocess.Popen[str]]:
    """Another process that locks the index until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(built.index), str(ROOT)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_writer_in_another_process_must_wait(
    built: Config, tiny: TinyEncoder, other_writer: subprocess.Popen[str]
) -> None:
    write(built.corpus, {"c.md": article("C", "dough")})
    before = snapshot(built.index)
    for full in (False, True):
        with pytest.raises(BusyError, match="wait for it to end, then build again"):
            build(built, tiny, full)
    assert snapshot(built.index) == before
    assert answers(built, tiny)
    other_writer.communicate("")
    assert build(built, tiny).added == ("c.md",)


def test_lock_of_a_killed_process_does_not_block(
    built: Config, tiny: TinyEncoder, other_writer: subprocess.Popen[str]
) -> None:
    with pytest.raises(BusyError):
        build(built, tiny)
    other_writer.send_signal(signal.SIGKILL)
    other_writer.wait()
    assert change(built, tiny, 2) == "000002"


def test_a_second_writer_in_another_thread_must_wait(built: Config, tiny: TinyEncoder) -> None:
    errors: list[BaseException] = []

    def second() -> None:
        try:
            build(built, tiny)
        except BusyError as error:
            errors.append(error)

    with store.LocalStore(built.index).writing():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert len(errors) == 1
    assert change(built, tiny, 2) == "000002"


# What lies in the folder is not trusted.


@pytest.mark.parametrize(
    "current",
    [
        b"",
        b"garbage\n",
        b"../..\n",
        b"../generations/000001\n",
        b"000099\n",
        b"1\n",
        b"000001\n000001\n",
        b"0" * 5000,
        b"\xff\xfe\x00",
        b"\x00" * 7,
        "000001²".encode(),
        b"/etc\n",
    ],
)
def test_a_current_that_names_no_generation_is_an_error_and_a_build_repairs_it(
    built: Config, tiny: TinyEncoder, current: bytes
) -> None:
    (built.index / "CURRENT").write_bytes(current)
    with pytest.raises(StoreError, match="run `qa build") as caught:
        store.LocalStore(built.index).open_current()
    assert "\n" not in str(caught.value)
    assert build(built, tiny).generation == "000002"
    assert is_whole(built.index)
    assert answers(built, tiny)


def test_a_missing_current_means_no_index_yet_and_a_build_repairs_it(built: Config, tiny: TinyEncoder) -> None:
    (built.index / "CURRENT").unlink()
    with pytest.raises(NoGenerationError, match="run `qa build`"):
        store.LocalStore(built.index).open_current()
    build(built, tiny)
    assert answers(built, tiny)


def test_strange_things_in_the_index_folder_are_let_be(config: Config, tiny: TinyEncoder) -> None:
    strange: dict[str, str | bytes] = {
        "photo.jpg": b"\xff\xd8", "generations/notes.txt": "mine", "generations/1²/x": "x",
        "generations/000009": "a file", "generations/١/x": "x", "generations/abc/manifest.json": "{}",
        ".CURRENT.new": "torn",
    }  # fmt: skip
    write(config.index, strange)
    write(config.corpus, {"a.md": article("A", "anchor")})
    with pytest.raises(NoGenerationError):
        store.LocalStore(config.index).open_current()
    build(config, tiny)
    for number in range(2, 6):
        change(config, tiny, number)
    assert answers(config, tiny)
    assert is_whole(config.index)
    for path in ("photo.jpg", "generations/notes.txt", "generations/1²/x", "generations/000009"):
        assert (config.index / path).exists(), path


def test_index_that_is_a_file_is_one_sentence(config: Config, tiny: TinyEncoder) -> None:
    config.index.write_text("a file")
    write(config.corpus, {"a.md": article("A", "anchor")})
    with pytest.raises(StoreError, match="name another with --index"):
        build(config, tiny)
    with pytest.raises(StoreError):
        store.LocalStore(config.index).open_current()
    assert config.index.read_text() == "a file"


def test_index_that_cannot_be_made_is_one_sentence(config: Config, tiny: TinyEncoder) -> None:
    if not Path("/proc/self").is_dir():
        pytest.skip("this system has no folder that nobody can write in")
    nowhere = Config(config.corpus, Path("/proc/index"))
    with pytest.raises(StoreError, match=r"'/proc/index' cannot be written \(.*\): .*, or name another with --index\."):
        build(nowhere, tiny)


@pytest.mark.parametrize("place", ["CURRENT", "generations", ".lock"])
def test_a_file_in_place_of_a_folder_or_the_reverse_is_one_sentence(
    config: Config, tiny: TinyEncoder, place: str
) -> None:
    config.index.mkdir()
    wrong = config.index / place
    wrong.write_text("a file") if place == "generations" else wrong.mkdir()
    write(config.corpus, {"a.md": article("A", "anchor")})
    with pytest.raises(StoreError):
        build(config, tiny)
    with pytest.raises(StoreError):
        store.LocalStore(config.index).open_current()


# Damage, file by file.


def _truncate(path: Path, size: int) -> None:
    os.truncate(path, max(0, size))


def _flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[min(position, len(data) - 1)] ^= 0x01
    _write_over(path, data)


def _write_over(path: Path, data: bytes | bytearray) -> None:
    """As a failing disk changes a file: it is never shorter, which would end a process that has mapped it.

    tantivy reads an index once more on a thread of its own, right after it was opened.
    """
    with path.open("r+b") as file:
        file.write(data)


DAMAGE: dict[str, Callable[[Path, int], object]] = {
    "emptied": lambda path, size: _truncate(path, 0),
    "cut to half": lambda path, size: _truncate(path, size // 2),
    "last byte missing": lambda path, size: _truncate(path, size - 1),
    "deleted": lambda path, size: path.unlink(),
    "first byte flipped": lambda path, size: _flip(path, 0),
    "middle byte flipped": lambda path, size: _flip(path, size // 2),
    "last byte flipped": lambda path, size: _flip(path, size - 1),
    "grown": lambda path, size: path.write_bytes(path.read_bytes() + b"\0"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_to_any_file_is_one_sentence_and_the_next_build_repairs_it(
    built: Config, tiny: TinyEncoder, damage: str
) -> None:
    folder = built.index / "generations" / "000001"
    names = ["manifest.json", *store.LocalStore(built.index).open_current().manifest.files]
    assert len(names) >= 9
    for name in names:
        copy = Config(built.corpus, built.index.parent / "copy")
        shutil.copytree(built.index, copy.index)
        path = copy.index / folder.relative_to(built.index) / name
        DAMAGE[damage](path, path.stat().st_size)
        for opened in (
            lambda index: store.LocalStore(index).open_current(),
            lambda index: Engine.open(Config(built.corpus, index), tiny).ask(QUESTION),
        ):
            with pytest.raises(StoreError) as caught:
                opened(copy.index)
            assert str(caught.value).endswith(REBUILD), name
            assert "\n" not in str(caught.value)
        assert build(copy, tiny).generation == "000002"
        assert is_whole(copy.index), name
        assert answers(copy, tiny), name
        shutil.rmtree(copy.index)


def test_damage_to_an_open_generation_is_found_by_its_check(built: Config) -> None:
    generation = store.LocalStore(built.index).open_current()
    assert generation.verify() == []
    for name in generation.manifest.files:
        path = generation.folder / name
        whole = path.read_bytes()
        _flip(path, len(whole) // 2)
        assert generation.verify() == [f"{name} is not what was published"]
        _write_over(path, whole)
    (generation.folder / "vectors.faiss").unlink()
    assert generation.verify() == ["vectors.faiss is not what was published"]


def _flip_silently(path: Path, position: int) -> None:
    """Like a failing disk: neither the size nor the time of the file changes."""
    facts = path.stat()
    _flip(path, position)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def test_silent_damage_never_gives_a_citation_that_is_not_literal(built: Config, tiny: TinyEncoder) -> None:
    """Opening a generation does not look for it, but before the first answer all of a small one was compared."""
    generation = store.LocalStore(built.index).open_current()
    texts = {path: document.text for path in generation.records if (document := generation.document(path))}
    chance = random.Random(3)
    refused = 0
    for name in generation.manifest.files:
        path = generation.folder / name
        whole, facts = path.read_bytes(), path.stat()
        for _ in range(12):
            _flip_silently(path, chance.randrange(max(1, len(whole))))
            try:
                for citation in Engine.open(built, tiny).ask(QUESTION).citations:
                    assert citation.span.of(texts[citation.document]) == citation.text
            except StoreError as error:
                assert str(error).endswith((REBUILD, "run `qa build`."))
                refused += 1
            _write_over(path, whole)
            os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert refused == 12 * len(generation.manifest.files)


def test_silent_damage_is_found_by_the_check_and_never_copied(built: Config, tiny: TinyEncoder) -> None:
    names = list(store.LocalStore(built.index).open_current().manifest.files)
    for name in names:
        copy = Config(built.corpus, built.index.parent / "copy")
        shutil.copytree(built.index, copy.index)
        path = copy.index / "generations" / "000001" / name
        _flip_silently(path, path.stat().st_size // 2)
        with contextlib.suppress(StoreError):  # where it shows at once
            assert store.LocalStore(copy.index).open_current().verify() == [f"{name} is not what was published"]
        tiny.encoded.clear()
        assert build(copy, tiny).generation == "000002"
        assert len(tiny.encoded) == (0 if name.startswith("lexical/") else 3)  # only what is whole is trusted
        assert is_whole(copy.index), name
        shutil.rmtree(copy.index)


@pytest.mark.parametrize("run", [1, 2, 1000])
def test_copied_data_equals_what_a_full_build_writes(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch, run: int
) -> None:
    monkeypatch.setattr("qa.index.writer._RUN", run)
    write(config.corpus, {f"a{i}.md": article(f"A{i}", f"word{i}", f"other{i}") for i in range(8)})
    write(config.corpus, {"a3.md": "", "a9.md": article("", "nameless")})
    build(config, tiny)
    for path in ("a1.md", "a5.md"):
        (config.corpus / path).unlink()
    (config.corpus / "a6.md").rename(config.corpus / "a0 before.md")
    (config.corpus / "a9.md").rename(config.corpus / "below.md")
    write(config.corpus, {"a2b.md": article("New", "fresh"), "a7.md": article("A7", "changed")})
    tiny.encoded.clear()
    with monkeypatch.context() as patch:
        patch.setattr(Generation, "passages", _full)  # no passage is read
        report = build(config, tiny)
    assert report.passages_encoded == len(tiny.encoded) == 2
    anew = Config(config.corpus, config.index.parent / "anew")
    build(anew, tiny)
    assert _content(config) == _content(anew)
    assert is_whole(config.index)


def _scored(config: Config, encoder: TinyEncoder, query: str) -> dict[str, object]:
    hits = Engine.open(config, encoder).search(query, 50).hits
    return {hit.passage.text: pytest.approx(hit.score, abs=1e-5) for hit in hits}


@pytest.mark.parametrize("least", [0, 10**9])
def test_words_are_added_to_the_last_index_and_found_as_in_a_whole_one(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch, least: int
) -> None:
    monkeypatch.setattr(writer, "_LEAST_EXTENDED", least)
    monkeypatch.setattr(writer, "_MOST_REMOVED", 1)
    write(config.corpus, {f"a{i}.md": article(f"A{i}", f"word{i}", f"other{i}") for i in range(6)})
    build(config, tiny)
    for files in ({"a2b.md": article("New", "fresh")}, {"0.md": article("First", "earlier")}):
        write(config.corpus, files)
        build(config, tiny)
        generation = store.LocalStore(config.index).open_current()
        assert generation.verify() == []
        assert (generation.folder / "lexical.ids").exists() == (least == 0)
    anew = Config(config.corpus, config.index.parent / "anew")
    build(anew, tiny, full=True)
    for query in ("word3 report", "fresh", "earlier old stone wall", "nothing"):
        assert _scored(config, tiny, query) == _scored(anew, tiny, query)
    if least == 0:
        (config.corpus / "a4.md").unlink()
        (config.corpus / "a5.md").rename(config.corpus / "a1c.md")
        write(config.corpus, {"a1.md": article("A1", "altered")})
        build(config, tiny)
        generation = store.LocalStore(config.index).open_current()
        for word, expected in (("word4", 0), ("word1", 0), ("altered1", 1), ("word5", 1), ("fresh", 1), ("earlier", 1)):
            numbers = generation.lexical_ids()[_found_by_words(generation, word)]
            assert len(numbers) == expected, word
            assert generation.contains(word) == bool(expected)
            assert all(word in passage.text for passage in generation.passages(numbers.tolist()))
        assert generation.contains("a1c")  # the new name of a file that was taken over
        assert generation.verify() == []


def test_the_word_index_is_rewritten_if_many_passages_were_removed(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_LEAST_EXTENDED", 0)
    write(config.corpus, {f"a{i}.md": article(f"A{i}", f"word{i}") for i in range(6)})
    build(config, tiny)
    (config.corpus / "a4.md").unlink()
    build(config, tiny)
    generation = store.LocalStore(config.index).open_current()
    assert not (generation.folder / "lexical.ids").exists()
    assert generation.verify() == []


def test_the_word_index_is_rewritten_if_the_languages_change(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_LEAST_EXTENDED", 0)
    german = "Die Bienen schlafen nachts in ihren Stöcken, und morgens fliegen sie wieder zu den Blumen auf der Wiese. "
    write(config.corpus, {f"a{i}.md": article(f"A{i}", f"word{i}") for i in range(6)})
    build(config, tiny)
    for name, extended in (("b.md", False), ("c.md", True)):
        write(config.corpus, {name: 12 * german + name})
        build(config, tiny)
        generation = store.LocalStore(config.index).open_current()
        assert "de" in generation.manifest.languages
        assert (generation.folder / "lexical.ids").exists() == extended
        numbers = _found_by_words(generation, "Biene")
        assert {p.document for p in generation.passages(generation.lexical_ids()[numbers].tolist())} >= {name}


def _found_by_words(generation: Generation, text: str) -> NDArray[np.int64]:
    """The numbers of the passages with these words in the word index."""
    index = LexicalIndex(generation.folder / "lexical", generation.manifest.languages)
    return index.search(text, 10)[0]


def _content(config: Config) -> dict[str, object]:
    folder = store.LocalStore(config.index).open_current().folder
    connection = sqlite3.connect(folder / "passages.sqlite")
    tables = ("documents", "sections", "passages", "acronyms")
    content: dict[str, object] = {table: list(connection.execute(f"SELECT * FROM {table}")) for table in tables}
    content["files"] = [
        {name: value for name, value in json.loads(facts).items() if name != "indexed"}
        for (facts,) in connection.execute("SELECT facts FROM files")
    ]
    connection.close()
    return content | {"vectors": (folder / "vectors.faiss").read_bytes()}


def test_any_flipped_byte_of_the_manifest_is_noticed(built: Config) -> None:
    path = built.index / "generations" / "000001" / "manifest.json"
    whole = path.read_bytes()
    for position in range(0, len(whole), 5):
        _flip(path, position)
        with pytest.raises(StoreError):
            store.LocalStore(built.index).open_current()
        _write_over(path, whole)
    assert is_whole(built.index)


@pytest.mark.parametrize(
    "content",
    [b"", b"null", b"[]", b"{}", b'{"format_version": 1}', b"\xff", b"[" * 100_000, b'{"format_version": {}}'],
)
def test_manifest_that_is_none_is_one_sentence(built: Config, tiny: TinyEncoder, content: bytes) -> None:
    (built.index / "generations" / "000001" / "manifest.json").write_bytes(content)
    with pytest.raises(StoreError, match="run `qa build --full`"):
        store.LocalStore(built.index).open_current()
    build(built, tiny)
    assert answers(built, tiny)


def test_another_format_version_is_refused_by_name_and_rebuilt(built: Config, tiny: TinyEncoder) -> None:
    path = built.index / "generations" / "000001" / "manifest.json"
    data = json.loads(path.read_text())
    assert data["format_version"] == FAISS_FORMAT_VERSION
    path.write_text(json.dumps({**data, "format_version": 999}))
    with pytest.raises(StoreError, match=r"format version 999 .* run `qa build --full`"):
        store.LocalStore(built.index).open_current()
    report = build(built, tiny)
    assert (report.generation, report.passages_encoded) == ("000002", 3)
    assert answers(built, tiny)


# A full or failing disk.


def _full(*_: object, **__: object) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


def _full_after(really: Callable[..., Any], name: str) -> Callable[..., Any]:
    """`really`, but on a full disk if the path's name is `name`."""

    def call(path: Path, *rest: Any, **named: Any) -> Any:
        return _full() if path.name == name else really(path, *rest, **named)

    return call


STAGES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "folder": lambda m: m.setattr(Path, "mkdir", _full_unless_made),
    "database": lambda m: m.setattr(sqlite3, "connect", _raising(sqlite3.OperationalError("unable to open"))),
    "rows": lambda m: m.setattr(writer.GenerationWriter, "add", _raising(sqlite3.OperationalError("disk is full"))),
    "journal": lambda m: m.setattr(journal.Journal, "append", _full),
    "vectors": lambda m: m.setattr(dense_writer.DenseWriter, "add", _full),
    "words": lambda m: m.setattr(lexical, "write_index", _raising(ValueError("An IO error occurred"))),
    "manifest": lambda m: m.setattr(Path, "write_bytes", _full_after(Path.write_bytes, "manifest.json")),
    "sync": lambda m: m.setattr(os, "fsync", _full),
    "rename": lambda m: m.setattr(Path, "rename", _full),
    "current": lambda m: m.setattr(Path, "write_text", _full_after(Path.write_text, ".CURRENT.new")),
    "current's rename": lambda m: m.setattr(Path, "replace", _full),
}
_mkdir = Path.mkdir


def _full_unless_made(path: Path, *rest: Any, **named: Any) -> None:
    if path.name.startswith(".tmp-"):
        _full()
    _mkdir(path, *rest, **named)


@pytest.mark.parametrize("stage", STAGES)
def test_full_disk_at_any_stage_is_one_sentence_and_the_space_is_given_back(
    built: Config, tiny: TinyEncoder, stage: str
) -> None:
    write(built.corpus, {"c.md": article("C", "dough")})
    half = _leave_half_a_build(built, tiny)
    before = snapshot(built.index / "generations" / "000001")
    with pytest.MonkeyPatch.context() as patch:
        STAGES[stage](patch)
        with pytest.raises(StoreError, match="free s") as caught:
            build(built, tiny)
    assert "\n" not in str(caught.value)
    # An older partial build is kept until its embeddings are copied.
    carried_over = stage not in ("folder", "database", "journal")
    assert folders(built) == (["000001"] if carried_over else [half, "000001"])
    assert store.LocalStore(built.index).current_id() == "000001"
    assert snapshot(built.index / "generations" / "000001") == before
    assert is_whole(built.index)
    assert answers(built, tiny)
    assert build(built, tiny).added == ("c.md",)
    assert folders(built) == ["000001", "000002"]


def _leave_half_a_build(config: Config, encoder: TinyEncoder) -> str:
    def stop(progress: Progress) -> None:
        if progress.stage == "publishing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(config, encoder, progress=stop)
    return store.LocalStore(config.index).leftovers()[0].name


def test_failure_after_current_was_replaced_leaves_the_new_generation_whole(
    built: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(built.corpus, {"c.md": article("C", "dough")})
    really = os.fsync
    with monkeypatch.context() as patch:
        patch.setattr(
            os, "fsync", lambda h: really(h) if store.LocalStore(built.index).current_id() == "000001" else _full()
        )
        with pytest.raises(StoreError):
            build(built, tiny)
    assert store.LocalStore(built.index).current_id() == "000002"
    assert is_whole(built.index)
    assert answers(built, tiny)


LIMITED = """
import resource, signal, sys; sys.path[:0] = [sys.argv[3], sys.argv[3] + "/tests"]
from pathlib import Path
from conftest import TinyEncoder
from qa.build import build
from qa.config import Config
from qa.errors import StoreError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for limit in map(int, sys.argv[4:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        build(Config(Path(sys.argv[1]), Path(sys.argv[2])), TinyEncoder(dimension=4096))
        print("built", flush=True)
    except StoreError as error:
        print(error, flush=True)
"""


def test_files_that_cannot_grow_are_one_sentence_and_the_space_is_given_back(built: Config, tiny: TinyEncoder) -> None:
    """The operating system itself refuses to write beyond a size, as SQLite and the journal both notice."""
    pytest.importorskip("resource")
    wide = type(tiny)(dimension=4096)
    words = {f"m{i}.md": [f"word{i}x{n}" for n in range(20)] for i in range(3)}
    write(built.corpus, {path: article(path, *words[path]) for path in words})
    build(built, wide)
    folder = built.index / "generations" / "000002"
    largest = (folder / "vectors.faiss").stat().st_size
    assert largest > 2 * (folder / "passages.sqlite").stat().st_size
    (built.corpus / "m0.md").rename(built.corpus / "renamed.md")  # so that rows are written and nothing is encoded
    limits = ["0", "100", "5000", "40000", str(largest - 1), str(largest)]
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(built.corpus), str(built.index), str(ROOT), *limits],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    printed = run.stdout.splitlines()
    assert len(printed) == len(limits), run.stderr
    assert printed[-1] == "built"
    assert all("free s" in sentence for sentence in printed[:-1]), printed
    assert folders(built) == ["000001", "000002", "000003"]
    assert is_whole(built.index)
    assert answers(built, wide)


def test_an_empty_current_is_damage_not_a_first_start(config: Config, tiny: TinyEncoder) -> None:
    build(config, tiny)
    (config.index / "CURRENT").write_text("")
    with pytest.raises(StoreError, match="is empty, which no build leaves behind: run `qa build --full`"):
        store.LocalStore(config.index).open_current()
    assert build(config, tiny).generation == "000002"
