"""The state of the index and of every file → the HTML of the Library tab and of the line above the tabs.

It knows nothing about sessions or the server.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from ..ask.words import counted
from ..formats import kind, supported
from ..status import FileState, Status
from ..text.languages import language_name
from .markup import escape
from .uploads import Upload

MOST_ROWS = 1000

_WORDS = {"indexed": "indexed", "empty": "empty", "failed": "could not be read", "skipped": "not read"}
_PENDING = {
    "new": "new: not in the index yet",
    "changed": "changed: not in the index yet",
    "removed": "removed: still in the index",
}
_COUNTED = {**_WORDS, "pending": "waiting", "removed": "removed from the folder"}
_NUMBER, _STANDS, _REMOVE = ' class="qa-number"', ' class="qa-stands"', ' class="qa-remove"'
_COLUMNS = (
    ("Article", ""), ("Kind", ""), ("State", _STANDS), ("Passages", _NUMBER), ("Pages", _NUMBER), ("Size", _NUMBER),
    ("Language", ""), ("Indexed", _NUMBER),
)  # fmt: skip
_NOTHING = '<p class="qa-quiet">The folder of articles holds no files yet.</p>'
_HINT = '<span class="qa-hint"'
_BY_WORDS = """By words: the encoder was not made for this language, so such an article is found by its words rather
than by its meaning."""


def headline(documents: int, passages: int, created: str, now: datetime | None = None) -> str:
    """`3 articles · 71 passages · built 14:02`."""
    facts = [counted(documents, "article"), counted(passages, "passage"), f"built {clock(created, now)}"]
    return '<p class="qa-headline">' + "<span> · </span>".join(f"<b>{escape(fact)}</b>" for fact in facts) + "</p>"


def clock(created: str, now: datetime | None = None) -> str:
    """The hour of an ISO time on this machine's clock, with its date where that is not today."""
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
    only_reads: bool = False,
) -> dict[str, Any]:
    """The list of files: those in state `show` ("all", "problem", "waiting") whose title or path holds `find`.

    Those that need attention stand first; of more than MOST_ROWS the rest is only counted. `offers` are the numbers of
    the files that may be removed, by path; with `only_reads` no folder belongs to the list. The page filters what it
    has by itself, and asks for what it lacks: `whole` says that it lacks nothing.
    """
    now = now or datetime.now().astimezone()
    wanted = _folded(find)
    by_state: dict[str, list[FileState]] = {"problem": [], "waiting": [], "": []}
    for file in status.files:
        by_state[_state(file)].append(file)
    found = [
        (state, file)
        for state, files in by_state.items()
        if show in ("all", state)
        for file in files
        if not wanted or wanted in _folded(f"{file.record.title} {file.record.path}")
    ]
    rows = [_row(file, state, status, offers, now) for state, file in found[:MOST_ROWS]]
    return {
        "html": _table(status, rows, bool(offers)) if status.files else "" if only_reads else _NOTHING,
        "files": len(status.files),
        "problem": len(by_state["problem"]),
        "waiting": len(by_state["waiting"]),
        "left": len(found) - len(rows),
        "whole": len(rows) == len(status.files),
        "show": show,
        "find": find,
    }


def _folded(text: str) -> str:
    """Without accents and case; the page's script folds alike."""
    if text.isascii():
        return text.lower()
    return "".join(
        c for c in unicodedata.normalize("NFKD", text) if not unicodedata.category(c).startswith("M")
    ).lower()


def _state(file: FileState) -> str:
    """`waiting` for a rebuild; `problem`: not, or not wholly, indexed for a reason that can be mended; else nothing."""
    record = file.record
    if file.pending or not record.reason:
        return "waiting" if file.pending else ""
    is_foreign = record.status == "skipped" and "." in PurePosixPath(record.path).name and not supported(record.path)
    return "" if is_foreign else "problem"


def _table(status: Status, rows: Sequence[str], may_remove: bool) -> str:
    head = "".join(f'<th scope="col"{style}>{name}</th>' for name, style in _COLUMNS)
    head += f'<th scope="col"{_REMOVE}><span class="qa-spoken">Remove</span></th>' if may_remove else ""
    note = f'<p class="qa-quiet">{_BY_WORDS}</p>' if any(_HINT in row for row in rows) else ""
    return (
        f'<div class="qa-table"><table><caption>{_summary(status)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>{note}"
    )


def _summary(status: Status) -> str:
    """`12 files · 9 indexed · 2 waiting · 1 could not be read`: the parts add up to the files."""
    counts = status.counts
    parts = [counted(counts["files"], "file")]
    parts += [f"{counts[state]:,} {words}" for state, words in _COUNTED.items() if counts[state] or state == "indexed"]
    return " · ".join(parts)


def _row(file: FileState, state: str, status: Status, offers: Mapping[str, int], now: datetime) -> str:
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
    # On a narrow screen the line of facts stands in for the columns.
    folded = "\N{NO-BREAK SPACE}· ".join(fact.replace(" ", "\N{NO-BREAK SPACE}") for fact in facts if fact)
    several = f'<span class="qa-several">{counted(record.documents, "article")}</span>' if record.documents > 1 else ""
    return (
        f'<tr data-is="{state}"><th scope="row"><bdi class="qa-title">{escape(record.title)}</bdi>'
        f'<bdi class="qa-file">{escape(record.path)}</bdi>{several}<span class="qa-facts">{escape(folded)}</span></th>'
        f"<td>{escape(sort)}</td><td{_STANDS}>{_stands(file)}</td>"
        f"<td{_NUMBER}>{f'{record.passages:,}' if is_known else '–'}</td>"
        f"<td{_NUMBER}>{f'{record.pages:,}' if record.pages else '–'}</td><td{_NUMBER}>{size}</td>"
        f"<td>{escape(language) or '–'}{_by_words(language) if by_words else ''}</td>"
        f"<td{_NUMBER}>{indexed or '–'}</td>{_remove(record.path, offers)}</tr>"
    )


def _stands(file: FileState) -> str:
    record = file.record
    colour = "pending" if file.pending else record.status
    words = _PENDING.get(file.pending) or _WORDS[record.status]
    reason = f'<span class="qa-reason">{escape(record.reason)}</span>' if record.reason and not file.pending else ""
    return f'<span class="qa-state qa-{colour}">{words}</span>{reason}'


def _by_words(language: str) -> str:
    meant = f"the encoder was not made for {language}: found by its words rather than by its meaning"
    return f'{_HINT} title="{escape(meant)}">by words</span>'


def _remove(path: str, offers: Mapping[str, int]) -> str:
    if not offers:
        return ""
    if path not in offers:
        return f"<td{_REMOVE}></td>"
    return (
        f'<td{_REMOVE}><button type="button" data-do="remove" data-number="{offers[path]}" '
        f'aria-label="Remove {escape(path)}" title="Remove">Remove</button></td>'
    )


def removed_html(name: str, place: Path) -> str:
    """Where a file lies that was removed."""
    return (
        f"<b><bdi>{escape(name)}</bdi></b> is out of the folder of articles. It was moved to "
        f"<code>{escape(str(place))}</code>."
    )


def file_size(size: int) -> str:
    """`16 KB`."""
    for limit, unit in ((1_000_000, "MB"), (1_000, "KB")):
        if size >= limit:
            return f"{size / limit:.1f} {unit}" if size < 10 * limit else f"{size / limit:.0f} {unit}"
    return f"{size} B"


def uploads_html(uploads: Sequence[Upload], building: bool = False) -> str:
    """What became of each file that was sent, and what to do next."""
    items = "".join(
        f'<li class="{"qa-saved" if upload.saved else "qa-refused"}"><bdi>{escape(upload.name)}</bdi>: '
        f"{escape(upload.words)}</li>"
        for upload in uploads
    )
    saved = any(upload.saved for upload in uploads)
    after = ""
    if saved:
        after = (
            "Being taken in: ask about it in a moment." if building else "Rebuild the index to ask about what is new."
        )
    return f'<ul class="qa-uploads" role="status">{items}</ul><p class="qa-quiet">{after}</p>'
