"""Reads the parts of an Office package: their XML, the relations between them, and the properties of the document."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from lxml import etree  # type: ignore[import-untyped]

from ..archive_limits import local_name, read_entry, read_xml
from ..decoding import Unreadable

MAX_PART = 64_000_000  # bytes of XML
_DATES = ("%d %B %Y", "%d. %B %Y", "%B %d, %Y", "%B %d %Y", "%d %b %Y", "%b %d, %Y", "%Y/%m/%d")
# A generated title.
_GENERATED_TITLE = re.compile(
    r"PowerPoint[ -]Pr\w+|Microsoft (?:Word|PowerPoint) - .*|Untitled.*|Document\d*|\S+\.\w{3,4}"
)
_PROPERTIES = {"docx": "docProps/core.xml", "pptx": "docProps/core.xml", "odt": "meta.xml", "odp": "meta.xml"}
_PROPERTIES |= {"xlsx": "docProps/core.xml", "ods": "meta.xml"}
_LEAST_WORDS = 3  # of a header with a page number: fewer are "Page … of …"
_COPIED = (".xml", ".rels")
_TAG_MARK = re.compile(r"\s*[,;]\s*")


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation from one part to another: the last word of its type (`comments`), and the path of the other part."""

    kind: str
    target: str


def read_tree(archive: zipfile.ZipFile, name: str) -> etree._Element | None:
    """The XML tree of one part, with parents; None if it is missing or cannot be read, or has a DOCTYPE."""
    try:
        data = read_entry(archive, archive.getinfo(name), MAX_PART)
    except (KeyError, Unreadable):
        return None
    return parse_tree(data)


def parse_tree(data: bytes) -> etree._Element | None:
    """The tree of an XML file without a DOCTYPE, whose entities could grow or name other files; otherwise None."""
    if b"<!DOCTYPE" in data or b"\x00" in data:  # NUL bytes mean UTF-16, which could hide a DOCTYPE
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def name_of(element: etree._Element) -> str:
    """The name of an element without its namespace; empty for comments."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def relations(archive: zipfile.ZipFile, part: str) -> dict[str, Relation]:
    """The relations of a part to others in the package, by their ids; of the package itself if `part` is empty."""
    folder, name = posixpath.split(part)
    root = read_xml(archive, posixpath.join(folder, "_rels", f"{name}.rels"))
    found = {}
    for element in root if root is not None else ():
        if element.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, unquote(element.get("Target", ""))))
            found[element.get("Id", "")] = Relation(element.get("Type", "").rpartition("/")[2], target.lstrip("/"))
    return found


def addresses(archive: zipfile.ZipFile, part: str) -> dict[str, str]:
    """The addresses outside the package that a part links to, by the ids of its relations."""
    folder, name = posixpath.split(part)
    root = read_xml(archive, posixpath.join(folder, "_rels", f"{name}.rels"))
    external = (each for each in root if each.get("TargetMode") == "External") if root is not None else ()
    return {each.get("Id", ""): each.get("Target", "") for each in external}


def related(archive: zipfile.ZipFile, part: str, kind: str) -> Iterator[str]:
    """The paths of the parts that `part` has relations of this kind to."""
    return (relation.target for relation in relations(archive, part).values() if relation.kind == kind)


def properties(archive: zipfile.ZipFile, form: str) -> dict[str, str]:
    """Title, author, date and tags from the properties of a file, which pandoc reads only for e-books."""
    packages = [name for name in archive.namelist() if name.endswith(".opf")]
    root = read_xml(archive, _PROPERTIES.get(form, packages[0] if packages else ""))
    values: dict[str, list[str]] = {}
    for element in root.iter() if root is not None else ():
        text = " ".join((element.text or "").split())
        if text:
            values.setdefault(local_name(element), []).append(text)
    authors = values.get("initial-creator") or values.get("creator") or values.get("lastModifiedBy", [])
    dates = values.get("creation-date") or values.get("created") or values.get("date") or values.get("modified", [])
    title = next((title for title in values.get("title", []) if not is_generated(title)), "")
    tags = values.get("keywords") or values.get("keyword") or (values.get("subject", []) if packages else [])
    return {
        "title": title,
        "author": ", ".join(authors),
        "date": dates[0] if dates else "",
        "tags": ", ".join(tag for entry in tags for tag in _TAG_MARK.split(entry) if tag),
    }


def is_generated(title: str) -> bool:
    """Whether a program made up the title: `Microsoft Word - bees.doc`, `Untitled`."""
    return _GENERATED_TITLE.fullmatch(title) is not None


def iso_date(date_text: str) -> str:
    """`4 May 2024`, `2024-05-04T10:30:00Z` → `2024-05-04`; an unknown form is returned unchanged."""
    date_text = " ".join(date_text.split())
    for form, text in [("%Y-%m-%d", date_text[:10]), *((form, date_text) for form in _DATES)]:
        try:
            return datetime.strptime(text, form).date().isoformat()
        except ValueError:
            continue
    return date_text


def margin_line(kind: str, text: str, numbered: bool) -> str:
    """A paragraph of a header or a footer that says what it is; empty if it has little but a page number."""
    words = " | ".join(filter(None, (" ".join(part.split()) for part in text.split("\t"))))
    return f"{kind}: {words}" if words and not (numbered and len(words.split()) < _LEAST_WORDS) else ""


def repacked(archive: zipfile.ZipFile, main: str, text: bytes) -> bytes:
    """The package with another main part, without pictures."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name in dict.fromkeys(archive.namelist()):
            if name == main:
                package.writestr(name, text)
            elif name.endswith(_COPIED):
                package.writestr(name, read_entry(archive, archive.getinfo(name), MAX_PART))
    return out.getvalue()


def comment(text: str, author: str = "", date: str = "", words: str = "") -> str:
    """A comment as a paragraph that says what it is; `words` are those that it refers to."""
    by = f" by {author.strip()}" if author.strip() else ""
    on = f", on “{words}”" if (words := shortened(words)) else ""
    when = f", {iso_date(date)}" if date.strip() else ""
    return f"Comment{by}{when}{on}: {text}"


def shortened(words: str, most: int = 120) -> str:
    """The words on one line, cut off between two words after `most` characters."""
    words = " ".join(words.split())
    return words if len(words) <= most else f"{words[:most].rpartition(' ')[0] or words[:most]} …"
