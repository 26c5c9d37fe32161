"""What is known of each file of the corpus folder, and which documents and passages it gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..text.stored import typed

FileStatus = Literal["indexed", "empty", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What is known of one file of the corpus folder; `reason` says why it, or a part of it, is not indexed.

    `sha256` is of the file's bytes (empty where they were not read), `size` in bytes, `mtime_ns` the time of
    its last change in nanoseconds, `title` what to show, `documents` and `passages` how many it gave, `pages`
    how many it has (0 where its format has none), `language` that of most of its documents (ISO 639-1, or
    empty), `indexed` when it was read for the index (ISO time).
    """

    path: str
    size: int
    mtime_ns: int
    sha256: str = ""
    status: FileStatus = "indexed"
    reason: str = ""
    title: str = ""
    documents: int = 0
    passages: int = 0
    pages: int = 0
    language: str = ""
    indexed: str = ""

    def as_json(self) -> dict[str, Any]:
        """The form of the manifest and the store. (`asdict` takes ten times as long, for many files.)"""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, data: object) -> FileRecord:
        """The record again; raises ValueError where it is none."""
        values = typed(data, dict)
        if not values.keys() >= {"path", "size", "mtime_ns"} or not values.keys() <= set(cls.__slots__):
            raise ValueError("these are not the facts of a file")
        for name, value in values.items():
            typed(value, int if name in _NUMBERS else str)
        return cls(**values)


_NUMBERS = frozenset({"size", "mtime_ns", "documents", "passages", "pages"})


@dataclass(frozen=True, slots=True)
class Part:
    """Documents and passages that stand together in a generation, by their numbers."""

    documents: range
    passages: range


def parts_of(records: Mapping[str, FileRecord]) -> dict[str, Part]:
    """Which documents and passages each file gave, by its path: they are numbered in the order of the records."""
    found, documents, passages = {}, 0, 0
    for path, record in records.items():
        after = documents + record.documents, passages + record.passages
        found[path] = Part(range(documents, after[0]), range(passages, after[1]))
        documents, passages = after
    return found


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """A document's file, the title to show, and author, date, URL … as far as it has them."""

    file: FileRecord
    title: str
    metadata: Mapping[str, str]
