"""Parses XML by its root element: articles (DocBook, JATS), outlines, books, feeds and exports."""

from __future__ import annotations

import re

from ..text.document import Contents
from .contained import Parse, Supported
from .decoding import Unreadable
from .entries import ROOTS, parse_entries
from .xml_text import root_of, xml_text

_DOCBOOK = ("book", "chapter", "section", "sect1", "refentry", "part", "appendix", "preface", "set")
_JATS = re.compile(r"<(?:front|article-meta|journal-meta)\b")
_FORMS = {"opml": "opml", "FictionBook": "fb2", **dict.fromkeys(_DOCBOOK, "docbook")}
_SAMPLE = 20_000  # characters


def parse_xml(path: str, data: bytes, parse: Parse, supported: Supported) -> Contents:
    """Parse an XML file. Raises Unreadable if its root element is of no kind that is read, or it is damaged."""
    text = xml_text(data)
    root, attributes = root_of(text)
    if root in ROOTS:
        return parse_entries(path, text, parse, supported)
    if root == "mediawiki":
        from .office.wiki_export import parse_wiki_export

        return parse_wiki_export(path, text)
    form = _FORMS.get(root, "")
    if root == "article":
        form = "jats" if "docbook" not in attributes and _JATS.search(text, 0, _SAMPLE) else "docbook"
    if not form:
        raise Unreadable(
            f"is XML of a kind that is not read (<{root}>)" if root else "is damaged: it cannot be opened as XML"
        )
    from .office.parse import parse_office

    return Contents((parse_office(path, data, form),))
