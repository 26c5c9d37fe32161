"""Renders the library, and the line about the index in the rail: the state of the index and of every file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from ...corpus.records import FileRecord
from ...corpus.storing import Stored
from ...status import Status
from ...strings import numbers
from ...strings.catalogue import counted, file_size, say
from ...strings.sentences import said
from ...text.languages import language_name as english_name
from ..answers.templating import render
from .advice import advice
from .listing import Entry, Listing, View
from .moves import Move

_WORDS = {"indexed": "indexed", "empty": "empty", "failed": "could not be read", "skipped": "not read"}
_PENDING = {
    "new": "new: not in the index yet",
    "changed": "changed: not in the index yet",
    "removed": "removed: still in the index",
}
_COUNTED = {
    "indexed": "{n} indexed",
    "empty": "{n} empty",
    "failed": "{n} could not be read",
    "skipped": "{n} not read",
    "pending": "{n} waiting",
    "removed": "{n} removed from the folder",
}
# The columns that sort the list, with the class of their cells.
_COLUMNS = (
    ("title", "Article", ""),
    ("kind", "Kind", ""),
    ("state", "State", "qa-stands"),
    ("passages", "Passages", "qa-number"),
    ("pages", "Pages", "qa-number qa-pages"),
    ("size", "Size", "qa-number"),
    ("language", "Language", ""),
    ("changed", "Changed", "qa-number"),
)


def headline(documents: int, passages: int, created: str, now: datetime | None = None) -> str:
    """Render `3 articles · 71 passages · built 14:02`."""
    return render("headline.html", documents=documents, passages=passages, built=clock(created, now))


def clock(created: str, now: datetime | None = None) -> str:
    """Return an ISO time on this machine's clock, with its date unless that is today."""
    now = now or datetime.now().astimezone()
    built = datetime.fromisoformat(created).astimezone(now.tzinfo)
    if built.date() == now.date():
        return f"{built:%H:%M}"
    day = numbers.day_of_year(built) if built.year == now.year else numbers.short_day(built)
    return say("{day}, {time}", day=day, time=f"{built:%H:%M}")


def files_value(
    listing: Listing,
    view: View,
    offer: Callable[[Entry], int | None] = lambda _: None,
    now: datetime | None = None,
    can_build: bool = True,
) -> dict[str, Any]:
    """Render a view of the files: the page of the list, the tree of folders, and what there is to filter by.

    `offer` gives the number by which the page may move a file, or None; without `can_build` the list belongs to no
    folder.
    """
    now = now or datetime.now().astimezone()
    shown, status = listing.show(view, now), listing.status
    rows = [_row(entry, status, now, offer(entry)) for entry in shown.entries]
    all_files = len(status.files)
    has_list = bool(all_files) or can_build
    return {
        "html": render("files.html", rows=rows, shown=shown, view=shown.view, columns=_columns()) if has_list else "",
        "tree": render("tree.html", folders=listing.tree(shown.view.folder), chosen=shown.view.folder),
        "filters": render(
            "filters.html", kinds=listing.kinds, languages=_languages(listing), view=shown.view, columns=_columns()
        ),
        "summary": _summary(status)
        if shown.total == all_files
        else say("{shown} of {n} files", shown=shown.total, n=all_files),
        "files": all_files,
        "problem": listing.problems,
        "waiting": listing.waiting,
        "view": asdict(shown.view),
    }


def _columns() -> list[tuple[str, str, str]]:
    return [(key, say(name), look) for key, name, look in _COLUMNS]


def _languages(listing: Listing) -> dict[str, tuple[str, int]]:
    return {code: (_language(code), number) for code, number in listing.languages.items()}


def _language(code: str) -> str:
    return numbers.language_name(code, english_name(code)) if code else ""


def _summary(status: Status) -> str:
    """Return `12 files · 9 indexed · 2 waiting · 1 could not be read`; the parts add up to the files."""
    counts = status.counts
    parts = [counted(counts["files"], "file")]
    parts += [say(words, n=counts[state]) for state, words in _COUNTED.items() if counts[state] or state == "indexed"]
    return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class _Row:
    """One file in the list, as a person reads it; `group` is "problem", "waiting" or "".

    `href` opens it if it is an article that can be read, else it is "". `number` is what the page calls it to move it,
    or None.
    """

    record: FileRecord
    group: str
    colour: str
    words: str
    reason: str
    advice: str
    note: str
    kind: str
    passages: str
    pages: str
    size: str
    language: str
    by_words: bool
    changed: str
    indexed: str
    facts: str
    href: str
    number: int | None


def _row(entry: Entry, status: Status, now: datetime, number: int | None) -> _Row:
    file, record = entry.file, entry.file.record
    is_known = record.status == "indexed" and file.pending != "new"
    size = file_size(record.size)
    language = _language(record.language)
    by_words = not status.covers(record.language)
    changed = _day(record.mtime_ns, now)
    facts = (
        said(entry.kind),
        counted(record.passages, "passage") if is_known else "",
        counted(record.pages, "page") if record.pages else "",
        size,
        say("{language}, by words", language=language) if by_words else language,
        changed,
    )
    reason = "" if file.pending or record.reason == f"is {record.status}" else record.reason  # "is empty" says it twice
    return _Row(
        record=record,
        group=entry.group,
        colour="pending" if file.pending else record.status,
        words=say(_PENDING.get(file.pending) or _WORDS[record.status]),
        reason=reason,
        advice=advice(record.reason) if entry.group == "problem" else "",
        note="" if file.pending else record.note,
        kind=entry.kind,
        passages=numbers.number(record.passages) if is_known else "–",
        pages=numbers.number(record.pages) if record.pages else "–",
        size=size,
        language=language,
        by_words=by_words,
        changed=changed,
        indexed=clock(record.indexed, now) if record.indexed and is_known else "",
        facts="\N{NO-BREAK SPACE}· ".join(fact.replace(" ", "\N{NO-BREAK SPACE}") for fact in facts if fact),
        href=f"#/article/{quote(record.path, errors='replace')}" if is_known and record.documents == 1 else "",
        number=number,
    )


def _day(mtime_ns: int, now: datetime) -> str:
    """Return the day of a file's last modification, or its time if that is today; "" if it is unknown."""
    if not mtime_ns:
        return ""
    at = datetime.fromtimestamp(mtime_ns // 10**9, now.tzinfo)
    if at.date() == now.date():
        return f"{at:%H:%M}"
    return numbers.short_day(at)


def moved_html(move: Move) -> str:
    """Render where a removed file is, or which name a renamed one has, with a button that undoes it."""
    return render("moved.html", move=move, name=PurePosixPath(move.path).name, new=PurePosixPath(move.place).name)


def undone_html(move: Move) -> str:
    """Render that a file is where it was."""
    return render("undone.html", move=move)


def removed_html(moves: Sequence[Move], folder: Path, now: datetime | None = None) -> str:
    """Render the removed files, each with a button that puts it back; "" if there are none."""
    times = [clock(move.time, now) for move in moves]
    return render("removed.html", moves=list(zip(moves, times, strict=True)), folder=str(folder)) if moves else ""


def uploads_html(uploads: Sequence[Stored], building: bool = False) -> str:
    """Render the result of each upload, and what to do next."""
    return render("uploads.html", uploads=uploads, building=building)
