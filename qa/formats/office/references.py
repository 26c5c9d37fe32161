"""Parses bibliographies (BibTeX, RIS) with pandoc: a document for each entry, with its fields as lines."""

from __future__ import annotations

from typing import Any

from ...text.document import Contents, Document
from ..builder import TextBuilder
from ..decoding import Empty
from .pandoc import read_with_pandoc
from .tree import TreeWriter

# The fields that are shown, in order, with their names on the page.
_NAMES = {
    "title": "Title", "author": "Author", "editor": "Editor", "translator": "Translator", "issued": "Date",
    "container-title": "In", "collection-title": "Series", "event-title": "Event", "publisher": "Publisher",
    "publisher-place": "Place", "edition": "Edition", "volume": "Volume", "issue": "Issue", "page": "Pages",
    "number": "Number", "genre": "Genre", "doi": "DOI", "url": "URL", "isbn": "ISBN", "issn": "ISSN",
    "keyword": "Keywords", "note": "Note", "annote": "Annotation", "id": "Key",
}  # fmt: skip


def parse_references(path: str, data: bytes, form: str) -> Contents:
    """The entries of a bibliography in `form` (`bibtex`, `ris`): `books.bib#3`. Raises Unreadable, or Empty."""
    tree = read_with_pandoc(form, data)
    entries: Any = tree["meta"].get("references", {})
    documents = [
        _document(f"{path}#{number}", {name.lower(): value for name, value in entry["c"].items()})
        for number, entry in enumerate(entries.get("c", ()), start=1)
        if isinstance(entry, dict) and entry["t"] == "MetaMap"
    ]
    if not documents:
        raise Empty("contains no text")
    return Contents(tuple(documents))


def _document(path: str, fields: dict[str, Any]) -> Document:
    values = {name: _value(fields[name]) for name in _NAMES if name in fields}
    builder = TextBuilder()
    builder.lines([f"{_NAMES[name]}: {value}" for name, value in values.items() if value])
    abstract = fields.get("abstract")
    if abstract is not None:
        builder.paragraph(TreeWriter().text(abstract))
    metadata = {
        "author": values.get("author", "") or values.get("editor", ""), "date": values.get("issued", ""),
        "url": values.get("url", ""), "tags": values.get("keyword", ""),
    }  # fmt: skip
    return builder.document(path, values.get("title", ""), {name: value for name, value in metadata.items() if value})


def _value(value: Any) -> str:
    """A field on one line: names are written with the given name first."""
    if isinstance(value, dict) and value["t"] == "MetaList":
        return ", ".join(filter(None, map(_value, value["c"])))
    if isinstance(value, dict) and value["t"] == "MetaMap":
        parts = value["c"]
        names = ("given", "dropping-particle", "non-dropping-particle", "family", "suffix", "literal")
        return " ".join(filter(None, (_value(parts[name]) for name in names if name in parts)))
    return " ".join(TreeWriter().text(value).split())
