"""Compares dense indexes: recall of exact search, time and memory of each: `python -m benchmarks.dense`.

Rows are embeddings of the passages in `shared/eval/scale-corpus.jsonl.gz`, queries are real questions; both are encoded
once by the program (this takes hours, and continues after an interruption) and kept in benchmarks/.cache. `--rows FILE`
takes the rows from a file: float32, in the order of the corpus, with zeros for missing rows. Each index is built and
searched in a separate process. Times are processor times of one query on one thread, so that other work on the machine
does not count; recall is that of the exact best rows. Writes docs/dense.md and docs/dense.json.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import CACHE, ROOT, SETS, CachingEncoder, machine, off_topic_questions
from qa.index.local import dense
from qa.models.encoders import load_encoder
from qa.models.protocols import Vectors
from qa.text.passage import encoded

_SIZES = (5_000, 10_000, 20_000, 50_000, 100_000, 202_208)
_QUERIES = 500
_K = 100  # what the program asks for
_DIMENSION = 384
_BLOCK = 4_096

Search = Callable[[Vectors], NDArray[np.int64]]


def scale_rows(path: Path) -> Vectors:
    """The embeddings of the scale corpus, in order; missing ones are computed first."""
    with gzip.open(SETS / "scale-corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [encoded(record["title"], (), record["text"]) for record in map(json.loads, lines)]
    mode = "r+" if path.exists() else "w+"
    rows = np.lib.format.open_memmap(path, mode, dtype=np.float32, shape=(len(texts), _DIMENSION))
    missing = np.flatnonzero(~rows.any(axis=1))
    encoder = load_encoder() if len(missing) else None
    for start in range(0, len(missing), _BLOCK):
        block = sorted(missing[start : start + _BLOCK], key=lambda row: len(texts[row]))
        if encoder is not None:
            rows[block] = encoder.encode_passages([texts[row] for row in block])
        rows.flush()
        print(f"encoded {start + len(block):,} of {len(missing):,}", flush=True)
    return rows


def questions() -> Vectors:
    """The embeddings of real questions, about the corpus and about other topics."""
    texts = [text for _, text in off_topic_questions()]
    for path in sorted(SETS.glob("*/queries.jsonl")):
        texts += [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()]
    chosen = random.Random(7).sample(sorted(set(texts)), _QUERIES)
    return CachingEncoder(load_encoder()).encode_queries(chosen)


def _faiss(description: str, spare: int = 1, ef: int = 0) -> Callable[[Vectors, Path], tuple[Search, int]]:
    """A FAISS index; if `spare` is more than 1, the best `spare` · k rows are compared exactly (half precision)."""

    def build(rows: Vectors, place: Path) -> tuple[Search, int]:
        lists = 4 * round(len(rows) ** 0.5)
        index: Any = faiss.index_factory(_DIMENSION, description.format(lists=lists), faiss.METRIC_INNER_PRODUCT)
        if ef:
            index.hnsw.efConstruction, index.hnsw.efSearch = 100, ef
        index.train(rows)
        index.add(rows)
        if "IVF" in description:
            index.nprobe = lists // 16
        faiss.write_index(index, str(place / "index"))
        size = (place / "index").stat().st_size
        if spare == 1:
            return lambda query: index.search(query[None], _K)[1][0], size
        exact = rows.astype(np.float16)

        def search(query: Vectors) -> NDArray[np.int64]:
            ids = np.sort(index.search(query[None], spare * _K)[1][0])
            ids = ids[ids >= 0]
            return ids[np.argsort(-(exact[ids].astype(np.float32) @ query))[:_K]]

        return search, size + exact.nbytes

    return build


def _ours(rows: Vectors, place: Path) -> tuple[Search, int]:
    """The index that the program writes and searches."""
    writer = dense.DenseWriter(place, _DIMENSION)
    for block in _blocks(rows):
        writer.add(block)
    writer.finish()
    index = dense.DenseIndex(place, _DIMENSION)
    return lambda query: index.search(query, _K)[0], sum(path.stat().st_size for path in place.iterdir())


def _our_codes(rows: Vectors, place: Path) -> tuple[Search, int]:
    dense.EXACT_ROWS = 1_000
    return _ours(rows, place)


def _our_exact(rows: Vectors, place: Path) -> tuple[Search, int]:
    dense.EXACT_ROWS = len(rows)
    return _ours(rows, place)


KINDS: dict[str, Callable[[Vectors, Path], tuple[Search, int]]] = {
    "the program's, exact": _our_exact,
    "the program's, two-bit codes + 400 exact": _our_codes,
    "Flat": _faiss("Flat"),
    "SQfp16": _faiss("SQfp16"),
    "SQ8 + 200 exact": _faiss("SQ8", 2),
    "PQ192x4fs, trained + 400 exact": _faiss("PQ192x4fs", 4),
    "RaBitQfs + 1,000 exact": _faiss("RaBitQfs", 10),
    "IVF PQ192x4fs, 1/16 of the lists + 400 exact": _faiss("IVF{lists},PQ192x4fs", 4),
    "IVF RaBitQfs, 1/16 of the lists + 1,000 exact": _faiss("IVF{lists},RaBitQfs", 10),
    "HNSW32, ef 128": _faiss("HNSW32", ef=128),
    "HNSW32, ef 512": _faiss("HNSW32", ef=512),
    "HNSW32 over SQ8, ef 256 + 200 exact": _faiss("HNSW32_SQ8", 2, ef=256),
}


def measure(kind: str, rows: Vectors, queries: Vectors) -> dict[str, Any]:
    """Build one index over these rows and compare it with exact search."""
    faiss.omp_set_num_threads(1)
    best = faiss.knn(queries, rows, _K, metric=faiss.METRIC_INNER_PRODUCT)[1]
    with tempfile.TemporaryDirectory() as place:
        started = time.process_time()
        search, size = KINDS[kind](rows, Path(place))
        build = time.process_time() - started
        for query in queries[:20]:
            search(query)
        results, times = [], []
        for query in queries:
            before = time.thread_time()
            results.append(search(query))
            times.append(1e3 * (time.thread_time() - before))
    return {
        "kind": kind,
        "rows": len(rows),
        "recall@10": round(_recall(results, best, 10), 4),
        "recall@100": round(_recall(results, best, 100), 4),
        "p50_ms": round(float(np.quantile(times, 0.5)), 2),
        "p95_ms": round(float(np.quantile(times, 0.95)), 2),
        "build_seconds": round(build, 1),
        "bytes_per_row": round(size / len(rows)),
    }


def _recall(results: list[NDArray[np.int64]], best: NDArray[np.int64], k: int) -> float:
    return float(
        np.mean([len(np.intersect1d(ids[:k], exact[:k])) / k for ids, exact in zip(results, best, strict=True)])
    )


def _blocks(rows: Vectors) -> Iterator[Vectors]:
    return (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))


def main() -> int:
    """Measure each index in a separate process and write the page; returns 1 if our recall@10 is below .99."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=Path, default=CACHE / "scale-rows.npy")
    parser.add_argument("--one", nargs=3, metavar=("KIND", "COUNT", "QUERIES"))
    options = parser.parse_args()
    if options.one:
        kind, count, queries = options.one
        print(json.dumps(measure(kind, _sample(options.rows, int(count)), np.load(queries))))
        return 0
    if not options.rows.exists() or options.rows.parent == CACHE:
        scale_rows(options.rows)
    there = int(np.load(options.rows, mmap_mode="r").any(axis=1).sum())
    results = []
    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        np.save(file.name, questions())
        for count in [size for size in _SIZES if size < there] + [min(there, _SIZES[-1])]:
            for kind in KINDS:
                one = ["--rows", str(options.rows), "--one", kind, str(count), file.name]
                command = [sys.executable, "-m", "benchmarks.dense", *one]
                done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
                results.append(json.loads(done.stdout))
                print(results[-1], flush=True)
    result = {"date": date.today().isoformat(), "machine": machine(), "queries": _QUERIES, "indexes": results}
    (ROOT / "docs" / "dense.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    (ROOT / "docs" / "dense.md").write_text(_page(result), "utf-8")
    return int(any(row["recall@10"] < 0.99 for row in results if row["kind"].startswith("the program's")))


def _sample(path: Path, count: int) -> Vectors:
    """A sample of the existing rows, evenly spread over the corpus."""
    rows = np.load(path, mmap_mode="r")
    there = np.flatnonzero(rows.any(axis=1))
    return np.ascontiguousarray(rows[there[np.linspace(0, len(there) - 1, count).astype(np.int64)]])


def _page(result: dict[str, Any]) -> str:
    lines = [
        "# Dense search",
        "",
        f"Written by `python -m benchmarks.dense` on {result['date']} ({result['machine']}), with {result['queries']}",
        f"real questions over real passages; each index returns the best {_K}. Times are processor time on one thread.",
        "*+ 400 exact* means that an index preselects 400 rows, which are then compared exactly; the column of bytes",
        "includes these rows.",
        "",
    ]
    for count in dict.fromkeys(row["rows"] for row in result["indexes"]):
        lines += [
            f"## {count:,} passages",
            "",
            "| index | recall@10 | recall@100 | p50, ms | p95, ms | build, s | bytes a row |",
            "|---|--:|--:|--:|--:|--:|--:|",
        ]
        lines += [
            f"| {row['kind']} | {row['recall@10']:.4f} | {row['recall@100']:.4f} | {row['p50_ms']} | {row['p95_ms']} "
            f"| {row['build_seconds']} | {row['bytes_per_row']:,} |"
            for row in result["indexes"]
            if row["rows"] == count
        ]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
