"""What is measured beside this program: one module a system, each run in a process of its own.

A module makes a `System` and gives it to `serve`, which reads one job as JSON from standard input and prints what it
measured as the last line. It knows nothing about this program: the peers live in another environment.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

_WARMING = 5  # questions, or passages, before the clock runs
Record = dict[str, Any]  # title, text and row: its place in the file of embeddings
Counts = dict[str, int]


class System(Protocol):
    """One contestant. What it cannot do raises NotImplementedError, and its cell stays empty."""

    def load(self, model: str, index: Path) -> None:
        """Load the encoder from its folder; `index` is where an index is, or will be."""

    def encode(self, texts: Sequence[str]) -> Any:
        """Embeddings as its users make them: its own defaults."""

    def build(self, corpus: Path, index: Path, rows: str) -> Counts:
        """Read the files, encode, and save the index; with `rows` (a .npy file) the embeddings are taken from there.

        Returns how many passages there are.
        """

    def open(self, index: Path) -> None:
        """Open what was saved; the encoder is loaded."""

    def ask(self, question: str) -> list[str]:
        """The texts of five passages."""

    def add(self, record: Record, index: Path) -> None:
        """Take one record into the opened index and save it."""


def read(corpus: Path) -> list[Record]:
    """All records of a folder of JSON Lines files."""
    return [json.loads(line) for path in sorted(corpus.glob("*.jsonl")) for line in path.open(encoding="utf-8")]


def encoded(record: Record) -> str:
    """What is encoded of a record, here as in this program: its title and its text."""
    return f"{record['title']}. {record['text']}"


def memory_mb(process: int | str = "self") -> dict[str, float]:
    """Resident memory of a process: all of it, and the part that is not pages of files (Linux)."""
    lines = (line.split() for line in Path(f"/proc/{process}/status").read_text().splitlines())
    found = {line[0]: int(line[1]) / 1e3 for line in lines if line and line[0] in ("VmRSS:", "RssAnon:")}
    return {"resident_mb": found["VmRSS:"], "anonymous_mb": found["RssAnon:"]}


def serve(system: System) -> None:
    """Do the job that stands on standard input."""
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
    """Milliseconds of each question but the first ones."""
    found = []
    for question in questions:
        started = time.perf_counter()
        do(question)
        found.append(1e3 * (time.perf_counter() - started))
    return found[_WARMING:]
