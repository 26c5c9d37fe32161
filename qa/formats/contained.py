"""Parses the files inside another file, the entries of an archive or the attachments of a mail, within limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..text.document import Contents, Document
from .decoding import Empty, Unreadable
from .remarks import about

MAX_FILE_BYTES = 20_000_000
MAX_TEXT = 50_000_000  # characters of all articles in one file
_MAX_LISTED = 5  # problems
_ARCHIVE = ".zip"
Parse = Callable[[str, bytes], Contents]
Supported = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class InnerFile:
    """A file inside another: `label` is its safe and unique name in it; `read` raises Unreadable.

    `problem` is why it cannot be read, if that is known.
    """

    label: str
    read: Callable[[], bytes]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Inside:
    """What was read inside a file; `is_empty` says that whatever was not read is empty rather than unreadable."""

    documents: tuple[Document, ...]
    problems: tuple[str, ...]
    is_empty: bool


def parse_inside(
    path: str, files: Iterable[InnerFile], parse: Parse, supported: Supported, in_archive: bool = True
) -> Inside:
    """The documents of the files that `parse` reads (`saved.zip/folder/bees.html`); any other file is a problem.

    An archive among them is not unpacked.
    """
    documents: list[Document] = []
    failures: list[str] = []
    is_empty = True
    unread: Counter[str] = Counter()
    remaining = MAX_TEXT
    for file in files:
        extension = PurePosixPath(file.label).suffix.lower()
        if not supported(file.label):
            unread[extension] += 1
            continue
        try:
            if remaining <= 0:
                raise Unreadable(f"comes after more than {MAX_TEXT // 1_000_000} million characters: split the archive")
            if file.problem:
                raise Unreadable(file.problem)
            if in_archive and extension == _ARCHIVE:
                raise Unreadable("is an archive inside an archive: unpack it")
            with about(file.label):
                inner = _parse_file(file, f"{path}/{file.label}", parse)
        except (Empty, Unreadable, RecursionError) as error:
            is_empty = is_empty and isinstance(error, Empty)
            reason = "is nested too deeply to be read" if isinstance(error, RecursionError) else str(error)
            failures.append(f"{file.label}: {reason}")
            continue
        documents += inner.documents
        failures += (f"{file.label}: {problem}" for problem in inner.problems)
        remaining -= sum(len(document.text) for document in inner.documents)
    return Inside(tuple(documents), (*first_of(failures), *_unread_kinds(unread)), is_empty)


def _parse_file(file: InnerFile, path: str, parse: Parse) -> Contents:
    data = file.read()
    if not data.strip():
        raise Empty("is empty")
    contents = parse(path, data)
    if not any(document.blocks for document in contents.documents):
        raise Empty("contains no text")
    return contents


# --- what could not be read -------------------------------------------------------------------------------------------


def first_of(failures: list[str]) -> list[str]:
    """The first problems, and how many more there are."""
    more = len(failures) - _MAX_LISTED
    return [*failures[:_MAX_LISTED], *([f"{more} more problems"] if more > 0 else [])]


def _unread_kinds(unread: Counter[str]) -> list[str]:
    """`3 .jpg files are not read`, the most common extensions first."""
    common = unread.most_common(_MAX_LISTED)
    others = unread.total() - sum(number for _, number in common)
    kinds = [
        (number, f"{extension} " if extension else "", "" if extension else " without an extension")
        for extension, number in common
    ]
    return [
        f"1 {before}file{after} is not read" if number == 1 else f"{number} {before}files{after} are not read"
        for number, before, after in [*kinds, *([(others, "other ", "")] if others else [])]
    ]
