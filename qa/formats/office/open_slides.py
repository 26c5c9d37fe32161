"""Parses OpenDocument presentations and drawings: each slide is a page under its title, with its notes and comments.

The slides are rewritten as one text, with a heading for each, since pandoc reads no presentations.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator

from lxml import etree  # type: ignore[import-untyped]

from ...text.document import Document
from .open_document import (
    MAIN,
    OFFICE,
    SHAPES,
    STYLE,
    TABLE,
    TEXT,
    complete,
    content,
    paragraph,
    plain,
    remark,
)  # fmt: skip
from .package import iso_date, name_of, properties, repacked
from .pandoc import read_with_pandoc
from .slides import HIDDEN, write_footers
from .tree import TreeWriter, is_generated_alternative

_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_SLIDES = "{urn:oasis:names:tc:opendocument:xmlns:presentation:1.0}"
_MARGINS = ("header", "footer", "date-time", "page-number", "page", "notes", "handout")  # frames of every page
_BULLETS, _LEVELS = "bullets of slides", 10
_GENERIC = re.compile(r"\w*\s?\d+")  # names that programs give: page1


def parse_open_slides(path: str, archive: zipfile.ZipFile, root: etree._Element, body: etree._Element) -> Document:
    """Parse a presentation or a drawing, whose pages are in `body`. Raises Unreadable."""
    pages = [*body.iterfind(f"{_DRAW}page")]
    footers = [" ".join(plain(each)[0].split()) for each in body if name_of(each) in ("footer-decl", "header-decl")]
    hidden = {
        style.get(f"{STYLE}name")
        for style in root.iterfind(f"{OFFICE}automatic-styles/{STYLE}style")
        if any(each.get(f"{_SLIDES}visibility") == "hidden" for each in style)
    }
    kind = "Slide" if name_of(body) == "presentation" else "Page"
    text = etree.Element(f"{OFFICE}text")
    for number, page in enumerate(pages, start=1):
        name = page.get(f"{_DRAW}name", "")
        title = f"{kind} {number}" if not name or _GENERIC.fullmatch(name) else name
        text.extend(_page(page, title, page.get(f"{_DRAW}style-name") in hidden))
    _mark_lists(root, text)
    body.getparent().replace(body, text)
    complete(archive, text)
    data = repacked(archive, MAIN, etree.tostring(root, encoding="UTF-8", xml_declaration=True))
    writer = TreeWriter()
    for block in read_with_pandoc("odt", data)["blocks"]:
        if block["t"] == "Header":
            writer.builder.page()
        writer.write([block])
    write_footers(writer.builder, dict.fromkeys(filter(None, footers)))
    fields = {name: value for name, value in properties(archive, "odp").items() if value.strip()}
    if "date" in fields:
        fields["date"] = iso_date(fields["date"])
    return writer.builder.document(path, fields.get("title", ""), fields)


def _mark_lists(root: etree._Element, text: etree._Element) -> None:
    """Give a list without a style bullets, as slides have them: pandoc would number it."""
    bullets = etree.Element(f"{TEXT}list-style", {f"{STYLE}name": _BULLETS})
    for level in range(1, _LEVELS + 1):
        etree.SubElement(bullets, f"{TEXT}list-level-style-bullet", {f"{TEXT}level": str(level)})
    styles = root.find(f"{OFFICE}automatic-styles")
    if styles is None:
        styles = etree.Element(f"{OFFICE}automatic-styles")
        root.insert(0, styles)
    styles.append(bullets)
    for element in text.iter(f"{TEXT}list"):
        if element.get(f"{TEXT}style-name") is None and next(element.iterancestors(f"{TEXT}list"), None) is None:
            element.set(f"{TEXT}style-name", _BULLETS)


def _page(page: etree._Element, title: str, is_hidden: bool) -> list[etree._Element]:
    """The blocks of a page: its heading, which is its only one, its shapes in order, its notes and comments."""
    shapes = [*_shapes(page)]
    frame = next((each for each in shapes if each.get(f"{_SLIDES}class") == "title" and _words(each)), None)
    heading = etree.Element(f"{TEXT}h", {f"{TEXT}outline-level": "1"})
    heading.text = title if frame is None else _words(frame)
    blocks = [paragraph(HIDDEN)] if is_hidden else []
    for shape in shapes:
        if shape is not frame and shape.get(f"{_SLIDES}class") not in _MARGINS:
            blocks += _blocks(shape)
    for notes in page.iterfind(f"{_SLIDES}notes"):
        spoken = [block for each in _shapes(notes) if each.get(f"{_SLIDES}class") == "notes" for block in _blocks(each)]
        lines = [line for block in spoken for line in block.iter(f"{TEXT}p") if plain(line)[0].strip()]
        if lines:
            lines[0].text = f"Speaker notes: {lines[0].text or ''}"
            blocks += spoken
    for annotation in page.iterfind(f"{OFFICE}annotation"):
        blocks += remark(annotation)
    for block in blocks:
        for line in block.iter(f"{TEXT}h"):
            line.tag = f"{TEXT}p"
        block.tail = None
    return [heading, *blocks]


def _shapes(page: etree._Element) -> Iterator[etree._Element]:
    """The frames and shapes of a page in order, those of groups and links in place of these."""
    waiting = [*reversed(page)]
    while waiting:
        element = waiting.pop()
        if element.tag in (f"{_DRAW}g", f"{_DRAW}a"):
            waiting += reversed(element)
        elif isinstance(element.tag, str) and element.tag.startswith(_DRAW):
            yield element


def _words(frame: etree._Element) -> str:
    return " ".join(" ".join(plain(line)[0] for line in frame.iter(f"{TEXT}p")).split())


def _blocks(shape: etree._Element) -> list[etree._Element]:
    if name_of(shape) in SHAPES:
        return content(shape)
    blocks = []
    for element in [*shape]:
        name = name_of(element)
        if name == "text-box":
            blocks += content(element)
        elif name == "object":
            blocks.append(paragraph(""))  # behind which its values are put
            blocks[-1].append(shape)
        elif element.tag == f"{TABLE}table":
            blocks.append(_with_header(element))
        elif name == "desc" and not is_generated_alternative(element.text or ""):
            blocks.append(paragraph(element.text))
    return blocks


def _with_header(table: etree._Element) -> etree._Element:
    """A table whose first row is marked as its header, if it looks like one on the slide."""
    first = table.find(f"{TABLE}table-row")
    if table.get(f"{TABLE}use-first-row-styles") == "true" and first is not None:
        head = etree.Element(f"{TABLE}table-header-rows")
        first.addprevious(head)
        head.append(first)
    return table
