"""bm25s: word search only, used as in its documentation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bm25s

from benchmarks.peers import Counts, Record, encoded, read, serve


class Words:
    """A saved index with its texts; it has no embeddings, and an addition would need a new index."""

    def load(self, model: str, index: Path) -> None:
        """There is no encoder."""

    def encode(self, texts: Sequence[str]) -> Any:
        raise NotImplementedError

    def build(self, corpus: Path, index: Path, rows: str) -> Counts:
        texts = [encoded(record) for record in read(corpus)]
        retriever = bm25s.BM25(corpus=texts)
        retriever.index(bm25s.tokenize(texts, stopwords="en", show_progress=False), show_progress=False)
        retriever.save(str(index), corpus=texts)
        return {"passages": len(texts)}

    def open(self, index: Path) -> None:
        self._index = bm25s.BM25.load(str(index), load_corpus=True, mmap=True)

    def ask(self, question: str) -> list[str]:
        tokens = bm25s.tokenize(question, stopwords="en", show_progress=False)
        documents, _ = self._index.retrieve(tokens, k=5, show_progress=False)
        return [entry["text"] for entry in documents[0]]

    def add(self, record: Record, index: Path) -> None:
        raise NotImplementedError


if __name__ == "__main__":
    serve(Words())
