"""The tutorial solution: sentence-transformers with its defaults, and FAISS's IndexFlatIP over the passages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from sentence_transformers import SentenceTransformer

from benchmarks.peers import Counts, Record, encoded, read, serve


class Plain:
    """The texts in a JSON file, the embeddings in a FAISS index."""

    def load(self, model: str, index: Path) -> None:
        self._model = SentenceTransformer(model, device="cpu")

    def encode(self, texts: Sequence[str]) -> Any:
        return self._model.encode(list(texts), normalize_embeddings=True)

    def build(self, corpus: Path, index: Path, rows: str) -> Counts:
        records = read(corpus)
        self._texts = [encoded(record) for record in records]
        embeddings = np.load(rows)[[r["row"] for r in records]] if rows else self.encode(self._texts)
        self._index: faiss.Index = faiss.IndexFlatIP(embeddings.shape[1])
        self._index.add(embeddings)
        self._save(index)
        return {"passages": len(records)}

    def open(self, index: Path) -> None:
        self._index = faiss.read_index(str(index / "vectors.faiss"))
        self._texts = json.loads((index / "texts.json").read_text("utf-8"))

    def ask(self, question: str) -> list[str]:
        _, numbers = self._index.search(self.encode([question]), 5)
        return [self._texts[i] for i in numbers[0]]

    def add(self, record: Record, index: Path) -> None:
        self._texts.append(encoded(record))
        self._index.add(self.encode(self._texts[-1:]))
        self._save(index)

    def _save(self, index: Path) -> None:
        index.mkdir(parents=True, exist_ok=True)
        faiss.write_index(self._index, str(index / "vectors.faiss"))
        (index / "texts.json").write_text(json.dumps(self._texts), "utf-8")


if __name__ == "__main__":
    serve(Plain())
