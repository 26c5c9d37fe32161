"""Parses zip archives of articles into the Documents of their entries.

Nothing is unpacked to disk, and the name of an entry is only used as a label, never as a path.
"""

from __future__ import annotations

import contextlib
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import PurePosixPath

from ..text.document import Contents
from .archive_limits import MAX_BYTES, MAX_ENTRIES, open_archive, read_entry
from .contained import MAX_FILE_BYTES, InnerFile, Parse, Supported, parse_inside
from .decoding import Empty, Unreadable, decode
from .json_values import read_line
from .messages import people_of
from .recognition import is_temporary

_MAX_NAME = 120  # characters of the name of a folder or file
_MAX_DEPTH = 20  # folders
_PAGES = (".html", ".htm", ".xhtml")
_UTF8_NAME = 0x800  # the flag for a name in UTF-8
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DRIVE = re.compile(r"^[A-Za-z]:(?=[/\\])")


def parse_zip(path: str, data: bytes, parse: Parse, supported: Supported) -> Contents:
    """The documents of the entries that `parse` reads, ordered by name: `saved.zip/folder/bees.html`.

    An archive inside the archive is opened too, as exports of several parts contain them, but none inside that one.
    Hidden entries, and the files that a browser saves with a page (`bees_files/`), are ignored; any other entry that
    is not read is a problem. Raises Unreadable if the archive is damaged, locked or too large, or nothing in it can be
    read; Empty if it contains no articles.
    """
    archive = open_archive(data, "zip archive", is_document=False)
    inside = parse_inside(path, _files(archive), parse, supported)
    if inside.documents:
        return Contents(inside.documents, inside.problems)
    if not inside.is_empty:
        raise Unreadable("; ".join(inside.problems))
    raise Empty("; ".join(["contains no articles", *inside.problems]))


def people_in(data: bytes) -> dict[str, str]:
    """The names of the people in an export of a team's messages, by their numbers: those in its `users.json`."""
    with contextlib.suppress(Unreadable, ValueError):
        archive = open_archive(data, "zip archive", is_document=False)
        for entry in archive.infolist():
            if PurePosixPath(entry.filename).name == "users.json" and entry.filename.count("/") <= 1:
                users = read_line(decode(read_entry(archive, entry, MAX_FILE_BYTES)))
                return people_of(users if isinstance(users, list) else [])
    return {}


def _files(archive: zipfile.ZipFile) -> Iterator[InnerFile]:
    """The files of an archive, and of the archives in it; all of these together have the limits of one."""
    left_bytes, left_entries = MAX_BYTES, MAX_ENTRIES
    for label, entry in _entries(archive):
        read = partial(read_entry, archive, entry, MAX_FILE_BYTES)
        if PurePosixPath(label).suffix.lower() != ".zip":
            yield InnerFile(label, read)
            continue
        try:
            inner = open_archive(read(), "zip archive", is_document=False)
            left_bytes -= sum(each.file_size for each in inner.infolist())
            left_entries -= len(inner.infolist())
            if min(left_bytes, left_entries) < 0:
                raise Unreadable("is too much together with the archives before it: unpack it")
        except Unreadable as error:
            yield InnerFile(label, read, str(error))
            continue
        for inner_label, each in _entries(inner):
            yield InnerFile(f"{label}/{inner_label}", partial(read_entry, inner, each, MAX_FILE_BYTES))


# --- names ------------------------------------------------------------------------------------------------------------


def _entries(archive: zipfile.ZipFile) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """Yield every file to be parsed with a unique label, sorted by label."""
    files = (entry for entry in archive.infolist() if not entry.filename.endswith(("/", "\\")))
    labelled = sorted(((_label(entry), entry) for entry in files), key=lambda pair: pair[0])
    named = [(label, entry) for label, entry in labelled if label and not _is_hidden(label)]
    paths = (PurePosixPath(label) for label, _ in named)
    page_folders = {path.with_name(f"{path.stem}_files") for path in paths if path.suffix.lower() in _PAGES}
    reserved = {label for label, _ in named}
    used: set[str] = set()
    copies: Counter[str] = Counter()
    for label, entry in named:
        path = PurePosixPath(label)
        if not page_folders.isdisjoint(path.parents):
            continue
        if label in used:
            for number in count(max(2, copies[label] + 1)):
                numbered = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
                if numbered not in reserved:
                    break
            copies[label] = number
            label = numbered
            reserved.add(label)
        used.add(label)
        yield label, entry


def _label(entry: zipfile.ZipInfo) -> str:
    """A safe relative path for an entry, whatever its name is; empty if nothing of the name is usable."""
    name = entry.filename
    if not entry.flag_bits & _UTF8_NAME:
        with contextlib.suppress(UnicodeError):  # many programs write UTF-8 without setting the flag
            name = name.encode("cp437").decode("utf-8")
    parts = [_UNPRINTABLE.sub("", part).strip() for part in _DRIVE.sub("", name).replace("\\", "/").split("/")]
    kept = [part[-_MAX_NAME:] for part in parts if part not in ("", ".", "..")]
    return "/".join(kept[-_MAX_DEPTH:])


def _is_hidden(label: str) -> bool:
    parts = label.split("/")
    return is_temporary(parts[-1]) or any(part.startswith(".") or part == "__MACOSX" for part in parts)
