"""Chroma: a persistent collection (HNSW, its defaults), with embeddings of sentence-transformers. No word search.

The embeddings are passed to it, since it would download its own encoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
from sentence_transformers import SentenceTransformer

from benchmarks.peers import Counts, Record, encoded, read, serve

_BATCH = 5_000  # its limit is 5,461


class Chroma:
    """One collection named `passages`."""

    def load(self, model: str, index: Path) -> None:
        self._model = SentenceTransformer(model, device="cpu")

    def encode(self, texts: Sequence[str]) -> Any:
        return self._model.encode(list(texts), normalize_embeddings=True)

    def build(self, corpus: Path, index: Path, rows: str) -> Counts:
        records = read(corpus)
        texts = [encoded(record) for record in records]
        embeddings = np.load(rows)[[r["row"] for r in records]] if rows else self.encode(texts)
        collection = _client(index).create_collection(
            "passages", embedding_function=None, configuration={"hnsw": {"space": "ip"}}
        )
        for start in range(0, len(texts), _BATCH):
            part = slice(start, start + _BATCH)
            names = [str(number) for number in range(len(texts))[part]]
            collection.add(ids=names, documents=texts[part], embeddings=embeddings[part])
        return {"passages": len(records)}

    def open(self, index: Path) -> None:
        self._collection = _client(index).get_collection("passages", embedding_function=None)

    def ask(self, question: str) -> list[str]:
        result = self._collection.query(query_embeddings=self.encode([question]), n_results=5)
        return list((result["documents"] or [[]])[0])

    def add(self, record: Record, index: Path) -> None:
        text = encoded(record)
        self._collection.add(ids=[record["title"]], documents=[text], embeddings=self.encode([text]))


def _client(index: Path) -> Any:
    return chromadb.PersistentClient(str(index), chromadb.Settings(anonymized_telemetry=False))


if __name__ == "__main__":
    serve(Chroma())
