"""Puts files into the corpus folder under safe names, never over another file; they wait for a rebuild."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import CorpusError
from ..formats import extensions, supported
from ..system.lacking import remedy

LONGEST_NAME = 120
_LONGEST_BYTES = 200  # most file systems allow 255, and " (2)" must fit
_OUTER = re.compile(r"^[\s.]+|[\s.]+$")
_FORBIDDEN = re.compile(r'[<>:"|?*]')  # Windows allows no such names, and a corpus may be copied there
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)$", re.IGNORECASE)
_writing = threading.Lock()
_OPENED = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one file: `name` is its path in the folder, or as given; `words` says what happened.

    `sha256` is that of the written file, or empty if none was written.
    """

    name: str
    saved: bool
    words: str
    sha256: str = ""


def store_file(
    source: Path, name: str, corpus: Path, max_bytes: int, text_files: Sequence[str] = (), folder: str = ""
) -> Stored:
    """Copy the file `source` into a folder of the corpus as `name`, or refuse it; see `store`."""
    safe, problem = _accepted(name, text_files)
    if problem:
        return Stored(safe, False, problem)
    try:
        size, data, time = _read(source, max_bytes)
    except OSError:
        return Stored(safe, False, "refused: it did not arrive as a file; upload it again")
    return _checked(data, size, safe, corpus, max_bytes, folder, time)


def store(
    data: bytes, name: str, corpus: Path, max_bytes: int, text_files: Sequence[str] = (), folder: str = ""
) -> Stored:
    """Write a file into a folder of the corpus as `name`, or refuse it with a reason.

    `text_files` are extensions that are read besides the usual ones; `folder` is a path below the corpus folder, which
    is made if it is missing. Raises CorpusError if the folder cannot be written or leads out of the corpus.
    """
    safe, problem = _accepted(name, text_files)
    return Stored(safe, False, problem) if problem else _checked(data, len(data), safe, corpus, max_bytes, folder)


def _accepted(name: str, text_files: Sequence[str]) -> tuple[str, str]:
    """The name under which a file is stored, and why it is refused, if it is."""
    safe = safe_name(name)
    if not safe:
        return _shown(name), "refused: its name cannot be used"
    if not supported(safe, text_files):
        endings = ", ".join(extensions(text_files))
        ending = PurePosixPath(safe).suffix
        problem = f"{ending} files are not read" if ending else "its name has no extension"
        return safe, f"refused: {problem} (articles end in {endings})"
    return safe, ""


def _checked(
    data: bytes, size: int, name: str, corpus: Path, max_bytes: int, folder: str, time: int | None = None
) -> Stored:
    if size > max_bytes:
        return Stored(name, False, f"refused: it is {size / 1e6:.1f} MB, over the limit of {max_bytes / 1e6:g} MB")
    if size == 0:
        return Stored(name, False, "refused: it is empty")
    try:
        with _writing:  # two visitors may send the same name at once
            return _store(data, name, corpus, folder, time)
    except OSError as error:
        raise CorpusError(f"The folder of articles cannot be written ({error.strerror}): {remedy(error)}.") from error


def _read(source: Path, max_bytes: int) -> tuple[int, bytes, int]:
    """Return the size of a regular file, its bytes unless it is larger than `max_bytes`, and its time. Raises OSError.

    It follows no link and never blocks: a pipe or a device might be endless.
    """
    with os.fdopen(os.open(source, _OPENED), "rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, "It is not a regular file")
        return facts.st_size, file.read(max_bytes) if facts.st_size <= max_bytes else b"", facts.st_mtime_ns


def safe_name(name: str) -> str:
    """Return the last part of a name without anything that means something to a file system, or ""."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    kept = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
    # NFC again: removing characters may have joined letters and marks.
    kept = _OUTER.sub("", _FORBIDDEN.sub("_", unicodedata.normalize("NFC", kept)))
    stem, ending = PurePosixPath(kept).stem, PurePosixPath(kept).suffix
    if not re.sub(r"[\s._]", "", stem):
        return ""
    if _RESERVED.match(kept.split(".")[0].rstrip()):
        stem = f"_{stem}"
    while len(stem) + len(ending) > LONGEST_NAME or len(f"{stem}{ending}".encode()) > _LONGEST_BYTES:
        if not stem:
            return ""
        stem = stem[:-1]
    return f"{stem.rstrip()}{ending}" if stem.strip() else ""


def _store(data: bytes, name: str, corpus: Path, below: str, time: int | None) -> Stored:
    """Write a file. The date of an undated article is the `time` of its file (nanoseconds), which a copy keeps."""
    root, folder = _folder(corpus, below)
    for target in _candidates(folder, name):
        if target.parent.resolve() != folder:
            raise CorpusError("That name leads out of the folder of articles: rename the file.")
        if not os.path.lexists(target):
            break
        # A link is never followed: its target may be none of our business.
        if target.is_file() and not target.is_symlink() and target.read_bytes() == data:
            return Stored(target.relative_to(root).as_posix(), True, "already there")
    else:
        return Stored(name, False, "refused: too many articles have this name")
    temporary = folder / f".upload-{secrets.token_hex(8)}"  # a name that starts with a dot is not an article
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if time is not None:
            os.utime(temporary, ns=(time, time))
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    words = "saved" if target.name == name else f"saved under this name because {name} exists already"
    return Stored(target.relative_to(root).as_posix(), True, words, hashlib.sha256(data).hexdigest())


def _folder(corpus: Path, below: str) -> tuple[Path, Path]:
    """The corpus folder and a folder in it, both resolved; they are made if they are missing."""
    corpus.mkdir(parents=True, exist_ok=True)
    root = folder = corpus.resolve(strict=True)
    for part in PurePosixPath(below).parts:
        folder = folder / part
        if safe_name(part) != part:
            raise CorpusError(f"{part!r} cannot be the name of a folder of articles: choose another.")
        folder.mkdir(exist_ok=True)
        if not folder.resolve(strict=True).is_relative_to(root):
            raise CorpusError(f"The folder {below!r} leads out of the folder of articles: choose another.")
    return root, folder.resolve(strict=True)


def _candidates(folder: Path, name: str) -> Iterator[Path]:
    pure = PurePosixPath(name)
    yield folder / name
    for number in range(2, 1000):
        yield folder / f"{pure.stem} ({number}){pure.suffix}"


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in name)[:LONGEST_NAME] or "(no name)"
