"""The corpus folder against the last generation: what happened to each file, and what can be taken over.

A file is known by its content: a renamed one is not read again. It knows nothing about passages or encoders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from posixpath import splitext

from . import documents
from .documents import FoundFile
from .records import FileRecord

# A file that changed this shortly before it was indexed may change again within one tick of its clock.
_CLOCK_DOUBT_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """One file of the folder: `reuse` is the record of the same content in the last generation, if it can be used.

    What could not be read then is not tried again either, until it changes.
    """

    file: FoundFile
    record: FileRecord
    reuse: FileRecord | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened to the folder; paths below it, `renamed` (old, new). Files that are skipped are not counted.

    `differs` says whether anything did that a generation tells of.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]
    unchanged: int
    differs: bool


def plan(
    found: list[FoundFile],
    known: Mapping[str, FileRecord],
    reusable: Mapping[str, FileRecord],
    created: str,
    step: Callable[[int], None],
) -> list[Plan]:
    """Every file with its hash; those whose size and time say that nothing happened are not read.

    `known` are the records of the last generation, made at `created` (ISO time), `reusable` the ones whose
    documents can be taken over. `step` is called with the number of each file.
    """
    # A file without documents is read again under another name: what it is called may come from either.
    by_hash = {record.sha256: record for record in reusable.values() if record.sha256 and record.documents}
    trusted_before = _trusted_before(created) if reusable else 0
    plans = []
    for number, file in enumerate(found):
        step(number)
        record, old = file.record, known.get(file.record.path)
        if not file.readable:
            plans.append(Plan(file, record))
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
        same = reusable.get(record.path)
        if same is None or same.sha256 != record.sha256:
            same = by_hash.get(record.sha256)
        usable = same is not None and bool(record.sha256) and _ending(same.path) == _ending(record.path)
        plans.append(Plan(file, record, same if usable else None))
    return plans


def compare(plans: list[Plan], known: Mapping[str, FileRecord]) -> Changes:
    """What happened since the last generation, whose records are `known`."""
    old = {path: record for path, record in known.items() if record.status != "skipped"}
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
    changed = tuple(path for path in new if path in old and new[path].sha256 != old[path].sha256)
    facts = {plan.record.path: (plan.record.sha256, plan.record.status, plan.record.reason) for plan in plans}
    before = {record.path: (record.sha256, record.status, record.reason) for record in known.values()}
    return Changes(
        added=tuple(path for path in new if path not in old and path not in targets),
        changed=changed,
        renamed=tuple(renamed),
        removed=tuple(path for path in old if path not in new and path not in sources),
        unchanged=sum(path in old for path in new) - len(changed),
        differs=facts != before,
    )


def _ending(path: str) -> str:
    return splitext(path)[1].lower()


def _trusted_before(created: str) -> int:
    return int(datetime.fromisoformat(created).timestamp() * 1e9) - _CLOCK_DOUBT_NS
