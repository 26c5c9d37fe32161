"""Where generations are kept: what a store of them can do, whichever engine holds it, and the one that is configured.

`build` and `engine` are written against these protocols alone. It knows nothing about how generations are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..corpus.records import DocumentFacts, FileRecord, Part
from ..models.protocols import Vectors
from ..text.document import Document
from ..text.passage import Passage
from ..text.query_term import QueryTerm
from .manifest import Manifest


@dataclass(frozen=True, slots=True)
class Query:
    """What is run for a question.

    `text` is encoded and searched for words; each of `phrases` must stand in a passage, none of `excluded` may.
    `corrected` are the words that no passage holds, as they were typed and as they stand in `text`.
    """

    text: str
    phrases: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    corrected: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """As one would type it."""
        signs = [f'-"{words}"' if " " in words else f"-{words}" for words in self.excluded]
        return " ".join([self.text, *signs])


@dataclass(frozen=True, slots=True)
class Candidates:
    """The pool before fusion: passage ids with exact cosines and BM25 scores (0 where BM25 did not find one).

    `allowed` says which of them hold what the query wants and nothing that it excludes; None where all do.
    """

    ids: NDArray[np.int64]
    cosine: NDArray[np.float32]
    bm25: NDArray[np.float32]
    allowed: NDArray[np.bool_] | None = None


class Rows(Protocol):
    """Embeddings by number, in order: an array, or what reads them when they are asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, some: slice, /) -> Vectors: ...


# What gives a query's embedding, of shape (dimension,), as soon as it is ready: words are searched for meanwhile.
Embedding = Callable[[], Vectors]


class PassageIndex(Protocol):
    """The searching half of an engine that holds passages (DESIGN §8 adds the writing half)."""

    def count(self) -> int: ...

    def search(self, embedding: Embedding, query: Query, k: int) -> Candidates:
        """The best `k` of each side for one query, and of those that are allowed."""
        ...

    def holds(self, phrase: str) -> bool:
        """Whether a passage holds these words, one behind the other."""
        ...

    def passages(self, ids: Sequence[int]) -> list[Passage]:
        """The passages with these ids, in this order."""
        ...

    def query_terms(self, text: str) -> tuple[QueryTerm, ...]:
        """The words of a question that say what it is about."""
        ...


class OpenGeneration(PassageIndex, Protocol):
    """One published build, to be read: a PassageIndex with its documents. Safe to use from several threads."""

    @property
    def id(self) -> str: ...

    @property
    def manifest(self) -> Manifest: ...

    @property
    def records(self) -> Mapping[str, FileRecord]:
        """What is known of each file, by its path below the corpus folder, in order."""
        ...

    def nearest_word(self, word: str) -> str | None:
        """The word of the articles that one was meant to be that they do not hold in any form; None where none is."""
        ...

    def documents(self, file: str | None = None) -> Iterator[str]:
        """The paths of the documents, in order: of one file, or of all."""
        ...

    def document(self, path: str) -> Document | None:
        """A document with its text and sections (without blocks), or None where it is not in this generation."""
        ...

    def facts(self, paths: Sequence[str]) -> dict[str, DocumentFacts]:
        """What is known of these documents, without their texts."""
        ...

    def parts(self) -> dict[str, Part]:
        """Which documents and passages each file gave, by its path."""
        ...

    def keys(self) -> list[bytes]:
        """The key of every passage, by id."""
        ...

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """The embeddings of these passages."""
        ...

    def altered(self) -> list[str]:
        """What is not as it was published and would not be noticed when it is taken over, a sentence for each."""
        ...

    def verify(self) -> list[str]:
        """Everything that is off, one sentence each. Empty when whole."""
        ...


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
