"""The corpus folder → its files and their Documents; every file has a status, none stops the rest.

It only reads. It knows nothing about passages or the index.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import CorpusError
from ..formats import supported
from ..formats.decoding import Empty, Unreadable
from ..sandbox.parsing import ParsedFile
from ..text.document import Document, title_from_path
from ..text.passage import Passage
from .records import FileRecord


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of the folder before it is read; `record.status` is already `skipped` or `failed` where it shows.

    `root` is the folder itself, which no link may lead out of; `most` is the limit in bytes.
    """

    record: FileRecord
    location: Path
    root: Path
    most: int

    @property
    def readable(self) -> bool:
        return self.record.status == "indexed"


def check(corpus: Path) -> None:
    """Raises CorpusError where the folder is missing or cannot be listed."""
    if not corpus.is_dir():
        raise CorpusError(f"There is no folder {str(corpus)!r}: make it and put your articles in, or name another.")
    try:
        os.scandir(corpus).close()
    except OSError as error:
        raise CorpusError(
            f"The folder {str(corpus)!r} cannot be listed ({error.strerror}): give this account leave to read it."
        ) from error


def scan(corpus: Path, max_file_bytes: int, without: Path | None = None) -> list[FoundFile]:
    """Every file below `corpus`, sorted by path; names that begin with a dot are left out.

    `without` is a folder that is not looked into: an index that was put below the corpus. Raises CorpusError as
    `check`.
    """
    check(corpus)
    root = corpus.resolve()
    skipped = without.resolve() if without is not None else None
    found = [_found(corpus, location, root, max_file_bytes) for location in _walk(corpus, skipped)]
    return sorted(found, key=lambda file: file.record.path)


def read(file: FoundFile) -> tuple[FileRecord, bytes]:
    """The bytes of a readable file, and its record with their hash; empty bytes where reading failed.

    What stands there now may be another thing than was found: a pipe is not waited for, a device not read.
    """
    try:
        data = _read(file.location, file.root, file.most + 1)
    except OSError as error:
        return replace(file.record, status="failed", reason=f"cannot be read: {error.strerror}"), b""
    if len(data) > file.most:
        reason = f"has grown past the limit of {file.most / 1e6:g} MB while it was read"
        return replace(file.record, status="failed", reason=reason), b""
    return replace(file.record, size=len(data), sha256=hashlib.sha256(data).hexdigest()), data


def load(
    record: FileRecord, data: bytes, read: Callable[[str, bytes], ParsedFile]
) -> tuple[FileRecord, Sequence[tuple[Document, Sequence[Passage]]]]:
    """What `read` finds in the bytes of a file; the record says why where there is nothing, or not all."""
    if not data or data.isspace():
        return replace(record, status="empty", reason="is empty"), ()
    try:
        found = read(record.path, data)
    except Empty as error:
        return replace(record, status="empty", reason=str(error)), ()
    except Unreadable as error:
        return replace(record, status="failed", reason=str(error)), ()
    except (RecursionError, MemoryError):
        return replace(record, status="failed", reason="is nested too deeply to be read"), ()
    problems = "; ".join(found.problems)
    if not found.documents:
        headings = any(len(document.sections) > 1 for document in found.empty)
        reason = problems or ("contains headings but no text" if headings else "contains no text")
        return replace(described(record, found.empty), status="empty", reason=reason, documents=0), ()
    return replace(described(record, [document for document, _ in found.documents]), reason=problems), found.documents


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
    """Whether the file is not (or no longer) what `record` says; size and time are asked before the bytes.

    One that could not be read has changed when it can be.
    """
    location = corpus / record.path
    try:
        now = location.stat()
        if not stat.S_ISREG(now.st_mode) or (record.sha256 and now.st_size != record.size):
            return True
        if record.sha256 and now.st_mtime_ns == record.mtime_ns:
            return False
        return hashlib.sha256(_read(location, corpus.resolve(), record.size + 1)).hexdigest() != record.sha256
    except OSError:
        return bool(record.sha256)


def folders(corpus: Path, without: Path | None = None) -> Iterator[Path]:
    """The folder and all below it that `scan` looks into, those included that cannot be listed."""
    skipped = without.resolve() if without is not None else None
    return (folder for folder, _ in _listed(corpus, skipped))


def unchanged(corpus: Path, record: FileRecord) -> bytes | None:
    """The bytes of the file where they are those that `record` was made of, else None."""
    location = corpus / record.path
    try:
        if location.stat().st_size != record.size:
            return None
        data = _read(location, corpus.resolve(), record.size + 1)
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == record.sha256 else None


def _read(location: Path, root: Path, most: int) -> bytes:
    """The first `most` bytes of what is, once it is open, a file below `root`. Raises OSError."""
    target = os.path.realpath(location, strict=True)
    if not Path(target).is_relative_to(root):
        raise OSError(errno.EACCES, "it has become a link that leads out of the folder")
    with open(target, "rb", opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no longer a file with contents")
        return file.read(most)


def _open_at_once(path: str, flags: int) -> int:
    """A pipe that nobody writes to is not waited for, and no link followed (Windows has neither flag)."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))


def _walk(folder: Path, without: Path | None) -> Iterator[Path]:
    """All entries below that are not folders, and folders that cannot be listed; nothing of `without`."""
    for current, entries in _listed(folder, without):
        if entries is None:
            yield current  # a file that is not listed would look as if it had been deleted
            continue
        yield from (Path(entry.path) for entry in entries if not entry.is_dir(follow_symlinks=False))


def _listed(folder: Path, without: Path | None) -> Iterator[tuple[Path, list[os.DirEntry[str]] | None]]:
    """Each folder with its entries, None where it cannot be listed; nothing of `without`.

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
            yield current, None
            continue
        yield current, entries
        folders += [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]


def _found(corpus: Path, location: Path, root: Path, max_file_bytes: int) -> FoundFile:
    path = location.relative_to(corpus).as_posix()
    name = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    record = FileRecord(path=name, size=0, mtime_ns=0, title=title_from_path(name))

    def without(status: str, reason: str) -> FoundFile:
        marked = replace(record, status="failed" if status == "failed" else "skipped", reason=reason)
        return FoundFile(marked, location, root, max_file_bytes)

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
    return FoundFile(record, location, root, max_file_bytes)
