"""Dense search returns what comparing every row returns, for any number of rows, from a file that any FAISS opens."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from qa.errors import StoreError
from qa.index.local import dense
from qa.index.local.dense import EXACT_ROWS, VECTORS, DenseIndex
from qa.index.local.dense_writer import DenseWriter
from qa.index.local.stored_rows import Stored, StoredRows
from qa.index.manifest import FORMER_VECTORS
from qa.models.protocols import Vectors

HALF = 1e-3  # the largest change that rounding to half precision may cause


def unit_rows(count: int, dimension: int, seed: int = 0) -> Vectors:
    rows = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def themed_rows(count: int, dimension: int, seed: int = 0) -> Vectors:
    """Rows about some hundred themes, like texts, with a direction that all share and numbers of unequal size."""
    chance = np.random.default_rng(seed)
    themes = chance.normal(size=(200, dimension))
    rows = themes[chance.integers(200, size=count)] + chance.normal(size=(count, dimension))
    rows = rows * chance.uniform(0.2, 3, size=dimension) + 2 * chance.normal(size=dimension)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def write_index(folder: Path, rows: Vectors | Stored, size: int) -> None:
    writer = DenseWriter(folder, rows.shape[1])
    for start in range(0, len(rows), size):
        writer.add(rows[start : start + size])
    writer.finish()


def index_of(folder: Path, rows: Vectors | Stored) -> DenseIndex:
    """The rows as a build delivers them: in blocks."""
    folder.mkdir(exist_ok=True)
    write_index(folder, rows, 700)
    return DenseIndex(folder, rows.shape[1], len(rows))


def best_ten_found(index: DenseIndex, rows: Vectors, queries: NDArray[Any]) -> float:
    """The share of the best ten rows of each query that are found."""
    hits = 0
    for query in queries:
        ids, scores = index.search(query, 10)
        exact = rows @ query
        assert scores == pytest.approx(exact[ids], abs=4 * HALF)
        assert np.all(np.diff(scores) <= 0)
        hits += len(set(ids.tolist()) & set(np.argsort(-exact)[:10].tolist()))
    return hits / (10 * len(queries))


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 60), st.integers(1, 20), st.integers(1, 80), st.integers(0, 99))
def test_search_equals_numpy(
    tmp_path_factory: pytest.TempPathFactory, count: int, dimension: int, k: int, seed: int
) -> None:
    rows = unit_rows(count, dimension, seed)
    query = unit_rows(1, dimension, seed + 100)[0]
    index = index_of(tmp_path_factory.getbasetemp(), rows)
    ids, scores = index.search(query, k)
    exact = rows.astype(np.float16).astype(np.float32) @ query
    assert len(ids) == len(set(ids.tolist())) == min(k, count)
    assert scores == pytest.approx(np.sort(exact)[::-1][:k], abs=1e-6)
    assert scores == pytest.approx(exact[ids], abs=1e-6)
    assert exact == pytest.approx(rows @ query, abs=HALF)


@pytest.mark.parametrize("dimension", [128, 65])
def test_many_rows_are_found_by_their_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dimension: int) -> None:
    monkeypatch.setattr(dense, "EXACT_ROWS", 3_000)
    rows = themed_rows(3_001, dimension)
    index = index_of(tmp_path, rows)
    assert index.opened.codes is not None
    queries = rows[::500] + 0.5 * themed_rows(len(rows[::500]), dimension, seed=1)
    assert best_ten_found(index, rows, queries) >= 0.99


def test_few_rows_have_no_codes_and_exactly_the_best_are_found(tmp_path: Path) -> None:
    rows = themed_rows(EXACT_ROWS, 16)
    index = index_of(tmp_path, rows)
    assert index.opened.codes is None
    assert [path.name for path in tmp_path.iterdir()] == [VECTORS]
    exact = index.scores(rows[5], np.arange(EXACT_ROWS))
    assert np.array_equal(index.search(rows[5], 50)[0], np.lexsort((np.arange(EXACT_ROWS), -exact))[:50])


@pytest.mark.parametrize("exact_rows", [100, 2_000])  # with codes, and without
def test_faiss_opens_the_file_and_finds_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact_rows: int
) -> None:
    import faiss

    monkeypatch.setattr(dense, "EXACT_ROWS", exact_rows)
    rows = themed_rows(2_000, 24)
    index = index_of(tmp_path, rows)
    opened = faiss.read_index(str(tmp_path / VECTORS))
    assert (opened.ntotal, opened.d, opened.metric_type) == (2_000, 24, faiss.METRIC_INNER_PRODUCT)
    assert isinstance(opened, faiss.IndexRefine) == (exact_rows == 100)
    queries = rows[::100] + 0.5 * themed_rows(20, 24, seed=1)
    found_scores, found = opened.search(queries, 40)
    for query, ids, scores in zip(queries, found, found_scores, strict=True):
        own, own_scores = index.search(query, 40)
        assert ids.tolist() == own.tolist()
        assert scores == pytest.approx(own_scores, abs=1e-5)
    assert opened.reconstruct(7) == pytest.approx(rows[7], abs=HALF)


@pytest.mark.parametrize("exact_rows", [100, 700, 20_000])  # codes for both, for the whole index alone, for neither
def test_of_marked_rows_exactly_the_best_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact_rows: int
) -> None:
    monkeypatch.setattr(dense, "EXACT_ROWS", exact_rows)
    rows, query = unit_rows(2_000, 24), unit_rows(1, 24, 7)[0]
    index = index_of(tmp_path, rows)
    stored = rows.astype(np.float16).astype(np.float32)
    for every, start in ((1, 0), (2, 0), (3, 1), (3, 2), (500, 0), (1_999, 5)):
        marked = np.arange(2_000) % every == start
        best = np.argsort(-np.where(marked, stored @ query, -9))[: min(5, marked.sum())]
        ids, scores = index.search(query, 5, marked)
        assert ids.tolist() == best.tolist(), every
        assert scores == pytest.approx(stored[ids] @ query, abs=1e-6)
    assert len(index.search(query, 5, np.zeros(2_000, dtype=np.bool_))[0]) == 0
    assert index.search(query, 5)[0].tolist() == np.argsort(-(stored @ query))[:5].tolist()


def test_more_rows_than_there_are_is_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense, "EXACT_ROWS", 10)
    rows = unit_rows(60, 8)
    ids, _ = index_of(tmp_path, rows).search(rows[0], 100)
    assert sorted(ids.tolist()) == list(range(60))


def test_identical_rows_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers that do not differ give codes without information."""
    monkeypatch.setattr(dense, "EXACT_ROWS", 10)
    rows = np.tile(unit_rows(1, 8), (900, 1))
    ids, scores = index_of(tmp_path, rows).search(rows[0], 5)
    assert len(set(ids.tolist())) == 5
    assert scores == pytest.approx(np.ones(5), abs=HALF)


def test_scores_of_chosen_rows_are_exact_and_in_the_order_asked_for(tmp_path: Path) -> None:
    rows = unit_rows(20, 8)
    index = index_of(tmp_path, rows)
    chosen = np.array([7, 0, 19, 7], dtype=np.int64)
    scores = index.scores(rows[7], chosen)
    assert scores.dtype == np.float32
    assert scores == pytest.approx(rows[chosen] @ rows[7], abs=HALF)
    assert index.scores(rows[7], np.empty(0, dtype=np.int64)).shape == (0,)


def test_rows_are_returned_in_half_precision_and_as_a_copy(tmp_path: Path) -> None:
    rows = unit_rows(5, 384)
    index = index_of(tmp_path, rows)
    for change in (index.rows([4, 0]), index.stored(range(3, 5))):
        change[:] = 0
    assert index.rows([4, 0]).dtype == np.float32
    assert np.array_equal(index.rows([4, 0]), rows[[4, 0]].astype(np.float16))
    assert np.array_equal(index.stored(range(3, 5)), rows[3:].astype(np.float16))


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    index = index_of(tmp_path, np.zeros((0, 12), dtype=np.float32))
    ids, scores = index.search(unit_rows(1, 12)[0], 10)
    assert (ids.tolist(), scores.tolist()) == ([], [])
    assert index.count() == 0
    assert index.rows([]).shape == (0, 12)


def test_equal_rows_give_equal_bytes_in_whatever_blocks_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense, "EXACT_ROWS", 2_000)
    rows = themed_rows(2_050, 16)
    for name, size in (("one", 7), ("two", 4096)):
        (tmp_path / name).mkdir()
        write_index(tmp_path / name, rows, size)
    assert (tmp_path / "one" / VECTORS).read_bytes() == (tmp_path / "two" / VECTORS).read_bytes()


def test_rows_that_are_taken_over_keep_their_codes_and_all_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense, "EXACT_ROWS", 2_000)
    rows, new = themed_rows(3_000, 24), themed_rows(100, 24, seed=1)
    before = index_of(tmp_path / "before", rows)
    (tmp_path / "after").mkdir()
    writer = DenseWriter(tmp_path / "after", 24, before)
    writer.copy(range(40, 1_500))
    writer.add(new)
    writer.copy(range(1_500, 3_000))
    writer.finish()
    expected = np.concatenate([rows[40:1_500], new, rows[1_500:]])
    after = DenseIndex(tmp_path / "after", 24, len(expected))
    assert np.array_equal(after.rows(range(len(expected))), expected.astype(np.float16))
    assert [_centroids(index) for index in (before, after)] == [_centroids(before)] * 2
    assert best_ten_found(after, expected, expected[::100]) >= 0.99
    assert best_ten_found(after, expected, new[::10]) >= 0.9  # of other themes than the centroids were learnt from


@pytest.mark.parametrize("taken_over", [range(0), range(900)])
def test_centroids_are_learnt_anew_if_most_rows_are_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken_over: range
) -> None:
    monkeypatch.setattr(dense, "EXACT_ROWS", 900)
    before = index_of(tmp_path / "before", themed_rows(1_000, 16))
    (tmp_path / "after").mkdir()
    writer = DenseWriter(tmp_path / "after", 16, before)
    writer.copy(taken_over)
    writer.add(themed_rows(2_000, 16, seed=1))
    writer.finish()
    assert _centroids(DenseIndex(tmp_path / "after", 16, 2_000 + len(taken_over))) != _centroids(before)


def _centroids(index: DenseIndex) -> bytes:
    import faiss

    assert index.opened.codes is not None
    return bytes(faiss.vector_to_array(index.opened.codes.pq.centroids).tobytes())


def test_rows_of_the_former_format_are_searched_and_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dense, "EXACT_ROWS", 1_000)
    rows, query = unit_rows(1_500, 16), unit_rows(1, 16, 7)[0]
    rows.astype("<f2").tofile(tmp_path / FORMER_VECTORS)
    former = DenseIndex(tmp_path, 16, 1_500)
    assert former.is_former
    (tmp_path / "new").mkdir()
    writer = DenseWriter(tmp_path / "new", 16, former)
    writer.copy(range(1_500))
    writer.finish()
    new = DenseIndex(tmp_path / "new", 16, 1_500)
    assert not new.is_former
    assert np.array_equal(new.stored(range(1_500)), rows.astype(np.float16))
    marked = np.arange(1_500) % 2 == 0
    for marks in (None, marked):
        best = former.search(query, 10, marks)
        assert np.array_equal(best, new.search(query, 10, marks))


def test_a_folder_whose_name_is_not_text_holds_an_index(tmp_path: Path) -> None:
    rows = unit_rows(50, 8)
    folder = tmp_path / os.fsdecode(b"k\xe4se")
    assert index_of(folder, rows).search(rows[7], 1)[0].tolist() == [7]


# Damage. That FAISS reads no file whose checksum is wrong is tested with generations.


def test_a_missing_file_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"vectors\.faiss is damaged: run `qa build --full`\."):
        DenseIndex(tmp_path, 8, 1)


@pytest.mark.parametrize(("dimension", "count"), [(12, 49), (6, 100), (0, 50)])
def test_an_index_of_other_rows_is_a_store_error(tmp_path: Path, dimension: int, count: int) -> None:
    index_of(tmp_path, unit_rows(50, 12))
    with pytest.raises(StoreError, match="is damaged"):
        DenseIndex(tmp_path, dimension, count).count()


@pytest.mark.parametrize("other", [b"none", None])
def test_a_file_that_is_no_such_index_is_a_store_error(tmp_path: Path, other: bytes | None) -> None:
    import faiss

    if other is None:
        faiss.write_index(faiss.IndexFlatIP(12), str(tmp_path / VECTORS))
    else:
        (tmp_path / VECTORS).write_bytes(other)
    with pytest.raises(StoreError, match="is damaged"):
        DenseIndex(tmp_path, 12, 0).count()


def test_a_mapped_file_that_is_cut_short_is_a_store_error_and_not_the_end_of_the_process(tmp_path: Path) -> None:
    rows = unit_rows(3_000, 64)  # more than one page of the system
    index = index_of(tmp_path, rows)
    assert len(index.search(rows[0], 5)[0]) == 5
    os.truncate(tmp_path / VECTORS, 100)
    uses: tuple[Callable[[], object], ...] = (
        lambda: index.search(rows[0], 5),
        lambda: index.rows([2_999]),
        lambda: index.stored(range(2_900, 3_000)),
    )
    for use in uses:
        with pytest.raises(StoreError, match=r"vectors\.faiss is damaged"):
            use()


@pytest.mark.parametrize("value", [np.nan, np.inf, 300.0, 0.5])
def test_a_row_that_cannot_have_been_written_is_a_store_error_when_it_is_compared(tmp_path: Path, value: float) -> None:
    rows = unit_rows(50, 12)
    index_of(tmp_path, rows)
    place = tmp_path / VECTORS
    data = bytearray(place.read_bytes())
    data[-43 * 24 : -42 * 24] = np.full(12, value, dtype="<f2").tobytes()  # row 7 of 50
    place.write_bytes(data)
    index = DenseIndex(tmp_path, 12, 50)
    with pytest.raises(StoreError, match=r"vectors\.faiss is damaged: run `qa build --full`\."):
        index.scores(rows[7], np.array([1, 7]))
    assert len(index.scores(rows[7], np.array([1, 2]))) == 2
    try:
        ids, _ = index.search(rows[7], 50)
    except StoreError:
        return
    assert 7 not in ids  # NaN is never among the best


@pytest.mark.parametrize("exact_rows", [100, 2_000])  # with codes, and without
def test_the_file_is_byte_for_byte_what_faiss_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact_rows: int
) -> None:
    import faiss

    monkeypatch.setattr(dense, "EXACT_ROWS", exact_rows)
    index_of(tmp_path, themed_rows(2_000, 24))
    assert [path.name for path in tmp_path.iterdir()] == [VECTORS]
    written = (tmp_path / VECTORS).read_bytes()
    assert bytes(faiss.serialize_index(faiss.read_index(str(tmp_path / VECTORS))).data) == written


@pytest.mark.skipif(sys.platform != "linux", reason="lists mapped files")
def test_rows_are_not_mapped_while_they_become_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mapped file counts as memory of the process, and would do so for every row."""
    monkeypatch.setattr(dense, "EXACT_ROWS", 100)
    seen: list[str] = []
    make = DenseWriter._with_codes

    def with_codes(writer: DenseWriter, rows: StoredRows) -> Any:
        index = make(writer, rows)
        seen.append(Path("/proc/self/maps").read_text())
        return index

    monkeypatch.setattr(DenseWriter, "_with_codes", with_codes)
    index = index_of(tmp_path, themed_rows(900, 24))
    assert index.opened.codes is not None
    assert len(seen) == 1
    assert str(tmp_path) not in seen[0]
    assert str(tmp_path) in Path("/proc/self/maps").read_text()
