"""Writes the headings and blocks of a pandoc syntax tree to a TextBuilder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from itertools import groupby
from typing import Any

from ..addresses import shown_address
from ..builder import TextBuilder
from ..callout_kinds import LABELS, TITLED
from ..tables import filled, has_header, write_table
from .wiki_macros import FIELDS

Node = dict[str, Any]

_SPACES = ("Space", "SoftBreak", "LineBreak")
_WITH_ATTRIBUTES = ("Link", "Image", "Span", "Cite", "Quoted", "Code", "Math")  # their text is the second item
_MAX_ADDRESSES = 3  # in a paragraph: with more it would be hard to read
_QUOTES = {"DoubleQuote": "“{}”", "SingleQuote": "‘{}’"}
# A generated alternative text: "Picture 3", "image1.png".
_NO_ALT = re.compile(
    r"(?:image|picture|graphic|grafik|bild|figure)?[ _-]*\d*(?:\.\w{3,4})?|\S+\.\w{3,4}", re.IGNORECASE
)
_TAG = re.compile(r"<(script|style)\b.*?</\1>|<!--.*?-->|</?[a-z][^<>]*>", re.DOTALL | re.IGNORECASE)


def fold(node: Node) -> Node | str:
    """A JSON `object_hook` that turns words and spaces (nine of ten nodes) into strings, which take less memory."""
    kind = node.get("t")
    if isinstance(kind, str) and kind in _SPACES:
        return " "
    return str(node["c"]) if kind in ("Str", "MetaString") else node


def is_generated_alternative(text: str) -> bool:
    """Whether the alternative text of a picture says nothing: `Picture 3`."""
    return _NO_ALT.fullmatch(text.strip()) is not None


class TreeWriter:
    """Writes a tree to its TextBuilder; footnotes follow the block that contains them."""

    def __init__(self) -> None:
        self.builder = TextBuilder()
        self._notes: list[list[Node]] = []
        self._shows_addresses = False
        self._as_lines = False  # whether the next list is the fields of a template

    def write(self, blocks: Sequence[Node]) -> None:
        """Write blocks, in order."""
        for block in _joined(blocks):
            self._block(block)
            notes, self._notes = self._notes, []
            for note in notes:
                self.write(note)

    def _block(self, block: Node) -> None:
        match block:
            case {"t": "Para" | "Plain", "c": inlines}:
                self.builder.paragraph(self._prose(inlines))
            case {"t": "Header", "c": [level, _, inlines]}:
                self.builder.heading(level, self.text(inlines))
            case {"t": "List"}:
                self._list(block)
            case {"t": "DefinitionList", "c": entries}:
                pairs = ((self.text(term), " ".join(map(self._flat, meanings))) for term, meanings in entries)
                self.builder.items([": ".join(filter(None, pair)) for pair in pairs])
            case {"t": "Table", "c": [_, [_, caption], _, head, bodies, foot]}:
                self.write(caption)
                rows = [*head[1], *(row for body in bodies for row in [*body[2], *body[3]]), *foot[1]]
                self._table([[(cell[4], cell[2], cell[3]) for cell in row[1]] for row in rows], len(head[1]))
            case {"t": "CodeBlock", "c": [_, code]}:
                self.builder.code(code)
            case {"t": "LineBlock", "c": lines}:
                self.builder.code("\n".join(map(self.text, lines)))
            case {"t": "Figure", "c": [_, [_, caption], inner]}:
                if TreeWriter()._flat(inner) != TreeWriter()._flat(
                    caption
                ):  # the caption is often repeated as alternative text
                    self.write(inner)
                self.write(caption)
            case {"t": "RawBlock", "c": ["html", page]} if FIELDS in page:
                self._as_lines = True
            case {"t": "RawBlock", "c": ["html", page]}:  # tables in notebooks
                self.builder.paragraph(unescape(_TAG.sub(" ", page)))
            case {"t": "Div", "c": [[_, ["tabs", *_], _], [{"t": "DefinitionList", "c": entries}]]}:
                for term, meanings in entries:
                    self.builder.begin(self.text(term))
                    self.write([block for meaning in meanings for block in meaning])
                    self.builder.end()
            case {"t": "Div", "c": [[_, [kind, *_], _], inner]} if kind in LABELS:
                self._callout(kind, inner)
            case {"t": "BlockQuote", "c": inner} | {"t": "Div", "c": [_, inner]}:
                self.write(inner)

    def _callout(self, kind: str, blocks: Sequence[Node]) -> None:
        """Write a callout or a tab: under its title, or else what its kind is called."""
        label, title = LABELS[kind], ""
        if blocks and blocks[0]["t"] == "Div" and blocks[0]["c"][0][1][:1] in (["title"], ["panelheader"]):
            title, blocks = self._flat(blocks[0]["c"][1]), blocks[1:]
        elif kind in TITLED and len(blocks) > 1 and blocks[0]["t"] in ("Para", "Plain"):
            title, blocks = self.text(blocks[0]["c"]), blocks[1:]
        self.builder.begin(title if title.strip() else label)
        self.write(blocks)
        self.builder.end()

    def _table(self, rows: list[list[tuple[list[Node], int, int]]], heads: int) -> None:
        """Write a table whose cells are given with the rows and columns that they span."""
        if all(len(row) <= 1 for row in rows):  # a frame around text, not a table
            for row in rows:
                self.write([block for cell, _, _ in row for block in cell])
            return
        texts = filled([[(self._flat(cell), down, across) for cell, down, across in row] for row in rows], len)
        # Word marks the first row of most tables, whatever is in it.
        is_marked = heads and has_header(texts[heads - 1 :]) is not False
        write_table(self.builder, texts, heads if is_marked else None)

    def _list(self, block: Node) -> None:
        if self._as_lines:
            self._as_lines = False
            self.builder.lines([self._flat(item) for item in block["items"]])
            return
        for is_item, group in groupby(self._items(block), key=lambda entry: isinstance(entry, tuple)):
            entries = list(group)
            if not is_item:
                self.write(entries)
                continue
            numbered = all(mark == f"{number}." for number, (mark, _) in enumerate(entries, start=1))
            self.builder.items([text if numbered else f"{mark} {text}" for mark, text in entries], numbered)

    def _items(self, block: Node) -> Iterator[Any]:
        """Yield the items of a list and nested lists as (number, text), and blocks in them that keep their lines."""
        for index, item in enumerate(block["items"]):
            mark = "" if block["start"] is None else f"{block['start'] + index}."
            for kind, group in groupby(_joined(item), key=lambda inner: str(inner["t"])):
                inner = list(group)
                if kind == "List":
                    for nested in inner:
                        yield from self._items(nested)
                elif kind in ("CodeBlock", "Table"):
                    yield from inner
                elif text := self._flat(inner).strip():
                    yield mark, text
                    mark = ""

    def _flat(self, blocks: Sequence[Node]) -> str:
        """The text of blocks on one line."""
        if all(block["t"] in ("Para", "Plain") for block in blocks):
            return " ".join(self._prose(block["c"]) for block in blocks)
        inner = TreeWriter()
        inner.write(blocks)
        return " ".join(inner.builder.document("").text.split())

    def _prose(self, inlines: list[Any]) -> str:
        """The text of a paragraph, with the addresses of its links behind their words, unless they are many."""
        addressed = sum(bool(shown_address(link["c"][2][0], self._words(link))) for link in _links(inlines))
        self._shows_addresses = addressed <= _MAX_ADDRESSES
        try:
            return self.text(inlines)
        finally:
            self._shows_addresses = False

    @staticmethod
    def _words(link: Node) -> str:
        return TreeWriter().text(link["c"][1])

    def text(self, node: Any) -> str:
        """The text of inline nodes, or of metadata; footnotes are kept for later."""
        if isinstance(node, str):
            return node
        if isinstance(node, list):
            return "".join(map(self.text, node))
        kind, content = node["t"], node.get("c", "")
        if kind == "Note":
            self._notes.append(content)
        if kind in ("Note", "RawInline", "MetaMap", "MetaBool"):
            return ""
        if kind == "MetaBlocks":
            return self._flat(content)
        if kind not in _WITH_ATTRIBUTES:
            return self.text(content)
        text = self.text(content[1])
        if kind == "Image" and is_generated_alternative(text):
            return ""
        if kind == "Link" and self._shows_addresses and (address := shown_address(content[2][0], text)):
            return f"{text.rstrip()} ({address})"
        return _QUOTES[content[0]["t"]].format(text) if kind == "Quoted" else text


def _links(node: Any) -> Iterator[Node]:
    """The links in inline nodes, without those of their notes."""
    for each in node if isinstance(node, list) else [node]:
        if isinstance(each, list):
            yield from _links(each)
        elif isinstance(each, dict) and each.get("t") == "Link":
            yield each
        elif isinstance(each, dict) and each.get("t") != "Note":
            yield from _links(each.get("c", []))


def _joined(blocks: Sequence[Node]) -> list[Node]:
    """The blocks with each list as one `List`; lists that a word processor divided are joined again."""
    joined: list[Node] = []
    for block in blocks:
        if block["t"] not in ("BulletList", "OrderedList"):
            joined.append(block)
            continue
        start, items = (block["c"][0][0], block["c"][1]) if block["t"] == "OrderedList" else (None, block["c"])
        last = joined[-1] if joined and joined[-1]["t"] == "List" else None
        continues = last is not None and (start == last["start"] if start is None else start == last["next"])
        if last is not None and continues:
            last["items"].extend(items)
        else:
            last = {"t": "List", "start": start, "items": [*items]}
            joined.append(last)
        last["next"] = None if start is None else last["start"] + len(last["items"])
    return joined
