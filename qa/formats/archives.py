"""Zip archives of articles → the Documents of their entries; what an archive calls its entries is only ever a label.

It knows nothing about the formats inside, and writes nothing.
"""

from __future__ import annotations

import contextlib
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import PurePosixPath

from ..text.document import Contents, Document
from .archive_limits import open_archive, read_entry
from .decoding import Empty, Unreadable

LARGEST_ENTRY = 20_000_000  # bytes
MOST_TEXT = 50_000_000  # characters of all articles of one archive
_MOST_LISTED = 5
_LONGEST_NAME = 120  # characters of a folder's or a file's name
_DEEPEST = 20  # folders
_OWN_ENDING = ".zip"
_PAGES = (".html", ".htm", ".xhtml")
_UTF8_NAME = 0x800  # a flag of the entry
_NOT_SHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DRIVE = re.compile(r"^[A-Za-z]:(?=[/\\])")


def parse_zip(
    path: str, data: bytes, parse: Callable[[str, bytes], Contents], supported: Callable[[str], bool]
) -> Contents:
    """What the entries hold that `parse` reads, in the order of their names: `saved.zip/folder/bees.html`.

    Hidden entries, and the files that a browser saves beside a page (`bees_files/`), are left out; whatever else
    is not read is a problem. Raises Unreadable for an archive that is damaged, locked or too large or of which
    nothing could be read, Empty for one without articles.
    """
    archive = open_archive(data, "zip archive", is_document=False)
    documents: list[Document] = []
    failures: list[str] = []
    is_empty = True
    unread: Counter[str] = Counter()
    room = MOST_TEXT
    for label, entry in _entries(archive):
        ending = PurePosixPath(label).suffix.lower()
        if not supported(label):
            unread[ending] += 1
            continue
        try:
            if room <= 0:
                raise Unreadable(
                    f"comes after more than {MOST_TEXT // 1_000_000} million characters: split the archive"
                )
            if ending == _OWN_ENDING:
                raise Unreadable("is an archive inside an archive: unpack it")
            inner = _read(archive, entry, f"{path}/{label}", parse)
        except (Empty, Unreadable, RecursionError) as error:
            is_empty = is_empty and isinstance(error, Empty)
            reason = "is nested too deeply to be read" if isinstance(error, RecursionError) else str(error)
            failures.append(f"{label}: {reason}")
            continue
        documents += inner.documents
        failures += (f"{label}: {problem}" for problem in inner.problems)
        room -= sum(len(document.text) for document in inner.documents)
    problems = (*_listed(failures), *_not_read(unread))
    if documents:
        return Contents(tuple(documents), problems)
    if not is_empty:
        raise Unreadable("; ".join(problems))
    raise Empty("; ".join(["holds no article", *problems]))


def _read(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: str, parse: Callable[[str, bytes], Contents]
) -> Contents:
    data = read_entry(archive, entry, LARGEST_ENTRY)
    if not data.strip():
        raise Empty("holds nothing")
    contents = parse(path, data)
    if not any(document.blocks for document in contents.documents):
        raise Empty("holds no text")
    return contents


# --- names ------------------------------------------------------------------------------------------------------------


def _entries(archive: zipfile.ZipFile) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """Every file that is to be looked at with a label of its own, sorted by it."""
    files = (entry for entry in archive.infolist() if not entry.filename.endswith(("/", "\\")))
    labelled = sorted(((_label(entry), entry) for entry in files), key=lambda pair: pair[0])
    named = [(label, entry) for label, entry in labelled if label and not _is_hidden(label)]
    paths = (PurePosixPath(label) for label, _ in named)
    beside = {path.with_name(f"{path.stem}_files") for path in paths if path.suffix.lower() in _PAGES}
    taken = {label for label, _ in named}
    given: set[str] = set()
    copies: Counter[str] = Counter()
    for label, entry in named:
        own = PurePosixPath(label)
        if not beside.isdisjoint(own.parents):
            continue
        if label in given:
            for number in count(max(2, copies[label] + 1)):
                again = str(own.with_name(f"{own.stem} ({number}){own.suffix}"))
                if again not in taken:
                    break
            copies[label] = number
            label = again
            taken.add(label)
        given.add(label)
        yield label, entry


def _label(entry: zipfile.ZipInfo) -> str:
    """A path below the archive, whatever the entry is called; empty where nothing of the name is left."""
    name = entry.filename
    if not entry.flag_bits & _UTF8_NAME:
        with contextlib.suppress(UnicodeError):  # UTF-8, as many programs write it without saying so
            name = name.encode("cp437").decode("utf-8")
    parts = [_NOT_SHOWN.sub("", part).strip() for part in _DRIVE.sub("", name).replace("\\", "/").split("/")]
    kept = [part[-_LONGEST_NAME:] for part in parts if part not in ("", ".", "..")]
    return "/".join(kept[-_DEEPEST:])


def _is_hidden(label: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in label.split("/"))


# --- what could not be read -------------------------------------------------------------------------------------------


def _listed(failures: list[str]) -> list[str]:
    more = len(failures) - _MOST_LISTED
    return [*failures[:_MOST_LISTED], *([f"{more} more problems"] if more > 0 else [])]


def _not_read(unread: Counter[str]) -> list[str]:
    """`3 .jpg files are not read`, the commonest endings first."""
    common = unread.most_common(_MOST_LISTED)
    others = unread.total() - sum(number for _, number in common)
    kinds = [
        (number, f"{ending} " if ending else "", "" if ending else " without an ending") for ending, number in common
    ]
    return [
        f"1 {before}file{after} is not read" if number == 1 else f"{number} {before}files{after} are not read"
        for number, before, after in [*kinds, *([(others, "other ", "")] if others else [])]
    ]
