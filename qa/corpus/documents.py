"""Lists the files of the corpus folder and parses them; every file gets a status, and none stops the others.

The folder is only read, never written.
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
from typing import BinaryIO

from ..errors import CorpusError
from ..formats import supported
from ..formats.decoding import Empty, Unreadable
from ..formats.recognition import is_temporary
from ..sandbox.parsing import ParsedFile
from ..text.document import Document, title_from_path
from ..text.passage import Passage
from .folders import Corpus, Folder, Folders
from .records import FileRecord


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """A file of the folder before it is read; `record.status` is already `skipped` or `failed` if that is evident.

    `root` is the resolved folder of articles that it is in, which no link may leave; `max_bytes` is the limit on the
    file's size.
    """

    record: FileRecord
    location: Path
    root: Path
    max_bytes: int

    @property
    def readable(self) -> bool:
        return self.record.status == "indexed"


def check(corpus: Corpus, all_of_them: bool = True) -> None:
    """Raise CorpusError if one of the folders is missing, or all are, or if one cannot be listed."""
    folders = Folders.of(corpus)
    for folder in (folders if all_of_them else folders.present).all:
        _check(folder, folders.several)


def scan(
    corpus: Corpus, max_file_bytes: int, without: Path | None = None, text_files: Sequence[str] = ()
) -> list[CorpusFile]:
    """Every file of the corpus, sorted by path, except hidden ones (their names begin with a dot) and those that
    programs write while they work (`is_temporary`).

    `without` is a folder to leave out: an index inside a corpus folder. `text_files` are the extensions of further
    files to read (see `formats.supported`). Of several folders, one that is missing has no files, as long as another is
    there. Raises CorpusError as `check` does.
    """
    check(corpus, all_of_them=False)
    skipped = without.resolve() if without is not None else None
    files = []
    for folder in Folders.of(corpus).present.all:
        root = folder.path.resolve()
        locations = _walk(folder.path, skipped)
        files += [_examine(folder, location, root, max_file_bytes, text_files) for location in locations]
    return sorted(files, key=lambda file: file.record.path)


def read(file: CorpusFile) -> tuple[FileRecord, bytes]:
    """Read a file: its record with size and hash, and its bytes, which are empty if reading failed.

    The file may have been replaced since it was listed: a pipe is not waited for, and a device is not read.
    """
    try:
        data = _read(file.location, file.root, file.max_bytes + 1)
    except OSError as error:
        return replace(file.record, status="failed", reason=f"cannot be read: {error.strerror}"), b""
    if len(data) > file.max_bytes:
        reason = f"has grown past the limit of {file.max_bytes / 1e6:g} MB while it was read"
        return replace(file.record, status="failed", reason=reason), b""
    return replace(file.record, size=len(data), sha256=hashlib.sha256(data).hexdigest()), data


def parse(
    record: FileRecord, data: bytes, parse_file: Callable[[str, bytes], ParsedFile]
) -> tuple[FileRecord, Sequence[tuple[Document, Sequence[Passage]]]]:
    """Parse the bytes of a file; the record gets what cannot be indexed of it, and how it was read."""
    if not data or data.isspace():
        return replace(record, status="empty", reason="is empty"), ()
    try:
        parsed = parse_file(record.path, data)
    except Empty as error:
        return replace(record, status="empty", reason=str(error)), ()
    except Unreadable as error:
        return replace(record, status="failed", reason=str(error)), ()
    except (RecursionError, MemoryError):
        return replace(record, status="failed", reason="is nested too deeply to be read"), ()
    problems = "; ".join(parsed.problems)
    if not parsed.documents:
        headings = any(len(document.sections) > 1 for document in parsed.empty)
        reason = problems or ("contains headings but no text" if headings else "contains no text")
        return replace(describe(record, parsed.empty), status="empty", reason=reason, documents=0), ()
    record = describe(record, [document for document, _ in parsed.documents])
    return replace(record, reason=problems, note="; ".join(parsed.notes)), parsed.documents


def describe(record: FileRecord, documents: Sequence[Document]) -> FileRecord:
    """The record with the title, language and number of documents and pages of a file with these documents."""
    languages = Counter(document.language for document in documents)
    return replace(
        record,
        title=documents[0].display_title if len(documents) == 1 else title_from_path(record.path),
        documents=len(documents),
        pages=sum(len(document.pages) for document in documents),
        language=max(languages, key=lambda language: languages[language], default=""),
    )


def has_changed(corpus: Corpus, record: FileRecord) -> bool:
    """Whether the file differs from its `record`; size and times are compared before the contents.

    A file that could not be read has changed once it can be read.
    """
    try:
        root, below = Folders.of(corpus).split(record.path)
        location = root / below
        now = location.stat()
        if not stat.S_ISREG(now.st_mode) or (record.sha256 and now.st_size != record.size):
            return True
        if record.sha256 and (now.st_size, now.st_mtime_ns, now.st_ctime_ns) == record.stamp:
            return False
        return hashlib.sha256(_read(location, root.resolve(), record.size + 1)).hexdigest() != record.sha256
    except OSError:
        return bool(record.sha256)


def folders(corpus: Corpus, without: Path | None = None) -> Iterator[Path]:
    """The folders and all folders below them that `scan` enters, including those that cannot be listed."""
    skipped = without.resolve() if without is not None else None
    return (folder for each in Folders.of(corpus).paths for folder, _ in _list_folders(each, skipped))


def read_unchanged(corpus: Corpus, record: FileRecord) -> bytes | None:
    """The bytes of the file if they are those of its `record`, otherwise None."""
    try:
        root, below = Folders.of(corpus).split(record.path)
        location = root / below
        if location.stat().st_size != record.size:
            return None
        data = _read(location, root.resolve(), record.size + 1)
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == record.sha256 else None


def opened(corpus: Corpus, record: FileRecord) -> BinaryIO | None:
    """The file of a `record` as it is now, opened; None if it is gone or cannot be read."""
    try:
        root, below = Folders.of(corpus).split(record.path)
        return _open(root / below, root.resolve())
    except OSError:
        return None


def _check(folder: Folder, is_one_of_several: bool) -> None:
    path = str(folder.path)
    if not folder.path.is_dir():
        advice = "connect its disk, or go on without it: `qa build --yes`"
        raise CorpusError(
            f"There is no folder {path!r}: "
            f"{advice if is_one_of_several else 'make it and put your articles in, or name another'}."
        )
    try:
        os.scandir(folder.path).close()
    except OSError as error:
        raise CorpusError(
            f"The folder {path!r} cannot be listed ({error.strerror}): give this account leave to read it."
        ) from error


def _read(location: Path, root: Path, max_bytes: int) -> bytes:
    """The first `max_bytes` bytes of a file, opened as by `_open`."""
    with _open(location, root) as file:
        return file.read(max_bytes)


def _open(location: Path, root: Path) -> BinaryIO:
    """Open a regular file below `root`, which is checked after opening. Raises OSError."""
    target = os.path.realpath(location, strict=True)
    if not Path(target).is_relative_to(root):
        raise OSError(errno.EACCES, "it has become a link that leads out of the folder")
    file = open(target, "rb", opener=_open_nonblocking)  # noqa: SIM115 (the caller closes it)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no longer a regular file")
    return file


def _open_nonblocking(path: str, flags: int) -> int:
    """Open without waiting for the writer of a pipe and without following a link (Windows has neither flag)."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0))


def _walk(folder: Path, without: Path | None) -> Iterator[Path]:
    """Yield all entries below `folder` that are not folders, and folders that cannot be listed, except `without`."""
    for current, entries in _list_folders(folder, without):
        if entries is None:
            yield current  # otherwise its files would appear to be deleted
            continue
        yield from (Path(entry.path) for entry in entries if not entry.is_dir(follow_symlinks=False))


def _list_folders(folder: Path, without: Path | None) -> Iterator[tuple[Path, list[os.DirEntry[str]] | None]]:
    """Yield each folder with its entries (None if it cannot be listed), except `without`.

    Links to folders are not followed, since they may form a cycle.
    """
    folders = [folder]
    while folders:
        current = folders.pop()
        if without is not None and current.resolve() == without:
            continue
        try:
            with os.scandir(current) as scanned:
                entries = [entry for entry in scanned if not _is_ignored(entry)]
        except OSError:
            yield current, None
            continue
        yield current, entries
        folders += [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]


def _is_ignored(entry: os.DirEntry[str]) -> bool:
    is_file = not entry.is_dir(follow_symlinks=False)
    return entry.name.startswith(".") or (is_file and is_temporary(entry.name))


def _below(folder: Path, location: Path) -> str:
    """The path of a file below its folder, with slashes. (`relative_to` takes as long as all else about a file.)"""
    below = str(location) if str(folder) == "." else str(location)[len(str(folder)) :].lstrip(os.sep)
    return below.replace(os.sep, "/")


def _examine(folder: Folder, location: Path, root: Path, max_file_bytes: int, text_files: Sequence[str]) -> CorpusFile:
    """The file at `location`, with the status that shows without reading it."""
    path = folder.key(_below(folder.path, location))
    name = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    record = FileRecord(name, size=0, mtime_ns=0, title=title_from_path(name))

    def rejected(status: str, reason: str) -> CorpusFile:
        rejected_record = replace(record, status="failed" if status == "failed" else "skipped", reason=reason)
        return CorpusFile(rejected_record, location, root, max_file_bytes)

    try:
        info = location.lstat()
        is_link = stat.S_ISLNK(info.st_mode)
        if is_link:
            target, info = location.resolve(strict=True), location.stat()
    except (OSError, RuntimeError) as error:
        return rejected("failed", f"cannot be read: {getattr(error, 'strerror', None) or 'a cycle of links'}")
    record = FileRecord(name, info.st_size, info.st_mtime_ns, title=record.title, ctime_ns=info.st_ctime_ns)
    if is_link and not target.is_relative_to(root):  # links to folders are not followed, so no other path leaves it
        return rejected("skipped", "is a link that leads out of the folder")
    if stat.S_ISDIR(info.st_mode) and not is_link:
        return rejected("failed", "is a folder that cannot be listed: give this account leave to read it")
    if not stat.S_ISREG(info.st_mode):
        return rejected("skipped", "is not a regular file")
    if name != path:
        return rejected("skipped", "has a name that is not UTF-8: rename it")
    if not supported(path, text_files):
        extension = Path(path).suffix
        return rejected(
            "skipped", f"{extension} files are not read" if extension else "has no extension such as .md or .txt"
        )
    if info.st_size > max_file_bytes:
        size, limit = info.st_size / 1e6, max_file_bytes / 1e6
        return rejected("skipped", f"is {size:.1f} MB, over the limit of {limit:g} MB")
    return CorpusFile(record, location, root, max_file_bytes)
