"""The bytes of one file → its Documents, by the file's ending.

It knows nothing about folders, passages or the index.
"""

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

# Goes up when any format is read differently: what was read before is then read again at the next build.
VERSION = 1
# Which field of a record (JSON, CSV) holds its title, text …, where that is not the usual one.
FieldNames = Mapping[str, str]
_Parser = Callable[[str, bytes, FieldNames], Contents]


def _one(parse_bytes: Callable[[str, bytes], Document]) -> _Parser:
    """A parser of files that each hold one document."""
    return lambda path, data, fields: Contents((parse_bytes(path, data),))


def _of_text(parse_text: Callable[[str, str], Document]) -> _Parser:
    """A parser of bytes from one of text."""
    return _one(lambda path, data: parse_text(path, decode(data)))


def _of_records(parse_records: Callable[[str, bytes, Fields], Contents]) -> _Parser:
    """A parser of records, whose fields may have other names than the usual ones."""
    return lambda path, data, fields: parse_records(path, data, Fields.named(fields))


def _zip(path: str, data: bytes, fields: FieldNames) -> Contents:
    return parse_zip(path, data, lambda inner, content: parse(inner, content, fields), supported)


# The libraries of these are loaded with the first file of their kind.


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
    **dict.fromkeys((".md", ".markdown", ".mdown"), _of_text(parse_markdown)),
    **dict.fromkeys((".txt", ".text"), _of_text(parse_plain)),
    **dict.fromkeys((".html", ".htm", ".xhtml"), _one(_html)),
    **dict.fromkeys((".mhtml", ".mht"), _one(_mhtml)),
    ".pdf": _one(_pdf),
    **dict.fromkeys((".docx", ".odt", ".pptx", ".epub", ".rtf", ".rst", ".org", ".ipynb"), _one(_office)),
    ".json": _of_records(parse_json),
    **dict.fromkeys((".jsonl", ".ndjson"), _of_records(parse_jsonl)),
    **dict.fromkeys((".csv", ".tsv"), _of_records(parse_csv)),
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
    """What sort of file that is, in a word or two, by its ending: `PDF`, `web page`; of others `PNG file`."""
    ending = PurePosixPath(path).suffix.lower()
    return KINDS.get(ending) or f"{ending[1:].upper()} file".lstrip()


def supported(path: str) -> bool:
    """Whether the file's ending is one that is read."""
    return PurePosixPath(path).suffix.lower() in PARSERS


def parse(path: str, data: bytes, fields: FieldNames = MappingProxyType({})) -> Contents:
    """Read one file; `path` is its path below the corpus folder.

    Raises `decoding.Unreadable` or `decoding.Empty` (ValueErrors, their message is the reason), and
    KeyError for an ending that is not `supported`.
    """
    return PARSERS[PurePosixPath(path).suffix.lower()](path, data, fields)


def page_pictures(
    data: bytes, text: str, pages: Sequence[Span], passage: Span, highlights: Sequence[Span]
) -> tuple[PagePicture, ...]:
    """The pages of a PDF that a passage stands on: see `pdf_pages.page_pictures`. Raises Unreadable."""
    from .pdf.pages import page_pictures

    return page_pictures(data, text, pages, passage, highlights)
