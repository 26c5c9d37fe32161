"""Converts documents, passages and page pictures to JSON values and back, and validates them on the way back.

The validation is complete because the JSON may come from a process that a hostile file has taken over.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

from ..formats.pictures import Box, PagePicture, PageWords, PlacedPicture, PlacedWord
from ..text.document import Block, Document, Section, Span
from ..text.packed import PackedPassages
from ..text.passage import MAX_CHARACTERS, MAX_HEADING_CHARACTERS, Passage

_PNG = b"\x89PNG\r\n\x1a\n"
_LONGEST_SIDE = 1e6


def document_json(document: Document) -> dict[str, Any]:
    """The JSON value of a Document."""
    return {
        "path": document.path,
        "title": document.title,
        "text": document.text,
        "sections": [[list(s.path), s.level, s.span.start, s.span.end] for s in document.sections],
        "blocks": [
            [b.kind, b.span.start, b.span.end, b.section, [[p.start, p.end] for p in b.parts], _header_json(b)]
            for b in document.blocks
        ],
        "pages": [[page.start, page.end] for page in document.pages],
        "metadata": dict(document.metadata),
        "language": document.language,
    }


def _header_json(block: Block) -> list[int] | None:
    return None if block.header is None else [block.header.start, block.header.end]


def document_from_json(data: dict[str, Any]) -> Document:
    """The Document of a JSON value. Raises KeyError, TypeError or ValueError if it is invalid, down to its spans."""
    text = data["text"]
    if not isinstance(text, str) or not isinstance(data["title"], str):
        raise TypeError("text")

    def span(start: int, end: int) -> Span:
        if not (isinstance(start, int) and isinstance(end, int) and 0 <= start <= end <= len(text)):
            raise ValueError("span")
        return Span(start, end)

    sections = tuple(
        Section(tuple(map(str, names)), int(level), span(start, end)) for names, level, start, end in data["sections"]
    )
    blocks = []
    for kind, start, end, section, parts, header in data["blocks"]:
        if kind not in ("paragraph", "list", "table", "code", "message") or not 0 <= section < len(sections):
            raise ValueError("block")
        parts = tuple(span(*part) for part in parts)
        blocks.append(Block(kind, span(start, end), section, parts, span(*header) if header else None))
    return Document(
        path=str(data["path"]),
        title=data["title"],
        text=text,
        sections=sections,
        blocks=tuple(blocks),
        pages=tuple(span(*page) for page in data["pages"]),
        metadata={str(name): str(value) for name, value in data["metadata"].items()},
        language=str(data["language"]),
    )


def passages_json(passages: Sequence[Passage]) -> list[Any]:
    """The JSON value of one document's passages: only what cannot be derived from the document."""
    return [
        [p.order, p.span.start, p.span.end, list(p.section), p.page, [[s.start, s.end] for s in p.sentences]]
        for p in passages
    ]


def passages_from_json(document: Document, data: list[Any]) -> PackedPassages:
    """The passages of this document from their JSON value. Raises TypeError or ValueError if it is invalid."""
    packed = PackedPassages(document)
    unpack(packed, document, 0, data)
    return packed


def unpack(packed: PackedPassages, document: Document, end: int, data: list[Any]) -> int:
    """Append passages, given as JSON, to `packed`, whose last passage ends at `end`; return the new end.

    Raises TypeError or ValueError if a passage is invalid, out of order or longer than MAX_CHARACTERS.
    """
    for order, start, stop, section, page, sentences in data:
        edges = [edge for first, last in sentences for edge in (first, last)]
        if not all(type(number) is int for number in (order, start, stop, *edges)) or order != len(packed):
            raise ValueError("passage")
        if page is not None and not 1 <= page <= len(document.pages):
            raise ValueError("page")
        if not end <= start < stop <= len(document.text) or stop - start > MAX_CHARACTERS:
            raise ValueError("span")
        if sum(map(len, map(str, section))) > MAX_HEADING_CHARACTERS:
            raise ValueError("section")
        previous = start
        for first, last in sentences:
            if not previous <= first < last <= stop:
                raise ValueError("sentence")
            previous = last
        packed.append(start, stop, tuple(map(str, section)), None if page is None else int(page), edges)
        end = stop
    return end


def pictures_json(pictures: Sequence[PagePicture]) -> dict[str, Any]:
    """The JSON value of pictures of pages."""
    return {
        "pictures": [
            [p.page, p.width, p.height, _encoded(p.png), _sides(p.passage), _sides(p.highlights)] for p in pictures
        ]
    }


def pictures_from_json(data: dict[str, Any]) -> tuple[PagePicture, ...]:
    """The pictures of a JSON value. Raises KeyError, TypeError or ValueError if it is invalid."""
    return tuple(
        PagePicture(int(page), int(width), int(height), _png(encoded), _boxes(passage), _boxes(highlights))
        for page, width, height, encoded, passage, highlights in data["pictures"]
    )


def picture_json(png: bytes) -> dict[str, Any]:
    """The JSON value of the picture of one page."""
    return {"picture": _encoded(png)}


def picture_from_json(data: dict[str, Any]) -> bytes:
    """The PNG of a JSON value. Raises KeyError, TypeError or ValueError if it is none."""
    return _png(data["picture"])


def sizes_json(sizes: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """The JSON value of the sizes of pages."""
    return {"sizes": [list(size) for size in sizes]}


def sizes_from_json(data: dict[str, Any]) -> tuple[tuple[float, float], ...]:
    """The sizes of a JSON value. Raises KeyError, TypeError or ValueError if it is invalid."""
    sizes = tuple((float(width), float(height)) for width, height in data["sizes"])
    if not all(0 <= side <= _LONGEST_SIDE for size in sizes for side in size):
        raise ValueError("size")
    return tuple((max(width, 1.0), max(height, 1.0)) for width, height in sizes)


def words_json(page: PageWords) -> dict[str, Any]:
    """The JSON value of the words of a page."""
    return {
        "words": [[word.text, word.line, *_sides([word.box])[0]] for word in page.words],
        "marks": [_sides(boxes) for boxes in page.marks],
    }


def words_from_json(data: dict[str, Any]) -> PageWords:
    """The words of a JSON value. Raises KeyError, TypeError or ValueError if it is invalid."""
    words = tuple(PlacedWord(str(text), int(line), _box(*sides)) for text, line, *sides in data["words"])
    return PageWords(words, tuple(_boxes(boxes) for boxes in data["marks"]))


def placed_json(pictures: Sequence[PlacedPicture]) -> dict[str, Any]:
    """The JSON value of pictures that stand in a text."""
    return {"pictures": [[picture.at, picture.address, picture.words] for picture in pictures]}


def placed_from_json(data: dict[str, Any]) -> tuple[PlacedPicture, ...]:
    """The pictures of a JSON value, in order. Raises KeyError, TypeError or ValueError if it is invalid."""
    pictures = [PlacedPicture(int(at), str(address), str(words)) for at, address, words in data["pictures"]]
    return tuple(sorted(pictures, key=lambda picture: picture.at))


def contained_json(data: bytes) -> dict[str, Any]:
    """The JSON value of the bytes of a file."""
    return {"data": b64encode(data).decode()}


def contained_from_json(data: dict[str, Any]) -> bytes:
    """The bytes of a JSON value. Raises KeyError, TypeError or ValueError if it is invalid."""
    return b64decode(data["data"], validate=True)


def _encoded(png: bytes) -> str:
    return b64encode(png).decode()


def _png(encoded: str) -> bytes:
    png = b64decode(encoded, validate=True)
    if not png.startswith(_PNG):
        raise ValueError("picture")
    return png


def _sides(boxes: Sequence[Box]) -> list[list[float]]:
    return [[box.left, box.top, box.width, box.height] for box in boxes]


def _boxes(region: Sequence[Sequence[float]]) -> tuple[Box, ...]:
    return tuple(_box(*sides) for sides in region)


def _box(*sides: float) -> Box:
    left, top, width, height = map(float, sides)
    if not (0 <= left <= 1 and 0 <= top <= 1 and 0 <= width <= 1 and 0 <= height <= 1):
        raise ValueError("box")
    return Box(left, top, width, height)
