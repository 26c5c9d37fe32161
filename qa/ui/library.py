"""The state of the index and of every file → the HTML of the Library tab and of the line above the tabs.

It knows nothing about sessions or the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..engine import FileState, Status
from ..render import escape
from .uploads import Upload

MOST_ROWS = 1000

_WORDS = {"indexed": "indexed", "empty": "empty", "failed": "could not be read", "skipped": "not read"}
_PENDING = {
    "new": "new: waits for a rebuild",
    "changed": "changed: waits for a rebuild",
    "removed": "removed: waits for a rebuild",
}


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


def counted(number: int, noun: str) -> str:
    """`1 article`, `1,200 passages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def table_html(status: Status) -> str:
    """Every file of the folder and of the index; those that need attention stand first."""
    if not status.files:
        return '<p class="qa-quiet">The folder of articles holds no files yet.</p>'
    files = sorted(status.files, key=lambda file: (not file.pending, file.record.status != "failed"))
    rows = "".join(_row(file) for file in files[:MOST_ROWS])
    more = len(files) - MOST_ROWS
    rest = f'<p class="qa-quiet">and {counted(more, "more file")}</p>' if more > 0 else ""
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Article", "State", "Passages", "Size"))
    return (
        f'<div class="qa-table"><table><caption>{_summary(status)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{rest}"
    )


def _summary(status: Status) -> str:
    waiting = sum(bool(file.pending) for file in status.files)
    indexed = sum(file.record.status == "indexed" and not file.pending for file in status.files)
    parts = [counted(len(status.files), "file"), f"{indexed:,} indexed"]
    if waiting:
        parts.append(f"{waiting:,} waiting for a rebuild")
    return " · ".join(parts)


def _row(file: FileState) -> str:
    record = file.record
    kind = "pending" if file.pending else record.status
    words = _PENDING.get(file.pending) or _WORDS[record.status]
    reason = f'<span class="qa-reason">{escape(record.reason)}</span>' if record.reason and not file.pending else ""
    passages = f"{record.passages:,}" if record.status == "indexed" and file.pending != "new" else "–"
    return (
        f'<tr><td><bdi class="qa-title">{escape(record.title)}</bdi>'
        f'<bdi class="qa-file">{escape(record.path)}</bdi></td>'
        f'<td><span class="qa-state qa-{kind}">{words}</span>{reason}</td>'
        f"<td>{passages}</td><td>{file_size(record.size)}</td></tr>"
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
