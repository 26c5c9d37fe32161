"""Finds the documents and passages of a generation that a scope holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..corpus.heads import date_of, file_date, is_named, people_of
from ..corpus.records import FileRecord
from ..errors import QuestionError
from ..formats import kind
from ..text.dates import Date
from ..text.document import without_record
from ..text.folding import folded
from ..text.languages import language_name
from .scope import DATES, EVERYTHING, LISTS, Scope, date_named
from .verification import blocks

if TYPE_CHECKING:
    from .generation import OpenGeneration

Marks = NDArray[np.bool_]
_MOST_KEPT = 8  # selections
_MOST_NAMED = 12  # kinds or languages that a message lists


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What a scope holds of a generation: a mark for each document and for each passage, by number."""

    documents: Marks
    passages: Marks

    @property
    def articles(self) -> int:
        return int(self.documents.sum())


@dataclass(frozen=True, slots=True, eq=False)
class _Catalogue:
    """The documents of a generation that were not withdrawn: their numbers, paths and files, in the same order."""

    numbers: Sequence[int]
    paths: Sequence[str]
    files: Sequence[FileRecord]


@dataclass(frozen=True, slots=True, eq=False)
class _Properties:
    """When each document was written, as the first and the last day that this may have been, and by whom.

    A day is a number such as 20240517.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    people: Sequence[str]


class Selector:
    """Selects what scopes hold of one generation, and keeps what it has read for that.

    Safe to use from several threads. It does not keep the generation itself, which closes when nobody refers to it.
    """

    def __init__(self) -> None:
        self._kept = _Kept(frozenset())

    def select(self, generation: OpenGeneration, scope: Scope) -> Selection:
        """What a scope holds. Raises QuestionError if it holds no article, or if a part of it matches none."""
        gone, kept = generation.withdrawn(), self._kept
        if kept.gone != gone:
            kept = self._kept = _Kept(gone)
        if (selection := kept.selections.get(scope)) is None:
            selection = kept.select(generation, scope)
            if len(kept.selections) >= _MOST_KEPT:
                kept.selections = {}
            kept.selections[scope] = selection
        return selection


class _Kept:
    """What was read of a generation when the files `gone` had been withdrawn."""

    def __init__(self, gone: frozenset[str]) -> None:
        self.gone = gone
        self.selections: dict[Scope, Selection] = {}
        self._catalogue: _Catalogue | None = None
        self._properties: _Properties | None = None

    def catalogue(self, generation: OpenGeneration) -> _Catalogue:
        if self._catalogue is None:
            parts, paths = generation.parts(), generation.paths()
            listed = [
                (number, paths[number], record)
                for file, record in generation.records.items()
                for number in parts[file].documents
                if number in paths and file not in self.gone
            ]
            numbers, names, records = (list(each) for each in zip(*listed, strict=True)) if listed else ([], [], [])
            self._catalogue = _Catalogue(numbers, names, records)
        return self._catalogue

    def properties(self, generation: OpenGeneration) -> _Properties:
        """Reads the properties of all documents, once."""
        if self._properties is None:
            numbers = self.catalogue(generation).numbers
            read: dict[int, tuple[Date, str]] = {}
            for block in blocks(range(generation.manifest.documents)):
                for number, head in generation.heads(block).items():
                    read[number] = date_of(head) or file_date(head.file), people_of(head)
            nothing: tuple[Date, str] = (0, 0, 0), ""
            found = [read.get(number, nothing) for number in numbers]
            first, last = (
                np.array([end(date) for date, _ in found], dtype=np.int64) for end in (_first_day, _last_day)
            )
            self._properties = _Properties(first, last, [people for _, people in found])
        return self._properties

    def select(self, generation: OpenGeneration, scope: Scope) -> Selection:
        catalogue = self.catalogue(generation)
        chosen = np.ones(len(catalogue.numbers), dtype=np.bool_)
        for word, name in LISTS.items():
            for each, is_left_out in ((scope, False), (scope.without or EVERYTHING, True)):
                if values := getattr(each, name):
                    people = self.properties(generation).people if word == "author" else ()
                    chosen &= _matching(word, values, catalogue, people) ^ is_left_out
        for word in DATES:
            if value := getattr(scope, word):
                chosen &= _dated(word, value, self.properties(generation))
        if not chosen.any():
            raise QuestionError(f"No article is in this scope ({scope}): leave out a part of it.")
        documents = np.zeros(generation.manifest.documents, dtype=np.bool_)
        documents[np.array(catalogue.numbers, dtype=np.int64)[chosen]] = True
        return Selection(documents, _passages(generation, documents, catalogue))


def _passages(generation: OpenGeneration, documents: Marks, catalogue: _Catalogue) -> Marks:
    """The passages of the marked documents."""
    marks = np.zeros(generation.count(), dtype=np.bool_)
    paths: dict[int, str] = {}
    for part in generation.parts().values():
        inside = documents[part.documents.start : part.documents.stop]
        passages = slice(part.passages.start, part.passages.stop)
        if inside.all():
            marks[passages] = len(inside) > 0
        elif inside.any():  # some of the documents of one file
            paths = paths or dict(zip(catalogue.numbers, catalogue.paths, strict=True))
            chosen = {paths[number] for number, is_in in zip(part.documents, inside, strict=True) if is_in}
            marks[passages] = [path in chosen for path in generation.documents_of(part.passages)]
    return marks


# --- what matches


def _matching(word: str, values: Sequence[str], catalogue: _Catalogue, people: Sequence[str]) -> Marks:
    """The documents that match one of these values. Raises QuestionError for a value that matches none."""
    if word == "author":
        each = {value: [is_named(text, value) for text in people] for value in values}
    elif word == "file":
        names = list(map(_names, catalogue.paths, catalogue.files))
        each = {value: [folded(value.strip()) in name for name in names] for value in values}
    else:
        known = list(
            map({"in": _places, "kind": _kinds, "language": _languages}[word], catalogue.paths, catalogue.files)
        )
        everything = frozenset().union(*set(known))
        wanted = {value: _wanted(word, folded(value.strip()), everything) for value in values}
        each = {value: [not own.isdisjoint(any_of) for own in known] for value, any_of in wanted.items()}
    marks = np.zeros(len(catalogue.numbers), dtype=np.bool_)
    for value, matches in each.items():
        if not any(matches):
            raise QuestionError(_nothing(word, value, catalogue))
        marks |= np.array(matches, dtype=np.bool_)
    return marks


def _wanted(word: str, value: str, known: frozenset[str]) -> frozenset[str]:
    """What a value stands for among all that is known: a path, or the end of a folder's; a kind or language."""
    if word != "in":
        return frozenset({value, value.removeprefix("."), value.removesuffix("s")})
    path = value.removeprefix("./").strip("/")
    return frozenset({path} if path in known else {each for each in known if each.endswith(f"/{path}")})


def _places(path: str, file: FileRecord) -> frozenset[str]:
    """A document's path and those of everything that it is in: its file, and the folders above."""
    return _above(path) | {folded(path), folded(file.path)}


def _above(path: str) -> frozenset[str]:
    return _folders(path.rpartition("/")[0])


@lru_cache(maxsize=100_000)
def _folders(folder: str) -> frozenset[str]:
    """A folder and all above it."""
    return _above(folder) | {folded(folder)} if folder else frozenset()


def _names(path: str, file: FileRecord) -> str:
    """The names of a document and of its file, on a line each."""
    return folded(f"{path.rpartition('/')[2]}\n{file.path.rpartition('/')[2]}")


def _kinds(path: str, file: FileRecord) -> frozenset[str]:
    """The extensions and kinds of a document and of its file."""
    return _kinds_of(PurePosixPath(without_record(path)).suffix) | _kinds_of(PurePosixPath(file.path).suffix)


@cache
def _kinds_of(extension: str) -> frozenset[str]:
    """An extension, the name of its kind, and the last word of that: `eml`, `mail`; `msg`, `Outlook mail`, `mail`."""
    name = folded(kind(f"a{extension}"))
    return frozenset({folded(extension.removeprefix(".")), name, name.rpartition(" ")[2]} if extension else ())


def _languages(_: str, file: FileRecord) -> frozenset[str]:
    return frozenset({file.language, folded(language_name(file.language))} if file.language else ())


# --- dates


def _dated(word: str, value: str, properties: _Properties) -> Marks:
    """The documents that were certainly written in this time. Raises QuestionError if there is none."""
    date = date_named(word, value)
    first, last = _first_day(date), _last_day(date)
    compared: dict[str, Marks] = {
        "after": properties.first > last, "since": properties.first >= first,
        "before": properties.last < first, "until": properties.last <= last,
    }  # fmt: skip
    if not compared[word].any():
        raise QuestionError(f"No article was written {word} {value}: ask about another time, or leave {word}: out.")
    return compared[word]


def _first_day(date: Date) -> int:
    year, month, day = date
    return 10_000 * year + 100 * (month or 1) + (day or 1)


def _last_day(date: Date) -> int:
    year, month, day = date
    return 10_000 * year + 100 * (month or 12) + (day or 31)


# --- messages


def _nothing(word: str, value: str, catalogue: _Catalogue) -> str:
    """That nothing matches a value, and what to do."""
    shown = f"“{value[:80]}”"
    if word == "in":
        folders = sorted({path.rpartition("/")[0] for path in catalogue.paths})
        like = next((path for path in folders if folded(value.strip("/ ")) in folded(path)), "")
        hint = f" (there is “{like}”)" if like else ""
        return f"There is no folder or article {shown}{hint}: check its name, or leave in: out."
    if word == "file":
        return f"No article has {shown} in the name of its file: check it, or leave file: out."
    if word == "author":
        return f"No article names {shown} as its author: check the name, or leave author: out."
    if word == "kind":
        known = dict.fromkeys(kind(without_record(path)) for path in catalogue.paths)
    else:
        known = dict.fromkeys(language_name(file.language) for file in catalogue.files if file.language)
    return f"No article is of the {word} {shown}: use one of {', '.join(list(known)[:_MOST_NAMED])}."
