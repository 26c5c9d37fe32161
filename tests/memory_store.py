"""Generations in the memory of this process: the smallest store that passes the contract suite, as a plug-in would."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from qa.corpus.records import FileRecord, Part
from qa.index.generation import OpenGeneration
from qa.index.manifest import Manifest
from qa.index.protocols import Rows
from qa.index.rows import full_row
from qa.index.store import Store
from qa.index.workspace import new_folder
from qa.index.writer import Writer, Written
from qa.models.protocols import Vectors
from qa.text.document import Document


@dataclass
class Tables:
    """The content of a generation."""

    files: list[FileRecord] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    passages: list[tuple[Any, ...]] = field(default_factory=list)
    vectors: list[Vectors] = field(default_factory=list)


GENERATIONS: dict[str, dict[str, MemoryGeneration]] = {}  # of each URL, oldest first


class MemoryGeneration(OpenGeneration):
    def __init__(self, manifest: Manifest, tables: Tables) -> None:
        self.manifest = manifest
        self._tables = tables
        self._numbers = {document.path: number for number, document in enumerate(tables.documents)}
        self._vectors = np.concatenate([np.empty((0, int(manifest.encoder["dimension"])), np.float32), *tables.vectors])

    def files(self) -> Iterable[FileRecord]:
        return self._tables.files

    def body(self, wanted: int | str) -> tuple[int, Document] | None:
        number = self._numbers.get(wanted) if isinstance(wanted, str) else wanted
        return None if number is None else (number, self._tables.documents[number])

    def rows(self, ids: Sequence[int]) -> Iterable[Sequence[Any]]:
        return [self._tables.passages[number] for number in ids]

    def vectors(self, ids: Sequence[int]) -> Vectors:
        return np.asarray(self._vectors[list(ids)])


class MemoryWriter(Writer):
    def __init__(self, store: MemoryStore, *begun: Any) -> None:
        super().__init__(new_folder(store.index), *begun)
        self._store = store
        self._tables = Tables()

    def insert(self, record: FileRecord, documents: Sequence[Written], vectors: Rows, part: Part) -> None:
        tables = self._tables
        for document, passages in documents:
            tables.documents.append(replace(document, blocks=()))
            for order, passage in enumerate(passages):
                tables.passages.append(full_row(len(tables.passages), passage, order))
        tables.vectors.append(vectors[:].astype(np.float16).astype(np.float32))

    def finish(self, keep: int) -> str:
        self._tables.files = list(self.records)
        languages = sorted({document.language for document in self._tables.documents})
        manifest = self.completed(self._store.next_id(), languages, {})
        self._store.generations[manifest.id] = MemoryGeneration(manifest, self._tables)
        self._store.prune(keep)
        return manifest.id


class MemoryStore(Store[MemoryGeneration]):
    def __init__(self, url: str, index: Path) -> None:
        super().__init__(index)
        self.generations = GENERATIONS.setdefault(url, {})

    def current_id(self) -> str | None:
        return max(self.generations, default=None)

    def next_id(self) -> str:
        return f"{int(self.current_id() or 0) + 1:06d}"

    def open(self, generation: str) -> MemoryGeneration:
        return self.generations[generation]

    def writer(
        self,
        manifest: Manifest,
        previous: MemoryGeneration | None = None,
        step: Callable[[], None] = lambda: None,
    ) -> MemoryWriter:
        return MemoryWriter(self, manifest, previous, step)

    def prune(self, keep: int) -> None:
        super().prune(keep)
        for generation in sorted(self.generations)[: -max(1, keep)]:
            del self.generations[generation]
