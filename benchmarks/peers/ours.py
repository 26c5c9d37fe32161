"""This program, through `build_index` and `Engine`."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.peers import Counts, Record, serve
from qa import Config, Engine
from qa.models.protocols import Encoder, Vectors
from qa.models.token_counts import tokenizer_file
from qa.text.passage import context

SCALE = Path(__file__).resolve().parents[3] / "shared" / "eval" / "scale-corpus.jsonl.gz"
_NOT_WORDS = re.compile(r"\W+")


class LookupEncoder:
    """An encoder that looks up the embeddings of passages in `rows` and encodes questions.

    `texts` are those of the rows, in order; a text is identified by its letters and digits. A passage that is not among
    them, such as a part of a long one, gets the row of another, chosen by its hash: time and memory of an index depend
    on realistic rows, not on the right ones. `stand_ins` counts such passages.
    """

    def __init__(self, encoder: Encoder, rows: Vectors, texts: Iterable[str]) -> None:
        self._rows = rows
        self._places = {_key(text): place for place, text in enumerate(texts)}
        self.identity = encoder.identity
        self.languages = encoder.languages
        self.count_tokens = encoder.count_tokens
        self.tokenizer_file = tokenizer_file(encoder)
        self.encode_queries = encoder.encode_queries
        self.stand_ins = 0

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        keys = [_key(text) for text in texts]
        self.stand_ins += sum(key not in self._places for key in keys)
        places = [self._places.get(key, int.from_bytes(key, "little") % len(self._rows)) for key in keys]
        return np.array(self._rows[places], dtype=np.float32)


class Ours:
    """The program with its defaults; its index folder was created by `qa build`, on any corpus."""

    def load(self, model: str, index: Path) -> None:
        """The shipped weights are those of `model`; the encoder is measured in the form that this index uses."""
        self._engine = Engine.open(Config.from_env(os.environ, index.parent / "corpus", index))
        self._encoder = self._engine.encoder

    def encode(self, texts: Sequence[str]) -> Vectors:
        return self._encoder.encode_passages(texts)

    def build(self, corpus: Path, index: Path, rows: str) -> Counts:
        from qa.build.standalone import build_index

        if not rows:
            raise NotImplementedError  # `qa build` does that
        with gzip.open(SCALE, "rt", encoding="utf-8") as lines:
            texts = [". ".join((*filter(None, context(r["title"], ())), r["text"])) for r in map(json.loads, lines)]
        encoder = LookupEncoder(self._encoder, np.load(rows, mmap_mode="r"), texts)
        report = build_index(Config(corpus, index), encoder)  # files are read in the sandbox, as `qa build` does
        return {"passages": report.passages, "stand_ins": encoder.stand_ins}

    def open(self, index: Path) -> None:
        self._engine.preflight()

    def ask(self, question: str) -> list[str]:
        return [citation.text for citation in self._engine.ask(question).citations]

    def add(self, record: Record, index: Path) -> None:
        raise NotImplementedError  # `qa build` does that


def _key(text: str) -> bytes:
    return hashlib.blake2b(_NOT_WORDS.sub("", text).encode("utf-8", "replace"), digest_size=16).digest()


if __name__ == "__main__":
    serve(Ours())
