"""Parses office documents, e-books and markup languages.

Pandoc reads what it can; what it leaves out is read from the files themselves.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath

from ...text.document import Document
from ..archive_limits import open_archive
from ..decoding import Empty, Unreadable
from . import open_document
from .open_slides import parse_open_slides
from .package import iso_date, name_of, properties
from .pandoc import KINDS, damaged, read_with_pandoc
from .slides import parse_slides
from .tree import Node, TreeWriter
from .word import prepared

_ZIPPED = ("docx", "odt", "pptx", "epub")
# Pandoc moves the visible title of these from the text to the metadata.
_SHOWS_TITLE = (
    "docx", "rst", "org", "latex", "asciidoc", "muse", "t2t", "man", "mdoc", "opml", "docbook", "jats",
)  # fmt: skip


def parse_office(path: str, data: bytes, form: str = "") -> Document:
    """Parse a file as `form`, one of the KINDS, or in the format of its extension.

    Raises Unreadable, or Empty if the file contains no text.
    """
    form = form or PurePosixPath(path).suffix.lower().lstrip(".")
    data = open_document.packaged(data) if form == "odt" else data
    archive = open_archive(data, KINDS[form]) if form in _ZIPPED else None
    try:
        document = _parse(path, data, form, archive)
    except RecursionError:
        raise Unreadable("is nested too deeply to be read") from None
    except (ValueError, KeyError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(damaged(form)) from error
    if not document.text.strip():
        raise Empty("contains no text")
    return document


def _parse(path: str, data: bytes, form: str, archive: zipfile.ZipFile | None) -> Document:
    margins: Sequence[str] = ()
    if archive is not None and form == "pptx":
        return parse_slides(path, archive)
    if archive is not None and form == "docx":
        completed, margins = prepared(archive)
        data = data if completed is None else completed
    if archive is not None and form == "odt":
        root, body = open_document.content_of(archive)
        if name_of(body) in ("presentation", "drawing"):
            return parse_open_slides(path, archive, root, body)
        data, margins = open_document.prepared(archive, root, body)
    return _document(path, form, read_with_pandoc(form, data), archive, margins)


def _document(path: str, form: str, tree: Node, archive: zipfile.ZipFile | None, margins: Sequence[str]) -> Document:
    writer = TreeWriter()
    meta = tree["meta"]
    metadata = {name: writer.text(meta[name]) for name in ("title", "author", "date") if name in meta}
    if isinstance(meta.get("author"), dict) and meta["author"]["t"] == "MetaList":
        metadata["author"] = ", ".join(map(writer.text, meta["author"]["c"]))
    own = properties(archive, form) if archive else {}
    # The properties of an EPUB are its metadata, in which pandoc reverses the order of authors.
    sources = (metadata, own) if form == "epub" else (own, metadata)  # the last one wins
    fields = {name: value for source in sources for name, value in source.items() if value.strip()}
    if "date" in fields:
        fields["date"] = iso_date(fields["date"])
    title, blocks = fields.get("title", ""), tree["blocks"]
    if form in _SHOWS_TITLE and metadata.get("title"):
        writer.builder.heading(1, title)
    elif title and blocks and blocks[0]["t"] == "Para" and TreeWriter().text(blocks[0]["c"]).split() == title.split():
        writer.builder.heading(1, title)
        blocks = blocks[1:]
    for value in (meta.get("subtitle"), meta.get("abstract")):
        if form in _SHOWS_TITLE and isinstance(value, dict):
            writer.write(value["c"] if value["t"] == "MetaBlocks" else [{"t": "Para", "c": writer.text(value)}])
    writer.write(blocks)
    if margins:
        # Below a heading of their own, since they belong to no other section.
        writer.builder.heading(1, "Headers and footers")
        for paragraph in margins:
            writer.builder.paragraph(paragraph)
    return writer.builder.document(path, title, fields)
