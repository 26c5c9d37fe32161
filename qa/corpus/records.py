"""The records of the files of the corpus folder, and the documents and passages that each file yielded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..text.stored import typed

FileStatus = Literal["indexed", "empty", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of the corpus folder; `reason` is why all or part of it is not indexed.

    `sha256` is that of the file's bytes (empty if they were not read), `size` is in bytes, `mtime_ns` the time of its
    last modification in nanoseconds, and `title` the title to show. `documents` and `passages` count what it yielded,
    and `pages` its pages (0 if its format has none). `language` is that of most of its documents (ISO 639-1, or empty),
    and `indexed` the time when it was indexed (ISO 8601). `ctime_ns` is when the system last changed anything about the
    file (on Windows: when it was made), in nanoseconds; 0 if unknown, as in an older index. `note` says how it was read
    where a reader should know, though nothing is missing: "read from an image". `work` is the digest of what a
    reference manager says of it, if one does.
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
    ctime_ns: int = 0
    note: str = ""
    work: str = ""

    @property
    def stamp(self) -> tuple[int, int, int]:
        """Size and times, of which a write changes one: a program can set `mtime_ns` back, but not `ctime_ns`."""
        return self.size, self.mtime_ns, self.ctime_ns

    def stamped(self, other: FileRecord) -> FileRecord:
        """This record with the size and the times of `other`, a record of the same bytes."""
        return replace(self, size=other.size, mtime_ns=other.mtime_ns, ctime_ns=other.ctime_ns)

    def as_json(self) -> dict[str, Any]:
        """The JSON value that a store keeps. (`asdict` would take ten times as long.)"""
        values = {name: getattr(self, name) for name in self.__slots__}
        if not self.work:
            del values["work"]
        return values

    @classmethod
    def from_json(cls, data: object) -> FileRecord:
        """The record of a JSON value. Raises ValueError if it is invalid."""
        values = typed(data, dict)
        if not values.keys() >= {"path", "size", "mtime_ns"} or not values.keys() <= set(cls.__slots__):
            raise ValueError("not the record of a file")
        for name, value in values.items():
            if type(value) is not (int if name in _NUMBERS else str):
                raise ValueError(f"{name} of a file is of the wrong type")
        return cls(**values)


_NUMBERS = frozenset({"size", "mtime_ns", "ctime_ns", "documents", "passages", "pages"})


@dataclass(frozen=True, slots=True)
class Head:
    """A document without its text; `file` is the record of the file that it comes from."""

    path: str
    title: str
    metadata: Mapping[str, str]
    file: FileRecord


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive documents and passages of a generation, by their numbers."""

    documents: range
    passages: range


def parts_of(records: Mapping[str, FileRecord]) -> dict[str, Part]:
    """The documents and passages of each file, by its path; they are numbered in the order of the records."""
    parts, documents, passages = {}, 0, 0
    for path, record in records.items():
        ends = documents + record.documents, passages + record.passages
        parts[path] = Part(range(documents, ends[0]), range(passages, ends[1]))
        documents, passages = ends
    return parts


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """A document's file, the title to show, and its metadata (author, date, URL …), as far as it has them."""

    file: FileRecord
    title: str
    metadata: Mapping[str, str]
