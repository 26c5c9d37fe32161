"""The state of the index and of every file in the folder: indexed, pending or failed, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .corpus import documents
from .corpus.documents import CorpusFile
from .corpus.folders import Corpus
from .corpus.records import FileRecord
from .formats import kind
from .index.generation import OpenGeneration


@dataclass(frozen=True, slots=True)
class FileState:
    """A file's record in the index (or in the folder, if it is new), and what a rebuild would change.

    `pending` is "new", "changed" or "removed", or "" if the index is up to date with the file.
    """

    record: FileRecord
    pending: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the index and of every file; `generation` is "" before the first build.

    `encoder_languages` are those that the encoder was trained for (ISO 639-1); empty if unknown. `store` is None for
    the index folder of this machine; otherwise it contains the `address`, the `server`, and as `words` whether the
    server scores the words of a question ("engine") or only finds passages with its rarest words ("rescored").
    """

    generation: str
    created: str
    encoder: str
    documents: int
    passages: int
    files: tuple[FileState, ...]
    encoder_languages: tuple[str, ...] = ()
    store: Mapping[str, str] | None = None

    def covers(self, language: str) -> bool:
        """Whether the encoder was trained for a language; true if either is unknown."""
        return not language or not self.encoder_languages or language in self.encoder_languages

    @property
    def counts(self) -> dict[str, int]:
        """The number of files in each state; "files" counts those in the folder, so not the removed ones."""
        counts = dict.fromkeys(("indexed", "empty", "failed", "skipped", "pending", "removed"), 0)
        for file in self.files:
            counts[{"": file.record.status, "removed": "removed"}.get(file.pending, "pending")] += 1
        return {"files": len(self.files) - counts["removed"], **counts}

    def as_json(self) -> dict[str, Any]:
        """The object of `qa status --json`."""
        return {
            "generation": self.generation or None,
            "created": self.created or None,
            "encoder": self.encoder or None,
            "encoder_languages": list(self.encoder_languages),
            "documents": self.documents,
            "passages": self.passages,
            "store": None if self.store is None else dict(self.store),
            "counts": self.counts,
            "files": [
                {
                    "document": file.record.path,
                    "status": None if file.pending == "new" else file.record.status,
                    "pending": file.pending or None,
                    "reason": file.record.reason or None,
                    "note": file.record.note or None,
                    "title": file.record.title,
                    "kind": kind(file.record.path),
                    "documents": file.record.documents,
                    "covered": self.covers(file.record.language),
                    "passages": file.record.passages,
                    "pages": file.record.pages or None,
                    "language": file.record.language or None,
                    "indexed": file.record.indexed or None,
                    "size": file.record.size,
                    "sha256": file.record.sha256 or None,
                }
                for file in self.files
            ],
        }


def status_of(
    generation: OpenGeneration | None,
    files: Iterable[CorpusFile] | None,
    corpus: Corpus,
    store: Mapping[str, str] | None,
) -> Status:
    """Compare a generation (None before the first build) with the `files` in the corpus folder.

    `files` is None if the articles are on another machine: then the status is that of the generation alone.
    """
    records = dict(generation.records) if generation else {}
    states = map(FileState, records.values()) if files is None else _compare(records, files, corpus)
    manifest = generation.manifest if generation else None
    return Status(
        generation=generation.id if generation else "",
        created=manifest.created if manifest else "",
        encoder=str(manifest.encoder.get("name", "")) if manifest else "",
        documents=manifest.documents if manifest else 0,
        passages=manifest.passages if manifest else 0,
        files=tuple(sorted(states, key=lambda state: state.record.path)),
        encoder_languages=manifest.encoder_languages if manifest else (),
        store=store,
    )


def _compare(known: dict[str, FileRecord], files: Iterable[CorpusFile], corpus: Corpus) -> Iterator[FileState]:
    """The state of each file in the folder or in the index; removes from `known` those in the folder."""
    for file in files:
        old = known.pop(file.record.path, None)
        if old is None:
            yield FileState(file.record, "new" if file.readable else "")
        elif not file.readable:
            yield FileState(file.record, "changed" if old.status == "indexed" else "")
        else:
            is_other = old.status == "skipped" or documents.has_changed(corpus, old)
            yield FileState(old, "changed" if is_other else "")
    yield from (FileState(old, "removed") for old in known.values())
