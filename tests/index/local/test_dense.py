"""Dense search returns what comparing every row returns, for any number of rows; no file that it is given harms it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.errors import StoreError
from qa.index.local import dense
from qa.index.local.dense import CODES, EXACT_ROWS, ROWS, DenseIndex, DenseWriter, Stored
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
    return DenseIndex(folder, rows.shape[1])


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


@pytest.mark.parametrize("dimension", [384, 130])
def test_many_rows_are_found_by_their_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dimension: int) -> None:
    monkeypatch.setattr(dense, "EXACT_ROWS", 8_000)
    rows = themed_rows(8_001, dimension)
    index = index_of(tmp_path, rows)
    assert (tmp_path / CODES).is_file()
    queries = rows[::500] + themed_rows(len(rows[::500]), dimension, seed=1) / 2
    hits = 0
    for query in queries:
        ids, scores = index.search(query, 10)
        exact = rows @ query
        assert scores == pytest.approx(exact[ids], abs=4 * HALF)
        assert np.all(np.diff(scores) <= 0)
        hits += len(set(ids.tolist()) & set(np.argsort(-exact)[:10].tolist()))
    assert hits >= 0.99 * 10 * len(queries)


def test_few_rows_have_no_codes_and_exactly_the_best_are_found(tmp_path: Path) -> None:
    rows = themed_rows(EXACT_ROWS, 16)
    index = index_of(tmp_path, rows)
    assert [path.name for path in tmp_path.iterdir()] == [ROWS]
    exact = index.scores(rows[5], np.arange(EXACT_ROWS))
    assert np.array_equal(index.search(rows[5], 50)[0], np.lexsort((np.arange(EXACT_ROWS), -exact))[:50])


@pytest.mark.parametrize("compared", [0, 10_000])
@pytest.mark.parametrize("every", [1, 2, 500])
def test_of_the_rows_that_are_allowed_the_best_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compared: int, every: int
) -> None:
    monkeypatch.setattr(dense, "_COMPARED", compared)
    rows = unit_rows(2_000, 24)
    query = unit_rows(1, 24, 7)[0]
    allowed = np.arange(2_000) % every == 0
    index = index_of(tmp_path, rows)
    ids, scores = index.search_allowed(query, 5, allowed)
    exact = np.where(allowed, rows.astype(np.float16).astype(np.float32) @ query, -9)
    assert ids.tolist() == np.argsort(-exact)[: min(5, allowed.sum())].tolist()
    assert scores == pytest.approx(exact[ids], abs=1e-6)
    assert len(index.search_allowed(query, 5, np.zeros(2_000, dtype=np.bool_))[0]) == 0


@pytest.mark.parametrize("exact_rows", [100, 700, 20_000])  # codes for both, for the whole index alone, for neither
def test_a_part_finds_what_an_index_of_its_rows_alone_would_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact_rows: int
) -> None:
    monkeypatch.setattr(dense, "EXACT_ROWS", exact_rows)
    rows, query = unit_rows(2_000, 24), unit_rows(1, 24, 7)[0]
    index = index_of(tmp_path, rows)
    index.search(query, 5)  # so that the whole index is there before its parts
    stored = rows.astype(np.float16).astype(np.float32)
    for start in (0, 1, 2):
        marked = np.arange(2_000) % 3 == start
        part = index.within(marked)
        best = np.argsort(-np.where(marked, stored @ query, -9))[:5]
        ids, scores = part.search(query, 5)
        assert ids.tolist() == best.tolist()
        assert scores == pytest.approx(stored[ids] @ query, abs=1e-6)
        assert part.count() == marked.sum()
        assert index.within(marked) is part  # it is kept
        allowed = marked & (np.arange(2_000) % 2 == 0)
        best = np.argsort(-np.where(allowed, stored @ query, -9))[:5]
        assert part.search_allowed(query, 5, allowed)[0].tolist() == best.tolist()
    assert len(index.within(np.zeros(2_000, dtype=np.bool_)).search(query, 5)[0]) == 0
    assert index.count() == 2_000
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
    rows_read = index.rows([4, 0])
    assert rows_read.dtype == np.float32
    assert np.array_equal(rows_read, rows[[4, 0]].astype(np.float16))
    rows_read[:] = 0
    assert np.array_equal(index.stored(range(3, 5)), rows[3:].astype(np.float16))


def test_copied_rows_do_not_change_again(tmp_path: Path) -> None:
    index = index_of(tmp_path / "one", unit_rows(5, 384))
    for again in (index.rows(range(5)), index.stored(range(5))):
        assert np.array_equal(index_of(tmp_path / "two", again).rows(range(5)), index.rows(range(5)))


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    index = index_of(tmp_path, np.zeros((0, 12), dtype=np.float32))
    ids, scores = index.search(unit_rows(1, 12)[0], 10)
    assert (ids.tolist(), scores.tolist()) == ([], [])
    assert index.count() == 0
    assert index.rows([]).shape == (0, 12)


def test_equal_rows_give_equal_bytes_in_whatever_blocks_they_come(tmp_path: Path) -> None:
    rows = themed_rows(EXACT_ROWS + 50, 16)
    for name, size in (("one", 7), ("two", 4096)):
        (tmp_path / name).mkdir()
        write_index(tmp_path / name, rows, size)
    for file in (ROWS, CODES):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_missing_file_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"vectors\.f16 is damaged: run `qa build --full`\."):
        DenseIndex(tmp_path, 8)


@pytest.mark.parametrize("keep", [1, 3, 30, -1])
def test_rows_that_are_cut_short_are_a_store_error(tmp_path: Path, keep: int) -> None:
    index_of(tmp_path, unit_rows(5, 12))
    (tmp_path / ROWS).write_bytes((tmp_path / ROWS).read_bytes()[:keep])
    with pytest.raises(StoreError, match="is damaged"):
        DenseIndex(tmp_path, 12)


@pytest.mark.parametrize("value", [np.nan, np.inf, 300.0, 0.5])
def test_a_row_that_cannot_have_been_written_is_a_store_error_when_it_is_compared(tmp_path: Path, value: float) -> None:
    rows = unit_rows(50, 12)
    index_of(tmp_path, rows)
    place = np.memmap(tmp_path / ROWS, dtype="<f2", mode="r+", shape=(50, 12))
    place[7] = value
    place.flush()
    index = DenseIndex(tmp_path, 12)
    with pytest.raises(StoreError, match=r"vectors\.f16 is damaged: run `qa build --full`\."):
        index.scores(rows[7], np.array([1, 7]))
    assert len(index.scores(rows[7], np.array([1, 2]))) == 2
    try:
        ids, _ = index.search(rows[7], 50)
    except StoreError:
        return
    assert 7 not in ids  # NaN is never among the best


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:9], lambda data: b"", None])
def test_codes_that_are_cut_short_are_a_store_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: object
) -> None:
    monkeypatch.setattr(dense, "EXACT_ROWS", 10)
    rows = unit_rows(60, 8)
    index_of(tmp_path, rows)
    place = tmp_path / CODES
    if callable(damage):
        place.write_bytes(damage(place.read_bytes()))
    else:
        place.unlink()
    with pytest.raises(StoreError, match=r"vectors\.2bit is damaged"):
        DenseIndex(tmp_path, 8).search(rows[0], 3)


@settings(deadline=None, max_examples=30)
@given(noise=st.binary(min_size=1, max_size=300), start=st.integers(0, 300))
def test_codes_of_any_bytes_give_rows_that_are_there(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, start: int
) -> None:
    """Unnoticed damage may lose results, and does nothing else."""
    folder = tmp_path_factory.mktemp("noise")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dense, "EXACT_ROWS", 10)
        rows = unit_rows(500, 8)
        index_of(folder, rows)
        data = bytearray((folder / CODES).read_bytes())
        data[start : start + len(noise)] = noise[: len(data) - start]
        (folder / CODES).write_bytes(data)
        ids, scores = DenseIndex(folder, 8).search(rows[0], 5)
    assert set(ids.tolist()) <= set(range(500))
    assert scores == pytest.approx(rows[ids] @ rows[0], abs=HALF)
