"""A document's blocks → the pieces that passages are made of: sentences, list items, table rows and lines of code.

Nothing is read from start to end twice, and no piece is longer than a sentence may be, whatever stands in the text. It
knows nothing about tokens.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

from .document import Block, Document, Span
from .sentences import LONGEST_SENTENCE, each_sentence, sentence_spans

_ITEM_MARK = re.compile(r"\s*(?:>\s*)*(?:[-*+•▪◦–—]|\(?\d{1,3}[.)])\s+")
# No sentences, though they stand where sentences do: `{alt: …}` notes of saved pages, pictures, directives.
_NOTE = re.compile(r"(?:\{[^{}]*\}|!\[[^\]]*\]\([^)]*\)|\[!INCLUDE[^\]]*\]\S*|:::.*)\Z", re.DOTALL)
_TABLE_RULE = re.compile(r"[\s|:+=-]+$")
_LINE = re.compile("[^\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")  # as str.splitlines has them


def pieces(document: Document, dropped: Sequence[Span] = ()) -> Iterator[tuple[Span, int]]:
    """Every sentence, item, row or line of code with the number of its block, but nothing of what is `dropped`."""
    text, language = document.text, document.language
    for number, block in enumerate(document.blocks):
        found = (
            _beside(text, block, language, dropped) if overlaps(block.span, dropped) else _pieces(text, block, language)
        )
        for span in found:
            for part in each_sentence(text, span, language) if len(span) > LONGEST_SENTENCE else (span,):
                yield part, number


def overlaps(span: Span, dropped: Sequence[Span]) -> bool:
    """Whether one of these spans, which stand in order, has a character of `span`."""
    place = bisect_left(dropped, span.start, key=lambda other: other.end - 1)
    return place < len(dropped) and dropped[place].start < span.end


def _pieces(text: str, block: Block, language: str) -> Iterator[Span]:
    if block.kind == "code":
        yield from _lines(text, block.span)
    elif _NOTE.match(text, block.span.start, block.span.end):
        yield block.span  # "![" would be taken for the end of a sentence
    elif block.parts:
        lead = Span(block.span.start, block.parts[0].start)
        parts = [*([lead] if lead.of(text).strip() else []), *block.parts]
        yield from (part for part in parts if not _TABLE_RULE.match(part.of(text)))
    else:
        sentences = each_sentence(text, block.span, language)
        yield next(sentences, block.span)
        yield from sentences


def _beside(text: str, block: Block, language: str, dropped: Sequence[Span]) -> Iterator[Span]:
    """The pieces of what stands around the spans that are dropped."""
    edges = [block.parts[0].start if block.parts else block.span.end, *(part.start for part in block.parts[1:])]
    parts = [Span(*pair) for pair in pairwise([block.span.start, *edges, block.span.end])]
    place = bisect_left(dropped, block.span.start, key=lambda other: other.end - 1)
    for part in parts:
        start = part.start
        while start < part.end:
            gap = dropped[place] if place < len(dropped) else Span(part.end, part.end)
            own = Span(start, min(max(start, gap.start), part.end)).trimmed(text)
            if block.kind == "code":
                yield from _lines(text, own)
            elif len(own) and not _TABLE_RULE.match(own.of(text)):
                yield from each_sentence(text, own, language)
            start = gap.end if gap.start < part.end else part.end
            place += gap.start < part.end and gap.end <= part.end


def _lines(text: str, span: Span) -> Iterator[Span]:
    for line in _LINE.finditer(text, span.start, span.end):
        if written := len(line[0].rstrip()):
            yield Span(line.start(), line.start() + written)


def sentences_of(text: str, span: Span, block: Block, language: str) -> tuple[Span, ...]:
    """The sentences of one unit, without the mark of a list item; code, pictures and directives are none."""
    if block.kind == "code" or _NOTE.match(text, span.start, span.end):
        return ()
    mark = _ITEM_MARK.match(text, span.start, span.end)
    start = mark.end() if mark else span.start
    found = sentence_spans(text, Span(start, span.end), language)
    return tuple(sentence for sentence in found if not _NOTE.match(text, sentence.start, sentence.end))
