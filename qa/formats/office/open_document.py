"""Prepares OpenDocument files for pandoc, which leaves out comments, text boxes, shapes and charts.

Each is put into the text as blocks behind the paragraph, table or list that it belongs to. A flat file (`.fodt`)
becomes a package first.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from copy import deepcopy

from lxml import etree  # type: ignore[import-untyped]

from ..decoding import Unreadable
from .package import comment, margin_line, name_of, parse_tree, read_tree, repacked

DAMAGED = "is damaged: it cannot be opened as OpenDocument file"
MAIN = "content.xml"
_OPEN_DOCUMENT = "urn:oasis:names:tc:opendocument:xmlns:{}:1.0"
TEXT = f"{{{_OPEN_DOCUMENT.format('text')}}}"
TABLE = f"{{{_OPEN_DOCUMENT.format('table')}}}"
OFFICE = f"{{{_OPEN_DOCUMENT.format('office')}}}"
STYLE = f"{{{_OPEN_DOCUMENT.format('style')}}}"
LINK = "{http://www.w3.org/1999/xlink}href"
_MEDIA_TYPE = "application/vnd.oasis.opendocument.text"
# The parts of a package, with the elements of a flat file that each has.
_PARTS = {
    MAIN: ("document-content", ("font-face-decls", "automatic-styles", "body")),
    "styles.xml": ("document-styles", ("font-face-decls", "styles", "automatic-styles", "master-styles")),
    "meta.xml": ("document-meta", ("meta",)),
}
_BLOCKS = (f"{TEXT}p", f"{TEXT}h", f"{TEXT}list", f"{TABLE}table")
SHAPES = (
    "text-box", "custom-shape", "rect", "ellipse", "circle", "line", "connector", "polygon", "polyline", "path",
    "caption", "measure", "regular-polygon",
)  # fmt: skip
_MARGINS = ("header", "header-left", "header-first", "footer", "footer-left", "footer-first")
_PAGE_NUMBERS = ("page-number", "page-count")
_MAX_OPEN = 50  # comments on the same words
_MAX_WORDS = 400  # characters that a comment refers to


def packaged(data: bytes) -> bytes:
    """A package with the content of a flat file; any other data as it is. Raises Unreadable if it is damaged."""
    if data.startswith(b"PK"):
        return data
    root = parse_tree(data)
    if root is None or root.tag != f"{OFFICE}document":
        raise Unreadable(DAMAGED)
    for pictures in [*root.iter(f"{OFFICE}binary-data")]:
        pictures.getparent().remove(pictures)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        package.writestr("mimetype", root.get(f"{OFFICE}mimetype", _MEDIA_TYPE))
        package.writestr("META-INF/manifest.xml", "<manifest/>")
        for part, (name, children) in _PARTS.items():
            element = etree.Element(f"{OFFICE}{name}", nsmap=root.nsmap)
            element.extend(deepcopy(child) for child in root if name_of(child) in children)
            package.writestr(part, etree.tostring(element, encoding="UTF-8", xml_declaration=True))
    return out.getvalue()


def content_of(archive: zipfile.ZipFile) -> tuple[etree._Element, etree._Element]:
    """The root of the main part, and its text, pages or sheets. Raises Unreadable if it is damaged."""
    root = read_tree(archive, MAIN)
    bodies = [child for body in root.iterfind(f"{OFFICE}body") for child in body] if root is not None else []
    if root is None or not bodies:
        raise Unreadable(DAMAGED)
    return root, bodies[0]


def prepared(archive: zipfile.ZipFile, root: etree._Element, body: etree._Element) -> tuple[bytes, list[str]]:
    """The file with everything in its text, and the paragraphs of its headers and footers."""
    for changes in [*body.iter(f"{TEXT}tracked-changes")]:
        cut(changes)
    complete(archive, body)
    text = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return repacked(archive, MAIN, text), [*_margins(archive)]


def complete(archive: zipfile.ZipFile, body: etree._Element) -> None:
    """Put comments, boxes, shapes and charts behind the blocks that they belong to."""
    marked = _marked(body)
    last: dict[etree._Element, etree._Element] = {}  # what was added last behind a block
    charts: set[str] = set()  # those that were read: each once, however often it is referred to
    for element in [*body.iter(etree.Element)]:
        name = name_of(element)
        if name == "annotation":
            blocks = remark(element, marked.get(element.get(f"{OFFICE}name", ""), ""))
        elif name in SHAPES and not _is_figure(element):
            blocks = content(element)
        elif name == "object":
            link = element.get(LINK, "")
            blocks = [] if link in charts else _chart(archive, element, link)
            charts.update(filter(None, [link] if blocks else []))
        else:
            continue
        _add(element, blocks, last)
        if name == "annotation" or (name == "object" and link in charts):
            cut(element)


def remark(annotation: etree._Element, words: str = "") -> list[etree._Element]:
    """A comment as a paragraph; no paragraph if it has no text. `words` are those that it is about."""
    text = " ".join(plain(line)[0] for line in annotation.iter(f"{TEXT}p"))
    author, date = (annotation.findtext(f"{{*}}{name}") or "" for name in ("creator", "date"))
    return [paragraph(comment(text, author, date, words))] if text.strip() else []


def content(shape: etree._Element) -> list[etree._Element]:
    """The blocks in a box or a shape."""
    return [child for child in shape if child.tag in _BLOCKS]


def paragraph(text: str) -> etree._Element:
    """A paragraph with this text."""
    element = etree.Element(f"{TEXT}p")
    element.text = text
    return element


def cut(element: etree._Element) -> None:
    """Take an element out of the text, which goes on behind it."""
    parent, before, tail = element.getparent(), element.getprevious(), element.tail or ""
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)


def plain(element: etree._Element) -> tuple[str, bool]:
    """The text of a paragraph, without notes and comments in it, and whether there is a page number."""
    pieces: list[str] = []
    numbered = False
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, each in walk:
        name = name_of(each)
        if event == "end":
            pieces.append((each.tail or "") if each is not element else "")
        elif name in (*_PAGE_NUMBERS, "note", "annotation"):
            numbered = numbered or name in _PAGE_NUMBERS
            walk.skip_subtree()
        else:
            pieces.append({"tab": "\t", "s": " ", "line-break": " "}.get(name, each.text or ""))
    return "".join(pieces), numbered


def _chart(archive: zipfile.ZipFile, element: etree._Element, link: str) -> list[etree._Element]:
    """The title of a chart, and its values as a table."""
    inner = element.find(f"{OFFICE}document")
    if inner is None:
        inner = read_tree(archive, f"{link.removeprefix('./')}/{MAIN}")
    charts = inner.iterfind(f"{OFFICE}body/{OFFICE}chart/*") if inner is not None else iter(())
    found = next(charts, None)
    if found is None:
        return []
    titles = (plain(line)[0] for line in found.iterfind(f"{{*}}title/{TEXT}p"))
    axes = (plain(line)[0] for line in found.iterfind(f"{{*}}plot-area/{{*}}axis/{{*}}title/{TEXT}p"))
    title, axis = " ".join(filter(None, titles)), ", ".join(filter(None, axes))
    caption = f"{title} ({axis})" if title and axis else title or axis
    return [paragraph(f"Chart: {caption}" if caption else "Chart"), *map(deepcopy, found.iterfind(f"{TABLE}table"))]


def _is_figure(box: etree._Element) -> bool:
    """Whether a box is a picture with its caption, which pandoc reads."""
    return len(box) == 1 and any(name_of(each) == "image" for each in box.iter(etree.Element))


def _add(element: etree._Element, blocks: Sequence[etree._Element], last: dict[etree._Element, etree._Element]) -> None:
    """Put blocks behind the outermost block around an element, or before an element in none."""
    around = [each for each in element.iterancestors() if each.tag in _BLOCKS]
    if not around:
        frame = element.getparent() if name_of(element) in ("text-box", "object") else element
        for block in blocks:
            frame.addprevious(block)
        return
    place = last.get(around[-1], around[-1])
    for block in blocks:
        block.tail = None
        place.addnext(block)
        place = block
    last[around[-1]] = place


def _marked(body: etree._Element) -> dict[str, str]:
    """The words that each named comment refers to."""
    words: dict[str, str] = {}
    opened: set[str] = set()
    walk = etree.iterwalk(body, events=("start", "end"))
    for event, element in walk:
        name, key, piece = name_of(element), "", element.tail or ""
        if event == "start":
            key, piece = element.get(f"{OFFICE}name", ""), element.text or ""
            if name == "annotation":
                piece = ""
                walk.skip_subtree()
            elif name == "annotation-end":
                opened.discard(key)
        elif name == "annotation" and len(opened) < _MAX_OPEN and (key := element.get(f"{OFFICE}name", "")):
            opened.add(key)
        for each in opened:
            space = " " if name in ("p", "h", "tab", "s", "line-break") else ""
            words[each] = (words.get(each, "") + space + piece)[:_MAX_WORDS]
    return words


def _margins(archive: zipfile.ZipFile) -> Iterator[str]:
    """The different paragraphs of the headers and footers of pages."""
    styles = read_tree(archive, "styles.xml")
    pages = styles.iterfind(f"{OFFICE}master-styles/{STYLE}master-page/*") if styles is not None else iter(())
    found: dict[str, None] = {}
    for part in pages:
        name = name_of(part)
        if name in _MARGINS and part.get(f"{STYLE}display") != "false":
            for line in part.iter(f"{TEXT}p"):
                found[margin_line(name.partition("-")[0].capitalize(), *plain(line))] = None
    return filter(None, found)
