"""Parses the bytes of one file into Documents, with the parser for its file name extension."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from types import MappingProxyType

from ..text.document import Contents, Document, Span
from .archives import parse_zip
from .decoding import decode
from .markdown import parse_markdown
from .pictures import PagePicture
from .plain import parse_plain
from .records import Fields, parse_csv, parse_json, parse_jsonl

# Incremented when the parser of any format changes: the next build then parses every file again.
VERSION = 1
# The field of a record (JSON, CSV) for its title, text …, if it is not one of the usual ones.
FieldNames = Mapping[str, str]
_Parser = Callable[[str, bytes, FieldNames], Contents]


def _single(parse_bytes: Callable[[str, bytes], Document]) -> _Parser:
    """The parser of a format whose files contain one document each."""
    return lambda path, data, fields: Contents((parse_bytes(path, data),))


def _text(parse_text: Callable[[str, str], Document]) -> _Parser:
    """The parser of a text format, from a function that takes the decoded text."""
    return _single(lambda path, data: parse_text(path, decode(data)))


def _records(parse_records: Callable[[str, bytes, Fields], Contents]) -> _Parser:
    """The parser of a format of records, with the configured field names."""
    return lambda path, data, fields: parse_records(path, data, Fields.named(fields))


def _zip(path: str, data: bytes, fields: FieldNames) -> Contents:
    return parse_zip(path, data, lambda inner, content: parse(inner, content, fields), supported)


# The libraries of these formats are imported with the first file that needs them.


def _html(path: str, data: bytes) -> Document:
    from .web.page import parse_html

    return parse_html(path, data)


def _mhtml(path: str, data: bytes) -> Document:
    from .web.page import parse_mhtml

    return parse_mhtml(path, data)


def _pdf(path: str, data: bytes) -> Document:
    from .pdf.parse import parse_pdf

    return parse_pdf(path, data)


def _office(path: str, data: bytes) -> Document:
    from .office.pandoc import parse_with_pandoc

    return parse_with_pandoc(path, data)


PARSERS: dict[str, _Parser] = {
    **dict.fromkeys((".md", ".markdown", ".mdown"), _text(parse_markdown)),
    **dict.fromkeys((".txt", ".text"), _text(parse_plain)),
    **dict.fromkeys((".html", ".htm", ".xhtml"), _single(_html)),
    **dict.fromkeys((".mhtml", ".mht"), _single(_mhtml)),
    ".pdf": _single(_pdf),
    **dict.fromkeys((".docx", ".odt", ".pptx", ".epub", ".rtf", ".rst", ".org", ".ipynb"), _single(_office)),
    ".json": _records(parse_json),
    **dict.fromkeys((".jsonl", ".ndjson"), _records(parse_jsonl)),
    **dict.fromkeys((".csv", ".tsv"), _records(parse_csv)),
    ".zip": _zip,
}


KINDS: dict[str, str] = {
    **dict.fromkeys((".md", ".markdown", ".mdown"), "Markdown"),
    **dict.fromkeys((".txt", ".text"), "text"),
    **dict.fromkeys((".html", ".htm", ".xhtml", ".mhtml", ".mht"), "web page"),
    ".pdf": "PDF",
    ".docx": "Word",
    ".odt": "OpenDocument",
    ".pptx": "PowerPoint",
    ".epub": "e-book",
    ".rtf": "RTF",
    ".rst": "reStructuredText",
    ".org": "Org",
    ".ipynb": "notebook",
    ".json": "JSON",
    **dict.fromkeys((".jsonl", ".ndjson"), "JSON Lines"),
    ".csv": "CSV",
    ".tsv": "TSV",
    ".zip": "zip archive",
}


def kind(path: str) -> str:
    """The kind of a file by its extension, for display: `PDF`, `web page`; `PNG file` for one that is not supported."""
    extension = PurePosixPath(path).suffix.lower()
    return KINDS.get(extension) or f"{extension[1:].upper()} file".lstrip()


def supported(path: str) -> bool:
    """Whether there is a parser for the file's extension."""
    return PurePosixPath(path).suffix.lower() in PARSERS


def parse(path: str, data: bytes, fields: FieldNames = MappingProxyType({})) -> Contents:
    """Parse one file; `path` is its path below the corpus folder.

    Raises `decoding.Unreadable` or `decoding.Empty` (ValueErrors whose message is the reason), and KeyError for an
    extension that is not `supported`.
    """
    return PARSERS[PurePosixPath(path).suffix.lower()](path, data, fields)


def page_pictures(
    data: bytes, text: str, pages: Sequence[Span], passage: Span, highlights: Sequence[Span]
) -> tuple[PagePicture, ...]:
    """Draw the pages of a PDF that contain a passage: see `pdf.pages.page_pictures`. Raises Unreadable."""
    from .pdf.pages import page_pictures

    return page_pictures(data, text, pages, passage, highlights)
