"""Shared by the benchmarks: the sets and their split, caches of embeddings and judgements, a line on the machine."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import sqlite3
import string
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qa.models.protocols import AnswerSpan, Encoder, Judgement, Vectors
from qa.models.reader import DESCRIPTION, shipped_folder, shipped_reader
from qa.text.document import Span
from qa.text.passage import Passage

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
SETS = SHARED / "eval"
ARTICLES = SHARED / "articles"
CACHE = ROOT / "benchmarks" / ".cache"
COSINE = 0.9  # of an embedding that is made up to the real one that it was made from

Part = Literal["train", "fit", "held-out"]
# The SQuAD articles that the reader was not trained on (docs/reader.md), by title: weights and thresholds are fitted on
# the first group, and figures are measured on the second.
FIT_ARTICLES = frozenset(
    {
        "1973 oil crisis",
        "Construction",
        "European Union law",
        "Huguenot",
        "Intergovernmental Panel on Climate Change",
        "Nikola Tesla",
    }
)
HELD_OUT_ARTICLES = frozenset(
    {
        "Doctor Who",
        "Economic inequality",
        "French and Indian War",
        "Fresno, California",
        "Genghis Khan",
        "Packet switching",
        "Prime number",
        "Scottish Parliament",
        "Steam engine",
        "Super Bowl 50",
        "United Methodist Church",
        "Warsaw",
    }
)
_FOUND = np.dtype([("sentence", "<i4", 2), ("span", "<i4", 2), ("margin", "<f4"), ("unit", "<f4")])


def off_topic_questions() -> list[tuple[str, str]]:
    """(id, text) of real search questions that no development set covers."""
    lines = (SETS / "off-topic-questions.jsonl").read_text("utf-8").splitlines()
    return [(row["_id"], row["text"]) for row in map(json.loads, lines)]


def in_fit(query_id: str) -> bool:
    """Whether a question belongs to the half that the confidence model is fitted on."""
    return zlib.crc32(query_id.encode()) % 2 == 0


def part_of(title: str) -> Part:
    """The part that a SQuAD article belongs to, by its title."""
    return "fit" if title in FIT_ARTICLES else "held-out" if title in HELD_OUT_ARTICLES else "train"


class _Rows:
    """A key-value store of bytes in a file of the cache, which can be deleted at any time."""

    def __init__(self, name: str) -> None:
        CACHE.mkdir(exist_ok=True)
        self._sqlite = sqlite3.connect(CACHE / f"{name}.sqlite", check_same_thread=False)
        self._sqlite.execute("PRAGMA synchronous = OFF")
        self._sqlite.execute("CREATE TABLE IF NOT EXISTS rows (key BLOB PRIMARY KEY, row BLOB) WITHOUT ROWID")

    def get(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The stored rows of these keys."""
        wanted = "SELECT key, row FROM rows WHERE key = ?"
        return dict(row for key in keys for row in self._sqlite.execute(wanted, (key,)))

    def put(self, rows: Mapping[bytes, bytes]) -> None:
        self._sqlite.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?)", rows.items())
        self._sqlite.commit()


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


class CachingEncoder:
    """An encoder that caches embeddings on disk, so that a benchmark can be repeated in a minute.

    Never use it where speed is measured.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.identity = encoder.identity
        self.languages = encoder.languages
        self.count_tokens = encoder.count_tokens
        self._rows = _Rows(hashlib.sha256(json.dumps(encoder.identity.as_json()).encode()).hexdigest()[:16])

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode("p", texts)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode("q", texts)

    def _encode(self, side: str, texts: Sequence[str]) -> Vectors:
        keys = [_key(f"{side}{text}") for text in texts]
        rows: dict[bytes, Vectors] = {
            key: np.frombuffer(row, dtype=np.float32) for key, row in self._rows.get(keys).items()
        }
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in rows}
        if missing:
            encode = self._encoder.encode_queries if side == "q" else self._encoder.encode_passages
            encoded = encode(list(missing.values()))
            rows.update(zip(missing, encoded, strict=True))
            self._rows.put({key: rows[key].tobytes() for key in missing})
        return np.stack([rows[key] for key in keys]) if keys else np.zeros((0, self.identity.dimension), np.float32)


class CachingReader:
    """The shipped reader with unlimited time and a cache of its judgements on disk.

    The cache is keyed by the model's sha256: delete it when qa/models/reader.py computes judgements differently. Never
    use it to measure speed.
    """

    def __init__(self) -> None:
        described = json.loads((shipped_folder() / DESCRIPTION).read_text("utf-8"))
        self.model: str = described["files"]["model.onnx"]
        self._rows = _Rows(f"read-{self.model[:16]}")

    def read(self, question: str, passages: Sequence[Passage], seconds: float) -> list[Judgement | None]:
        keys = [_pair_key(question, passage) for passage in passages]
        outputs = self._rows.get(keys)
        missing = {key: passage for key, passage in zip(keys, passages, strict=True) if key not in outputs}
        if missing:
            made = shipped_reader().read(question, list(missing.values()), float("inf"))
            new = zip(missing.items(), made, strict=True)
            rows = {key: _row(judgement, passage.span.start) for (key, passage), judgement in new}
            self._rows.put(rows)
            outputs |= rows
        return [_judgement(outputs[key], passage.span.start) for key, passage in zip(keys, passages, strict=True)]


def _pair_key(question: str, passage: Passage) -> bytes:
    sentences = [(span.start - passage.span.start, len(span)) for span in passage.sentences]
    return _key(json.dumps([question, passage.read, len(passage.text), sentences, passage.language]))


def _row(judgement: Judgement | None, start: int) -> bytes:
    """A judgement packed into bytes, with offsets relative to `start`; empty for None."""
    if judgement is None:
        return b""
    rows = [(_range(f.sentence, start), _range(f.span, start), f.margin, f.unit) for f in judgement.answers]
    return bytes(np.float32(judgement.relevance).tobytes() + np.array(rows, dtype=_FOUND).tobytes())


def _judgement(row: bytes, start: int) -> Judgement | None:
    if not row:
        return None
    found = (
        AnswerSpan(_span(sentence, start), _span(span, start), float(margin), float(unit))
        for sentence, span, margin, unit in np.frombuffer(row[4:], dtype=_FOUND).tolist()
    )
    return Judgement(float(np.frombuffer(row[:4], dtype=np.float32)[0]), tuple(found))


def _range(span: Span, start: int) -> tuple[int, int]:
    return span.start - start, span.end - start


def _span(ends: Sequence[int], start: int) -> Span:
    return Span(int(ends[0]) + start, int(ends[1]) + start)


def f1(given: str, answer: str) -> float:
    """The F1 of the words, without articles and punctuation (Rajpurkar et al. 2016)."""
    a, b = plain(given).split(), plain(answer).split()
    common = sum((Counter(a) & Counter(b)).values())
    return 2 * common / (len(a) + len(b)) if common else float(a == b)


def plain(text: str) -> str:
    """The words of a short answer, normalised for comparison."""
    text = "".join(character for character in text.lower() if character not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def mean(rows: Vectors) -> float:
    """The mean of numbers."""
    return float(rows.mean())


def interval(
    sides: Sequence[Sequence[float] | NDArray[np.float64]], figure: Callable[..., float] = mean, samples: int = 1_000
) -> tuple[float, float, float]:
    """A statistic of one or more samples, with its 95 % bootstrap interval."""
    random, arrays = np.random.default_rng(1), [np.asarray(side, dtype=float) for side in sides]
    resampled = [figure(*(a[random.integers(0, len(a), len(a))] for a in arrays)) for _ in range(samples)]
    low, high = np.percentile(resampled, [2.5, 97.5])
    return figure(*arrays), float(low), float(high)


def machine() -> str:
    """One line that describes this machine, for the head of a report."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
