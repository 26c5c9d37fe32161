"""Corpus folder → a new generation, reusing everything that did not change.

Files are read ahead by others (threads, and the processes behind `parse`) while passages are encoded here, and written
by the store while others are read and encoded. It knows nothing about screens; it reports progress to whoever asked.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import PurePosixPath
from typing import Any, TypeVar

from .. import formats
from ..config import Config
from ..corpus import changes, documents
from ..corpus.changes import Changes, Plan
from ..corpus.documents import FoundFile
from ..corpus.records import FileRecord
from ..errors import CorpusError, StoreError, UnnamedError, UnreachableError
from ..index import open_store
from ..index.generation import OpenGeneration
from ..index.manifest import Manifest
from ..index.store import Store
from ..index.writer import Writer
from ..models.protocols import Encoder
from ..sandbox.parsing import Parse, ParseFile
from ..sandbox.parsing import parse_file as parse_in_process
from ..text.passages import PassageSettings, Splitting
from . import journal, prepared
from .embedding import Embedder
from .estimate import Estimate
from .prepared import Elsewhere, Prepared
from .report import BuildReport, Progress

Load = Callable[[FoundFile], Prepared]
_Value = TypeVar("_Value")

_READ_AHEAD = 16  # files, and …
_READ_AHEAD_BYTES = 16_000_000  # … bytes of files that may be read before they are needed
_MOST_HELD = 4_096  # passages that wait for those before them to be encoded
_STEP_SECONDS = 0.25  # between two looks at a file that is being read


def build(
    config: Config,
    encoder: Encoder,
    full: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
    settings: PassageSettings | None = None,
    parse: Parse | None = None,
    workers: int = 1,
    elsewhere: Elsewhere | None = None,
    parse_file: ParseFile | None = None,
) -> BuildReport:
    """Bring the index up to date with the folder and publish; with nothing to do, nothing is written.

    `full` reuses nothing. Raises CorpusError, BusyError or StoreError; whatever happens, the last generation
    still answers. `progress` is called about every half second; an exception that it raises stops the build, and the
    next one takes up what was encoded. `parse_file` parses and splits one file, `workers` files at a time: the command
    line and the chat pass that of a `SandboxPool`, so that a hostile file cannot harm the build; the default runs
    `parse` (`formats.parse`) in this process. With `elsewhere` files are read and encoded by other machines, and here
    only what did not come back from them.
    """
    started, created = time.perf_counter(), datetime.now(timezone.utc)
    settings = settings or PassageSettings()
    reading = {"version": formats.VERSION, "fields": dict(config.fields)}
    parse_file = parse_file or partial(
        parse_in_process, parse=parse or partial(formats.parse, fields=dict(config.fields))
    )
    store = open_store(config)
    with store.writing():
        with ThreadPoolExecutor(1) as beside:  # each takes a while, for many articles
            opening = beside.submit(_previous, store, full)
            found = documents.scan(config.corpus, config.max_file_bytes, config.index)
            previous = opening.result()
        if store.shared and previous is not None and not any(file.readable for file in found):
            _keep_for_others(config, previous)
        fits = previous is not None and not full and _same(previous, encoder, settings)
        reused = previous if fits and previous is not None and dict(previous.manifest.reading) == reading else None
        known = previous.records if previous else {}
        plans = changes.plan(
            found,
            known,
            reused.records if reused else {},
            reused.manifest.created if reused else "",
            lambda number: progress(Progress("comparing", number, len(found))),
        )
        compared = changes.compare(plans, known)
        if reused is not None and not compared.differs:
            generation, encoded = reused.id, 0
            records = tuple(reused.records.values())
            store.prune(config.keep)  # a build that was killed may not have come to it
        else:
            manifest = Manifest.begun(encoder.identity, settings.as_json(), reading, created, encoder.languages)
            work = _Work(store, manifest, encoder, settings, plans, previous if fits else None, reused, progress)
            generation, encoded, records = work.run(config, parse_file, workers, full, elsewhere)
    return _report(generation, records, compared, encoded, time.perf_counter() - started)


def _keep_for_others(config: Config, previous: OpenGeneration) -> None:
    """Raises CorpusError where an empty folder, which is most often the wrong one, would empty an index for all."""
    if held := previous.manifest.documents:
        raise CorpusError(
            f"The folder {str(config.corpus)!r} holds no articles, and the index at {config.store} holds {held:,}: "
            "name the folder that it was built from with --corpus."
        )


def _report(
    generation: str, records: tuple[FileRecord, ...], compared: Changes, encoded: int, seconds: float
) -> BuildReport:
    return BuildReport(
        generation=generation,
        documents=sum(record.documents for record in records),
        passages=sum(record.passages for record in records),
        added=compared.added,
        changed=compared.changed,
        renamed=compared.renamed,
        removed=compared.removed,
        unchanged=compared.unchanged,
        failed=tuple(record for record in records if record.status == "failed"),
        passages_encoded=encoded,
        seconds=seconds,
    )


def _previous(store: Store[Any], full: bool) -> OpenGeneration | None:
    """The last generation, or None where there is none or it is damaged (then everything is built anew).

    Every byte is checked: what is taken over from it is not checked again. Raises UnreachableError, and UnnamedError
    where not everything is to be built anyway.
    """
    try:
        previous: OpenGeneration = store.open_current()
        return None if previous.altered() else previous
    except UnreachableError:
        raise
    except UnnamedError:
        if not full:
            raise
        return None
    except StoreError:
        return None


def _same(previous: OpenGeneration, encoder: Encoder, settings: PassageSettings) -> bool:
    """Whether the same encoder and settings made it, so that its embeddings can be taken over."""
    manifest = previous.manifest
    return manifest.encoder == encoder.identity.as_json() and manifest.passage_settings == settings.as_json()


class _Work:
    """The writing of one generation: files are read ahead, split, encoded and written, and published at the end.

    Embeddings are taken from `embedded`, documents and passages from `reused`: the last generation, where they fit.
    """

    def __init__(
        self,
        store: Store[Any],
        manifest: Manifest,
        encoder: Encoder,
        settings: PassageSettings,
        plans: list[Plan],
        embedded: OpenGeneration | None,
        reused: OpenGeneration | None,
        progress: Callable[[Progress], None],
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
        self._estimate = Estimate(_kind_and_size(plan) for plan in plans)
        self._started = time.perf_counter()
        self._embedder: Embedder | None = None
        self._done = 0
        self._is_publishing = False

    def run(
        self, config: Config, parse_file: ParseFile, workers: int, full: bool, elsewhere: Elsewhere | None
    ) -> tuple[str, int, tuple[FileRecord, ...]]:
        """Read, encode, write and publish; returns the generation's id, how many passages were encoded, the records."""
        try:
            return self._run(config, parse_file, workers, full, elsewhere)
        finally:
            # It refers to this by its step: both, the last generation and the encoder would wait for the collector.
            self._embedder = None

    def _run(
        self, config: Config, parse_file: ParseFile, workers: int, full: bool, elsewhere: Elsewhere | None
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
                splitting = Splitting(self._encoder.count_tokens, identity.max_tokens, self._settings)
                load = partial(
                    prepared.load, created=self._manifest.created, parse_file=parse_file, splitting=splitting
                )
                each = self._read_ahead(pool, load)
                if elsewhere is not None:
                    each = self._brought(pool, load, self._from(elsewhere, embedder))
                self._write(each, writer, embedder)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
            self._is_publishing = True
            return writer.publish(config.keep), embedder.encoded, writer.records

    def _write(self, each: Iterator[tuple[Plan, Prepared | None]], writer: Writer, embedder: Embedder) -> None:
        """Every file in order: those that were read wait until their passages are encoded, and others behind them."""
        held: list[tuple[Plan, Prepared | None]] = []
        size = 0  # passages of those that were read
        for plan, file in each:
            self._step()
            held.append((plan, file))
            if file is not None:
                self._estimate.read(*_kind_and_size(plan), embedder.add(file.passages(), file.embeddings))
                size += file.count()
            self._done += 1
            if size >= _MOST_HELD or self._done == len(self._plans):
                embedder.finish()
            if not embedder.is_waiting:
                for one, found in held:
                    self._add(one, found, writer, embedder)
                held, size = [], 0

    def _add(self, plan: Plan, file: Prepared | None, writer: Writer, embedder: Embedder) -> None:
        if file is not None:
            writer.add(file.record, file.documents, embedder.rows(file.passages()))
        elif self._reused is not None and plan.reuse is not None:
            self._take_over(plan, plan.reuse, self._reused, writer)

    def _take_over(self, plan: Plan, old: FileRecord, reused: OpenGeneration, writer: Writer) -> None:
        """One file as the last generation holds it: copied there and here by number, without being looked at."""
        new = plan.record
        record = replace(old, path=new.path, size=new.size, mtime_ns=new.mtime_ns)
        if new.path != old.path:  # a title may be made of the file's name
            found = filter(None, map(reused.document, reused.documents(old.path)))
            moved = [replace(document, path=new.path + document.path.removeprefix(old.path)) for document in found]
            record = documents.described(record, moved) if moved else record
        writer.take_over(record, self._parts[old.path], old.path)

    def _read_ahead(self, pool: ThreadPoolExecutor, load: Load) -> Iterator[tuple[Plan, Prepared | None]]:
        """Every file in order, while the next ones are being read: so many, and so many bytes of them.

        None stands for what is taken over.
        """
        ahead: deque[tuple[Plan, Future[Prepared] | None]] = deque()
        size = 0
        for plan in self._plans:
            own = plan.record.size if self._is_read(plan) else 0
            while len(ahead) > _READ_AHEAD or (ahead and size + own > _READ_AHEAD_BYTES):
                first, future = ahead.popleft()
                size -= first.record.size if future else 0
                yield first, self._found(future)
            ahead.append((plan, pool.submit(load, plan.file) if self._is_read(plan) else None))
            size += own
        while ahead:
            first, future = ahead.popleft()
            yield first, self._found(future)

    def _from(self, elsewhere: Elsewhere, embedder: Embedder) -> Iterator[Prepared | None]:
        files = [plan.file for plan in self._plans if self._is_read(plan) and plan.file.readable]
        return elsewhere.prepare(files, self._manifest.created, self._settings, embedder.keys())

    def _brought(
        self, pool: ThreadPoolExecutor, load: Load, files: Iterator[Prepared | None]
    ) -> Iterator[tuple[Plan, Prepared | None]]:
        """As `_read_ahead`, of files that others prepare; what did not come back is read here."""
        for plan in self._plans:
            if not self._is_read(plan):
                yield plan, None
                continue
            brought = self._wait_for(pool.submit(next, files, None)) if plan.file.readable else None
            yield plan, brought or self._wait_for(pool.submit(load, plan.file))

    def _is_read(self, plan: Plan) -> bool:
        return self._reused is None or plan.reuse is None

    def _found(self, future: Future[Prepared] | None) -> Prepared | None:
        return None if future is None else self._wait_for(future)

    def _wait_for(self, future: Future[_Value]) -> _Value:
        while not wait([future], timeout=_STEP_SECONDS).done:
            self._step()
        return future.result()

    def _step(self) -> None:
        encoded = self._embedder.encoded if self._embedder else 0
        if self._is_publishing:
            self._progress(Progress("publishing", self._done, len(self._plans), encoded))
            return
        left = self._estimate.seconds_left(encoded, time.perf_counter() - self._started)
        stage = "reading" if self._done < len(self._plans) else "encoding"
        self._progress(Progress(stage, self._done, len(self._plans), encoded, left))


def _kind_and_size(plan: Plan) -> tuple[str, int]:
    """The ending and size of a file that must be read; of another one nothing."""
    must = plan.file.readable and plan.reuse is None
    return PurePosixPath(plan.record.path).suffix.lower(), plan.record.size if must else 0
