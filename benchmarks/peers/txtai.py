"""txtai, hybrid: its defaults with `hybrid` and `content` on (faiss, its BM25, texts in SQLite)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from txtai import Embeddings

from benchmarks.peers import Counts, Record, encoded, read, serve


class Txtai:
    """One saved `Embeddings`."""

    _embeddings: Any = None

    def load(self, model: str, index: Path) -> None:
        self._settings = {"path": model, "hybrid": True, "content": True, "gpu": False}

    def encode(self, texts: Sequence[str]) -> Any:
        if self._embeddings is None:
            self._embeddings = Embeddings(self._settings)
        return self._embeddings.batchtransform(list(texts))

    def build(self, corpus: Path, index: Path, rows: str) -> Counts:
        records = read(corpus)
        texts = [encoded(record) for record in records]
        settings = dict(self._settings)
        if rows:
            known, given = dict(zip(texts, (r["row"] for r in records), strict=True)), np.load(rows, mmap_mode="r")
            del settings["path"]
            settings |= {"method": "external", "transform": lambda batch: given[[known[text] for text in batch]]}
        embeddings = Embeddings(settings)
        embeddings.index(texts)
        if rows:  # questions are still encoded by the model
            embeddings.config |= {"method": "transformers", "path": self._settings["path"]}
            del embeddings.config["transform"]
        embeddings.save(str(index))
        return {"passages": len(records)}

    def open(self, index: Path) -> None:
        self._embeddings = Embeddings()
        self._embeddings.load(str(index))

    def ask(self, question: str) -> list[str]:
        return [row["text"] for row in self._embeddings.search(question, 5)]

    def add(self, record: Record, index: Path) -> None:
        self._embeddings.upsert([(record["title"], encoded(record), None)])
        self._embeddings.save(str(index))


if __name__ == "__main__":
    serve(Txtai())
