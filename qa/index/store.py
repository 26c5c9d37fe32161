"""Where generations are kept: what every store can do, and what one that writes the next generation can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeVar

from ..corpus.records import FileRecord, Part
from ..text.document import Document
from ..text.passage import Passage
from .generation import OpenGeneration
from .manifest import Manifest
from .protocols import Rows

_Opened = TypeVar("_Opened", bound=OpenGeneration)


class Writer(AbstractContextManager["Writer"], Protocol):
    """Writes one generation, in a `with` block; `publish` makes it the one that answers. Files come in order.

    What is added is written, or on its way, when it has been added. Where that is slower than what comes, adding waits.
    Its `folder`, on this machine, is where an unfinished build leaves what the next one takes up (see `journal`).
    """

    folder: Path

    @property
    def records(self) -> tuple[FileRecord, ...]:
        """What was added, in order."""
        ...

    def add(self, record: FileRecord, documents: Sequence[tuple[Document, Sequence[Passage]]], vectors: Rows) -> None:
        """Add one file with its documents, and their passages with an embedding each: none where it is not indexed."""
        ...

    def take_over(self, record: FileRecord, part: Part, path: str) -> None:
        """Add one file as the last generation holds it: at `part`, under `path`."""
        ...

    def publish(self, keep: int) -> str:
        """Check everything and make it the one that answers; returns the generation's id. Raises StoreError."""
        ...


class Store(Protocol[_Opened]):
    """Generations, of which the current one answers."""

    @property
    def description(self) -> Mapping[str, str] | None:
        """What `qa status` says of it; None for the index folder of this machine."""
        ...

    def current_id(self) -> str | None:
        """The id of the generation that answers, or None where nothing was published. Raises StoreError."""
        ...

    def open_current(self) -> _Opened:
        """The generation that answers. Raises NoGenerationError before the first build, else StoreError."""
        ...

    def close(self) -> None:
        """Give back what holds it open; it is not used afterwards. Generations that are held stay open."""
        ...

    def question(self) -> AbstractContextManager[None]:
        """While one question is worked on in this thread: what it takes of another machine's time is bounded."""
        ...

    def writing(self) -> AbstractContextManager[None]:
        """Hold it for one writer; raises BusyError where another has it."""
        ...

    def writer(self, manifest: Manifest, previous: _Opened | None = ..., step: Callable[[], None] = ...) -> Writer:
        """One for the next generation, while `writing`, of which `manifest` says what is known when it is begun.

        Files may be taken over from `previous`. `step` is called often until it is published; what it raises leaves
        the last generation as it was.
        """
        ...

    def leftovers(self) -> list[Path]:
        """Folders of builds that did not end, oldest first; call it only while `writing`."""
        ...

    def remove_leftovers(self, keep: Path | None = None) -> None:
        """Give back the space of builds that did not end, all but `keep`; call it only while `writing`."""
        ...

    def prune(self, keep: int) -> None:
        """Remove all but the last `keep` generations, and what builds that did not end have left."""
        ...

    def withdraw(self, files: Sequence[str]) -> None:
        """Take files (paths below the corpus folder) out of what answers, where that can be done without a build."""
        ...
