"""Documents, passages and pictures of pages in JSON's terms, and back again, with all that must hold of them checked.

What comes back may have been written by a process that a hostile file took over. It knows nothing about processes.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

from ..text.document import Block, Contents, Document, Section, Span
from ..text.passage import Passage
from .pictures import Box, PagePicture

_PNG = b"\x89PNG\r\n\x1a\n"


def contents_json(contents: Contents) -> dict[str, Any]:
    """Contents in JSON's terms."""
    return {"documents": list(map(document_json, contents.documents)), "problems": list(contents.problems)}


def contents_from_json(path: str, data: dict[str, Any]) -> Contents:
    """The Contents of the file `path` again. Raises KeyError, TypeError or ValueError for anything that is none.

    A document's path must be that of the file or begin with it: a file can't pass for another.
    """
    documents = tuple(map(document_from_json, data["documents"]))
    paths = {document.path for document in documents}
    if len(paths) < len(documents) or any(not (p == path or p.startswith((f"{path}#", f"{path}/"))) for p in paths):
        raise ValueError("path")
    return Contents(documents, tuple(map(str, data["problems"])))


def document_json(document: Document) -> dict[str, Any]:
    """A Document in JSON's terms."""
    return {
        "path": document.path,
        "title": document.title,
        "text": document.text,
        "sections": [[list(s.path), s.level, s.span.start, s.span.end] for s in document.sections],
        "blocks": [
            [b.kind, b.span.start, b.span.end, b.section, [[p.start, p.end] for p in b.parts]] for b in document.blocks
        ],
        "pages": [[page.start, page.end] for page in document.pages],
        "metadata": dict(document.metadata),
        "language": document.language,
    }


def document_from_json(data: dict[str, Any]) -> Document:
    """The Document again. Raises KeyError, TypeError or ValueError for anything that is none, spans included."""
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
    for kind, start, end, section, parts in data["blocks"]:
        if kind not in ("paragraph", "list", "table", "code") or not 0 <= section < len(sections):
            raise ValueError("block")
        blocks.append(Block(kind, span(start, end), section, tuple(span(*part) for part in parts)))
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
    """Passages of one document in JSON's terms: what the document does not say itself."""
    return [
        [p.order, p.span.start, p.span.end, list(p.section), p.page, [[s.start, s.end] for s in p.sentences]]
        for p in passages
    ]


def passages_from_json(document: Document, data: list[Any]) -> list[Passage]:
    """The passages of this document again. Raises TypeError or ValueError for anything that is none."""
    length = len(document.text)
    passages = []
    for order, start, end, section, page, sentences in data:
        spans = [(start, end), *sentences]
        if not all(isinstance(n, int) for span in spans for n in span) or not all(
            0 <= a <= b <= length for a, b in spans
        ):
            raise ValueError("span")
        passages.append(
            Passage(
                document=document.path,
                order=int(order),
                span=Span(start, end),
                text=document.text[start:end],
                title=document.title,
                section=tuple(map(str, section)),
                page=None if page is None else int(page),
                sentences=tuple(Span(*sentence) for sentence in sentences),
                language=document.language,
            )
        )
    return passages


def pictures_json(pictures: Sequence[PagePicture]) -> dict[str, Any]:
    """Pictures in JSON's terms."""

    def boxes(some: Sequence[Box]) -> list[list[float]]:
        return [[box.left, box.top, box.width, box.height] for box in some]

    return {
        "pictures": [
            [p.page, p.width, p.height, b64encode(p.png).decode(), boxes(p.passage), boxes(p.highlights)]
            for p in pictures
        ]
    }


def pictures_from_json(data: dict[str, Any]) -> tuple[PagePicture, ...]:
    """The pictures again. Raises KeyError, TypeError or ValueError for anything that is none."""

    def box(*sides: float) -> Box:
        left, top, width, height = map(float, sides)
        if not (0 <= left <= 1 and 0 <= top <= 1 and 0 <= width <= 1 and 0 <= height <= 1):
            raise ValueError("box")
        return Box(left, top, width, height)

    pictures = []
    for page, width, height, encoded, passage, highlights in data["pictures"]:
        png = b64decode(encoded, validate=True)
        if not png.startswith(_PNG):
            raise ValueError("picture")
        boxes = (tuple(box(*sides) for sides in some) for some in (passage, highlights))
        pictures.append(PagePicture(int(page), int(width), int(height), png, *boxes))
    return tuple(pictures)
