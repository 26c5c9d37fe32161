"""The corpus folder → its files and their Documents; every file has a status, none stops the rest.

It only reads. It knows nothing about passages or the index.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import formats
from .errors import CorpusError
from .formats import supported
from .formats.decoding import Empty, Unreadable
from .types import Contents, Document, FileRecord, title_from_path


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of the folder before it is read; `record.status` is already `skipped` or `failed` where it shows."""

    record: FileRecord
    location: Path

    @property
    def readable(self) -> bool:
        return self.record.status == "indexed"


def scan(corpus: Path, max_file_bytes: int, without: Path | None = None) -> list[FoundFile]:
    """Every file below `corpus`, sorted by path; names that begin with a dot are left out.

    `without` is a folder that is not looked into: an index that was put below the corpus.

    Raises CorpusError where the folder is missing or cannot be listed.
    """
    if not corpus.is_dir():
        raise CorpusError(f"There is no folder {str(corpus)!r}: make it and put your articles in, or name another.")
    try:
        os.scandir(corpus).close()
    except OSError as error:
        raise CorpusError(
            f"The folder {str(corpus)!r} cannot be listed ({error.strerror}): give this account leave to read it."
        ) from error
    root = corpus.resolve()
    skipped = without.resolve() if without is not None else None
    found = [_found(corpus, location, root, max_file_bytes) for location in _walk(corpus, skipped)]
    return sorted(found, key=lambda file: file.record.path)


def read(file: FoundFile) -> tuple[FileRecord, bytes]:
    """The bytes of a readable file, and its record with their hash; empty bytes where reading failed."""
    try:
        data = file.location.read_bytes()
    except OSError as error:
        return replace(file.record, status="failed", reason=f"cannot be read: {error.strerror}"), b""
    return replace(file.record, size=len(data), sha256=hashlib.sha256(data).hexdigest()), data


def load(
    record: FileRecord, data: bytes, parse: Callable[[str, bytes], Contents] = formats.parse
) -> tuple[FileRecord, tuple[Document, ...]]:
    """The Documents of a file that was read; the record says why where there is none, or not all.

    `parse` reads it: in this process by default, or in one of its own (`workers.ReaderPool.parse`).
    """
    if not data.strip():
        return replace(record, status="empty", reason="holds nothing"), ()
    try:
        contents = parse(record.path, data)
    except Empty as error:
        return replace(record, status="empty", reason=str(error)), ()
    except Unreadable as error:
        return replace(record, status="failed", reason=str(error)), ()
    except (RecursionError, MemoryError):
        return replace(record, status="failed", reason="is nested too deeply to be read"), ()
    found = tuple(document for document in contents.documents if document.blocks)
    problems = "; ".join(contents.problems)
    if not found:
        headings = any(len(document.sections) > 1 for document in contents.documents)
        reason = problems or ("holds headings but no text" if headings else "holds no text")
        return replace(described(record, contents.documents), status="empty", reason=reason, documents=0), ()
    return replace(described(record, found), reason=problems), found


def described(record: FileRecord, found: Sequence[Document]) -> FileRecord:
    """The record with what its documents say: title, language, how many they are and have pages."""
    languages = Counter(document.language for document in found)
    return replace(
        record,
        title=found[0].display_title if len(found) == 1 else title_from_path(record.path),
        documents=len(found),
        pages=sum(len(document.pages) for document in found),
        language=max(languages, key=lambda language: languages[language], default=""),
    )


def has_changed(corpus: Path, record: FileRecord) -> bool:
    """Whether the file is not (or no longer) what `record` says; size and time are asked before the bytes."""
    location = corpus / record.path
    try:
        now = location.stat()
        if not stat.S_ISREG(now.st_mode):
            return True  # a pipe would be waited for
        if now.st_size == record.size and now.st_mtime_ns == record.mtime_ns:
            return False
        return hashlib.sha256(location.read_bytes()).hexdigest() != record.sha256
    except OSError:
        return True


def _walk(folder: Path, without: Path | None) -> Iterator[Path]:
    """All entries below that are not folders, and folders that cannot be listed; nothing of `without`.

    Folders behind links are not entered (they may lead in circles).
    """
    folders = [folder]
    while folders:
        current = folders.pop()
        if without is not None and current.resolve() == without:
            continue
        try:
            with os.scandir(current) as listed:
                entries = [entry for entry in listed if not entry.name.startswith(".")]
        except OSError:
            yield current  # a file that is not listed would look as if it had been deleted
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(Path(entry.path))
            else:
                yield Path(entry.path)


def _found(corpus: Path, location: Path, root: Path, max_file_bytes: int) -> FoundFile:
    path = location.relative_to(corpus).as_posix()
    name = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    record = FileRecord(path=name, size=0, mtime_ns=0, title=title_from_path(name))

    def without(status: str, reason: str) -> FoundFile:
        marked = replace(record, status="failed" if status == "failed" else "skipped", reason=reason)
        return FoundFile(marked, location)

    try:
        facts = location.lstat()
        is_link = stat.S_ISLNK(facts.st_mode)
        if is_link:
            target, facts = location.resolve(strict=True), location.stat()
    except (OSError, RuntimeError) as error:
        return without("failed", f"cannot be read: {getattr(error, 'strerror', None) or 'a link in a circle'}")
    record = replace(record, size=facts.st_size, mtime_ns=facts.st_mtime_ns)
    if is_link and not target.is_relative_to(root):  # folders behind links are not entered: no other leads out
        return without("skipped", "is a link that leads out of the folder")
    if stat.S_ISDIR(facts.st_mode) and not is_link:
        return without("failed", "is a folder that cannot be listed: give this account leave to read it")
    if not stat.S_ISREG(facts.st_mode):
        return without("skipped", "is not a file with contents")
    if name != path:
        return without("skipped", "has a name that is not UTF-8: rename it")
    if not supported(path):
        ending = Path(path).suffix
        return without("skipped", f"{ending} files are not read" if ending else "has no ending such as .md or .txt")
    if facts.st_size > max_file_bytes:
        size, limit = facts.st_size / 1e6, max_file_bytes / 1e6
        return without("skipped", f"is {size:.1f} MB, over the limit of {limit:g} MB")
    return FoundFile(record, location)
