"""Parses feeds (RSS, Atom) and exports of WordPress and Evernote: a document for each entry."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from ..text.document import Contents, Document
from .contained import InnerFile, Parse, Supported, first_of, parse_inside
from .decoding import Empty, Unreadable
from .plain import parse_plain

ROOTS = ("rss", "RDF", "feed", "en-export")
_MAX_ENTRIES = 100_000
_NO_POST = ("attachment", "nav_menu_item", "revision", "custom_css", "wp_global_styles", "wp_navigation", "wp_template")
_NOT_PUBLIC = ("trash", "auto-draft", "inherit")
_NOTE_START = re.compile(r"<en-note\b")
_SECRET = re.compile(r"<en-crypt\b[^<]*(?:</en-crypt>)?")
_COMPACT_DATE = re.compile(r"(\d{4})(\d\d)(\d\d)T\d+")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\]+")
Element = Any  # lxml has no types


@dataclass(frozen=True, slots=True)
class _Entry:
    title: str
    text: str
    fields: dict[str, str]
    files: tuple[tuple[str, str], ...] = ()  # name and base64


def parse_entries(path: str, text: str, parse: Parse, supported: Supported) -> Contents:
    """The entries of a feed or export: `feed.xml#3`. Raises Unreadable if it is damaged, Empty without any text."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, remove_pis=True)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable("is damaged: it cannot be opened as XML") from error
    if root is None:
        raise Unreadable("is damaged: it cannot be opened as XML")
    documents: list[Document] = []
    problems: list[str] = []
    textless = 0
    for number, entry in enumerate(_entries(root), start=1):
        if number > _MAX_ENTRIES:
            problems.append(f"has more than {_MAX_ENTRIES:,} entries: the others are not read")
            break
        place = f"{path}#{number}"
        try:
            documents.append(_document(place, entry))
        except Empty:
            textless += 1
        files = (InnerFile(_label(n, name), partial(_decoded, data)) for n, (name, data) in enumerate(entry.files, 1))
        inside = parse_inside(place, files, parse, supported, in_archive=False)
        documents += inside.documents
        problems += (f"entry {number}: {problem}" for problem in inside.problems)
    if textless:
        problems.append("1 entry contains no text" if textless == 1 else f"{textless} entries contain no text")
    if not documents:
        raise Empty("contains no text")
    return Contents(tuple(documents), tuple(first_of(problems)))


def _document(path: str, entry: _Entry) -> Document:
    if "<" in entry.text or "&" in entry.text:
        from .web.page import parse_fragment

        document = parse_fragment(path, entry.text, entry.title)
    else:
        document = parse_plain(path, entry.text, entry.title)
    if not document.blocks:
        raise Empty("contains no text")
    fields = {name: " ".join(value.split()) for name, value in entry.fields.items()}
    return replace(document, metadata={name: value for name, value in fields.items() if value})


# --- entries ----------------------------------------------------------------------------------------------------------


def _entries(root: Element) -> Iterator[_Entry]:
    for element in root.iter(etree.Element):
        name = _name(element)
        if name == "item" and _is_post(element):
            yield _item(element)
        elif name == "entry":
            yield _atom(element)
        elif name == "note":
            yield _note(element)


def _is_post(item: Element) -> bool:
    return _text(item, "post_type") not in _NO_POST and _text(item, "status") not in _NOT_PUBLIC


def _item(item: Element) -> _Entry:
    texts = [
        *_texts(item, "encoded", "content/"),
        *_texts(item, "encoded"),
        *_texts(item, "full-text"),
        *_texts(item, "description"),
    ]
    fields = {
        "author": _text(item, "creator") or _text(item, "author"),
        "date": _date(_text(item, "post_date") or _text(item, "pubDate") or _text(item, "date")),
        "url": _text(item, "link"),
        "tags": ", ".join(dict.fromkeys(_texts(item, "category"))),
    }
    return _Entry(_text(item, "title"), next((text for text in texts if text.strip()), ""), fields)


def _atom(entry: Element) -> _Entry:
    links = [child for child in entry if _name(child) == "link" and child.get("rel", "alternate") == "alternate"]
    authors = [name for child in entry if _name(child) == "author" for name in _texts(child, "name")]
    bodies = [child for kind in ("content", "summary") for child in entry if _name(child) == kind]
    fields = {
        "author": ", ".join(authors),
        "date": _date(_text(entry, "published") or _text(entry, "updated")),
        "url": links[0].get("href", "") if links else "",
        "tags": ", ".join(child.get("term", "") for child in entry if _name(child) == "category"),
    }
    body = next((text for text in map(_inner, bodies) if text.strip()), "")
    return _Entry(_text(entry, "title"), body, fields)


def _note(note: Element) -> _Entry:
    content = _text(note, "content", keep_lines=True)
    start = _NOTE_START.search(content)
    attributes = next((child for child in note if _name(child) == "note-attributes"), note)
    fields = {
        "author": _text(attributes, "author"),
        "date": _date(_text(note, "created")),
        "url": _text(attributes, "source-url"),
        "tags": ", ".join(_texts(note, "tag")),
    }
    files = tuple(_resource(child) for child in note if _name(child) == "resource")
    return _Entry(_text(note, "title"), _SECRET.sub("", content[start.start() if start else 0 :]), fields, files)


def _resource(resource: Element) -> tuple[str, str]:
    names = [name for child in resource.iter(etree.Element) if _name(child) == "file-name" for name in [child.text]]
    kind = _text(resource, "mime").rpartition("/")[2]
    return (names[0] if names and names[0] else f"attachment.{kind}"), _text(resource, "data", keep_lines=True)


def _label(number: int, name: str) -> str:
    """A safe and unique name of an attachment."""
    stem, dot, ending = _UNSAFE.sub(" ", name).strip(" .")[-100:].rpartition(".")
    return f"{stem} {number}.{ending}" if dot and number > 1 else f"{stem}{dot}{ending}"


def _decoded(content: str) -> bytes:
    try:
        return base64.b64decode(content)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("is damaged") from error


# --- elements ---------------------------------------------------------------------------------------------------------


def _name(element: Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _texts(element: Element, name: str, space: str = "") -> list[str]:
    """The texts of the children of this name, of a namespace that contains `space`."""
    found = (child for child in element if _name(child) == name and space in child.tag)
    return [text for child in found if (text := "".join(child.itertext(etree.Element)).strip())]


def _text(element: Element, name: str, keep_lines: bool = False) -> str:
    text = next(iter(_texts(element, name)), "")
    return text if keep_lines else " ".join(text.split())


def _inner(body: Element) -> str:
    """The content of an Atom text: HTML as text, or XHTML as elements."""
    if len(body):
        return "".join(etree.tostring(child, encoding="unicode", method="html", with_tail=True) for child in body)
    return str(body.text or "")


def _date(text: str) -> str:
    """`Tue, 3 Sep 2024 10:12:00 GMT`, `20240903T101200Z`, `2024-09-03T10:12:00Z` → `2024-09-03`."""
    if (compact := _COMPACT_DATE.match(text)) is not None:
        text = "-".join(compact.groups())
    try:
        return datetime.strptime(text[:10], "%Y-%m-%d").date().isoformat()
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
