"""Corpus folder → a new generation, reusing everything that did not change.

A file is known by its content: a renamed one keeps its passages, an unchanged one is not even parsed, and a
passage that was ever encoded in the last generation (or by a build that was cut off) is not encoded again.
It knows nothing about screens; it reports progress to whoever asked.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from . import documents, formats, journal, store
from .config import Config
from .documents import FoundFile
from .errors import StoreError
from .generation import Generation
from .passages import PassageSettings, split
from .types import Document, Encoder, FileRecord, Passage, Vectors

Parse = Callable[[str, bytes], Document]

_ENCODE_BATCH = 64
_ENCODE_WINDOW = 4096
# A file that changed this shortly before it was indexed may change again within one tick of its clock.
_CLOCK_DOUBT_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a build is: `stage` is "reading", "encoding" or "publishing"; `done` of `total` of its things."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build found and did; the lists hold paths below the corpus folder, `renamed` (old, new)."""

    generation: str
    documents: int
    passages: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]
    unchanged: int
    failed: tuple[FileRecord, ...]
    passages_encoded: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """The object of `qa build --json` (DESIGN §7)."""
        data = asdict(self)
        data["renamed"] = [list(pair) for pair in self.renamed]
        data["failed"] = [{"document": record.path, "reason": record.reason} for record in self.failed]
        data["seconds"] = round(self.seconds, 3)
        return data


@dataclass(frozen=True, slots=True)
class _Plan:
    """One file of the folder: `reuse` is the path that holds the same content in the last generation."""

    file: FoundFile
    record: FileRecord
    reuse: str | None = None


def build(
    config: Config,
    encoder: Encoder,
    full: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
    settings: PassageSettings | None = None,
    parse: Parse = formats.parse,
) -> BuildReport:
    """Bring the index up to date with the folder and publish; with nothing to do, nothing is written.

    `full` reuses nothing. Raises CorpusError, BusyError or StoreError; whatever happens, the last generation
    still answers. An exception raised by `progress` stops the build. `parse` reads the files: the edges give
    that of a `workers.ReaderProcess`, so that a hostile file cannot harm the build.
    """
    started, created = time.perf_counter(), datetime.now(timezone.utc)
    settings = settings or PassageSettings()
    with store.writing(config.index):
        previous = _previous(config.index)
        reused = None if full else _reusable(previous, encoder, settings)
        plans = _plan(config, previous, reused, progress)
        compared = _compare(plans, previous)
        if previous is not None and reused is not None and not compared.differs:
            generation, encoded = previous.id, 0
            records = previous.manifest.records
            store.prune(config.index, config.keep)  # a build that was killed may not have come to it
        else:
            generation, encoded, records = _write(
                config, encoder, settings, plans, reused, full, progress, created, parse
            )
    return BuildReport(
        generation=generation,
        documents=sum(record.status == "indexed" for record in records),
        passages=sum(record.passages for record in records),
        added=compared.added,
        changed=compared.changed,
        renamed=compared.renamed,
        removed=compared.removed,
        unchanged=compared.unchanged,
        failed=tuple(record for record in records if record.status == "failed"),
        passages_encoded=encoded,
        seconds=time.perf_counter() - started,
    )


def _previous(index: Path) -> Generation | None:
    """The last generation, or None where there is none or it is damaged (then everything is built anew)."""
    try:
        return store.open_current(index)
    except StoreError:
        return None


def _reusable(previous: Generation | None, encoder: Encoder, settings: PassageSettings) -> Generation | None:
    """The last generation if the same encoder and settings made it."""
    if previous is None:
        return None
    same = (
        previous.manifest.encoder == encoder.identity.as_json()
        and previous.manifest.passage_settings == settings.as_json()
    )
    return previous if same else None


def _plan(
    config: Config,
    previous: Generation | None,
    reused: Generation | None,
    progress: Callable[[Progress], None],
) -> list[_Plan]:
    """Every file of the folder with its hash; files whose size and time say that nothing happened are not read."""
    known = dict(previous.records) if previous else {}
    by_hash = {record.sha256: record for record in known.values() if record.status == "indexed"}
    trusted_before = _trusted_before(previous) if reused else 0
    found = documents.scan(config.corpus, config.max_file_bytes, config.index)
    plans = []
    for number, file in enumerate(found):
        progress(Progress("reading", number, len(found)))
        record, old = file.record, known.get(file.record.path)
        if not file.readable:
            plans.append(_Plan(file, record))
            continue
        if (
            old is not None
            and old.sha256
            and (old.size, old.mtime_ns) == (record.size, record.mtime_ns)
            and record.mtime_ns < trusted_before
        ):
            record = old
        else:
            record, _ = documents.read(file)
            if old is not None and record.sha256 and old.sha256 == record.sha256:
                record = replace(old, size=record.size, mtime_ns=record.mtime_ns)
        same = record if record is old else by_hash.get(record.sha256)
        reuse = same is not None and same.status == "indexed" and _ending(same.path) == _ending(record.path)
        plans.append(_Plan(file, record, same.path if reuse and reused and same else None))
    return plans


def _ending(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _trusted_before(previous: Generation | None) -> int:
    if previous is None:
        return 0
    return int(datetime.fromisoformat(previous.manifest.created).timestamp() * 1e9) - _CLOCK_DOUBT_NS


@dataclass(frozen=True, slots=True)
class _Compared:
    added: tuple[str, ...]
    changed: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]
    unchanged: int
    differs: bool


def _compare(plans: list[_Plan], previous: Generation | None) -> _Compared:
    """What happened to the folder since the last generation; files that are skipped are not counted."""
    old = {path: r for path, r in (previous.records if previous else {}).items() if r.status != "skipped"}
    new = {plan.record.path: plan.record for plan in plans if plan.record.status != "skipped"}
    gone: dict[tuple[str, str], list[str]] = {}
    for path, record in old.items():
        if path not in new and record.sha256:
            gone.setdefault((record.sha256, _ending(path)), []).append(path)
    renamed = []
    for path, record in new.items():
        sources_left = gone.get((record.sha256, _ending(path)))
        if path not in old and sources_left:
            renamed.append((sources_left.pop(0), path))
    sources, targets = {pair[0] for pair in renamed}, {pair[1] for pair in renamed}
    changed = tuple(p for p in new if p in old and new[p].sha256 != old[p].sha256)
    facts = {plan.record.path: (plan.record.sha256, plan.record.status, plan.record.reason) for plan in plans}
    before = {r.path: (r.sha256, r.status, r.reason) for r in (previous.records if previous else {}).values()}
    return _Compared(
        added=tuple(path for path in new if path not in old and path not in targets),
        changed=changed,
        renamed=tuple(renamed),
        removed=tuple(path for path in old if path not in new and path not in sources),
        unchanged=sum(path in old for path in new) - len(changed),
        differs=facts != before,
    )


def _write(
    config: Config,
    encoder: Encoder,
    settings: PassageSettings,
    plans: list[_Plan],
    reused: Generation | None,
    full: bool,
    progress: Callable[[Progress], None],
    created: datetime,
    parse: Parse,
) -> tuple[str, int, tuple[FileRecord, ...]]:
    """Write and publish a generation; returns its id, how many passages were encoded, and its records."""
    identity = encoder.identity
    resumed: dict[bytes, Vectors] = {}
    if not full:
        for folder in store.leftovers(config.index):
            resumed.update(journal.read(folder, identity))
    with store.GenerationWriter(config.index, identity, settings.as_json(), created, encoder.languages) as writer:
        keys: list[bytes] = []
        for number, plan in enumerate(plans):
            progress(Progress("reading", number, len(plans)))
            record, document, passages = _read(plan, encoder, settings, reused, parse)
            writer.add(record, document, passages)
            keys += [passage.key for passage in passages]
        known = dict(resumed)
        if reused is not None:
            rows = {key: row for row, key in enumerate(reused.keys())}
            kept = [key for key in dict.fromkeys(keys) if key in rows]
            known.update(zip(kept, reused.vectors([rows[key] for key in kept]), strict=True))
        with contextlib.closing(journal.JournalWriter(writer.folder, identity)) as entries:
            entries.append(list(resumed), list(resumed.values()))  # in case this build is interrupted too
            store.remove_leftovers(config.index, keep=writer.folder)
            vectors, encoded = _encode(writer, encoder, keys, known, entries, progress)
        progress(Progress("publishing", 0, 1))
        generation = writer.publish(vectors, config.keep)
        progress(Progress("publishing", 1, 1))
        return generation, encoded, writer.records


def _read(
    plan: _Plan, encoder: Encoder, settings: PassageSettings, reused: Generation | None, parse: Parse
) -> tuple[FileRecord, Document | None, list[Passage]]:
    path = plan.record.path
    if reused is not None and plan.reuse is not None:
        document = reused.document(plan.reuse)
        if document is not None:
            document = replace(document, path=path)
            passages = [replace(passage, document=path) for _, passage in reused.passages_of(plan.reuse)]
            record = replace(plan.record, status="indexed", reason="", title=document.display_title)
            return replace(record, language=document.language), document, passages
    if not plan.file.readable:
        return plan.record, None, []
    record, data = documents.read(plan.file)
    if record.status != "indexed":
        return record, None, []
    record, document = documents.load(record, data, parse)
    if document is None:
        return record, None, []
    return record, document, split(document, encoder.count_tokens, encoder.identity.max_tokens, settings)


def _encode(
    writer: store.GenerationWriter,
    encoder: Encoder,
    keys: list[bytes],
    known: dict[bytes, Vectors],
    entries: journal.JournalWriter,
    progress: Callable[[Progress], None],
) -> tuple[Vectors, int]:
    """The embedding of every passage by id, and how many had to be made; each new one goes to the journal."""
    vectors = np.empty((len(keys), encoder.identity.dimension), dtype=np.float32)
    missing: dict[bytes, list[int]] = {}
    for row, key in enumerate(keys):
        if key in known:
            vectors[row] = known[key]
        else:
            missing.setdefault(key, []).append(row)
    done = 0
    for window in _windows(writer.passages(), set(missing)):
        for start in range(0, len(window), _ENCODE_BATCH):
            progress(Progress("encoding", done, len(missing)))
            batch = window[start : start + _ENCODE_BATCH]
            made = encoder.encode_passages([text for _, text in batch])
            entries.append([key for key, _ in batch], made)
            for (key, _), vector in zip(batch, made, strict=True):
                vectors[missing[key]] = vector
            done += len(batch)
    progress(Progress("encoding", done, len(missing)))
    return vectors, done


def _windows(passages: Iterable[Passage], wanted: set[bytes]) -> Iterator[list[tuple[bytes, str]]]:
    """(key, text) of each wanted passage once, some thousands at a time, equal lengths together: less padding."""
    window: list[tuple[bytes, str]] = []
    for passage in passages:
        if not wanted:
            break
        key = passage.key
        if key in wanted:
            wanted.discard(key)
            window.append((key, passage.encoded))
        if len(window) >= _ENCODE_WINDOW:
            yield sorted(window, key=lambda entry: len(entry[1]))
            window = []
    if window:
        yield sorted(window, key=lambda entry: len(entry[1]))
