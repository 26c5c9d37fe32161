"""Prepares Word files for pandoc, which leaves out comments, drawings, and text boxes with what surrounds them.

Each is put into the text as a paragraph or table behind the paragraph that it belongs to.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lxml import etree  # type: ignore[import-untyped]

from .drawings import RELATION, drawing
from .package import comment, margin_line, name_of, read_tree, related, relations, repacked, shortened

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MAIN = "word/document.xml"
# Elements around content that pandoc drops with it, or reads only if they are complete.
_WRAPPERS = ("ins", "moveTo", "fldSimple", "smartTag", "customXml")
_REMOVED = ("del", "moveFrom")
_PAGE_NUMBERS = ("PAGE", "NUMPAGES", "SECTIONPAGES")


def prepared(archive: zipfile.ZipFile) -> tuple[bytes | None, list[str]]:
    """The file with everything in its main part, and the paragraphs of its headers and footers.

    The file is None if it must be left as it is, because its main part cannot be read here.
    """
    main = next(related(archive, "", "officeDocument"), _MAIN)
    root = read_tree(archive, main)
    body = root.find(f"{_W}body") if root is not None else None
    if root is None or body is None:
        return None, []
    _settle(root)
    targets = {name: relation.target for name, relation in relations(archive, main).items()}
    margins = _margins(archive, root, targets)
    _Page(archive, body, targets, _comments(archive, main)).complete()
    return repacked(archive, main, etree.tostring(root, encoding="UTF-8", xml_declaration=True)), margins


# --- changes and alternatives -----------------------------------------------------------------------------------------


def _settle(root: etree._Element) -> None:
    """Accept tracked changes, choose among alternatives, and take the content out of what pandoc drops."""
    for element in [*root.iter(etree.Element)]:
        name = name_of(element)
        if element.getparent() is None:
            continue
        if name == "AlternateContent":
            choices = [child for child in element if name_of(child) == "Choice"] or [*element]
            _replace(element, [*choices[0]] if choices else [])
        elif not element.tag.startswith(_W):
            continue
        elif name in _REMOVED or (name == "tr" and element.find(f"{_W}trPr/{_W}del") is not None):
            _replace(element, [])
        elif name in _WRAPPERS:
            _replace(element, [*element])
        elif name == "ruby":
            run = element.getparent()
            bases = [*element.iterfind(f"{_W}rubyBase/{_W}r")]
            if run.getparent() is not None and run.tag == f"{_W}r":
                _replace(run, bases)


def _replace(element: etree._Element, others: Sequence[etree._Element]) -> None:
    for other in others:
        element.addprevious(other)
    element.getparent().remove(element)


def _text(paragraph: etree._Element) -> tuple[str, bool]:
    """The text of a paragraph, without that of text boxes in it, and whether there is a page number."""
    pieces: list[str] = []
    instructions: list[str] = []  # of the fields around the place
    numbered = False
    for element in paragraph.iter(f"{_W}t", f"{_W}tab", f"{_W}br", f"{_W}fldChar", f"{_W}instrText"):
        if next(element.iterancestors(f"{_W}p"), paragraph) is not paragraph:
            continue
        name = name_of(element)
        if name == "fldChar":
            kind = element.get(f"{_W}fldCharType")
            if kind == "begin":
                instructions.append("")
            elif kind == "end" and instructions:
                instructions.pop()
        elif name == "instrText" and instructions:
            instructions[-1] += element.text or ""
        elif any(map(_is_page_number, instructions)):
            numbered = True
        elif name == "t":
            pieces.append(element.text or "")
        elif name == "tab" and element.getparent().tag == f"{_W}r":
            pieces.append("\t")
        elif name == "br":
            pieces.append(" ")
    return "".join(pieces), numbered


def _is_page_number(instruction: str) -> bool:
    return (instruction.split() or [""])[0].upper() in _PAGE_NUMBERS


# --- headers, footers and comments ------------------------------------------------------------------------------------


def _margins(archive: zipfile.ZipFile, root: etree._Element, targets: dict[str, str]) -> list[str]:
    """The different paragraphs of the headers and footers that sections refer to."""
    found: dict[str, None] = {}
    for reference in root.iter(f"{_W}headerReference", f"{_W}footerReference"):
        kind = "Header" if name_of(reference) == "headerReference" else "Footer"
        part = read_tree(archive, targets.get(reference.get(f"{RELATION}id", ""), ""))
        if part is None:
            continue
        simple = [field for field in part.iter(f"{_W}fldSimple") if _is_page_number(field.get(f"{_W}instr", ""))]
        with_number = {next(number.iterancestors(f"{_W}p"), None) for number in simple}
        for number in simple:
            _replace(number, [])
        _settle(part)
        for paragraph in part.iter(f"{_W}p"):
            text, numbered = _text(paragraph)
            found[margin_line(kind, text, numbered or paragraph in with_number)] = None
    return [*filter(None, found)]


def _comments(archive: zipfile.ZipFile, main: str) -> dict[str, tuple[str, str, str]]:
    """Text, author and date of each comment, by its id."""
    found: dict[str, tuple[str, str, str]] = {}
    for name in related(archive, main, "comments"):
        part = read_tree(archive, name)
        for element in part.iter(f"{_W}comment") if part is not None else ():
            text = " ".join(_text(paragraph)[0] for paragraph in element.iter(f"{_W}p"))
            if text.strip():
                author, date = element.get(f"{_W}author", ""), element.get(f"{_W}date", "")
                found[element.get(f"{_W}id", "")] = (text, author, date)
    return found


def _marked(body: etree._Element) -> dict[str, str]:
    """The words that each comment refers to, by its id."""
    words: dict[str, str] = {}
    started: set[str] = set()
    for element in body.iter(f"{_W}commentRangeStart", f"{_W}commentRangeEnd", f"{_W}t", f"{_W}p", f"{_W}tab"):
        name, key = name_of(element), element.get(f"{_W}id", "")
        if name == "commentRangeStart":
            started.add(key)
        elif name == "commentRangeEnd":
            started.discard(key)
        for open_key in started:
            piece = (element.text or "") if name == "t" else " "
            words[open_key] = (words.get(open_key, "") + piece)[:400]
    return words


# --- the main part ----------------------------------------------------------------------------------------------------


@dataclass
class _Page:
    """The body of the main part, to which everything is added."""

    archive: zipfile.ZipFile
    body: etree._Element
    targets: dict[str, str]
    comments: dict[str, tuple[str, str, str]]
    last: dict[etree._Element, etree._Element] = field(default_factory=dict)  # what was added last behind a block

    def complete(self) -> None:
        """Put everything behind the blocks that it belongs to."""
        marked = _marked(self.body) if self.comments else {}
        used = set()
        for element in [*self.body.iter(etree.Element)]:
            name = name_of(element)
            if name == "txbxContent":
                if self._add(element, [*element]):
                    _remove_shape(element)
            elif name in ("chart", "relIds"):
                drawn = drawing(self.archive, element, self.targets)
                if drawn is not None:
                    self._add(element, [_paragraph(drawn.caption), *map(_table, drawn.tables)])
            elif name == "commentReference":
                key = element.get(f"{_W}id", "")
                if key in self.comments and key not in used:
                    text, author, date = self.comments[key]
                    used.add(key)
                    self._add(element, [_paragraph(comment(text, author, date, shortened(marked.get(key, ""))))])

    def _add(self, element: etree._Element, blocks: Sequence[etree._Element]) -> bool:
        """Put blocks behind the paragraph of `element`, or behind the table that it is in."""
        block = next(element.iterancestors(f"{_W}p"), None)
        if block is None:
            return False
        block = next(reversed([*self._tables(block)]), block)
        if block.getparent() is None:
            return False
        place = self.last.get(block, block)
        for added in blocks:
            place.addnext(added)
            place = added
        self.last[block] = place
        return True

    def _tables(self, block: etree._Element) -> Iterator[etree._Element]:
        """The tables around a block, the outermost last."""
        for ancestor in block.iterancestors():
            if ancestor.tag == f"{_W}tbl":
                yield ancestor


def _remove_shape(content: etree._Element) -> None:
    """Take an emptied text box out of its run: pandoc would drop the whole paragraph. Pictures in the shape stay."""
    shape = next((above for above in content.iterancestors() if name_of(above) in ("drawing", "pict", "object")), None)
    if shape is not None and not any(name_of(part) in ("blip", "imagedata", "txbxContent") for part in _filled(shape)):
        parent = shape.getparent()
        if parent is not None:
            parent.remove(shape)
    elif (parent := content.getparent()) is not None:
        parent.remove(content)


def _filled(shape: etree._Element) -> Iterator[etree._Element]:
    """The parts of a shape without emptied text boxes."""
    return (part for part in shape.iter(etree.Element) if name_of(part) != "txbxContent" or len(part))


def _paragraph(text: str) -> etree._Element:
    paragraph = etree.Element(f"{_W}p")
    run = etree.SubElement(etree.SubElement(paragraph, f"{_W}r"), f"{_W}t")
    run.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    run.text = text
    return paragraph


def _table(rows: Sequence[Sequence[str]]) -> etree._Element:
    table = etree.Element(f"{_W}tbl")
    for row in rows:
        line = etree.SubElement(table, f"{_W}tr")
        for text in row:
            etree.SubElement(line, f"{_W}tc").append(_paragraph(text))
    return table
