"""Measures a build: its memory from 1,000 to 10,000 files, and how soon it stops: `python -m benchmarks.building`.

Each file contains five passages of `shared/eval/scale-corpus.jsonl.gz`. Memory is the peak resident set of the building
process, with an encoder that only hashes, so that the pipeline is measured and not the model; stopping is measured with
the real encoder. Writes docs/building.md and docs/building.json.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import CACHE, ROOT, SETS, machine
from qa.build import Progress, build
from qa.config import Config
from qa.models.encoders import load_encoder
from qa.models.protocols import EncoderIdentity, Vectors
from qa.sandbox.pool import SandboxPool

_SIZES = (1_000, 3_000, 10_000)
_PASSAGES_PER_FILE = 5
_STOPS = 12


class HashingEncoder:
    """An encoder whose unit vectors, of the usual dimension, depend only on the hash of the text."""

    identity = EncoderIdentity("hashing", "0" * 64, 384, 256, True, "", "")
    languages = ("en",)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        seeds = (int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") for text in texts)
        rows = np.stack([np.random.default_rng(seed).standard_normal(384, dtype=np.float32) for seed in seeds])
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    encode_queries = encode_passages

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [round(1.3 * len(text.split())) for text in texts]


def write_corpus(folder: Path, files: int) -> int:
    """Write Markdown files of five passages each; return their total size in bytes."""
    folder.mkdir(parents=True)
    size = 0
    with gzip.open(SETS / "scale-corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        records: Iterator[dict[str, str]] = map(json.loads, lines)
        for number in range(files):
            parts = [f"## {r['title']}\n\n{r['text']}\n" for r in islice(records, _PASSAGES_PER_FILE)]
            size += (folder / f"{number:05}.md").write_text(f"# Article {number}\n\n" + "\n".join(parts), "utf-8")
    return size


def measure(place: Path, files: int) -> dict[str, Any]:
    """Build in this process, and again with nothing to do: seconds of both, and the peak memory in MB."""
    size = write_corpus(place / "corpus", files)
    config = Config(place / "corpus", place / "index")
    with SandboxPool() as pool:
        before = _peak()
        report = build(config, HashingEncoder(), parse_file=pool.parse_file, workers=pool.count)
        peak = _peak()
        again = build(config, HashingEncoder(), parse_file=pool.parse_file, workers=pool.count)
    return {
        "files": files,
        "passages": report.passages,
        "corpus_mb": round(size / 1e6, 1),
        "seconds": round(report.seconds, 1),
        "nothing_to_do_seconds": round(again.seconds, 2),
        "started_at_mb": round(before),
        "peak_mb": round(peak),
    }


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def stopped(place: Path) -> list[float]:
    """Seconds that a build with the real encoder takes to stop when asked to, at moments spread over the build."""
    write_corpus(place / "corpus", 150)
    encoder = load_encoder(index=CACHE)
    chance = random.Random(5)
    seconds = []
    for number in range(_STOPS):
        config = Config(place / "corpus", place / f"index{number}")
        asked: list[float] = []
        stopping = threading.Event()

        def ask(asked: list[float] = asked, stopping: threading.Event = stopping) -> None:
            asked.append(time.perf_counter())
            stopping.set()

        def step(_: Progress, stopping: threading.Event = stopping) -> None:
            if stopping.is_set():
                raise KeyboardInterrupt

        clock = threading.Timer(chance.uniform(0.2, 12), ask)
        clock.start()
        try:
            with SandboxPool() as pool:
                build(config, encoder, progress=step, parse_file=pool.parse_file, workers=pool.count)
        except KeyboardInterrupt:
            seconds.append(time.perf_counter() - asked[0])
        clock.cancel()
    return seconds


def main() -> int:
    """Measure and write the page; returns 1 if stopping takes longer than two seconds."""
    if len(sys.argv) == 3:
        print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]))))
        return 0
    rows = []
    for files in _SIZES:
        with tempfile.TemporaryDirectory() as place:
            command = [sys.executable, "-m", "benchmarks.building", place, str(files)]
            done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
            rows.append(json.loads(done.stdout))
            print(rows[-1], flush=True)
    with tempfile.TemporaryDirectory() as place:
        stops = stopped(Path(place))
    first, last = rows[0], rows[-1]
    slope = 1e3 * (last["peak_mb"] - first["peak_mb"]) / (last["passages"] - first["passages"])
    result = {
        "date": date.today().isoformat(),
        "machine": machine(),
        "builds": rows,
        "kb_per_passage": round(slope, 2),
        "stopped_seconds": {"median": round(statistics.median(stops), 2), "worst": round(max(stops), 2)},
    }
    (ROOT / "docs" / "building.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    (ROOT / "docs" / "building.md").write_text(_page(result, len(stops)), "utf-8")
    print(json.dumps(result["stopped_seconds"]))
    return int(max(stops) > 2)


def _page(result: dict[str, Any], stops: int) -> str:
    lines = [
        "# Building",
        "",
        f"Written by `python -m benchmarks.building` on {result['date']} ({result['machine']}).",
        "",
        "Memory of the building process (peak resident set; the sandbox processes have limits of their own). The",
        "encoder only hashes here, to measure the pipeline: the real one adds its model and its time.",
        "",
        "| files | passages | corpus, MB | seconds | with nothing to do, s | memory at the start, MB | peak, MB |",
        "|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row['files']:,} | {row['passages']:,} | {row['corpus_mb']} | {row['seconds']} "
        f"| {row['nothing_to_do_seconds']} | {row['started_at_mb']} | {row['peak_mb']} |"
        for row in result["builds"]
    ]
    lines += [
        "",
        f"Each further passage costs {result['kb_per_passage']} KB. Texts, rows and new embeddings go to disk at once; "
        "the keys of passages",
        "stay, and beyond 20,000 passages their codes.",
        "",
        f"Time to stop a build with the real encoder: median {result['stopped_seconds']['median']} s, worst "
        f"{result['stopped_seconds']['worst']} s of {stops}.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
