"""Joins documents to one, such as the header fields, the texts and the quotations of a mail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ..text.document import Block, Document, Section, Span


@dataclass(frozen=True, slots=True)
class Part:
    """A document that becomes a part of another; with a `heading`, all of it is below that heading."""

    document: Document
    heading: str = ""


def joined(path: str, title: str, metadata: Mapping[str, str], parts: Iterable[Part]) -> Document:
    """One document of the text of all parts, in order; a part without text is left out."""
    texts: list[str] = []
    sections: list[Section] = []
    blocks: list[Block] = []
    length = 0
    for part in parts:
        inner = part.document
        if not inner.blocks:
            continue
        head = f"{part.heading}\n\n" if part.heading else ""
        shift, first = length + len(head), len(sections)
        above, depth = ((part.heading,), 1) if part.heading else ((), 0)
        for number, section in enumerate(inner.sections):
            start = length if number == 0 else section.span.start + shift
            level = section.level + depth if section.level or number == 0 else depth
            sections.append(Section((*above, *section.path), level, Span(start, section.span.end + shift)))
        for block in inner.blocks:
            parts_of_block = tuple(_moved(span, shift) for span in block.parts)
            moved = replace(block, span=_moved(block.span, shift), section=block.section + first, parts=parts_of_block)
            blocks.append(replace(moved, header=_moved(block.header, shift) if block.header else None))
        text = f"{head}{inner.text.rstrip()}\n\n"
        texts.append(text)
        length += len(text)
        last = sections[-1]
        sections[-1] = replace(last, span=Span(min(last.span.start, length), length))
    sections = sections or [Section((), 0, Span(0, 0))]
    return Document(path, title, "".join(texts), tuple(sections), tuple(blocks), metadata=dict(metadata))


def _moved(span: Span, by: int) -> Span:
    return Span(span.start + by, span.end + by)
