"""An article's tree of elements → its headings, paragraphs, lists, tables and code, told to a builder.

It knows nothing about pages, or how an article is found on one.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import Any

from ..builder import TextBuilder

Element = Any  # lxml has no types

SPACE = re.compile(r"\s+")
WORD = re.compile(r"\w+")

# Both vocabularies: that of HTML and that of the tree which trafilatura makes of it.
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6", "head"}
_LISTS, _ITEMS = {"ul", "ol", "dl", "menu", "list"}, {"li", "dt", "dd", "item"}
_ROWS, _CELLS, BREAKS = {"tr", "row"}, {"td", "th", "cell"}, {"br", "lb"}
BLOCKS = HEADINGS | _LISTS | _ITEMS | _ROWS | _CELLS
BLOCKS |= {"address", "article", "aside", "blockquote", "body", "caption", "center", "details", "div", "fieldset"}
BLOCKS |= {"figcaption", "figure", "footer", "form", "header", "hr", "main", "nav", "option", "p", "pre", "quote"}
BLOCKS |= {"section", "summary", "table", "tbody", "tfoot", "thead"}
_NOT_LEAVES = "|".join(f".//{tag}" for tag in (*sorted(HEADINGS), "table", "pre", "code[contains(., '\n')]"))
_LONGEST_HEADING = 300  # what is longer was never closed


def length_of(element: Element, outside_links: bool = False) -> int:
    """How many characters of words."""
    length = sum(map(len, WORD.findall(text_of(element))))
    return length - sum(length_of(link) for link in element.iter("a")) if outside_links else length


def _pieces(element: Element, without: Container[str] = (), edge: str = " ") -> Iterator[str]:
    """The text in reading order, with an `edge` where a block or a line ends; elements named in `without` are not."""
    yield element.text or ""
    for child in element:
        if child.tag not in without:
            block = child.tag in BLOCKS
            if block and edge == " ":
                yield edge
            yield from _pieces(child, without, edge)
            if block or child.tag in BREAKS:
                yield edge
        yield child.tail or ""


def text_of(element: Element, without: Container[str] = ()) -> str:
    return SPACE.sub(" ", "".join(_pieces(element, without)).replace("\u00ad", "")).strip()


def level_of(heading: Element) -> int:
    name = str(heading.get("rend") or heading.tag)
    return int(name[1]) if name in HEADINGS - {"head"} else 3


class Writer:
    """Walks an article and tells a builder its headings and blocks; text between blocks is a paragraph."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._line: list[str] = []

    def article(self, element: Element) -> None:
        """Write the whole of it."""
        self._write(element)
        self._flush()

    def _write(self, element: Element) -> None:
        """Write one element, but not the text after it."""
        tag = element.tag
        is_code = tag == "pre" or (tag == "code" and self._stands_alone(element))
        if tag in BLOCKS or is_code:
            self._flush()
        if is_code:
            self._builder.code("".join(_pieces(element, edge="\n")).replace("\u00a0", " "))
        elif tag in HEADINGS and len(heading := text_of(element)) <= _LONGEST_HEADING:
            self._builder.heading(level_of(element), heading)
        elif not (tag in _LISTS and self._list(element)) and not (tag == "table" and self._table(element)):
            self._line.append("\n" if tag in BREAKS else SPACE.sub(" ", element.text or ""))
            for child in element:
                self._write(child)
                self._line.append(SPACE.sub(" ", child.tail or ""))
        if tag in BLOCKS:
            self._flush()

    def _flush(self) -> None:
        """End the paragraph; two line breaks have ended one, too."""
        for paragraph in re.split(r"\n(?: *\n)+", "".join(self._line).replace("\u00ad", "")):
            self._builder.paragraph(paragraph)
        self._line.clear()

    def _stands_alone(self, code: Element) -> bool:
        text, parent = "".join(code.itertext()).strip(), code.getparent()
        in_line = "".join(self._line).strip() or (code.tail or "").strip()
        return "\n" in text or (parent is not None and parent.tag == "body" and not in_line)

    def _list(self, element: Element) -> bool:
        """Write a list whose items hold no other blocks; inner items are items, a term's meaning goes with it."""
        items: list[str] = []
        length = 0
        for item in element.iter(*_ITEMS):
            text = text_of(item, _LISTS)
            length += sum(map(len, text.split()))
            meaning = item.tag == "dd" or item.get("rend", "").startswith("dd")
            if meaning and items:
                items[-1] += (" " if items[-1][-1:] in ".:!?" else ": ") + text
            else:
                items.append(text)
        if element.xpath(_NOT_LEAVES) or length < length_of(element):
            return False
        nested = next(element.iterdescendants(*_LISTS), None) is not None
        self._builder.items(items, numbered="ol" in (element.tag, element.get("rend")) and not nested)
        return True

    def _table(self, table: Element) -> bool:
        """Write a table of at least two columns whose cells hold no other blocks: others only lay out the page."""
        rows = [[text_of(cell) for cell in row if cell.tag in _CELLS] for row in table.iter(*_ROWS)]
        if table.xpath(_NOT_LEAVES) or max(map(len, rows), default=0) < 2:
            return False
        for caption in table.iter("caption"):
            self._builder.paragraph(text_of(caption))
        for row in rows:
            while row and not row[-1]:
                row.pop()
        self._builder.table(rows)
        return True
