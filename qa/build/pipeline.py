"""Builds a new generation from the corpus folder, reusing everything that has not changed.

Files are read ahead by threads (and the sandbox processes behind `parse_file`) while passages are encoded, and the
store writes in parallel with both.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from .. import formats
from ..config import Config
from ..corpus import documents
from ..corpus.changes import Changes, Plan
from ..corpus.documents import CorpusFile
from ..corpus.folders import Folders, corpus_of
from ..corpus.records import FileRecord
from ..corpus.works import Work
from ..errors import StoreError
from ..index import open_store
from ..index.generation import OpenGeneration
from ..index.manifest import Manifest
from ..index.store import Store
from ..index.writer import Writer
from ..models.protocols import Encoder
from ..models.token_counts import tokenizer_file
from ..sandbox.parsing import Parse, ParseFile
from ..sandbox.parsing import parse_file as parse_in_process
from ..text.passages import PassageSettings, Splitting
from . import journal, preparation
from .comparison import Comparison, compare, is_compatible, kind_and_size
from .embedding import Embedder
from .estimate import Estimate
from .preparation import PreparedFile, RemoteWorkers
from .reading import reading_of
from .report import BuildReport, Progress
from .vanished import refuse_to_forget, refuse_to_lose

logger = logging.getLogger(__name__)

Prepare = Callable[[CorpusFile], PreparedFile]
_Value = TypeVar("_Value")

_READ_AHEAD, _READ_AHEAD_BYTES = 16, 16_000_000  # most files, and bytes, that are read before they are needed
_MAX_UNWRITTEN = 4_096  # passages that wait for earlier ones to be encoded
_REUSED = 50  # files that are taken over between two calls of `step`: each takes some ten microseconds
_TOLD_AGAIN = 0.02  # seconds until the same state of a build is told again
_STEP_SECONDS = 0.25  # between two calls of `step` while a file is being read


def build(
    config: Config,
    encoder: Encoder,
    full: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
    settings: PassageSettings | None = None,
    parse: Parse | None = None,
    workers: int = 1,
    remote: RemoteWorkers | None = None,
    parse_file: ParseFile | None = None,
    confirmed: bool = False,
) -> BuildReport:
    """Bring the index up to date with the corpus folder and publish it; writes nothing if nothing has changed.

    `full` reuses nothing. `progress` is called about every half second; an exception that it raises stops the build,
    and the next build reuses what was encoded. `parse_file` parses and splits one file, and is called for `workers`
    files at a time: the command line and the chat pass that of a `SandboxPool`, so that a hostile file cannot harm the
    build; the default runs `parse` (`formats.parse`) in this process. With `remote`, other machines parse and encode
    the files, and only those that they lose are prepared locally. Raises VanishedError if most files are gone at once
    and that was not `confirmed`, CorpusError, BusyError or StoreError; then the last generation remains in use.
    """
    started, created = time.perf_counter(), datetime.now(timezone.utc)
    settings = settings or PassageSettings()
    chosen = reading_of(config)
    parse_file = parse_file or partial(parse_in_process, parse=parse or partial(formats.parse, settings=chosen))
    store = open_store(config)

    def compared() -> Comparison:
        return compare(
            config, store, encoder.identity, settings, full, lambda n, total: progress(Progress("comparing", n, total))
        )

    def written(found: Comparison) -> BuildReport:
        if not confirmed:
            refuse_to_forget(Folders.of(corpus_of(config)), found.changes, found.known)
        if found.reused is not None and found.is_current:
            generation, encoded = found.reused.id, 0
            records = tuple(found.reused.records.values())
            store.prune(config.keep)  # in case the last build was killed before doing so
        else:
            manifest = Manifest.begun(encoder.identity, settings.as_json(), found.reading, created, encoder.languages)
            embedded = found.embedded
            if not full and len(found.changes.added) > found.changes.unchanged:  # as when a disk is connected again
                embedded += _older(store, found.previous, encoder)
            builder = _Builder(
                store, manifest, encoder, settings, found.plans, embedded, found.reused, progress, workers, found.works
            )
            check = partial(refuse_to_lose, {} if confirmed else found.known)
            generation, encoded, records = builder.run(config, parse_file, workers, full, remote, check)
        return _report(generation, records, found.changes, found.known, encoded, time.perf_counter() - started)

    with store.writing():
        found = compared()
        try:
            return written(found)
        except StoreError:
            if found.previous is None or store.is_as_published(found.previous):
                raise
        logger.warning("%s changed while the build read it: every article is read again.", found.previous.id)
        return written(compared())


def _report(
    generation: str,
    records: tuple[FileRecord, ...],
    comparison: Changes,
    known: Mapping[str, FileRecord],
    encoded: int,
    seconds: float,
) -> BuildReport:
    new = {*comparison.added, *comparison.changed}
    told = {path: record.reason for path, record in known.items() if any(each.documents for each in records)}
    return BuildReport(
        generation=generation,
        documents=sum(record.documents for record in records),
        passages=sum(record.passages for record in records),
        added=comparison.added,
        changed=comparison.changed,
        renamed=comparison.renamed,
        removed=comparison.removed,
        unchanged=comparison.unchanged,
        failed=tuple(record for record in records if record.status == "failed"),
        noted=tuple(record for record in records if record.note and record.path in new),
        skipped=tuple(
            record for record in records if record.status == "skipped" and told.get(record.path) != record.reason
        ),
        passages_encoded=encoded,
        seconds=seconds,
    )


def _older(store: Store[Any], previous: OpenGeneration | None, encoder: Encoder) -> list[OpenGeneration]:
    """The generations before the last one whose embeddings can be reused, and the last one if they are intact in it."""
    found = store.older() if previous is not None else chain(store.salvaged(), store.older())
    return [older for older in found if is_compatible(older, encoder.identity) and not older.altered()]


class _Builder:
    """Builds one generation: reads files ahead, splits, encodes and writes them, and publishes the result.

    Embeddings are reused from the generations `embedded`, the last one first, and documents and passages from `reused`:
    the last one, or None if it does not fit.
    """

    def __init__(
        self,
        store: Store[Any],
        manifest: Manifest,
        encoder: Encoder,
        settings: PassageSettings,
        plans: list[Plan],
        embedded: Sequence[OpenGeneration],
        reused: OpenGeneration | None,
        progress: Callable[[Progress], None],
        workers: int,
        works: Mapping[str, Work],
    ) -> None:
        self._store = store
        self._manifest = manifest
        self._encoder = encoder
        self._settings = settings
        self._plans = plans
        self._embedded = embedded
        self._reused = reused
        self._parts = reused.parts() if reused else {}
        self._progress = progress
        self._works = works
        self._estimate = Estimate(map(kind_and_size, plans), workers, formats.usual_seconds)
        self._started = time.perf_counter()
        self._embedder: Embedder | None = None
        self._done = 0
        self._is_publishing = False
        self._told: tuple[tuple[int, int, bool], float] = (-1, 0, False), 0.0  # the last state, and when

    def run(
        self,
        config: Config,
        parse_file: ParseFile,
        workers: int,
        full: bool,
        remote: RemoteWorkers | None,
        check: Callable[[Sequence[FileRecord]], None],
    ) -> tuple[str, int, tuple[FileRecord, ...]]:
        """Read, encode, write and publish; return the id, how many passages were encoded, and the file records.

        What `check` raises of the records of all files prevents the publication.
        """
        try:
            return self._run(config, parse_file, workers, full, remote, check)
        finally:
            # Its `step` refers to this object: breaking the cycle frees the encoder and the last generation at once.
            self._embedder = None

    def _run(
        self,
        config: Config,
        parse_file: ParseFile,
        workers: int,
        full: bool,
        remote: RemoteWorkers | None,
        check: Callable[[Sequence[FileRecord]], None],
    ) -> tuple[str, int, tuple[FileRecord, ...]]:
        identity = self._encoder.identity
        with (
            self._store.writer(self._manifest, self._reused, self._step) as writer,
            contextlib.closing(journal.Journal(writer.folder, identity)) as entries,
        ):
            for folder in self._store.leftovers():
                if not full and folder != writer.folder:
                    entries.append(journal.read(folder, identity))
            self._store.remove_leftovers(keep=writer.folder)
            self._embedder = embedder = Embedder(self._encoder, entries, self._embedded, self._step)
            pool = ThreadPoolExecutor(workers, thread_name_prefix="read")
            try:
                splitting = Splitting(
                    self._encoder.count_tokens, identity.max_tokens, self._settings, tokenizer_file(self._encoder)
                )
                prepare = partial(
                    preparation.prepare, created=self._manifest.created, parse_file=parse_file, splitting=splitting
                )
                files = self._read_ahead(pool, prepare)
                if remote is not None:
                    files = self._collect_remote(pool, prepare, self._start_remote(remote, embedder))
                self._write(files, writer, embedder)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
            check(writer.records)
            self._is_publishing = True
            return writer.publish(config.keep), embedder.encoded, writer.records

    def _write(self, files: Iterator[tuple[Plan, PreparedFile | None]], writer: Writer, embedder: Embedder) -> None:
        """Write every file, in order, once its passages and those of the files before it are encoded."""
        unwritten: list[tuple[Plan, PreparedFile | None]] = []
        size = 0  # passages of the unwritten files
        for plan, file in files:
            if file is not None or self._done % _REUSED == 0:
                self._step()
            if file is not None:
                file = file.as_work(self._works.get(plan.record.path))
            unwritten.append((plan, file))
            if file is not None:
                new = embedder.add(file.keyed(), file.embeddings)
                self._estimate.add(*kind_and_size(plan), new, file.seconds)
                size += file.count()
            self._done += 1
            if size >= _MAX_UNWRITTEN or self._done == len(self._plans):
                embedder.finish()
            if not embedder.has_pending:
                for pending_plan, pending_file in unwritten:
                    self._add(pending_plan, pending_file, writer, embedder)
                unwritten, size = [], 0

    def _add(self, plan: Plan, file: PreparedFile | None, writer: Writer, embedder: Embedder) -> None:
        if file is not None:
            writer.add(file.record, file.documents, embedder.rows(file.keys()))
        elif self._reused is not None and plan.reuse is not None:
            self._take_over(plan, plan.reuse, self._reused, writer)

    def _take_over(self, plan: Plan, old: FileRecord, reused: OpenGeneration, writer: Writer) -> None:
        """Copy one file's documents and passages from the last generation, without reading them."""
        new = plan.record
        is_same = (new.path, new.stamp) == (old.path, old.stamp)  # as nearly all are: a copy would take the longest
        record = old if is_same else replace(old, path=new.path).stamped(new)
        if new.path != old.path:  # the title may be derived from the file name
            old_documents = filter(None, map(reused.document, reused.documents(old.path)))
            moved = [replace(doc, path=new.path + doc.path.removeprefix(old.path)) for doc in old_documents]
            record = documents.describe(record, moved) if moved else record
        writer.take_over(record, self._parts[old.path], old.path)

    def _read_ahead(self, pool: ThreadPoolExecutor, prepare: Prepare) -> Iterator[tuple[Plan, PreparedFile | None]]:
        """Yield every file, in order, while the next ones are being read; None for a file that is reused."""
        ahead: deque[tuple[Plan, Future[PreparedFile] | None]] = deque()
        size = 0
        for plan in self._plans:
            file_size = plan.record.size if self._is_read(plan) else 0
            while len(ahead) > _READ_AHEAD or (ahead and size + file_size > _READ_AHEAD_BYTES):
                first, future = ahead.popleft()
                size -= first.record.size if future else 0
                yield first, self._result(first, future)
            ahead.append((plan, pool.submit(prepare, plan.file) if self._is_read(plan) else None))
            size += file_size
        while ahead:
            first, future = ahead.popleft()
            yield first, self._result(first, future)

    def _start_remote(self, remote: RemoteWorkers, embedder: Embedder) -> Iterator[PreparedFile | None]:
        files = [plan.file for plan in self._plans if self._is_read(plan) and plan.file.readable]
        return remote.prepare(files, self._manifest.created, self._settings, embedder.keys())

    def _collect_remote(
        self, pool: ThreadPoolExecutor, prepare: Prepare, files: Iterator[PreparedFile | None]
    ) -> Iterator[tuple[Plan, PreparedFile | None]]:
        """Yield what `_read_ahead` does, with the files that remote workers prepare; lost ones are prepared here."""
        for plan in self._plans:
            if not self._is_read(plan):
                yield plan, None
                continue
            received = self._wait_for(pool.submit(next, files, None)) if plan.file.readable else None
            yield plan, received or self._wait_for(pool.submit(prepare, plan.file))

    def _is_read(self, plan: Plan) -> bool:
        return self._reused is None or plan.reuse is None

    def _result(self, plan: Plan, future: Future[PreparedFile] | None) -> PreparedFile | None:
        if future is None:
            return None
        self._estimate.wait_for(*kind_and_size(plan))
        file = self._wait_for(future)
        self._estimate.go_on()
        return file

    def _wait_for(self, future: Future[_Value]) -> _Value:
        while not wait([future], timeout=_STEP_SECONDS).done:
            self._step()
        return future.result()

    def _step(self) -> None:
        encoded = self._embedder.encoded if self._embedder else 0
        state, now = (self._done, encoded, self._is_publishing), time.perf_counter()
        if state == self._told[0] and now - self._told[1] < _TOLD_AGAIN:
            return  # what is told takes longer to make up than to check a document
        self._told = state, now
        if self._is_publishing:
            self._progress(Progress("publishing", self._done, len(self._plans), encoded))
            return
        left = self._estimate.seconds_left(encoded, now - self._started)
        stage = "reading" if self._done < len(self._plans) else "encoding"
        self._progress(Progress(stage, self._done, len(self._plans), encoded, left))
