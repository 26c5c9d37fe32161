"""The FAISS index of a generation: any FAISS opens it, a damaged one is never given to FAISS, a former one goes on."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import ROOT
from corpora import REBUILD, article, write

from qa.build import build
from qa.config import Config
from qa.errors import StoreError
from qa.index.local import dense, intact, store
from qa.index.manifest import FAISS_FORMAT_VERSION, FORMAT_VERSION, FORMER_VECTORS, file_sha256
from qa.index.protocols import Query

if TYPE_CHECKING:
    from conftest import TinyEncoder

QUESTION = "Where does the anchor report say it lies?"


@pytest.fixture
def built(config: Config, tiny: TinyEncoder) -> Config:
    write(config.corpus, {"a.md": article("A", "anchor", "beacon"), "b.md": article("B", "canal")})
    build(config, tiny)
    return config


@pytest.fixture
def read_whole(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are compared with their checksums."""
    read: list[Path] = []

    def sha256(path: Path) -> str:
        read.append(path)
        return file_sha256(path)

    monkeypatch.setattr(intact, "file_sha256", sha256)
    return read


def vectors_of(config: Config) -> Path:
    return store.LocalStore(config.index).open_current().folder / dense.VECTORS


def test_faiss_alone_finds_the_passages_that_the_program_finds(built: Config, tiny: TinyEncoder) -> None:
    import faiss

    generation = store.LocalStore(built.index).open_current()
    alone = faiss.read_index(str(vectors_of(built)))
    assert (alone.ntotal, alone.metric_type) == (generation.count(), faiss.METRIC_INNER_PRODUCT)
    for vector in tiny.encode_queries([QUESTION, "canal", "beacon report"]):
        own, scores = generation.dense.search(vector, 2)
        found_scores, found = alone.search(vector[None], 2)
        assert found[0].tolist() == own.tolist()
        assert found_scores[0] == pytest.approx(scores, abs=1e-5)


def test_faiss_is_given_no_file_whose_checksum_differs(built: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever byte it is, and even if neither the size nor the time of the file tells."""
    given: list[Path] = []
    monkeypatch.setattr(dense, "open_index", given.append)
    path = vectors_of(built)
    whole, facts = path.read_bytes(), path.stat()
    for position in (0, 4, 8, 60, 73, len(whole) // 2, len(whole) - 1):
        data = bytearray(whole)
        data[position] ^= 0x10
        path.write_bytes(data)
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        with pytest.raises(
            StoreError, match=r"vectors\.faiss of generation 000001 is not what was published"
        ) as caught:
            store.LocalStore(built.index).open_current()
        assert str(caught.value).endswith(REBUILD)
    assert given == []


def test_a_copy_is_compared_with_its_checksum_once(built: Config, read_whole: list[Path]) -> None:
    shutil.copytree(built.index, built.index.parent / "copy")
    copy = store.LocalStore(built.index.parent / "copy")
    for _ in range(2):
        assert copy.open_current().count() == 3
    assert [path.name for path in read_whole] == [dense.VECTORS]
    os.utime(read_whole[0])
    for _ in range(2):
        assert copy.open_current().count() == 3
    assert len(read_whole) == 2


@pytest.mark.parametrize("note", [b"", b"null", b"{}", b"[1, 2]", b"\xff", None])
def test_a_note_of_the_comparison_that_says_something_else_is_not_believed(
    built: Config, read_whole: list[Path], note: bytes | None
) -> None:
    place = vectors_of(built).with_suffix(".checked")
    assert read_whole == []  # the build has made the note
    place.write_bytes(note) if note is not None else place.unlink()
    store.LocalStore(built.index).open_current()
    assert len(read_whole) == 1


def test_a_folder_that_cannot_be_written_is_read_each_time(
    built: Config, read_whole: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("read-only")

    vectors_of(built).with_suffix(".checked").unlink()
    monkeypatch.setattr(intact, "_write", refuse)
    for _ in range(2):
        assert store.LocalStore(built.index).open_current().count() == 3
    assert len(read_whole) == 2


@pytest.fixture
def former(config: Config) -> Config:
    """An index that the version before wrote (format 4: vectors.f16), with its articles."""
    with tarfile.open(ROOT / "tests" / "files" / "index" / "format-4.tar.gz") as archive:
        archive.extractall(config.index.parent, filter="data")
    return config


def test_an_index_of_the_former_format_answers(former: Config, tiny: TinyEncoder) -> None:
    generation = store.LocalStore(former.index).open_current()
    assert generation.manifest.format_version == FORMAT_VERSION == 4
    assert generation.manifest.is_outdated
    assert generation.verify() == []
    vector = tiny.encode_queries([QUESTION])[0]
    found = generation.search(lambda: vector, Query(QUESTION), 1)
    assert "anchor" in generation.passages(found.ids[:1].tolist())[0].text


def test_the_next_build_converts_a_former_index_and_encodes_nothing(former: Config, tiny: TinyEncoder) -> None:
    before = store.LocalStore(former.index).open_current()
    rows = np.fromfile(before.folder / FORMER_VECTORS, dtype="<f2")
    tiny.encoded.clear()
    report = build(former, tiny)
    assert (report.generation, report.unchanged, report.passages_encoded, tiny.encoded) == ("000002", 2, 0, [])
    after = store.LocalStore(former.index).open_current()
    assert after.manifest.format_version == FAISS_FORMAT_VERSION
    assert not after.manifest.is_outdated and after.verify() == []
    assert np.array_equal(after.dense.stored(range(3)).ravel(), rows)
    vector = tiny.encode_queries([QUESTION])[0]
    assert np.array_equal(before.dense.search(vector, 3), after.dense.search(vector, 3))
    assert build(former, tiny).generation == "000002"  # and not again
