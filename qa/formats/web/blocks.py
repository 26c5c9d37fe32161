"""Writes the headings, paragraphs, lists, tables and code of an article's element tree to a TextBuilder."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from itertools import groupby
from typing import Any

from ..builder import TextBuilder
from ..tables import write_table

Element = Any  # lxml has no types

SPACE = re.compile(r"\s+")
WORD = re.compile(r"\w+")

# Both vocabularies: HTML, and that of the trees which trafilatura returns.
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6", "head"}
_LISTS, _ITEMS = {"ul", "ol", "dl", "menu", "list"}, {"li", "dt", "dd", "item"}
_ROWS, _CELLS, BREAKS = {"tr", "row"}, {"td", "th", "cell"}, {"br", "lb"}
BLOCKS = HEADINGS | _LISTS | _ITEMS | _ROWS | _CELLS
BLOCKS |= {"address", "article", "aside", "blockquote", "body", "caption", "center", "details", "div", "fieldset"}
BLOCKS |= {"figcaption", "figure", "footer", "form", "header", "hr", "main", "nav", "option", "p", "pre", "quote"}
BLOCKS |= {"section", "summary", "table", "tbody", "tfoot", "thead"}
_CODE = ".//pre | .//code[contains(., '\n')]"
_NESTED_BLOCKS = "|".join(f".//{tag}" for tag in (*sorted(HEADINGS), "table", "pre", "code[contains(., '\n')]"))
_PLAIN_WORD = re.compile(r"(?<![^\s\"'“‘(])[^\W\d_]{2,}(?=[\s.,;:!?)\"'”’]|$)")
_SENTENCE = re.compile(r"[^\W\d_]{2,}[.!?][\"'”’)]*(?:\s|$)")
_CODE_MARK = re.compile(r"[{}\[\]<>=;|\\$`]|\(\)|--|::|->|//")
_PROSE_WIDTH = 40  # characters of a line, on average; shorter ones are verse or output
_MAX_HEADING = 300  # characters: a longer one lacks its end tag


def length_of(element: Element, outside_links: bool = False) -> int:
    """The number of word characters in an element, optionally without those in links."""
    length = sum(map(len, WORD.findall(text_of(element))))
    return length - sum(length_of(link) for link in element.iter("a")) if outside_links else length


def _pieces(element: Element, without: Container[str] = (), edge: str = " ") -> Iterator[str]:
    """Yield the text in reading order, with `edge` at the end of blocks and lines, skipping elements in `without`."""
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


def _is_prose(text: str) -> bool:
    """Whether preformatted text is prose: sentences in full lines, or one line that is a whole sentence."""
    lines = [line for line in text.splitlines() if line.strip()]
    words = len(_PLAIN_WORD.findall(text))
    ends = len(_SENTENCE.findall(text))
    if not ends or words < 8 or len(_CODE_MARK.findall(text)) > words / 12:
        return False
    return len(text) / len(lines) >= _PROSE_WIDTH and not any(line[:1] in " \t" for line in lines[1:])


_CALLOUT = re.compile(
    r"(?:^|[\s_-])(?:admonition\w*|callout\w*|alert|panel|note|notice|warning|caution|tip|hint|important|infobox|expand\w*"
    r"|confluence-information-macro|accordion\w*|collapsible|card|tab-?(?:pane|panel)|markdown-alert)(?:[\s_-]|$)",
    re.IGNORECASE,
)
_CALLOUT_TITLE = re.compile(
    r"(?:^|[\s_-])(?:\w*title|admonition-?heading\w*|admonitionHeading\w*|alert-?heading|panel-?header|code-?header|card-?header"
    r"|expand-control|callout-?(?:header|heading)|heading|header)(?:[\s_-]|$)",
    re.IGNORECASE,
)
_CAN_BE_CALLOUT = {"div", "section", "aside", "details", "blockquote", "figure"}


def callout_title(element: Element) -> Element | None:
    """The element that is the title of a callout, a panel or the like; None if `element` is none or has no title."""
    if element.tag not in _CAN_BE_CALLOUT:
        return None
    if element.tag != "details" and not _CALLOUT.search(element.get("class", "")):
        return None
    first: Element | None = element
    while first is not None:
        if (first.text or "").strip() and first is not element and not _is_title(first):
            return None
        first = next((child for child in first if any(map(str.strip, child.itertext()))), None)
        if first is not None and _is_title(first):
            title = text_of(first)
            return first if len(title) <= _MAX_HEADING and title != text_of(element) else None
    return None


def is_remark(aside: Element) -> bool:
    """Whether an `aside` is part of the text around it: it is named as a callout, or has no name and no links."""
    names = f"{aside.get('class', '')} {aside.get('id', '')}".strip()
    if aside.getparent() is None or aside.getparent().tag in ("body", "html") or aside.get("role"):
        return False
    return bool(_CALLOUT.search(names)) or (not names and next(aside.iter("a", "form", "nav"), None) is None)


def _is_title(element: Element) -> bool:
    return element.tag in HEADINGS | {"summary"} or bool(_CALLOUT_TITLE.search(element.get("class", "")))


class Writer:
    """Writes an article to a TextBuilder; text between blocks becomes a paragraph."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._line: list[str] = []

    def article(self, element: Element) -> None:
        """Write the whole article."""
        self._write(element)
        self._flush()

    def _write(self, element: Element) -> None:
        """Write one element, without its tail."""
        title = callout_title(element)
        if title is not None:
            self._flush()
            self._builder.begin(text_of(title))
            cell = title.getparent()
            title.drop_tree()
            if cell.tag in _CELLS and not text_of(cell):
                cell.drop_tree()
            self._write(element)
            self._flush()
            self._builder.end()
            return
        tag = element.tag
        is_code = tag == "pre" or (tag == "code" and self._is_block(element))
        if tag in BLOCKS or is_code:
            self._flush()
        if is_code:
            self._preformatted("".join(_pieces(element, edge="\n")).replace("\u00a0", " "), element)
        elif tag in HEADINGS and len(heading := text_of(element)) <= _MAX_HEADING:
            self._builder.heading(level_of(element), heading)
        elif not (tag in _LISTS and self._list(element)) and not (tag == "table" and self._table(element)):
            self._line.append("\n" if tag in BREAKS else SPACE.sub(" ", element.text or ""))
            for child in element:
                self._write(child)
                self._line.append(SPACE.sub(" ", child.tail or ""))
        if tag in BLOCKS:
            self._flush()

    def _preformatted(self, text: str, element: Element) -> None:
        """Write code, or prose that only its author's tool put into `pre`."""
        if element.tag == "pre" and element.find(".//code") is None and _is_prose(text):
            for paragraph in re.split(r"\n\s*\n", text):
                self._builder.paragraph(paragraph)
        else:
            self._builder.code(text)

    def _flush(self) -> None:
        """Write the pending text; two line breaks separate paragraphs."""
        for paragraph in re.split(r"\n(?: *\n)+", "".join(self._line).replace("\u00ad", "")):
            self._builder.paragraph(paragraph)
        self._line.clear()

    def _is_block(self, code: Element) -> bool:
        text, parent = "".join(code.itertext()).strip(), code.getparent()
        in_line = "".join(self._line).strip() or (code.tail or "").strip()
        return "\n" in text or (parent is not None and parent.tag == "body" and not in_line)

    def _list(self, element: Element) -> bool:
        """Write a list if its items contain no other blocks; nested items are flattened, definitions follow terms."""
        items: list[str] = []
        length = 0
        for item in element.iter(*_ITEMS):
            text = text_of(item, _LISTS)
            length += sum(map(len, text.split()))
            is_definition = item.tag == "dd" or item.get("rend", "").startswith("dd")
            if is_definition and items:
                items[-1] += (" " if items[-1][-1:] in ".:!?" else ": ") + text
            else:
                items.append(text)
        if element.xpath(_NESTED_BLOCKS) or length < length_of(element):
            return False
        nested = next(element.iterdescendants(*_LISTS), None) is not None
        self._builder.items(items, numbered="ol" in (element.tag, element.get("rend")) and not nested)
        return True

    def _table(self, table: Element) -> bool:
        """Write a table if it has two columns or more and its cells contain no other blocks: others are layout.

        One whose first row names its columns is none, whatever is in its cells.
        """
        cells = [[cell for cell in row if cell.tag in _CELLS] for row in table.iter(*_ROWS)]
        rows = [[text_of(cell) for cell in row] for row in cells]
        if max(map(len, rows), default=0) < 2:
            return False
        if table.xpath(_NESTED_BLOCKS):
            is_named = all(map(_is_head, cells[0])) and len(cells[0]) > 1 and table.find(".//table") is None
            return is_named and self._mixed(cells, rows)
        for caption in table.iter("caption"):
            self._builder.paragraph(text_of(caption))
        marked = [[_is_head(cell) for cell in row] for row in cells if row]
        heads = next((number for number, row in enumerate(marked) if not all(row)), 0)
        labelled = all(row[0] and not any(row[1:]) for row in marked)
        write_table(self._builder, [row for row in rows if row], 0 if labelled else heads or None, labelled)
        return True

    def _mixed(self, cells: Sequence[Sequence[Element]], rows: Sequence[Sequence[str]]) -> bool:
        """Write a table of which some cells contain code: their rows as `name: value` lines, which keep it."""
        with_code = [any(cell.xpath(_CODE) for cell in row) for row in cells]
        for is_mixed, numbers in groupby(range(1, len(rows)), key=with_code.__getitem__):
            if not is_mixed:
                write_table(self._builder, [rows[0], *(rows[number] for number in numbers)], 1)
                continue
            for number in numbers:
                names = [*rows[0], *[""] * len(rows[number])]
                for name, cell in zip(names, cells[number], strict=False):
                    cell.text = f"{name}: {cell.text or ''}" if name else cell.text
                    self._write(cell)
                    self._flush()
        return True


def _is_head(cell: Element) -> bool:
    """Whether a cell is marked as the name of a row or column."""
    return bool(cell.tag == "th" or cell.get("role") == "head")
