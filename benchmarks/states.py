"""Measures what earlier states cost: `python -m benchmarks.states [FOLDER | --records FILE] [--builds N]`.

Articles are copied from FOLDER, or made of the records of a JSONL file (five passages each), indexed, and changed N
times: of one article in a hundred, a sentence is replaced by the words of another. Then the earliest state is asked.
The table shows the bytes of one whole generation, those that a state costs (in the history, and as part of what its
file grows by), the seconds that a build spends on them, and the seconds until a state can be asked for the first time
and again. Embeddings are random, since their values change neither.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import re
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qa.build import build
from qa.config import Config
from qa.index.local.history import History
from qa.index.local.history_file import NAME
from qa.index.local.store import LocalStore
from qa.models.protocols import EncoderIdentity, Vectors

_DIMENSION = 384
_PER_ARTICLE = 5
_RECORDS = 3_400  # some 5,000 passages
_SENTENCE = re.compile(r"[A-Z][^.!?\n|#]{30,200}[.!?]")


class RandomEncoder:
    """A unit vector for each text, of the dimension of the shipped encoder."""

    identity = EncoderIdentity("random", hashlib.sha256(b"random").hexdigest(), _DIMENSION, 256, True, "", "")
    languages: tuple[str, ...] = ("en",)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._vector(text) for text in texts])

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self.encode_passages(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) // 4 + 2 for text in texts]

    def knows_word(self, _word: str) -> bool:
        return True

    def _vector(self, text: str) -> Vectors:
        seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
        vector: Vectors = np.random.default_rng(seed).standard_normal(_DIMENSION).astype(np.float32)
        vector /= np.linalg.norm(vector)
        return vector


def from_records(file: Path, folder: Path) -> None:
    """Write articles of five records each, as many as have some 5,000 passages."""
    folder.mkdir(parents=True)
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for _, line in zip(range(_RECORDS), lines, strict=False)]
    for number in range(0, len(records), _PER_ARTICLE):
        parts = [f"## {each.get('title') or 'Part'} {n}\n\n{each['text']}\n" for n, each in
                 enumerate(records[number : number + _PER_ARTICLE])]  # fmt: skip
        (folder / f"a{number:05d}.md").write_text(f"# Article {number}\n\n" + "\n".join(parts), "utf-8")


def change(files: Sequence[Path], choose: random.Random) -> int:
    """Replace a sentence in one file of a hundred by one of another; return how many were changed."""
    changed = 0
    for path in choose.sample(files, max(1, len(files) // 100)):
        text = path.read_text("utf-8")
        found = _SENTENCE.findall(text)
        if found:
            old = choose.choice(found)
            path.write_text(text.replace(old, f"Since then, {old[0].lower()}{old[1:]}", 1), "utf-8")
            changed += 1
    return changed


def measure(config: Config, builds: int) -> dict[str, Any]:
    encoder, choose = RandomEncoder(), random.Random(7)
    report = build(config, encoder)
    files = sorted(path for path in config.corpus.rglob("*.md"))
    seconds, grown, changed, built = [], [], [], []
    record = History._record
    spent = [0.0]

    def timed(self: History, days: int) -> None:
        started = time.thread_time()
        record(self, days)
        spent[0] += time.thread_time() - started

    History._record = timed  # type: ignore[method-assign]
    for _ in range(builds):
        spent[0], before = 0.0, size_of(config.index / NAME)
        changed.append(change(files, choose))
        started = time.process_time()
        report = build(config, encoder)
        built.append(time.process_time() - started)
        seconds.append(spent[0])
        grown.append(size_of(config.index / NAME) - before)
    History._record = record  # type: ignore[method-assign]
    store = LocalStore(config.index, config.as_of_days)
    states = store.states()
    whole = size_of(config.index / "generations" / report.generation)
    opening = []
    for _ in range(2):
        started, clock = time.process_time(), time.perf_counter()
        store.open_state(states[0]).close()
        opening.append((time.process_time() - started, time.perf_counter() - clock))
    return {
        "files": len(files), "passages": report.passages, "changed": statistics.mean(changed),
        "generation_bytes": whole, "state_bytes": round(statistics.mean(each.size for each in states[:-1])),
        "file_bytes": size_of(config.index / NAME) / len(states[:-1]),
        "grown_bytes": statistics.median(grown), "build_seconds": statistics.median(built),
        "record_seconds": statistics.median(seconds), "first_seconds": opening[0], "again_seconds": opening[1],
        "unshared_blocks": unshared(config.index / "generations"),
    }  # fmt: skip


def unshared(generations: Path) -> float:
    """Of the last generation's blocks of 4 kB, the share that the generation before lacks: what linking could save."""
    *_, before, last = sorted(generations.iterdir())
    known = set(_blocks(before))
    blocks = list(_blocks(last))
    return sum(each not in known for each in blocks) / len(blocks)


def _blocks(folder: Path) -> list[bytes]:
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            parts = (data[at : at + 4_096] for at in range(0, len(data), 4_096))
            found += [hashlib.blake2b(part, digest_size=16).digest() for part in parts]
    return found


def size_of(place: Path) -> int:
    """The bytes of a file or of all files in a folder."""
    files = [place] if place.is_file() else [path for path in place.rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--records", type=Path)
    parser.add_argument("--builds", type=int, default=8)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        corpus = Path(place, "corpus")
        if chosen.records:
            from_records(chosen.records, corpus)
        else:
            shutil.copytree(chosen.folder, corpus)
        found = measure(Config(corpus=corpus, index=Path(place, "index"), reader="off"), chosen.builds)
    for name, value in found.items():
        print(f"{name:18} {value}")
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
