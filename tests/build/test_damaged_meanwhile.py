"""Files of the last generation that are cut short while a build reads them cost a second try, and nothing else."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from corpora import article, write

from qa.build import build
from qa.config import Config
from qa.errors import StoreError
from qa.index.local import dense, store, taking
from qa.index.local import writer as local_writer
from qa.index.local.dense import VECTORS, DenseIndex
from qa.index.local.generation import LEXICAL, PASSAGES
from qa.index.local.stored_rows import StoredRows
from qa.index.local.writer import GenerationWriter

if TYPE_CHECKING:
    from conftest import TinyEncoder

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="lists mapped files, and only maps can end a process")


@pytest.fixture
def built(config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch) -> Config:
    """An index large enough, for these tests, to have codes and a word index that is extended."""
    monkeypatch.setattr(dense, "EXACT_ROWS", 20)
    monkeypatch.setattr(local_writer, "_LEAST_EXTENDED", 1)
    words = [f"anchor{number}" for number in range(40)]
    write(config.corpus, {f"{n:02}.md": article(f"A{n}", *words[n : n + 4]) for n in range(0, 40, 4)})
    build(config, tiny)
    return config


def current(config: Config) -> Path:
    return store.LocalStore(config.index).open_current().folder


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def before(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, happens: Callable[[], None], at_call: int = 1
) -> list[int]:
    """Let something happen before one call of a function; returns a list to which each call adds its number."""
    calls: list[int] = []
    called = getattr(owner, name)

    def hooked(*arguments: Any, **named: Any) -> Any:
        calls.append(len(calls) + 1)
        if len(calls) == at_call:
            happens()
        return called(*arguments, **named)

    monkeypatch.setattr(owner, name, hooked)
    return calls


# What the build calls just before it reads the file, of the last generation, at this place.
MOMENTS = [
    (VECTORS, StoredRows, "_read"),
    (VECTORS, StoredRows, "codes"),
    (PASSAGES, GenerationWriter, "_copy_rows"),
    ("words", taking, "copy"),
    (PASSAGES, GenerationWriter, "_write_words"),
    (VECTORS, DenseIndex, "stored"),
]


@pytest.mark.parametrize(("name", "owner", "moment"), MOMENTS)
def test_a_file_that_is_cut_short_while_the_build_reads_it_is_built_again(
    built: Config,
    tiny: TinyEncoder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    owner: Any,
    moment: str,
) -> None:
    write(built.corpus, {"new.md": article("New", "beacon")})
    folder = current(built)
    path = folder / name if name != "words" else next((folder / LEXICAL).glob("*.store"))
    with caplog.at_level(logging.WARNING):
        calls = before(monkeypatch, owner, moment, lambda: cut(path))
        report = build(built, tiny)
    assert calls, "the build never came to this moment"
    assert "000001 changed while the build read it: every article is read again." in caplog.text
    assert (report.generation, report.documents, report.passages) == ("000002", 11, 41)
    generation = store.LocalStore(built.index).open_current()
    assert generation.verify() == []
    assert [path for path in (built.index / "generations").iterdir() if path.name.startswith(".")] == []


def test_what_the_first_try_encoded_is_not_encoded_again(
    built: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(built.corpus, {"new.md": article("New", "beacon")})
    tiny.encoded.clear()
    path = current(built) / PASSAGES
    before(monkeypatch, GenerationWriter, "_write_words", lambda: cut(path))
    build(built, tiny)
    assert sum("beacon" in text for text in tiny.encoded) == 1


def test_another_failure_is_not_tried_again(built: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    write(built.corpus, {"new.md": article("New", "beacon")})

    def fail() -> None:
        raise OSError(28, "No space left on device")

    calls = before(monkeypatch, GenerationWriter, "_write_words", fail)
    with pytest.raises(StoreError, match="could not be written"):
        build(built, tiny)
    assert calls == [1]
    assert store.LocalStore(built.index).current_id() == "000001"


@LINUX
def test_a_build_maps_no_file_of_the_last_generation(
    built: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(built.corpus, {"new.md": article("New", "beacon")})
    folder = str(current(built))
    mapped: set[str] = set()

    def look() -> None:
        mapped.update(line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if folder in line)

    for owner, moment in ((DenseIndex, "stored"), (taking, "copy"), (GenerationWriter, "_write_words")):
        before(monkeypatch, owner, moment, look)
    before(monkeypatch, local_writer, "_problem", look)
    assert build(built, tiny).generation == "000002"
    assert mapped == set()
    # The same look sees a file that is mapped: one that is searched.
    generation = store.LocalStore(built.index).open("000001")
    assert generation.dense.opened is not None
    look()
    assert any(path.endswith(VECTORS) for path in mapped)


def test_rows_and_codes_are_read_where_faiss_has_them(built: Config) -> None:
    import faiss

    index = store.LocalStore(built.index).open_current().dense
    opened = index.opened
    assert (index.stored(range(40)) == opened.rows).all()
    assert (index.rows([3, 4, 5, 1, 39]) == opened.rows[[3, 4, 5, 1, 39]]).all()
    codes = index.codes()
    assert codes is not None and opened.codes is not None
    assert bytes(faiss.serialize_index(codes).data) == bytes(faiss.serialize_index(opened.codes).data)
    with pytest.raises(IndexError):
        index.stored(range(39, 41))
