"""Says what a build will take before it begins, from a sample of the files that it would read."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .. import formats
from ..config import Config
from ..corpus.changes import Plan
from ..index import open_store
from ..models.protocols import Encoder
from ..sandbox.parsing import ParseFile
from ..text.passages import PassageSettings, Splitting
from .comparison import Comparison, compare, kind_and_size
from .estimate import Estimate
from .preparation import prepare

_SECONDS = 4.0  # for reading the sample; five files, and the first of each kind, are read in any case
_LEAST_FILES = 5
_ENCODED = 96  # passages of the sample that are encoded
_BATCH = 32
# Measured with `python -m benchmarks.forecasts`: docs/decisions.md.
_START_SECONDS = 2.0  # processes are started, the index is checked and published
_SECONDS_PER_PASSAGE = 0.0008  # writing one, also one that is reused
_BYTES_PER_PASSAGE = 2_900  # of a generation: text, embedding, words
_BYTES_PER_GENERATION = 100_000
_MEMORY, _MEMORY_PER_PASSAGE = 295_000_000, 2_700  # of the process that builds


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a build would do and take.

    `added`, `changed`, `removed` and `unchanged` are numbers of files, `read` those that must be read and `sampled`
    those that were, to estimate the rest; `encoded` are the passages that must be encoded, and `passages` all of the
    index. `seconds`, and the bytes of `disk` and of `memory` (of the building process; those that read files have
    limits of their own) are estimates; with nothing to do they are 0.
    """

    added: int
    changed: int
    renamed: int
    removed: int
    unchanged: int
    read: int
    sampled: int
    passages: int
    encoded: int
    seconds: float
    disk: int
    memory: int

    def as_json(self) -> dict[str, Any]:
        """The object of `qa estimate --json`."""
        numbers = {name: getattr(self, name) for name in self.__slots__}
        return {**numbers, "seconds": round(self.seconds, 1)}


def forecast(config: Config, encoder: Encoder, parse_file: ParseFile, workers: int = 1, full: bool = False) -> Forecast:
    """Estimate what a build would take; writes nothing.

    It compares the folder with the index as a build does, reads some files of each kind and encodes some of their
    passages: some seconds, of which a file that takes long is the most. `parse_file`, `workers` and `full` are those of
    the build. Raises CorpusError or StoreError as that does, but not if most files are gone.
    """
    settings = PassageSettings()
    begun = time.perf_counter()
    found = compare(config, open_store(config), encoder.identity, settings, full, lambda *_: None)
    compared = time.perf_counter() - begun
    wanted = [plan for plan in found.plans if kind_and_size(plan)[1]]
    estimate = Estimate(map(kind_and_size, wanted), workers, formats.usual_seconds)
    splitting = Splitting(encoder.count_tokens, encoder.identity.max_tokens, settings)
    sample = _Sample(found, encoder, estimate, partial(prepare, created="", parse_file=parse_file, splitting=splitting))
    sample.take(wanted)
    kept = sum(plan.reuse.passages for plan in found.plans if plan.reuse is not None)
    to_read, encoded = round(sample.passages + sample.per_new * estimate.to_come), round(sample.new + estimate.to_come)
    passages, differs = kept + to_read, not found.is_current
    reading = sample.seconds + estimate.seconds_of_reading
    work = encoded * sample.seconds_per_passage
    seconds = compared + _START_SECONDS + max(reading / workers, work)  # files are read while others are encoded
    changes = found.changes
    return Forecast(
        added=len(changes.added),
        changed=len(changes.changed),
        renamed=len(changes.renamed),
        removed=len(changes.removed),
        unchanged=changes.unchanged,
        read=len(wanted),
        sampled=sample.files,
        passages=passages,
        encoded=encoded,
        seconds=seconds + passages * _SECONDS_PER_PASSAGE if differs else 0.0,
        disk=passages * _bytes_per_passage(config, found) + _BYTES_PER_GENERATION if differs else 0,
        memory=_MEMORY + passages * _MEMORY_PER_PASSAGE if differs else 0,
    )


class _Sample:
    """Some files of each kind, read and in part encoded."""

    def __init__(self, found: Comparison, encoder: Encoder, estimate: Estimate, read: Any) -> None:
        self.files, self.passages, self.new, self.seconds, self.seconds_per_passage = 0, 0, 0, 0.0, 0.0
        self._encoder, self._estimate, self._read = encoder, estimate, read
        self._known = {key for generation in found.embedded for key in generation.keys()}  # noqa: SIM118 (no mapping)

    @property
    def per_new(self) -> float:
        """How many passages there are for each that must be encoded."""
        return self.passages / self.new if self.new else 1.0

    def take(self, plans: Sequence[Plan]) -> None:
        """Read files until the time is over, and encode some of what is new in them."""
        texts: list[str] = []
        if plans:  # the processes that read are started, which takes longer than to read most files
            self._read(min(plans, key=lambda plan: plan.record.size).file)
        until = time.perf_counter() + _SECONDS
        for plan, is_first in _spread(plans):
            if not is_first and self.files >= _LEAST_FILES and time.perf_counter() > until:
                break
            file = self._read(plan.file)
            new = [passage for passage in file.passages() if passage.key not in self._known]
            self._known.update(passage.key for passage in new)
            self._estimate.add(*kind_and_size(plan), len(new), file.seconds)
            self.files += 1
            self.passages += file.count()
            self.new += len(new)
            self.seconds += file.seconds
            texts += [passage.encoded for passage in new]
        if texts:
            chosen = texts[:: max(1, len(texts) // _ENCODED)][:_ENCODED]
            self._encoder.encode_passages(chosen[:1])  # so that what the first call takes does not count
            begun = time.perf_counter()
            for start in range(0, len(chosen), _BATCH):
                self._encoder.encode_passages(chosen[start : start + _BATCH])
            self.seconds_per_passage = (time.perf_counter() - begun) / len(chosen)


def _spread(plans: Sequence[Plan]) -> Iterator[tuple[Plan, bool]]:
    """The files in the order in which a sample takes them: by kind in turn, each spread over its sizes.

    With each comes whether it is the first of its kind, which is one of the middle size.
    """
    kinds: dict[str, list[Plan]] = {}
    for plan in plans:
        kinds.setdefault(kind_and_size(plan)[0], []).append(plan)
    turns = [_halving(sorted(files, key=lambda plan: plan.record.size)) for files in kinds.values()]
    for number in range(max(map(len, turns), default=0)):
        for turn in turns:
            if number < len(turn):
                yield turn[number], number == 0


def _halving(files: Sequence[Plan]) -> list[Plan]:
    """The files in an order whose every beginning is spread over all: the middle, the quarters, the eighths …"""
    order: list[Plan] = []
    parts = [files]
    while parts:
        order += [part[len(part) // 2] for part in parts]
        halves = (half for part in parts for half in (part[: len(part) // 2], part[len(part) // 2 + 1 :]))
        parts = [half for half in halves if half]
    return order


def _bytes_per_passage(config: Config, found: Comparison) -> int:
    """As in the last generation, or as usual."""
    previous = found.previous
    if previous is None or config.store is not None or previous.count() < _ENCODED:
        return _BYTES_PER_PASSAGE
    folder: Path = config.index / "generations" / previous.id
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return max(0, size - _BYTES_PER_GENERATION) // previous.count()
