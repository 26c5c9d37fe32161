"""Writes the next generation: numbering, records and taking over, which are the same for every store."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from ..corpus.records import FileRecord, Part
from ..errors import Remedy, StoreError
from ..system.lacking import remedy
from ..text.document import Document
from ..text.passage import Passage
from .generation import OpenGeneration
from .manifest import Manifest, WrittenFile
from .protocols import Rows

Written = tuple[Document, Sequence[Passage]]
_RUN = 1_000  # documents and passages of files that are taken over together: a build must soon stop when asked to


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that is taken over: its record now, its part of the last generation, and its path there."""

    record: FileRecord
    part: Part
    path: str

    @property
    def is_renamed(self) -> bool:
        return self.path != self.record.path

    def moved(self, path: str) -> str:
        """The path now of one of its documents, which may have been renamed with it."""
        return self.record.path + path.removeprefix(self.path)


class Writer(AbstractContextManager["Writer"], ABC):
    """Writes one generation; use it in a `with` block. `publish` makes it the current one. Files come in order.

    What is added may be written later, in another thread, but if that is slower than what comes, adding waits.
    `folder`, on this machine, is where an unfinished build leaves what the next one resumes from. `previous` is the
    generation that files may be taken over from. `step` is called often until the generation is published; if it
    raises, the last generation stays the current one.
    """

    failures: tuple[type[Exception], ...] = (OSError,)  # what writing raises if, for instance, a disk is full

    def __init__(
        self, folder: Path, manifest: Manifest, previous: OpenGeneration | None, step: Callable[[], None]
    ) -> None:
        self.folder = folder
        self.manifest = manifest  # as the build began it
        self.step = step
        self._last = previous
        self._records: list[FileRecord] = []
        self._run: list[Taken] = []  # files in a row in the last generation, to be taken over together
        self._next = Part(range(0), range(0))  # whose ends are the next numbers

    # --- what every store implements

    @abstractmethod
    def insert(self, record: FileRecord, documents: Sequence[Written], vectors: Rows, part: Part) -> None:
        """Write one file with its documents and passages, which have the numbers of `part`, and their embeddings."""

    @abstractmethod
    def finish(self, keep: int) -> str:
        """Check everything, make it the current generation, keep the last `keep`; returns its id. Raises StoreError."""

    # --- what a store may implement

    def copy(self, run: Sequence[Taken], part: Part) -> None:
        """Write files that are taken over and follow each other in the last generation as numbers of `part`."""
        documents, passages = part.documents.start, part.passages.start
        for taken in run:
            new = Part(
                range(documents, documents + len(taken.part.documents)),
                range(passages, passages + len(taken.part.passages)),
            )
            self.insert(taken.record, list(self._taken(taken)), self._embeddings(taken.part.passages), new)
            documents, passages = new.documents.stop, new.passages.stop

    def release(self, error: BaseException | None) -> None:
        """End the writing, whether it succeeded (`error` is None) or not."""
        if error is None:
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- what is the same for all stores

    @property
    def records(self) -> tuple[FileRecord, ...]:
        """The records of the files added so far, in order."""
        return tuple(self._records)

    def add(self, record: FileRecord, documents: Sequence[Written], vectors: Rows) -> None:
        """Add one file with its documents, and their passages with an embedding each: none if it is not indexed."""
        self._copy_run()
        part = self._numbered(len(documents), sum(len(passages) for _, passages in documents))
        self.insert(self._counted(record, part), documents, vectors, part)

    def take_over(self, record: FileRecord, part: Part, path: str) -> None:
        """Add one file as the last generation contains it: at `part`, under `path`."""
        if self._run:
            first, last = self._run[0].part, self._run[-1].part
            follows = last.documents.stop == part.documents.start and last.passages.stop == part.passages.start
            size = last.documents.stop - first.documents.start + last.passages.stop - first.passages.start
            if not follows or size >= _RUN:
                self._copy_run()
        self._run.append(Taken(self._counted(record, part), part, path))

    def publish(self, keep: int) -> str:
        """Check everything and make it the current generation; returns its id. Raises StoreError."""
        self.step()
        self._copy_run()
        return self.finish(keep)

    @property
    def everything(self) -> Part:
        """All documents and passages so far."""
        return Part(range(self._next.documents.stop), range(self._next.passages.stop))

    def completed(self, generation: str, languages: Sequence[str], files: dict[str, WrittenFile]) -> Manifest:
        """The manifest of all that was added."""
        return replace(
            self.manifest,
            id=generation,
            documents=len(self.everything.documents),
            passages=len(self.everything.passages),
            languages=tuple(languages),
            files=files,
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release(error)
        if isinstance(error, self.failures):
            raise StoreError(
                f"The index could not be written ({error}); the last one still answers: "
                f"{remedy(error, self.folder.parent)}, and build again."
            ) from error

    def _counted(self, record: FileRecord, part: Part) -> FileRecord:
        counts = len(part.documents), len(part.passages)
        if (record.documents, record.passages) != counts:
            record = replace(record, documents=counts[0], passages=counts[1])
        self._records.append(record)
        return record

    def _numbered(self, documents: int, passages: int) -> Part:
        """The next numbers for this many documents and passages."""
        first = self._next.documents.stop, self._next.passages.stop
        self._next = Part(range(first[0], first[0] + documents), range(first[1], first[1] + passages))
        return self._next

    def _copy_run(self) -> None:
        run, self._run = self._run, []
        if run:
            documents = sum(len(taken.part.documents) for taken in run)
            self.copy(run, self._numbered(documents, sum(len(taken.part.passages) for taken in run)))

    def _taken(self, taken: Taken) -> Iterator[Written]:
        """The documents of a file that is taken over, and their passages, as they are now."""
        passages = self._previous.passages(taken.part.passages)
        for number in taken.part.documents:
            stored = self._previous.body(number)
            if stored is None:
                raise StoreError("An article is missing in the last index", Remedy.FULL_BUILD)
            old = stored[1].path
            own = [replace(passage, document=taken.moved(old)) for passage in passages if passage.document == old]
            yield replace(stored[1], path=taken.moved(old)), own

    def _embeddings(self, ids: range) -> Rows:
        return self._previous.vectors(ids)

    @property
    def _previous(self) -> OpenGeneration:
        if self._last is None:
            raise StoreError("There is no index to take files over from", Remedy.FULL_BUILD)
        return self._last
