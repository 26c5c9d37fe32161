"""The model of an article: its text, sections and blocks, and spans of characters in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

BlockKind = Literal["paragraph", "list", "table", "code", "message"]
WHOLE_MESSAGE = 60  # words: a message up to this length, with who wrote it and when, is judged and quoted as a whole
APART = 7  # the level of a section that is joined with no other: a footnote under the headings of another place
SECTION_SEPARATOR = " > "
_IDENTIFIER = re.compile(r"(?<=\S)[ _-](?=[a-f]*\d)[0-9a-f]{32}(?=_all\b|\.[A-Za-z]\w{0,7}\Z|\Z)")
_RECORD = re.compile(r"\.\w+#\d+$")  # the path of a record: a file name with an extension, and a number


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters, `text[start:end]`."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """The characters of `text` in this range."""
        return text[self.start : self.end]

    def trimmed(self, text: str) -> Span:
        """This range without white space at either end; empty if it contains nothing else."""
        start, end = self.start, self.end
        while start < end and text[start].isspace():
            start += 1
        while end > start and text[end - 1].isspace():
            end -= 1
        return Span(start, end)

    def __len__(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the text directly under it, up to the next heading.

    `path` is the chain of headings down to this one, without the document's title; the text before the first heading
    is a section with an empty path and `level` 0. Other levels count from 1. `span` includes the heading.
    """

    path: tuple[str, ...]
    level: int
    span: Span


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list, table, piece of code or message of a conversation; `section` is the index of its section.

    `parts` are its items or rows, in order, if it has any; `header` is the row of a table that names its columns, if
    that is known.
    """

    kind: BlockKind
    span: Span
    section: int
    parts: tuple[Span, ...] = ()
    header: Span | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One article. `text` is canonical: every span in the program is a range of its characters.

    `path` is the path of its file below the corpus folder; if the file contains several documents, a suffix identifies
    this one (`news.jsonl#3`, `saved.zip/bees.html`). `title` is the article's own, or empty; `pages` are the spans of
    its pages, if it has any; `language` is an ISO 639-1 code, or empty if unknown.
    """

    path: str
    title: str
    text: str
    sections: tuple[Section, ...]
    blocks: tuple[Block, ...]
    pages: tuple[Span, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    language: str = ""

    @property
    def display_title(self) -> str:
        """The title, or one derived from the file name."""
        return self.title or title_from_path(self.path)


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of one file: its documents, and one short sentence for each part of it that could not be read.

    `notes` say how it was read where a reader should know, though nothing is missing: "read from an image".
    """

    documents: tuple[Document, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def title_from_path(path: str) -> str:
    """A title for an article that has none: `reports/q3_summary.txt` → `q3 summary`, `news.jsonl#3` → `news 3`."""
    file = without_record(path)
    number = path[len(file) + 1 :]
    words = f"{without_identifier(stem_and_suffix(file)[0])} {number}".replace("_", " ").replace("-", " ")
    return " ".join(words.split()) or path


def stem_and_suffix(path: str) -> tuple[str, str]:
    """The name of a file in two parts, as pathlib divides it, which takes ten times as long for each of many files."""
    name = path.rpartition("/")[2]
    at = name.rfind(".")
    return (name[:at], name[at:]) if 0 < at < len(name) - 1 else (name, "")


def without_identifier(name: str) -> str:
    """The name of a file or folder without the number of 32 digits that Notion puts at its end: `Team 0f1e….md`."""
    return _IDENTIFIER.sub("", name)


def without_record(path: str) -> str:
    """The path of a document without the number of its record: `news.jsonl#3` → `news.jsonl`."""
    return path.rpartition("#")[0] if _RECORD.search(path) else path
