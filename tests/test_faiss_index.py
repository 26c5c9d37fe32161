"""Dense search is exact, and its file is refused when it is not what was written."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.errors import StoreError
from qa.faiss_index import DenseIndex, write_index
from qa.types import Vectors


def unit_rows(count: int, dimension: int, seed: int = 0) -> Vectors:
    rows = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def blocks(rows: Vectors) -> tuple[int, list[Vectors]]:
    """The dimension, and the rows as they come from a build: some at a time."""
    return rows.shape[1], [rows[start : start + 7] for start in range(0, len(rows), 7)]


def index_of(tmp_path: Path, rows: Vectors) -> DenseIndex:
    write_index(tmp_path / "vectors.faiss", *blocks(rows))
    return DenseIndex(tmp_path / "vectors.faiss")


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 60), st.integers(1, 20), st.integers(1, 80), st.integers(0, 99))
def test_search_is_what_numpy_says(
    tmp_path_factory: pytest.TempPathFactory, count: int, dimension: int, k: int, seed: int
) -> None:
    rows = unit_rows(count, dimension, seed)
    query = unit_rows(1, dimension, seed + 100)[0]
    index = index_of(tmp_path_factory.getbasetemp(), rows)
    ids, scores = index.search(query, k)
    exact = rows @ query
    assert len(ids) == len(set(ids.tolist())) == min(k, count)
    assert scores == pytest.approx(np.sort(exact)[::-1][:k], abs=1e-6)
    assert scores == pytest.approx(exact[ids], abs=1e-6)


def test_scores_of_chosen_rows_are_exact_and_in_the_order_asked_for(tmp_path: Path) -> None:
    rows = unit_rows(20, 8)
    index = index_of(tmp_path, rows)
    chosen = np.array([7, 0, 19, 7], dtype=np.int64)
    scores = index.scores(rows[7], chosen)
    assert scores.dtype == np.float32
    assert scores == pytest.approx(rows[chosen] @ rows[7], abs=1e-6)
    assert index.scores(rows[7], np.empty(0, dtype=np.int64)).shape == (0,)


def test_rows_come_back_bit_for_bit_as_a_copy(tmp_path: Path) -> None:
    rows = unit_rows(5, 384)
    index = index_of(tmp_path, rows)
    found = index.rows([4, 0])
    assert found.dtype == np.float32
    assert np.array_equal(found, rows[[4, 0]])
    found[:] = 0
    assert np.array_equal(index.rows([4, 0]), rows[[4, 0]])


def test_count_and_dimension_are_those_written(tmp_path: Path) -> None:
    index = index_of(tmp_path, unit_rows(5, 12))
    assert (index.count(), index.dimension) == (5, 12)


def test_an_empty_index_finds_nothing_and_knows_its_dimension(tmp_path: Path) -> None:
    index = index_of(tmp_path, np.zeros((0, 12), dtype=np.float32))
    ids, scores = index.search(unit_rows(1, 12)[0], 10)
    assert (ids.tolist(), scores.tolist()) == ([], [])
    assert (index.count(), index.dimension) == (0, 12)
    assert index.rows([]).shape == (0, 12)


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    rows = unit_rows(50, 16)
    for name in ("one", "two"):
        write_index(tmp_path / name, *blocks(rows))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_missing_file_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"vectors\.faiss is damaged: run `qa build --full`\."):
        DenseIndex(tmp_path / "vectors.faiss")


@pytest.mark.parametrize("keep", [0, 3, 30, 60, -1])
def test_a_file_that_is_cut_short_is_a_store_error(tmp_path: Path, keep: int) -> None:
    place = tmp_path / "vectors.faiss"
    write_index(place, *blocks(unit_rows(5, 12)))
    place.write_bytes(place.read_bytes()[:keep])
    with pytest.raises(StoreError, match="is damaged"):
        DenseIndex(place)


@pytest.mark.parametrize("position", [0, 4, 8, 12])
def test_a_file_with_an_altered_header_is_a_store_error(tmp_path: Path, position: int) -> None:
    place = tmp_path / "vectors.faiss"
    write_index(place, *blocks(unit_rows(5, 12)))
    data = bytearray(place.read_bytes())
    data[position] ^= 0xFF
    place.write_bytes(bytes(data))
    with pytest.raises(StoreError):
        DenseIndex(place)


@pytest.mark.parametrize("kind", ["HNSW8", "IVF1,Flat"])
def test_another_kind_of_index_is_refused(tmp_path: Path, kind: str) -> None:
    index = faiss.index_factory(8, kind, faiss.METRIC_INNER_PRODUCT)
    index.train(unit_rows(64, 8))
    index.add(unit_rows(64, 8))
    faiss.write_index(index, str(tmp_path / "vectors.faiss"))
    with pytest.raises(StoreError, match=r"is not an index of this program: run `qa build --full`\."):
        DenseIndex(tmp_path / "vectors.faiss")


def test_distances_instead_of_products_are_refused(tmp_path: Path) -> None:
    index = faiss.IndexFlatL2(8)
    index.add(unit_rows(4, 8))
    faiss.write_index(index, str(tmp_path / "vectors.faiss"))
    with pytest.raises(StoreError, match="is not an index of this program"):
        DenseIndex(tmp_path / "vectors.faiss")
