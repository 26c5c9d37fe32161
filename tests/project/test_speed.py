"""The speed report: costs are fitted and indexes chosen correctly, and nothing is claimed that was not measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.common import COSINE
from benchmarks.peers.ours import LookupEncoder
from benchmarks.speed_page import Entry, Measured, Target, page, targets
from benchmarks.speed_plan import INDEX_TYPES, MEMORY_GB, QUICK_MS, fit, index_type
from qa.models.protocols import EncoderIdentity, Vectors

_SCALE = 202_208


def _entry(part: str, size: int, system: str, rows: int = 0, **figures: Sequence[float]) -> Entry:
    return {
        "part": part, "size": size, "system": system, "rows": rows, "date": "2026-01-02", "load": [0.1, 0.3],
        "machine": "a machine",
        "figures": figures,
    }  # fmt: skip


_MEASURED = [
    _entry("encode", 1_000, "ours", passages_per_second=[220.0, 230.0, 240.0], question_ms=[2.0]),
    _entry("encode", 1_000, "plain", passages_per_second=[40.0, 41.0], question_ms=[11.0]),
    _entry("build", 5_000, "ours", seconds=[50.0, 52.0], first_seconds=[61.0]),
    _entry("build", 5_000, "txtai", seconds=[130.0, 140.0]),
    *(_entry("scale", n, "ours", _SCALE, seconds=[2 + n / 1_000], disk_mb=[n / 400]) for n in (1_000, 20_000, _SCALE)),
    _entry("ask", _SCALE, "ours", _SCALE, ask_ms=[90.0] * 100),
    _entry("ask", _SCALE, "unread", _SCALE, ask_ms=[5.0] * 99 + [40.0]),
    _entry("ask", _SCALE, "txtai", _SCALE, ask_ms=[60.0] * 100),
    _entry("loss", 0, "ours", 0, **{"squad-v2-dev": [0.915], "cranfield": [0.437]}),
    _entry("loss", 0, "plain", 0, **{"squad-v2-dev": [0.917], "cranfield": [0.436]}),
]


def test_each_target_is_judged_by_what_was_measured_and_by_nothing_else() -> None:
    by_work: dict[str, Target] = {}
    for target in targets(Measured(_MEASURED), 2):
        by_work.setdefault(target.work.split(",")[0], target)
    assert by_work["passages encoded a second"].met is True
    assert by_work["passages encoded a second"].measured == "5.68 ×"
    assert by_work["whole build of 5"].met is False
    assert by_work["one question in a warm process"].measured == "12 ×"
    assert by_work["nDCG@10 lost to the fast encoder on each development set"].met is True
    unmeasured = by_work["a build with nothing to do"]
    assert (unmeasured.met, unmeasured.measured) == (None, "")


@pytest.mark.parametrize(
    ("per_second", "server", "lost", "met"),
    [(300.0, 1.2, 0.0, True), (90.0, 1.85, 0.0, True), (90.0, 1.55, 0.0, False), (300.0, 2.0, 1.0, False)],
)
def test_many_at_once_are_quick_or_fill_the_cores_and_none_is_lost(
    per_second: float, server: float, lost: float, met: bool
) -> None:
    figures = {
        "alone_per_second": [60.0], "together_per_second": [per_second], "together_ms": [700.0, 800.0],
        "together_server_cores": [server], "together_client_cores": [0.05], "together_busy": [1.0],
        "together_lost": [lost],
    }  # fmt: skip
    entries = [
        _entry("http", _SCALE, "ours", 0, **figures),
        _entry("http", _SCALE, "gradio", alone_per_second=[30.0]),
    ]
    target = targets(Measured(entries), 2)[-1]
    assert (target.work.split()[0], target.met) == ("64", met)
    assert f"{server:.2f} + 0.05 of 2 cores, {lost:.0f} lost" in target.measured
    text = page({"machine": "a machine", "measured": entries})
    assert f"{server:.2f} + 0.05 (100 %)" in text and "gradio's" in text


def test_questions_beside_a_build_are_judged_by_all_but_the_slowest_twentieth() -> None:
    entries = [
        _entry("busy", _SCALE, "ours", ms=[80.0] * 20, unread=[0.0]),
        _entry("busy", _SCALE, "own build", ms=[100.0] * 19 + [900.0], unread=[0.0]),
        _entry("busy", _SCALE, "qa build", ms=[100.0] * 15 + [900.0] * 5, unread=[3.0]),
    ]
    met = {target.work: target.met for target in targets(Measured(entries), 2) if "beside" in target.work}
    assert met == {"the same over HTTP beside a build of the chat": True, "the same over HTTP beside `qa build`": False}
    text = page({"machine": "a machine", "measured": entries})
    assert "| 202,208 | `qa build` | 20 | 100 | 900 | 900 | 3 |" in text


def test_the_page_begins_with_missed_targets_and_with_what_others_do_better() -> None:
    entries = [*_MEASURED, _entry("scale", 1_000, "bm25s", _SCALE, seconds=[0.5])]
    text = page({"machine": "a machine", "measured": entries})
    assert text.index("**no**") < text.index("| yes |")
    better = text.partition("## Where others are better")[2].partition("##")[0]
    assert "| Indexing at scale | 1,000 | bm25s (words alone) | 3 and 0.5 seconds | 6.0 |" in better
    assert "txtai" not in better  # it is slower in all that was measured here


def test_made_up_embeddings_are_called_so() -> None:
    text = page({"machine": "a machine", "measured": [_entry("ask", _SCALE, "ours", 30_720, ask_ms=[90.0] * 10)]})
    assert "Of the 202,208 embeddings in the file, 30,720 are those of their passages" in text


def test_rows_that_are_missing_are_made_from_others(tmp_path: Path) -> None:
    from benchmarks.dense import filled

    real = np.random.default_rng(1).normal(size=(6, 8)).astype(np.float32)
    real /= np.linalg.norm(real, axis=1, keepdims=True)
    real[[1, 4]] = 0
    np.save(tmp_path / "rows.npy", real)
    path, count = filled(tmp_path / "rows.npy")
    rows = np.load(path)
    assert count == 4 and np.array_equal(rows[[0, 2, 3, 5]], real[[0, 2, 3, 5]])
    assert np.allclose(np.linalg.norm(rows, axis=1), 1) and np.allclose(
        (rows[[1, 4]] @ real.T).max(axis=1), COSINE, atol=0.1
    )
    assert filled(path) == (path, 6)


def test_without_measurements_no_target_is_met_or_missed() -> None:
    assert {target.met for target in targets(Measured([]), 2)} == {None}


def test_the_page_shows_medians_spread_ratios_and_that_embeddings_were_read_from_a_file() -> None:
    text = page({"machine": "a machine", "measured": _MEASURED})
    assert "| 5,000 | this program | 51 (50–52) |" in text
    assert "| 5,000 | txtai, hybrid | 135 (130–140) | 2.65 |" in text
    assert text.count("read from a file") == 2  # indexing and asking, but not encoding
    assert "moved towards another" not in text
    assert "load average 0.1 to 0.3" in text
    assert "| 1,000,000 |" in text and "Assumptions" in text


@given(
    fixed=st.floats(0, 1e3),
    each=st.floats(1e-6, 10),
    passages=st.lists(st.integers(1, 10**6), min_size=3, max_size=8, unique=True),
)
def test_a_straight_line_is_found_again(fixed: float, each: float, passages: list[int]) -> None:
    line = fit((float(n), fixed + each * n) for n in passages)
    assert line.off < 1e-3
    assert line.at(1e8) == pytest.approx(fixed + each * 1e8, rel=0.05) or max(passages) * each < 0.05 * fixed


def test_costs_that_do_not_grow_give_no_negative_forecast() -> None:
    assert fit([(1e3, 5.0), (1e4, 5.1), (1e5, 4.0)]).each == 0
    assert fit([(1e3, 0.1), (1e4, 5.0), (1e5, 80.0)]).fixed == 0


def test_the_index_is_the_plainest_that_fits_and_is_quick() -> None:
    assert index_type(100_000) is INDEX_TYPES[0]
    chosen = [INDEX_TYPES.index(index_type(10**power)) for power in range(3, 10)]
    assert chosen == sorted(chosen)
    for passages in (10**6, 10**7, 10**8):
        kind = index_type(passages)
        assert kind.memory_gb(passages) <= MEMORY_GB
        assert kind.search_ms(passages) <= QUICK_MS


class _Encoder:
    identity = EncoderIdentity("two", "0" * 64, 2, 256, True, "", "")
    languages = ("en",)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        raise AssertionError("embeddings come from the rows")

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 2), dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [1 for _ in texts]


def test_known_passages_get_their_own_rows_and_others_a_real_one_that_is_counted() -> None:
    rows = np.eye(2, dtype=np.float32)
    encoder = LookupEncoder(_Encoder(), rows, ["Bees. They fly.", "Ants. They walk."])
    embeddings = encoder.encode_passages(["Ants.  They walk", "Bees. They fly.", "Wasps. They sting."])
    assert embeddings[:2].tolist() == rows[[1, 0]].tolist()
    assert embeddings[2].tolist() in rows.tolist()
    assert encoder.stand_ins == 1
    assert encoder.encode_queries(["Who flies?"]).tolist() == [[1.0, 1.0]]
