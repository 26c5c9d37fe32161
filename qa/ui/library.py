"""Renders the Library tab and the line above the tabs: the state of the index and of every file."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from ..ask.words import counted
from ..corpus.records import FileRecord
from ..formats import kind, supported
from ..status import FileState, Status
from ..text.languages import language_name
from .templating import render
from .uploads import Upload

MOST_ROWS = 1000

_WORDS = {"indexed": "indexed", "empty": "empty", "failed": "could not be read", "skipped": "not read"}
_PENDING = {
    "new": "new: not in the index yet",
    "changed": "changed: not in the index yet",
    "removed": "removed: still in the index",
}
_COUNTED = {**_WORDS, "pending": "waiting", "removed": "removed from the folder"}


def headline(documents: int, passages: int, created: str, now: datetime | None = None) -> str:
    """Render `3 articles · 71 passages · built 14:02`."""
    return render("headline.html", documents=documents, passages=passages, built=clock(created, now))


def clock(created: str, now: datetime | None = None) -> str:
    """Return an ISO time on this machine's clock, with its date unless that is today."""
    now = now or datetime.now().astimezone()
    built = datetime.fromisoformat(created).astimezone(now.tzinfo)
    if built.date() == now.date():
        return f"{built:%H:%M}"
    year = "" if built.year == now.year else f" {built.year}"
    return f"{built.day} {built:%b}{year}, {built:%H:%M}"


def files_value(
    status: Status,
    offers: Mapping[str, int] = MappingProxyType({}),
    show: str = "all",
    find: str = "",
    now: datetime | None = None,
    can_build: bool = True,
    text_files: Sequence[str] = (),
) -> dict[str, Any]:
    """Render the list of files in state `show` ("all", "problem", "waiting") whose title or path contains `find`.

    Files that need attention come first; beyond MOST_ROWS files are only counted. `offers` are the numbers of the files
    that may be removed, by path; without `can_build` the list belongs to no folder. `text_files` are extensions that
    are read besides the usual ones. The page filters the files that it has and requests those that it lacks; `whole`
    says that it lacks none.
    """
    now = now or datetime.now().astimezone()
    wanted = _folded(find)
    by_state: dict[str, list[FileState]] = {"problem": [], "waiting": [], "": []}
    for file in status.files:
        by_state[_state(file, text_files)].append(file)
    matches = [
        (state, file)
        for state, files in by_state.items()
        if show in ("all", state)
        for file in files
        if not wanted or wanted in _folded(f"{file.record.title} {file.record.path}")
    ]
    rows = [_row(file, state, status, now) for state, file in matches[:MOST_ROWS]]
    has_list = bool(status.files) or can_build
    return {
        "html": render("files.html", rows=rows if status.files else None, summary=_summary(status), offers=offers)
        if has_list
        else "",
        "files": len(status.files),
        "problem": len(by_state["problem"]),
        "waiting": len(by_state["waiting"]),
        "left": len(matches) - len(rows),
        "whole": len(rows) == len(status.files),
        "show": show,
        "find": find,
    }


def _folded(text: str) -> str:
    """Return a text without accents and case, as the page's script folds it."""
    if text.isascii():
        return text.lower()
    return "".join(
        c for c in unicodedata.normalize("NFKD", text) if not unicodedata.category(c).startswith("M")
    ).lower()


def _state(file: FileState, text_files: Sequence[str]) -> str:
    """Return "waiting" (for a rebuild), "problem" (not or not fully indexed, for a reason that can be fixed) or ""."""
    record = file.record
    if file.pending or not record.reason:
        return "waiting" if file.pending else ""
    is_other = "." in PurePosixPath(record.path).name and not supported(record.path, text_files)
    return "" if record.status == "skipped" and is_other else "problem"


def _summary(status: Status) -> str:
    """Return `12 files · 9 indexed · 2 waiting · 1 could not be read`; the parts add up to the files."""
    counts = status.counts
    parts = [counted(counts["files"], "file")]
    parts += [f"{counts[state]:,} {words}" for state, words in _COUNTED.items() if counts[state] or state == "indexed"]
    return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class _Row:
    """One file in the list, as a person reads it; `group` is "problem", "waiting" or ""."""

    record: FileRecord
    group: str
    colour: str
    words: str
    reason: str
    note: str
    kind: str
    passages: str
    pages: str
    size: str
    language: str
    by_words: bool
    indexed: str
    facts: str


def _row(file: FileState, group: str, status: Status, now: datetime) -> _Row:
    record = file.record
    is_known = record.status == "indexed" and file.pending != "new"
    sort, size = kind(record.path), file_size(record.size)
    language = language_name(record.language) if record.language else ""
    by_words = not status.covers(record.language)
    indexed = clock(record.indexed, now) if record.indexed and is_known else ""
    facts = (
        sort,
        counted(record.passages, "passage") if is_known else "",
        counted(record.pages, "page") if record.pages else "",
        size,
        f"{language}, by words" if by_words else language,
        indexed,
    )
    return _Row(
        record=record,
        group=group,
        colour="pending" if file.pending else record.status,
        words=_PENDING.get(file.pending) or _WORDS[record.status],
        reason="" if file.pending else record.reason,
        note="" if file.pending else record.note,
        kind=sort,
        passages=f"{record.passages:,}" if is_known else "–",
        pages=f"{record.pages:,}" if record.pages else "–",
        size=size,
        language=language,
        by_words=by_words,
        indexed=indexed,
        facts="\N{NO-BREAK SPACE}· ".join(fact.replace(" ", "\N{NO-BREAK SPACE}") for fact in facts if fact),
    )


def removed_html(name: str, place: Path) -> str:
    """Render where a removed file was moved to."""
    return render("removed.html", name=name, place=str(place))


def file_size(size: int) -> str:
    """Return a size as `16 KB`."""
    for limit, unit in ((1_000_000, "MB"), (1_000, "KB")):
        if size >= limit:
            return f"{size / limit:.1f} {unit}" if size < 10 * limit else f"{size / limit:.0f} {unit}"
    return f"{size} B"


def uploads_html(uploads: Sequence[Upload], building: bool = False) -> str:
    """Render the result of each upload, and what to do next."""
    return render("uploads.html", uploads=uploads, building=building)
