"""What the benchmarks share: where the sets are, questions off any topic, a cache of embeddings, the machine."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sqlite3
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from qa.types import Encoder, Vectors

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
SETS = SHARED / "eval"
ARTICLES = SHARED / "articles"
CACHE = ROOT / "benchmarks" / ".cache"


def off_topic_questions() -> list[tuple[str, str]]:
    """(id, text) of real search questions that no development set is about."""
    lines = (SETS / "off-topic-questions.jsonl").read_text("utf-8").splitlines()
    return [(row["_id"], row["text"]) for row in map(json.loads, lines)]


def in_fit(query_id: str) -> bool:
    """Whether a question belongs to the half that the confidence model is fitted on."""
    return zlib.crc32(query_id.encode()) % 2 == 0


class CachingEncoder:
    """An encoder that remembers on disk what it encoded, so that a benchmark can be run again in a minute.

    Never use it where speed is measured.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.identity = encoder.identity
        self.languages = encoder.languages
        self.count_tokens = encoder.count_tokens
        CACHE.mkdir(exist_ok=True)
        name = hashlib.sha256(json.dumps(encoder.identity.as_json()).encode()).hexdigest()[:16]
        self._sqlite = sqlite3.connect(CACHE / f"{name}.sqlite", check_same_thread=False)
        self._sqlite.execute("PRAGMA synchronous = OFF")  # it can be made again
        self._sqlite.execute("CREATE TABLE IF NOT EXISTS rows (key BLOB PRIMARY KEY, row BLOB) WITHOUT ROWID")

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode("p", texts)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode("q", texts)

    def _encode(self, side: str, texts: Sequence[str]) -> Vectors:
        keys = [hashlib.blake2b(f"{side}{text}".encode(), digest_size=16).digest() for text in texts]
        found: dict[bytes, Vectors] = {}
        for key in keys:
            for (row,) in self._sqlite.execute("SELECT row FROM rows WHERE key = ?", (key,)):
                found[key] = np.frombuffer(row, dtype=np.float32)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing:
            encode = self._encoder.encode_queries if side == "q" else self._encoder.encode_passages
            made = encode(list(missing.values()))
            found.update(zip(missing, made, strict=True))
            rows = [(key, found[key].tobytes()) for key in missing]
            self._sqlite.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?)", rows)
            self._sqlite.commit()
        return np.stack([found[key] for key in keys]) if keys else np.zeros((0, self.identity.dimension), np.float32)


def machine() -> str:
    """One line about this machine, for the head of a report."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
