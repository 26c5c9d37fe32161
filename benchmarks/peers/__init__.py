"""The systems that are compared with this program: one module each, run in a separate process.

A module creates a `System` and passes it to `serve`, which reads one job as JSON from standard input and prints the
measurements as the last line. It must not import this program: the peers are installed in another environment.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

ROWS = "rows.json"  # beside the corpus: in its files, this program would read the numbers as text
_WARMING = 5  # questions, or passages, for warming up
Record = dict[str, Any]  # title, text and row (index in the file of embeddings)
Counts = dict[str, int]


class System(Protocol):
    """A system to measure; whatever it cannot do raises NotImplementedError, and its cell stays empty."""

    def load(self, model: str, index: Path) -> None:
        """Load the encoder from its folder; `index` is the folder of an existing or future index."""

    def encode(self, texts: Sequence[str]) -> Any:
        """Encode texts with the system's defaults, as its users do."""

    def build(self, corpus: Path, index: Path, rows: str) -> Counts:
        """Read the files, encode, and save the index; with `rows` (a .npy file) the embeddings are read from there.

        Returns the number of passages.
        """

    def open(self, index: Path) -> None:
        """Open the saved index; the encoder has been loaded."""

    def ask(self, question: str) -> list[str]:
        """The texts of the five best passages for a question."""

    def add(self, record: Record, index: Path) -> None:
        """Add one record to the opened index and save it."""


def read(corpus: Path) -> list[Record]:
    """All records of a folder of JSON Lines files, with their rows."""
    rows = json.loads(corpus.with_name(ROWS).read_text("utf-8"))
    lines = (line for path in sorted(corpus.glob("*.jsonl")) for line in path.open(encoding="utf-8"))
    return [{**json.loads(line), "row": row} for line, row in zip(lines, rows, strict=True)]


def encoded(record: Record) -> str:
    """The text of a record that is encoded, as in this program: title and text."""
    return f"{record['title']}. {record['text']}"


def memory_mb(process: int | str = "self") -> dict[str, float]:
    """The resident memory of a process: the total, and the part that is not file pages (Linux)."""
    lines = (line.split() for line in Path(f"/proc/{process}/status").read_text().splitlines())
    sizes = {line[0]: int(line[1]) / 1e3 for line in lines if line and line[0] in ("VmRSS:", "RssAnon:")}
    return {"resident_mb": sizes["VmRSS:"], "anonymous_mb": sizes["RssAnon:"]}


def serve(system: System) -> None:
    """Do the job that is read from standard input."""
    job = json.load(sys.stdin)
    work: Callable[[System, dict[str, Any]], dict[str, Any]] = globals()[f"_{job['work']}"]
    try:
        measured = work(system, job)
    except NotImplementedError:
        measured = {}
    print("\n" + json.dumps(measured), flush=True)


def _encode(system: System, job: dict[str, Any]) -> dict[str, Any]:
    system.load(job["model"], Path(job["index"]))
    texts = [encoded(record) for record in read(Path(job["corpus"]))]
    system.encode(texts[:_WARMING])
    started = time.perf_counter()
    system.encode(texts)
    rate = len(texts) / (time.perf_counter() - started)
    return {"passages_per_second": rate, "question_ms": _timed(lambda text: system.encode([text]), job["questions"])}


def _build(system: System, job: dict[str, Any]) -> dict[str, Any]:
    system.load(job["model"], Path(job["index"]))
    return dict(system.build(Path(job["corpus"]), Path(job["index"]), job["rows"]))


def _ask(system: System, job: dict[str, Any]) -> dict[str, Any]:
    system.load(job["model"], Path(job["index"]))
    started = time.perf_counter()
    system.open(Path(job["index"]))
    opened = time.perf_counter() - started
    return {"open_seconds": opened, "ask_ms": _timed(system.ask, job["questions"]), **memory_mb()}


def _cold(system: System, job: dict[str, Any]) -> dict[str, Any]:
    system.load(job["model"], Path(job["index"]))
    system.open(Path(job["index"]))
    return {"found": len(system.ask(job["questions"][0])), "torch": int("torch" in sys.modules)}


def _add(system: System, job: dict[str, Any]) -> dict[str, Any]:
    system.load(job["model"], Path(job["index"]))
    system.open(Path(job["index"]))
    system.add(job["record"], Path(job["index"]))
    return {}


def _timed(do: Callable[[str], Any], questions: Sequence[str]) -> list[float]:
    """The milliseconds of each question except the first ones."""
    found = []
    for question in questions:
        started = time.perf_counter()
        do(question)
        found.append(1e3 * (time.perf_counter() - started))
    return found[_WARMING:]
