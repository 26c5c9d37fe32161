"""Compares dense indexes: `python -m benchmarks.dense --minutes 20`.

Rows are embeddings of the passages in `shared/eval/scale-corpus.jsonl.gz` in a random order, queries are real
questions. Both are encoded by the program and kept in benchmarks/.cache: each run continues the last for `--minutes`.
If not all passages are encoded by then, sizes beyond that are reached with copies of real embeddings that were moved to
a cosine of .9: for time and memory, since what they say of recall is a guess. `--rows FILE` takes rows from a file:
float32, with zeros for missing rows.

Each index is built, written, opened anew (mapped) and searched in separate processes. Times of searching are processor
times of one query on one thread, so that other work on the machine does not count; recall is that of the exact best
rows. Writes docs/dense.md and docs/dense.json.
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
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import CACHE, COSINE, ROOT, SETS, CachingEncoder, machine, off_topic_questions
from qa.index.local.dense import DenseIndex
from qa.index.local.dense_writer import DenseWriter
from qa.models.encoders import shipped_encoder
from qa.models.protocols import Vectors
from qa.text.passage import encoded

_SIZES = (5_000, 20_000, 202_208)
_QUERIES = 300
_K = 100  # what the program asks for
_DIMENSION = 384
_BLOCK = 1_024
_MADE = 20_000  # rows made up at once

Search = Callable[[Vectors], NDArray[np.int64]]


def scale_rows(path: Path, minutes: float) -> None:
    """Encode passages of the scale corpus for so long, in a random order; rows that are lacking stay zero."""
    with gzip.open(SETS / "scale-corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [encoded(record["title"], (), record["text"]) for record in map(json.loads, lines)]
    mode = "r+" if path.exists() else "w+"
    rows = np.lib.format.open_memmap(path, mode, dtype=np.float32, shape=(len(texts), _DIMENSION))
    encoder, until = shipped_encoder(), time.monotonic() + 60 * minutes
    order = np.random.default_rng(5).permutation(len(texts))
    missing = order[~rows[order].any(axis=1)]
    for start in range(0, len(missing), _BLOCK):
        if time.monotonic() > until:
            break
        block = sorted(missing[start : start + _BLOCK].tolist(), key=lambda row: len(texts[row]))
        rows[block] = encoder.encode_passages([texts[row] for row in block])
        rows.flush()


def questions() -> Vectors:
    """The embeddings of real questions, about the corpus and about other topics."""
    texts = [text for _, text in off_topic_questions()]
    for path in sorted(SETS.glob("*/queries.jsonl")):
        texts += [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()]
    chosen = random.Random(7).sample(sorted(set(texts)), _QUERIES)
    return CachingEncoder(shipped_encoder()).encode_queries(chosen)


@dataclass(frozen=True, slots=True)
class Kind:
    """An index as FAISS's factory describes it; `{lists}` is four times the root of the number of rows.

    `spare` times the wanted rows are compared exactly, `probed` is the share of the lists that are searched, and `ef`
    the breadth of the search of a graph.
    """

    description: str
    spare: int = 1
    probed: float = 1
    ef: int = 0
    largest: int = _SIZES[-1]  # number of rows, where building takes too long beyond

    def write(self, rows: Vectors, place: Path) -> None:
        lists = 4 * round(len(rows) ** 0.5)
        index: Any = faiss.index_factory(_DIMENSION, self.description.format(lists=lists), faiss.METRIC_INNER_PRODUCT)
        if self.ef:
            index.hnsw.efConstruction = 100
        learnt_from = max(16_384, 40 * lists) if "{lists}" in self.description else 16_384
        index.train(rows[:: -(-len(rows) // learnt_from)])
        index.add(rows)
        faiss.write_index(index, str(place / "index"))

    def add(self, rows: Vectors, _: int, place: Path) -> None:
        """Add rows to the written index and write it elsewhere, since generations are immutable."""
        index = faiss.read_index(str(place / "index"))
        index.add(rows)
        faiss.write_index(index, str(place / "next"))

    def open(self, place: Path, _: int) -> Search:
        index: Any = faiss.read_index(str(place / "index"), faiss.IO_FLAG_MMAP_IFC)
        base: Any = faiss.downcast_index(index.base_index) if isinstance(index, faiss.IndexRefine) else index
        if self.probed < 1:
            base.nprobe = round(self.probed * base.nlist)
        if self.ef:
            base.hnsw.efSearch = self.ef
        if base is not index:
            index.k_factor = self.spare
        return lambda query: np.asarray(index.search(query[None], _K)[1][0])


@dataclass(frozen=True, slots=True)
class Ours:
    """The index that the program writes and searches."""

    largest: int = _SIZES[-1]

    def write(self, rows: Vectors, place: Path) -> None:
        writer = DenseWriter(place, _DIMENSION)
        for block in _blocks(rows):
            writer.add(block)
        writer.finish()

    def add(self, rows: Vectors, count: int, place: Path) -> None:
        (place / "next").mkdir()
        writer = DenseWriter(place / "next", _DIMENSION, DenseIndex(place, _DIMENSION, count))
        for start in range(0, count, _BLOCK):
            writer.copy(range(start, min(count, start + _BLOCK)))
        writer.add(rows)
        writer.finish()

    def open(self, place: Path, count: int) -> Search:
        index = DenseIndex(place, _DIMENSION, count)
        index.count()
        return lambda query: index.search(query, _K)[0]


KINDS: dict[str, Kind | Ours] = {
    "**the program's**": Ours(),
    "Flat": Kind("Flat"),
    "SQfp16": Kind("SQfp16"),
    "SQ8,Refine(SQfp16), 2×": Kind("SQ8,Refine(SQfp16)", 2),
    "PQ192x4fs,Refine(SQfp16), 4×": Kind("PQ192x4fs,Refine(SQfp16)", 4),
    "IVF1,PQ192x4fs,Refine(SQfp16), 4×": Kind("IVF1,PQ192x4fs,Refine(SQfp16)", 4),
    "IVF1,PQ192x4fs,Refine(SQfp16), 10×": Kind("IVF1,PQ192x4fs,Refine(SQfp16)", 10),
    "RaBitQfs,Refine(SQfp16), 10×": Kind("RaBitQfs,Refine(SQfp16)", 10),
    "RaBitQfs2,Refine(SQfp16), 4×": Kind("RaBitQfs2,Refine(SQfp16)", 4),
    "IVF,PQ192x4fs,Refine(SQfp16), 4×, 1/4 of the lists": Kind(
        "IVF{lists},PQ192x4fs,Refine(SQfp16)", 4, 1 / 4, largest=20_000
    ),
    "IVF,RaBitQfs,Refine(SQfp16), 10×, 1/4 of the lists": Kind(
        "IVF{lists},RaBitQfs,Refine(SQfp16)", 10, 1 / 4, largest=20_000
    ),
    "HNSW32, ef 256": Kind("HNSW32", ef=256, largest=20_000),
}


def measure(kind: str, rows: Vectors, queries: Vectors) -> dict[str, Any]:
    """Build one index over these rows and compare it with exact search."""
    index = KINDS[kind]
    faiss.omp_set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        started = time.process_time()
        index.write(rows[:-1], place)
        built = time.process_time() - started
        size = sum(path.stat().st_size for path in place.iterdir())
        started = time.process_time()
        index.add(rows[-1:], len(rows) - 1, place)
        added = time.process_time() - started
        np.save(place / "queries.npy", queries)
        command = [sys.executable, "-m", "benchmarks.dense", "--search", kind, str(len(rows) - 1), folder]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        results = np.load(place / "results.npy")
    best = faiss.knn(queries, rows[:-1], _K, metric=faiss.METRIC_INNER_PRODUCT)[1]
    return {
        "kind": kind,
        "rows": len(rows),
        "recall@10": round(_recall(results, best, 10), 4),
        "recall@100": round(_recall(results, best, 100), 4),
        **json.loads(done.stdout),
        "build_seconds": round(built, 2),
        "add_one_seconds": round(added, 2),
        "bytes_per_row": round(size / len(rows)),
    }


def search(kind: str, count: int, place: Path) -> dict[str, Any]:
    """Open a written index and search it, in a process of its own."""
    queries, times, results = np.load(place / "queries.npy"), [], []
    faiss.omp_set_num_threads(1)
    before = _resident()
    started = time.process_time()
    find = KINDS[kind].open(place, count)
    opened = time.process_time() - started
    for query in queries:
        started = time.thread_time()
        results.append(find(query))
        times.append(1e3 * (time.thread_time() - started))
    memory = _resident() - before
    np.save(place / "results.npy", np.stack(results))
    return {
        "p50_ms": round(float(np.quantile(times, 0.5)), 2),
        "p95_ms": round(float(np.quantile(times, 0.95)), 2),
        "open_ms": round(1e3 * opened, 1),
        "memory_mb": round(memory / 1e6, 1),
    }


def _resident() -> int:
    """The bytes of this process in memory, those of mapped files included as far as they were touched."""
    return 4_096 * int(Path("/proc/self/statm").read_text("ascii").split()[1])


def _recall(results: NDArray[np.int64], best: NDArray[np.int64], k: int) -> float:
    return float(
        np.mean([len(np.intersect1d(ids[:k], exact[:k])) / k for ids, exact in zip(results, best, strict=True)])
    )


def _blocks(rows: Vectors) -> Iterator[Vectors]:
    return (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))


def sample(path: Path, count: int) -> tuple[Vectors, int]:
    """So many rows, the real ones first, and how many are real."""
    rows = np.load(path, mmap_mode="r")
    real = np.asarray(rows[rows.any(axis=1)])
    chance = np.random.default_rng(3)
    real = real[chance.permutation(len(real))[:count]]
    made = [_moved(real, min(_MADE, count - start), chance) for start in range(len(real), count, _MADE)]
    return np.ascontiguousarray(np.concatenate([real, *made])), len(real)


def filled(path: Path) -> tuple[Path, int]:
    """A file of the same rows with made-up ones in place of zeros, and how many are real."""
    rows = np.load(path, mmap_mode="r")
    missing = np.flatnonzero(~rows.any(axis=1))
    if not len(missing):
        return path, len(rows)
    whole, chance = np.array(rows), np.random.default_rng(3)
    real = np.delete(whole, missing, axis=0)
    for start in range(0, len(missing), _MADE):
        some = missing[start : start + _MADE]
        whole[some] = _moved(real, len(some), chance)
    beside = path.with_name(f"{path.stem}-filled.npy")
    np.save(beside, whole)
    return beside, len(real)


def _moved(real: Vectors, count: int, chance: np.random.Generator) -> Vectors:
    """So many copies of real rows, each moved towards another one."""
    near, far = real[chance.integers(len(real), size=count)], real[chance.integers(len(real), size=count)]
    away = far - np.einsum("ij,ij->i", far, near)[:, None] * near
    away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
    made = COSINE * near + (1 - COSINE**2) ** 0.5 * away
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


def main() -> int:
    """Measure each index in separate processes and write the page; returns 1 if our recall@10 is below .99."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=Path, default=CACHE / "scale-rows.npy")
    parser.add_argument("--minutes", type=float, default=25, help="for encoding, if --rows is not given")
    parser.add_argument("--one", nargs=3, metavar=("KIND", "COUNT", "QUERIES"))
    parser.add_argument("--search", nargs=3, metavar=("KIND", "COUNT", "FOLDER"))
    options = parser.parse_args()
    if options.search:
        kind, count, folder = options.search
        print(json.dumps(search(kind, int(count), Path(folder))))
        return 0
    if options.one:
        kind, count, queries = options.one
        rows, real = sample(options.rows, int(count))
        print(json.dumps({**measure(kind, rows, np.load(queries)), "real_rows": real}))
        return 0
    if options.rows.parent == CACHE:
        CACHE.mkdir(exist_ok=True)
        scale_rows(options.rows, options.minutes)
    results = []
    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        np.save(file.name, questions())
        for count in _SIZES:
            for kind, index in KINDS.items():
                if count > index.largest:
                    continue
                one = ["--rows", str(options.rows), "--one", kind, str(count), file.name]
                command = [sys.executable, "-m", "benchmarks.dense", *one]
                done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
                results.append(json.loads(done.stdout))
                print(results[-1], flush=True)
    result = {"date": date.today().isoformat(), "machine": machine(), "queries": _QUERIES, "indexes": results}
    (ROOT / "docs" / "dense.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    (ROOT / "docs" / "dense.md").write_text(_page(result), "utf-8")
    ours = [row for row in results if isinstance(KINDS[row["kind"]], Ours) and row["rows"] == row["real_rows"]]
    return int(any(row["recall@10"] < 0.99 for row in ours))


def _page(result: dict[str, Any]) -> str:
    lines = [
        "# Dense search",
        "",
        f"Written by `python -m benchmarks.dense` on {result['date']} ({result['machine']}), with {result['queries']}",
        f"real questions; each index returns the best {_K}. All are FAISS's, named as its index factory names them,",
        "and read from a mapped file by a new process. *4×* means that four times the wanted rows are preselected and",
        "compared exactly. Recall is that of the best in single precision. Times are processor time: of a question on",
        "one thread, of building, and of adding one row: the file is written anew. MB are the memory that opening and",
        "the questions add to the process, with the parts of the file that were touched; bytes are those of a row.",
        "",
    ]
    for count in dict.fromkeys(row["rows"] for row in result["indexes"]):
        chosen = [row for row in result["indexes"] if row["rows"] == count]
        real = chosen[0]["real_rows"]
        lines += [f"## {count:,} passages", ""]
        if real < count:
            lines += [
                f"{real:,} embeddings are real, the others real ones moved towards another, to a cosine of {COSINE}.",
                "So times and memory count here, and recall only compares the indexes with each other.",
                "",
            ]
        lines += [
            "| index | recall@10 | recall@100 | p50, ms | p95, ms | open, ms | MB | build, s | add, s | bytes |",
            "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        ]
        lines += [
            f"| {row['kind']} | {row['recall@10']:.4f} | {row['recall@100']:.4f} | {row['p50_ms']} | {row['p95_ms']} "
            f"| {row['open_ms']} | {row['memory_mb']} | {row['build_seconds']} | {row['add_one_seconds']} "
            f"| {row['bytes_per_row']:,} |"
            for row in chosen
        ]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
