"""Generations in Milvus: written into new collections, checked, published by one switch of an alias, dropped later.

What is added waits in a file on this machine until all is encoded, so that an unfinished build leaves nothing on the
server. It knows nothing about how texts are split or encoded, or how passages are searched.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import numpy as np

from . import acronyms, milvus_facts, milvus_rows
from .config import Address
from .document_json import document_json
from .errors import NoGenerationError, StoreError, UnnamedError, UnreachableError
from .manifest import REBUILD, Manifest, record_json
from .milvus_client import READING, WRITING, MissingError, Server
from .milvus_facts import fact_rows, hashed, word_rows
from .milvus_index import MilvusGeneration
from .milvus_lease import Lease
from .milvus_rows import (
    ACRONYMS,
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
from .rows import is_literal
from .store import LocalStore, locked, new_folder
from .terms import plain_words
from .types import Document, EncoderIdentity, FileRecord, Part, Passage, Stored, Vectors

_GRACE = 60.0  # seconds for which a reader may still hold what was replaced
_FRESH = 1.0  # seconds between two looks at which generation answers
_SPOOL = "added.part"
_WRITTEN = "written"  # the id of the generation that an unfinished build was writing
_BLOCK = 50  # documents that are taken over at a time
_STEP_SECONDS = 0.25  # between two looks at whether a server is done

_Document = tuple[int, dict[str, Any], str]  # its number, what is known of it, and itself as JSON


class MilvusStore:
    """The generations under one name on a server: a `stores.Store`. Safe to use from several threads.

    `index` is a folder on this machine, for what an unfinished build leaves.
    """

    def __init__(self, address: Address, index: Path) -> None:
        self.address = address
        self.server = Server(address)
        self._local = LocalStore(index)
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
        with locked(self._local.index), self._lease.held():
            self._before, self._last = self._current(WRITING), None
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
        self,
        encoder: EncoderIdentity,
        passage_settings: Mapping[str, Any],
        reading: Mapping[str, Any] = MappingProxyType({}),
        created: datetime | None = None,
        encoder_languages: Sequence[str] = (),
        previous: MilvusGeneration | None = None,
    ) -> MilvusWriter:
        """One for the next generation, while `writing`; files may be taken over from `previous`."""
        manifest = Manifest(
            id="",
            created=(created or datetime.now(timezone.utc)).isoformat(timespec="seconds"),
            encoder=encoder.as_json(),
            passage_settings=passage_settings,
            reading=reading,
            documents=0,
            passages=0,
            files={},
            languages=(),
            encoder_languages=tuple(encoder_languages),
        )
        return MilvusWriter(self, new_folder(self._local.index), manifest, previous)

    def leftovers(self) -> list[Path]:
        """Folders of builds that did not end, oldest first; call it only while `writing`."""
        return self._local.leftovers()

    def remove_leftovers(self, keep: Path | None = None) -> None:
        """Drop what builds that did not end have left, all but the folder `keep`; call it only while `writing`.

        Without an alias nothing is dropped on the server: any generation may be the one that is to answer.
        """
        self._lease.clear()
        if current := self._current(WRITING):
            self._drop_all([each for each in self._ids() if each != current and _number(each) >= _number(current)])
            self._local.remove_leftovers(keep)

    def prune(self, keep: int) -> None:
        """Drop what was replaced a minute ago, or stands before the last `keep` generations, and leftovers."""
        self.remove_leftovers()
        ids = self._ids()
        old = len(ids) - max(1, keep)
        self._drop_all(
            [
                each
                for place, each in enumerate(ids[:-1])
                if place < old or time.time() - self._published(ids[place + 1]) >= _GRACE
            ]
        )

    def withdraw(self, files: Sequence[str]) -> None:
        """Take files (paths below the corpus folder) out of what answers; a build that is under way sees it too."""
        number = None
        while (current := self._current()) is not None and current != number:  # it may be replaced meanwhile
            number = current
            for file in files:
                self.open(number).withdraw(file)

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
        """That of the next generation: the next number, and what makes it another than anybody else's."""
        found = [*self._ids(), *filter(None, [self._current(WRITING)])]
        return f"{1 + max(map(_number, found), default=0):06d}_{secrets.token_hex(4)}"

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

    def drop(self, generation: str) -> None:
        """Remove a generation, but never the one that answers: Milvus itself would let that go."""
        for name in (self.collection(generation), facts_of(self.collection(generation))):
            if generation != self._current(WRITING):
                self.server.call("drop_collection", name, seconds=WRITING)

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
        found = re.fullmatch(rf"{self.address.name}_(\d{{6,}}(?:_[0-9a-f]{{8}})?)(?:_facts)?", collection)
        return found[1] if found else None

    def _ids(self, seconds: float = WRITING) -> list[str]:
        """The generations that are there, or parts of them, oldest first."""
        names = self.server.call("list_collections", seconds=seconds)
        return sorted({found for name in names if (found := self._id(name)) is not None}, key=_number)

    def _unnamed(self) -> list[str]:
        """The generations that may have answered: all but what a build on this machine was writing when it died."""
        written = {path.read_text(encoding="utf-8") for path in self._local.index.glob(f"generations/*/{_WRITTEN}")}
        return [each for each in self._ids(READING) if each not in written]

    def _published(self, generation: str) -> float:
        """When a generation began to answer (seconds since 1970); now, where that is not known."""
        published = None
        with contextlib.suppress(StoreError):
            published = self.open(generation, WRITING).published()
        return time.time() if published is None else published


def _number(generation: str) -> int:
    return int(generation.partition("_")[0])


class MilvusWriter:
    """Writes one generation; use it in a `with` block. Documents must come sorted by path."""

    def __init__(self, store: MilvusStore, folder: Path, manifest: Manifest, previous: MilvusGeneration | None) -> None:
        self.folder = folder
        self._store = store
        self._manifest = manifest
        self._previous = previous
        self._records: list[FileRecord] = []
        self._documents = self._passages = 0
        self._spool = (folder / _SPOOL).open("w+", encoding="utf-8")
        self._tokenizer = store.server.word_tokenizer()
        self._unpublished: str | None = None  # the id of what is being written

    def __enter__(self) -> MilvusWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spool.close()
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            (self.folder / _SPOOL).unlink(missing_ok=True)
        if self._unpublished is not None:
            with contextlib.suppress(StoreError):
                self._store.drop(self._unpublished)
        if isinstance(error, OSError):
            raise StoreError(
                f"The index could not be written ({error}); the last one still answers: "
                "free some space and build again."
            ) from error

    @property
    def created(self) -> str:
        """The time that the manifest will have (ISO)."""
        return self._manifest.created

    @property
    def records(self) -> tuple[FileRecord, ...]:
        """What was added, in order."""
        return tuple(self._records)

    def add(self, record: FileRecord, documents: Sequence[tuple[Document, Sequence[Passage]]]) -> None:
        """Add one file with its documents and their passages: none where it is not indexed."""
        count = sum(len(passages) for _, passages in documents)
        record = self._add_record(record, len(documents), count)
        for document, passages in documents:
            rows = []
            for order, passage in enumerate(passages):
                if not is_literal(passage, document.text):
                    raise StoreError(f"A passage of {document.path} is no part of it: {REBUILD}.")
                rows.append(passage_row(self._passages, passage, order, record.sha256))
                self._passages += 1
            pairs = [[" ".join(plain_words(form)) for form in pair] for pair in acronyms.find(document.text)]
            head = {
                "path": document.path, "title": document.title, "language": document.language,
                "metadata": dict(document.metadata), "file": record.as_json(), "acronyms": pairs,
            }  # fmt: skip
            body = json.dumps(document_json(replace(document, blocks=())), ensure_ascii=False)
            self._note({"document": (self._documents, head, body), "rows": rows})
            self._documents += 1

    def take_over(self, record: FileRecord, part: Part, path: str) -> None:
        """Add one file as the last generation holds it: at `part`, under `path`."""
        after = self._documents, self._passages
        record = self._add_record(record, len(part.documents), len(part.passages))
        numbers = [(each.start, each.stop) for each in (part.documents, part.passages)]
        self._note({"file": record.as_json(), "path": path, "part": numbers, "after": after})
        self._documents += len(part.documents)
        self._passages += len(part.passages)

    def publish(self, vectors: Iterable[Vectors | Stored], keep: int, step: Callable[[], None] = lambda: None) -> str:
        """Write the collections, check their counts, and let them answer by one switch; returns the generation's id.

        `vectors` are blocks of rows, one row for each passage, by id. `step` is called often until the switch; what it
        raises leaves the last generation as it was. Raises StoreError where a count is off.
        """
        generation = self._store.next_id()
        collection, server, tokenizer = self._store.collection(generation), self._store.server, self._tokenizer
        (self.folder / _WRITTEN).write_text(generation, encoding="utf-8")
        self._unpublished = generation
        searched = "terms", "sparse"
        dimension = int(self._manifest.encoder["dimension"])
        server.create(collection, milvus_rows.fields(dimension, tokenizer), searched if tokenizer else None)
        server.create(facts_of(collection), milvus_facts.FIELDS)
        batches = Batches(server, step)
        self._insert(collection, generation, vectors, not tokenizer, batches)
        works = (
            partial(server.prepare, collection, milvus_rows.indexes(tokenizer)),
            partial(server.prepare, facts_of(collection), milvus_facts.INDEXES),
        )
        _beside(works, step)
        for name, expected in batches.counts.items():
            if (counted := server.count(name)) != expected:
                raise StoreError(
                    f"The new index failed its check ({name} holds {counted} rows, not {expected}); "
                    f"the last one still answers: {REBUILD}."
                )
        made = self._store.open(generation, WRITING)
        self._store.take_out(made)
        step()
        self._store.switch(generation)
        self._unpublished = None
        self._store.take_out(made)  # what was withdrawn while it was switched
        self._store.prune(keep)
        return made.id

    def _insert(
        self, collection: str, generation: str, vectors: Iterable[Vectors | Stored], has_stems: bool, batches: Batches
    ) -> None:
        """All rows of both collections, from what was noted."""
        facts, tally = facts_of(collection), Tally()
        # Rounded as they are on disk, so that cosines are those of an index there.
        embeddings = (row.astype(np.float32) for block in vectors for row in block.astype(np.float16))
        self._spool.seek(0)
        for noted in map(json.loads, self._spool):
            is_new = "document" in noted
            for document, head, body in [noted["document"]] if is_new else self._documents_of(noted):
                tally.document(head)
                batches.add(facts, fact_rows(f"head:{document}", json.dumps(head, ensure_ascii=False)))
                batches.add(facts, fact_rows(f"body:{document}", body))
                batches.add(facts, fact_rows(f"path:{hashed(head['path'])}", str(document)))
            for passage in noted["rows"] if is_new else self._rows_of(noted):
                tally.passage(passage)
                row, texts = fitted(passage, has_stems)
                batches.add(collection, [{**row, "vector": next(embeddings).tolist()}])
                if texts:
                    batches.add(facts, fact_rows(f"passage:{row['id']}", texts))
        manifest = replace(
            self._manifest,
            id=generation,
            documents=self._documents,
            passages=self._passages,
            languages=tuple(sorted(tally.languages)),
        )
        said = {"manifest": manifest.as_json(), "terms": tally.length}
        batches.add(facts, fact_rows(milvus_facts.HERE, ""))
        batches.add(facts, fact_rows(RECORDS, "\n".join(map(record_json, self._records))))
        batches.add(facts, fact_rows(ACRONYMS, json.dumps(sorted(tally.acronyms), ensure_ascii=False)))
        batches.add(facts, word_rows(TERMS, tally.terms))
        batches.add(facts, word_rows(WORDS, tally.words))
        batches.add(facts, fact_rows(MANIFEST, json.dumps(said, ensure_ascii=False)))
        batches.finish()

    def _documents_of(self, noted: Mapping[str, Any]) -> Iterator[_Document]:
        """The documents of a file that is taken over, with their new numbers and paths."""
        numbers, after = range(*noted["part"][0]), noted["after"][0]
        for start in range(0, len(numbers), _BLOCK):
            some = numbers[start : start + _BLOCK]
            heads, bodies = self._taken.heads(some), self._taken.bodies(some)
            for number in some:
                if number not in heads or number not in bodies:
                    raise StoreError(f"An article of {noted['path']} is missing in the last index: {REBUILD}.")
                head = {**heads[number], "path": _moved(noted, heads[number]["path"]), "file": noted["file"]}
                yield number - numbers.start + after, head, bodies[number]

    def _rows_of(self, noted: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The passages of a file that is taken over, with their new numbers and paths."""
        numbers, after = range(*noted["part"][1]), noted["after"][1]
        for row in self._taken.taken(numbers):
            number = row["id"] - numbers.start + after
            yield {**row, "id": number, "document": _moved(noted, row["document"])}

    @property
    def _taken(self) -> MilvusGeneration:
        """The last generation, where files are taken over."""
        if self._previous is None:
            raise StoreError(f"There is no index to take files over from: {REBUILD}.")
        return self._previous

    def _add_record(self, record: FileRecord, documents: int, passages: int) -> FileRecord:
        self._records.append(replace(record, documents=documents, passages=passages))
        return self._records[-1]

    def _note(self, noted: Mapping[str, Any]) -> None:
        self._spool.write(json.dumps(noted) + "\n")


def _moved(noted: Mapping[str, Any], path: str) -> str:
    """The path of a document in a file that may have been renamed."""
    return str(noted["file"]["path"]) + path.removeprefix(noted["path"])


def _beside(works: Iterable[Callable[[], None]], step: Callable[[], None]) -> None:
    """Do these beside each other; `step` is called meanwhile. Raises what one of them raises, or `step` does."""
    pool = ThreadPoolExecutor(2, thread_name_prefix="prepare")
    try:
        waiting = [pool.submit(work) for work in works]
        while wait(waiting, timeout=_STEP_SECONDS).not_done:
            step()
        for work in waiting:
            work.result()
    finally:
        pool.shutdown(wait=False)
