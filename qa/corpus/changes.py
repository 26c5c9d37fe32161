"""Compares the corpus folder with the last generation: what happened to each file, and what can be reused.

A file is identified by its content: a renamed one is not parsed again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from posixpath import splitext

from ..sandbox.endings import PASSING
from . import documents
from .documents import CorpusFile
from .records import FileRecord

# A file modified this shortly before it was indexed may have been modified again with the same time stamp.
_CLOCK_TOLERANCE_NS = 2_000_000_000
_MIN_VANISHED = 3  # files; fewer may be removed on purpose without a word


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan for one file: `reuse` is the record of the same content in the last generation, if it can be reused.

    A file that could not be parsed is reused too: it is not tried again until it changes, unless memory ran out.
    """

    file: CorpusFile
    record: FileRecord
    reuse: FileRecord | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes in the folder, as paths below it; `renamed` contains pairs (old, new). Skipped files do not count.

    `differs` is whether anything changed that a generation records.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]
    unchanged: int
    differs: bool


def plan(
    files: list[CorpusFile],
    known: Mapping[str, FileRecord],
    reusable: Mapping[str, FileRecord],
    created: str,
    step: Callable[[int], None],
) -> list[Plan]:
    """Plan what to do with every file; a file with unchanged size and times is not read to compute its hash.

    Nor is any file if no generation is known: then it is only read to be parsed, and its record here has no hash.
    `known` are the records of the last generation, begun at `created` (ISO time); `reusable` are those whose documents
    can be reused. `step` is called with the index of each file.
    """
    # A renamed file without documents is parsed again, because the reason may depend on its name.
    by_hash = {record.sha256: record for record in reusable.values() if record.sha256 and record.documents}
    trusted_before = _trusted_before(created) if reusable else 0
    plans = []
    for number, file in enumerate(files):
        step(number)
        record, old = file.record, _lasting(known.get(file.record.path))
        if not file.readable or not known:
            plans.append(Plan(file, record))
            continue
        if old is not None and old.sha256 and old.stamp == record.stamp and record.mtime_ns < trusted_before:
            record = old
        else:
            record, _ = documents.read(file)
            if old is not None and record.sha256 and old.sha256 == record.sha256:
                record = old.stamped(record)
        if record.work != file.record.work:
            record = replace(record, work=file.record.work)
        same = _lasting(reusable.get(record.path))
        if same is None or same.sha256 != record.sha256:
            same = by_hash.get(record.sha256)
        plans.append(Plan(file, record, same if same is not None and _is_same(same, record) else None))
    return plans


def compare(plans: list[Plan], known: Mapping[str, FileRecord]) -> Changes:
    """The changes since the last generation, whose records are `known`."""
    old = {path: record for path, record in known.items() if record.status != "skipped"}
    new = {plan.record.path: plan.record for plan in plans if plan.record.status != "skipped"}
    removed_by_content: dict[tuple[str, str], list[str]] = {}
    for path, record in old.items():
        if path not in new and record.sha256:
            removed_by_content.setdefault((record.sha256, _extension(path)), []).append(path)
    renamed = []
    for path, record in new.items():
        candidates = removed_by_content.get((record.sha256, _extension(path)))
        if path not in old and candidates:
            renamed.append((candidates.pop(0), path))
    sources, targets = {pair[0] for pair in renamed}, {pair[1] for pair in renamed}
    changed = tuple(path for path in new if path in old and _content(new[path]) != _content(old[path]))
    after = {plan.record.path: (*_content(plan.record), plan.record.status, plan.record.reason) for plan in plans}
    before = {record.path: (*_content(record), record.status, record.reason) for record in known.values()}
    return Changes(
        added=tuple(path for path in new if path not in old and path not in targets),
        changed=changed,
        renamed=tuple(renamed),
        removed=tuple(path for path in old if path not in new and path not in sources),
        unchanged=sum(path in old for path in new) - len(changed),
        differs=after != before,
    )


def vanished(
    changes: Changes,
    known: Mapping[str, FileRecord],
    within: Callable[[str], bool] = lambda _: True,
    missing: bool = False,
) -> int:
    """How many files are gone if that looks like a disk that is not connected; 0 otherwise.

    It does if most indexed files are gone, and more of them than are new; a few files may be gone for any reason. Only
    the paths `within` a folder count; if that folder itself is `missing`, any file is enough.
    """
    indexed = sum(record.status == "indexed" for path, record in known.items() if within(path))
    gone = sum(known[path].status == "indexed" for path in changes.removed if within(path))
    new = sum(within(path) for path in changes.added)
    looks = gone >= _MIN_VANISHED and 2 * gone > indexed and gone > new
    return gone if looks or missing else 0


def _is_same(old: FileRecord, record: FileRecord) -> bool:
    """Whether what was read of a file with the same content is what would be read of this one."""
    has_same_kind = old.path == record.path or _extension(old.path) == _extension(record.path)
    return bool(record.sha256) and has_same_kind and old.work == record.work


def _lasting(record: FileRecord | None) -> FileRecord | None:
    """The record, unless it says that the file was given up for a reason that may have passed."""
    return None if record is not None and record.reason in PASSING else record


def _content(record: FileRecord) -> tuple[str, str]:
    return record.sha256, record.work


def _extension(path: str) -> str:
    return splitext(path)[1].lower()


def _trusted_before(created: str) -> int:
    return int(datetime.fromisoformat(created).timestamp() * 1e9) - _CLOCK_TOLERANCE_NS
