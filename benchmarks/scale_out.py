"""Compares Milvus with the index on disk: `python -m benchmarks.scale_out --server milvus://HOST:PORT/NAME DATA PID`.

The first passages of `shared/eval/scale-corpus.jsonl.gz` (including the development set of SQuAD 1.1) are put into each
index with the same embeddings, and the same questions of that set are asked of each. `--server` names an index on a
running server, the folder of the server's data, and its process id; it may be repeated. Writes docs/scale-out.json and
prints the table of docs/scale-out.md. Encoding is not timed, except that of questions.
"""

from __future__ import annotations

import gzip
import json
import os
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.common import CACHE, ROOT, SETS, CachingEncoder, machine
from qa.ask.answer import Answer
from qa.config import Address
from qa.evaluate.run import Dataset, index_dataset, read_dataset
from qa.models.encoders import load_encoder
from qa.models.protocols import Encoder, Vectors
from qa.text.passage import encoded

_SET = "squad-v1.1-dev"
_TOP = 5
_HEAD = ("index", "passages/s in", "bytes a passage: disk", "memory", "p50 ms", "p95 ms", "same top 5", "same first")


class PrecomputedEncoder:
    """An encoder that looks up the embeddings of passages and encodes questions."""

    def __init__(self, encoder: Encoder) -> None:
        self.identity, self.languages = encoder.identity, encoder.languages
        self.count_tokens, self.encode_queries = encoder.count_tokens, encoder.encode_queries
        self._passages = CachingEncoder(encoder)
        self._rows: dict[str, Vectors] = {}

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        if missing := [text for text in texts if text not in self._rows]:
            self._rows.update(zip(missing, self._passages.encode_passages(missing), strict=True))
        return np.stack([self._rows[text] for text in texts])


@click.command()
@click.option("--server", "servers", type=(str, click.Path(exists=True, path_type=Path), int), multiple=True)
@click.option("--passages", default=20_000, show_default=True)
@click.option("--questions", default=300, show_default=True)
def main(servers: Sequence[tuple[str, Path, int]], passages: int, questions: int) -> None:
    dataset = _dataset(passages, questions)
    encoder = PrecomputedEncoder(load_encoder(index=CACHE))
    for number in range(0, len(dataset.passages), 512):  # so that no index waits for the encoder
        encoder.encode_passages([_encoded(*each) for each in dataset.passages[number : number + 512]])
    with tempfile.TemporaryDirectory() as place:
        local, expected = _measure("this disk", dataset, encoder, Path(place), None, Path(place), os.getpid(), [])
        rows = [local]
    for address, folder, process in servers:
        with tempfile.TemporaryDirectory() as place:
            where = Address.parse(address, os.environ)
            rows.append(_measure(address, dataset, encoder, Path(place), where, folder, process, expected)[0])
    result = {"date": date.today().isoformat(), "machine": machine(), "passages": len(dataset.passages), "rows": rows}
    (ROOT / "docs" / "scale-out.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    click.echo(_table(rows))


def _dataset(passages: int, questions: int) -> Dataset:
    """The first passages, and questions, evenly spread, whose passages are among them."""
    asked = read_dataset(SETS / _SET, questions)
    with gzip.open(SETS / "scale-corpus.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [(row["_id"], row["title"], row["text"]) for row in map(json.loads, islice(lines, passages))]
    return Dataset("scale-corpus", rows, asked.queries, {})


def _encoded(_: str, title: str, text: str) -> str:
    return encoded(title, (), text)


def _measure(
    name: str,
    dataset: Dataset,
    encoder: Encoder,
    place: Path,
    address: Address | None,
    folder: Path,
    process: int,
    expected: Sequence[Answer],
) -> tuple[dict[str, Any], list[Answer]]:
    """Fill an index and ask it all questions: one row of the table, and the answers."""
    before = _size(folder), _memory(process)
    engine, seconds = index_dataset(dataset, encoder, place, address=address)
    after = _size(folder), _memory(process)
    engine.ask(dataset.queries[0].text)
    times, answers = [], []
    for query in dataset.queries:
        started = time.perf_counter()
        answers.append(engine.ask(query.text, _TOP))
        times.append(1e3 * (time.perf_counter() - started))
    count = len(dataset.passages)
    described = engine.status().store
    row = {
        "index": name if described is None else f"{described['server']}, words: {described['words']}",
        "passages_per_second": round(count / seconds),
        "disk_bytes_per_passage": round((after[0] - before[0]) / count),
        "memory_bytes_per_passage": round((after[1] - before[1]) / count),
        "p50_ms": round(float(np.percentile(times, 50)), 1),
        "p95_ms": round(float(np.percentile(times, 95)), 1),
        "same_top_5": _share([_cited(a) == _cited(b) for a, b in zip(answers, expected, strict=False)]),
        "same_first": _share([_cited(a)[:1] == _cited(b)[:1] for a, b in zip(answers, expected, strict=False)]),
    }
    return row, answers


def _cited(answer: Answer) -> list[str]:
    return [citation.document for citation in answer.citations]


def _share(same: Sequence[bool]) -> float | None:
    return round(sum(same) / len(same), 3) if same else None


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _memory(process: int) -> int:
    """The resident memory of a process, in bytes."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


def _table(rows: Sequence[dict[str, Any]]) -> str:
    lines = [f"| {' | '.join(_HEAD)} |", f"|---{'|--:' * (len(_HEAD) - 1)}|"]
    for row in rows:
        lines.append(f"| {' | '.join('–' if value is None else str(value) for value in row.values())} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
