"""Generations in Milvus: written into new collections, checked, published by one switch of an alias, dropped later.

Rows go to the server in a thread of their own, while others are read and encoded. What an unfinished build leaves there
does not answer, bears its builder's mark, and is dropped by the next one. It knows nothing about how texts are split or
encoded, or how passages are searched.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from ...config import Address
from ...corpus.records import FileRecord, Part
from ...errors import NoGenerationError, StoreError, UnnamedError, UnreachableError
from ...formats.wire import document_json
from ...models.protocols import Vectors
from ...system.background import Background
from ...text import acronyms
from ...text.document import Document
from ...text.passage import Passage
from ...text.terms import plain_words
from ..manifest import REBUILD, Manifest, record_json
from ..rows import is_literal
from ..workspace import locked, new_folder, remove_unfinished, unfinished
from . import facts as milvus_facts
from . import rows as milvus_rows
from .client import READING, WRITING, MissingError, Server
from .facts import HERE, LEAST, fact_rows, hashed, pair_rows, word_rows
from .generation import MilvusGeneration
from .lease import Lease
from .rows import (
    ACRONYMS,
    FORM,
    MANIFEST,
    PUBLISHED,
    RECORDS,
    TERMS,
    WORDS,
    Batches,
    Tally,
    facts_of,
    fitted,
    passage_row,
)

_GRACE = 60.0  # seconds for which a reader may still hold what was replaced
_FRESH = 1.0  # seconds between two looks at which generation answers
_MOST_WAITING = 2_000  # passages that wait to be written
_RUN = 1_000  # documents and passages of files that are taken over together
_BLOCK = 50  # documents that are read at a time: they may be long
_PATIENCE = 0.7  # seconds that an insertion has when a build ends


class MilvusStore:
    """The generations under one name on a server: a `stores.Store`. Safe to use from several threads.

    `index` is a folder on this machine, for what an unfinished build leaves.
    """

    def __init__(self, address: Address, index: Path) -> None:
        self.address = address
        self.server = Server(address)
        self._index = index
        self._lease = Lease(self.server, address.name, index)
        self._seen: tuple[float, str | None] = (float("-inf"), None)
        # What answered when writing began: its id, itself where it is sound, and what was withdrawn from it by then.
        self._before: str | None = None
        self._last: MilvusGeneration | None = None
        self._withdrawn: frozenset[str] = frozenset()

    @property
    def description(self) -> Mapping[str, str]:
        """What `qa status` says of it: where it is, what server that is, and who searches for words."""
        words = "engine" if self.server.word_tokenizer() else "rescored"
        with contextlib.suppress(NoGenerationError):
            words = "engine" if self.open_current().searches_words else "rescored"
        return {"address": str(self.address), "server": self.server.version(), "words": words}

    def close(self) -> None:
        """End the connection to the server."""
        self.server.close()

    def question(self) -> contextlib.AbstractContextManager[None]:
        """While one question is worked on in this thread; see `Server.question`."""
        return self.server.question()

    def current_id(self) -> str | None:
        """The id of the generation that answers, or None where nothing was published; at most a second old."""
        looked, number = self._seen
        if time.monotonic() - looked >= _FRESH:
            number = self._current()
            self._seen = time.monotonic(), number
        return number

    def open_current(self) -> MilvusGeneration:
        """The generation that answers. Raises NoGenerationError before the first build, else StoreError.

        That is UnnamedError where there are generations, but the alias is missing.
        """
        while (number := self._current()) is not None:
            try:
                opened = self.open(number)
            except StoreError:
                if self._current() == number:
                    raise  # otherwise newer builds were published, and this one dropped, while it was opened
            else:
                self._seen = time.monotonic(), number
                return opened
        if unnamed := self._unnamed():
            raise UnnamedError(
                f"Nothing says which index answers at {self.address}: "
                f"set the alias {self.address.name} to {self.collection(unnamed[-1])}, or build with --full."
            )
        raise NoGenerationError(f"No index was built at {self.address} yet: run `qa build` where the articles are.")

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the index for one writer; raises BusyError where another has it, UnreachableError, or StoreError."""
        with locked(self._index), self._lease.held():
            self._before, self._last = self._current(WRITING), None
            self._drop_all(self._replaced())  # each takes as much of the server's memory as what answers
            try:
                last = self.open_current()
                last.delete_withdrawn()
                self._withdrawn = last.withdrawn(WRITING)
                self._last = last
            except UnreachableError:
                raise
            except StoreError:
                pass  # a damaged one is built anew
            yield

    def writer(
        self, manifest: Manifest, previous: MilvusGeneration | None = None, step: Callable[[], None] = lambda: None
    ) -> MilvusWriter:
        """One for the next generation, while `writing`; files may be taken over from `previous`."""
        return MilvusWriter(self, new_folder(self._index), manifest, previous, step)

    def leftovers(self) -> list[Path]:
        """Folders of builds that did not end, oldest first; call it only while `writing`."""
        return unfinished(self._index)

    def remove_leftovers(self, keep: Path | None = None) -> None:
        """Drop what builds that did not end have left, all but the folder `keep`; call it only while `writing`.

        Without an alias nothing is dropped on the server but what a builder had not finished when it died: any other
        generation may be the one that is to answer.
        """
        current = self._current(WRITING)
        self._drop_all([each for each in self._unpublished(current) if each != current])
        self._lease.clear()
        remove_unfinished(self._index, keep)

    def _unpublished(self, current: str | None) -> list[str]:
        """The generations of builders that died, and what is newer than the current one: both may be it too."""
        others = self._lease.others()
        newer = _number(current) if current else math.inf
        return [each for each in self._ids() if _owner(each) in others or _number(each) >= newer]

    def prune(self, keep: int) -> None:
        """Drop what was replaced a minute ago, or stands before the last `keep` generations, and leftovers."""
        self.remove_leftovers()
        self._drop_all({*self._ids()[: -max(1, keep)], *self._replaced()})

    def _replaced(self) -> list[str]:
        """The generations that no reader holds any more: another answers since a minute ago."""
        current = self._current(WRITING)
        ids = [each for each in self._ids() if current is not None and _number(each) <= _number(current)]
        return [old for old, new in pairwise(ids) if time.time() - self._published(new) >= _GRACE]

    def withdraw(self, files: Sequence[str]) -> None:
        """Take files (paths below the corpus folder) out of what answers; a build that is under way sees it too."""
        number = None
        while (current := self._current()) is not None and current != number:  # it may be replaced meanwhile
            number, answering = current, self.open(current)
            for file in files:
                answering.withdraw(file)

    def take_out(self, made: MilvusGeneration) -> None:
        """Take out of a new generation what was withdrawn from the last one since writing began."""
        if self._last is not None:
            for file in self._last.withdrawn(WRITING) - self._withdrawn - made.withdrawn(WRITING):
                made.withdraw(file)

    def open(self, generation: str, seconds: float = READING) -> MilvusGeneration:
        """A generation by its id, whether it answers or not."""
        return MilvusGeneration(self.server, self.collection(generation), seconds)

    def collection(self, generation: str) -> str:
        """The name of a generation's collection."""
        return f"{self.address.name}_{generation}"

    def next_id(self) -> str:
        """That of the next generation: the next number, and its builder's mark, which nobody else has."""
        found = [*self._ids(), *filter(None, [self._current(WRITING)])]
        return f"{1 + max(map(_number, found), default=0):06d}_{self._lease.owner}"

    def switch(self, generation: str) -> None:
        """Let this generation answer, if the one that does is that of when writing began. Raises StoreError."""
        facts = facts_of(self.collection(generation))
        # Before it answers: else a build that is killed in between leaves unknown since when the last one does not.
        self.server.call("upsert", facts, list(fact_rows(PUBLISHED, str(time.time()))), seconds=WRITING)
        if not self._lease.is_held() or self._current(WRITING) != self._before:
            raise StoreError("Another build of this index took over meanwhile: build again.")
        method = "create_alias" if self._before is None else "alter_alias"
        try:
            self.server.call(method, self.collection(generation), self.address.name, seconds=WRITING)
        except StoreError:
            if self._current(WRITING) != generation:  # it was done where only the answer was lost
                raise
        self._seen = time.monotonic(), generation

    def drop(self, generation: str, seconds: float = WRITING) -> None:
        """Remove a generation, but never the one that answers: Milvus itself would let that go."""
        for name in (self.collection(generation), facts_of(self.collection(generation))):
            if generation != self._current(seconds):
                self.server.call("drop_collection", name, seconds=seconds)

    def _drop_all(self, generations: Iterable[str]) -> None:
        """As `drop`, of what may be another builder's, while nobody has taken over."""
        for generation in generations:
            if self._lease.is_held():
                self.drop(generation)

    def _current(self, seconds: float = READING) -> str | None:
        """As `current_id`, asked anew."""
        try:
            said = self.server.call("describe_alias", self.address.name, seconds=seconds)
        except MissingError:
            return None
        found = self._id(str(said["collection_name"]))
        if found is None:
            raise StoreError(f"{self.address.name} is the alias of another program's collection: choose another name.")
        return found

    def _id(self, collection: str) -> str | None:
        found = re.fullmatch(rf"{self.address.name}_(\d{{6,}}_[0-9a-f]{{8}})(?:_facts)?", collection)
        return found[1] if found else None

    def _ids(self, seconds: float = WRITING) -> list[str]:
        """The generations that are there, or parts of them, oldest first."""
        names = self.server.call("list_collections", seconds=seconds)
        return sorted({found for name in names if (found := self._id(name)) is not None}, key=_number)

    def _unnamed(self) -> list[str]:
        """The generations that may have answered: all but what a builder is writing, or was when it died."""
        others = self._lease.others(READING)
        return [each for each in self._ids(READING) if _owner(each) not in others]

    def _published(self, generation: str) -> float:
        """When a generation began to answer (seconds since 1970); now, where that is not known."""
        published = None
        with contextlib.suppress(StoreError):
            published = self.open(generation, WRITING).published()
        return time.time() if published is None else published


def _number(generation: str) -> int:
    return int(generation.partition("_")[0])


def _owner(generation: str) -> str:
    """The mark of its builder."""
    return generation.partition("_")[2]


@dataclass(frozen=True, slots=True)
class _Taken:
    """A file that is taken over: its record, where the last generation holds it, and under which path."""

    record: FileRecord
    part: Part
    path: str

    def moved(self, path: str) -> str:
        """The path of a document in it, which may have been renamed."""
        return self.record.path + path.removeprefix(self.path)


class MilvusWriter:
    """Writes one generation; use it in a `with` block. Documents must come sorted by path.

    What is added is written by a thread of its own, behind all else that was, and no more waits for that than
    _MOST_WAITING passages and one file. `step` is called often until it is published; what it raises leaves the last
    generation as it was.
    """

    def __init__(
        self,
        store: MilvusStore,
        folder: Path,
        manifest: Manifest,
        previous: MilvusGeneration | None,
        step: Callable[[], None],
    ) -> None:
        self.folder = folder
        self._store = store
        self._manifest = manifest
        self._previous = previous
        self._step = step
        self._records: list[FileRecord] = []
        self._documents = self._passages = 0  # of the files that were added, but for `_run`
        self._run: list[_Taken] = []  # files that stand together in the last generation, to be read in one go
        self._writing = Background(_MOST_WAITING, step)
        self._is_over = False
        self._tokenizer = store.server.word_tokenizer()
        # What the thread alone alters, until all is written:
        self._generation: str | None = None  # what is being written, until it is published
        self._batches = Batches(store.server, self._check)
        self._tally = Tally()

    def __enter__(self) -> MilvusWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        self._writing.end(_PATIENCE)
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._generation is not None and not isinstance(error, UnreachableError):
            with contextlib.suppress(StoreError):  # the next build drops it
                self._store.drop(self._generation, READING)
        if isinstance(error, OSError):
            raise StoreError(
                f"The index could not be written ({error}); the last one still answers: "
                "free some space and build again."
            ) from error

    @property
    def records(self) -> tuple[FileRecord, ...]:
        """What was added, in order."""
        return tuple(self._records)

    def add(
        self, record: FileRecord, documents: Sequence[tuple[Document, Sequence[Passage]]], vectors: Vectors
    ) -> None:
        """Add one file with its documents, and their passages with an embedding each: none where it is not indexed."""
        self._take_run()
        record = self._add_record(record, len(documents), len(vectors))
        first = self._documents, self._passages
        self._documents += len(documents)
        self._passages += len(vectors)
        self._writing.add(partial(self._insert_new, record, documents, vectors, *first), len(vectors))

    def take_over(self, record: FileRecord, part: Part, path: str) -> None:
        """Add one file as the last generation holds it: at `part`, under `path`."""
        if self._run:
            last = self._run[-1].part
            follows = last.documents.stop == part.documents.start and last.passages.stop == part.passages.start
            if not follows or sum(len(taken.part.documents) + len(taken.part.passages) for taken in self._run) >= _RUN:
                self._take_run()
        record = self._add_record(record, len(part.documents), len(part.passages))
        self._run.append(_Taken(record, part, path))

    def _take_run(self) -> None:
        """Have what is taken over written, behind all that was added."""
        run, self._run = self._run, []
        if run:
            first = self._documents, self._passages
            passages = sum(len(taken.part.passages) for taken in run)
            self._documents += sum(len(taken.part.documents) for taken in run)
            self._passages += passages
            self._writing.add(partial(self._insert_taken, run, *first), passages)

    def publish(self, keep: int) -> str:
        """Check the counts of what was written, and let it answer by one switch; returns the generation's id.

        Raises StoreError where a count is off.
        """
        self._step()
        self._take_run()
        self._writing.add(self._insert_rest)
        self._writing.finish()
        server, generation = self._store.server, self._begun()
        collection = self._store.collection(generation)
        indexes = {collection: milvus_rows.indexes(self._tokenizer), facts_of(collection): milvus_facts.INDEXES}
        server.prepare(indexes, self._step)
        for name, expected in self._batches.counts.items():
            if (counted := server.count(name)) != expected:
                raise StoreError(
                    f"The new index failed its check ({name} holds {counted} rows, not {expected}); "
                    f"the last one still answers: {REBUILD}."
                )
        made = self._store.open(generation, WRITING)
        self._store.take_out(made)
        self._step()
        self._store.switch(generation)
        self._generation = None
        self._store.take_out(made)  # what was withdrawn while it was switched
        self._store.prune(keep)
        return made.id

    def _add_record(self, record: FileRecord, documents: int, passages: int) -> FileRecord:
        self._records.append(replace(record, documents=documents, passages=passages))
        return self._records[-1]

    # --- in the thread

    def _begun(self) -> str:
        """The id of what is being written; its collections are made for the first row."""
        if self._generation is None:
            self._check()
            self._generation = self._store.next_id()
            collection, server = self._store.collection(self._generation), self._store.server
            dimension, searched = int(self._manifest.encoder["dimension"]), ("terms", "sparse")
            fields = milvus_rows.fields(dimension, self._tokenizer)
            server.create(collection, fields, searched if self._tokenizer else None)
            server.create(facts_of(collection), milvus_facts.FIELDS)
        return self._generation

    def _check(self) -> None:
        """Ends the thread where the build has ended."""
        if self._is_over:
            raise StoreError("The build has ended: build again.")

    def _insert_new(
        self,
        record: FileRecord,
        documents: Sequence[tuple[Document, Sequence[Passage]]],
        vectors: Vectors,
        document_number: int,
        number: int,
    ) -> None:
        """A file's documents and passages, whose numbers begin with these."""
        # Rounded as they are on disk, so that cosines are those of an index there.
        rows = iter(vectors.astype(np.float16).astype(np.float32))
        for document, passages in documents:
            pairs = [[" ".join(plain_words(form)) for form in pair] for pair in acronyms.find(document.text)]
            head = {
                "path": document.path, "title": document.title, "language": document.language,
                "metadata": dict(document.metadata), "file": record.as_json(), "acronyms": pairs,
            }  # fmt: skip
            body = json.dumps(document_json(replace(document, blocks=())), ensure_ascii=False)
            self._insert_document(document_number, head, body)
            document_number += 1
            for order, passage in enumerate(passages):
                if not is_literal(passage, document.text):
                    raise StoreError(f"A passage of {document.path} is no part of it: {REBUILD}.")
                self._insert_passage(passage_row(number, passage, order, record.sha256, next(rows)))
                number += 1

    def _insert_taken(self, run: Sequence[_Taken], document_number: int, number: int) -> None:
        """Files that stand together in the last generation; here their numbers begin with these."""
        if self._previous is None:
            raise StoreError(f"There is no index to take files over from: {REBUILD}.")
        first, last = run[0].part, run[-1].part
        documents = _documents(self._previous, range(first.documents.start, last.documents.stop))
        passages = self._previous.taken(range(first.passages.start, last.passages.stop))
        for taken in run:
            for head, body in islice(documents, len(taken.part.documents)):
                head = {**head, "path": taken.moved(head["path"]), "file": taken.record.as_json()}
                self._insert_document(document_number, head, body)
                document_number += 1
            for row in islice(passages, len(taken.part.passages)):
                self._insert_passage({**row, "id": number, "document": taken.moved(row["document"])})
                number += 1

    def _insert_document(self, number: int, head: Mapping[str, Any], body: str) -> None:
        facts = facts_of(self._store.collection(self._begun()))
        self._tally.document(head)
        self._batches.add(facts, fact_rows(f"head:{number}", json.dumps(head, ensure_ascii=False)))
        self._batches.add(facts, fact_rows(f"body:{number}", body))
        self._batches.add(facts, fact_rows(f"path:{hashed(head['path'])}", str(number)))

    def _insert_passage(self, passage: Mapping[str, Any]) -> None:
        collection = self._store.collection(self._begun())
        self._tally.passage(passage)
        row, texts = fitted(passage, not self._tokenizer)
        self._batches.add(collection, [row])
        if texts:
            self._batches.add(facts_of(collection), fact_rows(f"passage:{row['id']}", texts))

    def _insert_rest(self) -> None:
        """What is known of all files together."""
        generation, tally, batches = self._begun(), self._tally, self._batches
        facts = facts_of(self._store.collection(generation))
        manifest = replace(
            self._manifest,
            id=generation,
            documents=self._documents,
            passages=self._passages,
            languages=tuple(sorted(tally.languages)),
        )
        said = {"form": FORM, "manifest": manifest.as_json(), "terms": tally.length}
        batches.add(facts, fact_rows(RECORDS, "\n".join(map(record_json, self._records))))
        batches.add(facts, pair_rows(ACRONYMS, tally.acronyms))
        batches.add(facts, word_rows(TERMS, tally.terms))
        batches.add(facts, word_rows(WORDS, tally.words))
        batches.add(facts, fact_rows(MANIFEST, json.dumps(said, ensure_ascii=False)))
        batches.add(facts, fact_rows(HERE, ""))
        batches.add(facts, fact_rows(LEAST, f"{batches.counts[facts] + 1} {self._passages}"))
        batches.finish()


def _documents(generation: MilvusGeneration, numbers: range) -> Iterator[tuple[dict[str, Any], str]]:
    """What is known of these documents, and themselves as JSON, in order. Raises StoreError where one is missing."""
    for start in range(0, len(numbers), _BLOCK):
        some = numbers[start : start + _BLOCK]
        heads, bodies = generation.heads(some), generation.bodies(some)
        for number in some:
            if number not in heads or number not in bodies:
                raise StoreError(f"An article is missing in the last index: {REBUILD}.")
            yield heads[number], bodies[number]
