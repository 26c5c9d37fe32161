"""Cuts a document's blocks into pieces, of which passages are made: sentences, list items, table rows, lines of code.

It runs in linear time, and no piece is longer than MAX_SENTENCE, whatever the text. Lengths in tokens do not
matter here: `passages` cuts a piece that has too many.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

from .document import WHOLE_MESSAGE, Block, Document, Span
from .sentences import MAX_SENTENCE, iter_sentences, sentence_spans

_ITEM_MARK = re.compile(r"\s*(?:>\s*)*(?:[-*+•▪◦–—]|\(?\d{1,3}[.)])\s+")
# Not sentences, although they are in the index of one: `{alt: …}` notes of saved pages, pictures, directives.
_NOTE = re.compile(r"(?:\{[^{}]*\}|!\[[^\]]*\]\([^)]*\)|\[!INCLUDE[^\]]*\]\S*|:::.*)\Z", re.DOTALL)
_TABLE_RULE = re.compile(r"[\s|:+=-]+$")
_WHOLE_ROW = 60  # words: as many as are quoted together
# A line that gives the value of a name: `Author: Ada`, `port = 8410`, `**Owner:** Ada`.
_PAIR = re.compile(r"[ \t]*(?:[-*+•]\s+)?[*_]{0,2}[^\W\d_][\w ()/.&'’#-]{0,40}?[*_]{0,2}\s*[:=][*_]{0,2}[ \t]+\S[^\n]*")
_MOST_PAIRS = 0.7  # of a paragraph's lines, if it is one of names and values; the others are headings in it
_BARRED = re.compile(r"[ \t]*\|.*\|")  # a row of a table whose rule is missing or has another number of columns
_CODE = re.compile(r"(?!\s*(?:```|~~~)).*\w", re.DOTALL)  # a line of code that says something, so no fence
_LINE = re.compile("[^\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")  # the line ends of str.splitlines


def pieces(document: Document, dropped: Sequence[Span] = ()) -> Iterator[tuple[Span, int]]:
    """Yield every sentence, item, row, line of code or short message outside the `dropped` spans, with its block."""
    text, language = document.text, document.language
    for number, block in enumerate(document.blocks):
        spans = (
            _pieces_around(text, block, language, dropped)
            if overlaps(block.span, dropped)
            else _pieces(text, block, language)
        )
        for span in spans:
            for part in iter_sentences(text, span, language) if len(span) > MAX_SENTENCE else (span,):
                yield part, number


def overlaps(span: Span, dropped: Sequence[Span]) -> bool:
    """Whether one of the `dropped` spans, which are in order, overlaps `span`."""
    index = bisect_left(dropped, span.start, key=lambda other: other.end - 1)
    return index < len(dropped) and dropped[index].start < span.end


def _pieces(text: str, block: Block, language: str) -> Iterator[Span]:
    if block.kind == "code":
        yield from _lines(text, block.span)
    elif _is_whole(text, block.span, block):
        yield block.span
    elif _NOTE.match(text, block.span.start, block.span.end):
        yield block.span  # sentencex would end a sentence at "!["
    elif block.parts:
        lead = Span(block.span.start, block.parts[0].start)
        parts = [*([lead] if lead.of(text).strip() else []), *block.parts]
        yield from (part for part in parts if not _TABLE_RULE.match(part.of(text)))
    elif _is_lines(text, block.span):
        yield from (line for line in _lines(text, block.span) if not _TABLE_RULE.match(line.of(text)))
    else:
        sentences = iter_sentences(text, block.span, language)
        yield next(sentences, block.span)
        yield from sentences


def _pieces_around(text: str, block: Block, language: str, dropped: Sequence[Span]) -> Iterator[Span]:
    """The pieces of the text around the dropped spans."""
    edges = [block.parts[0].start if block.parts else block.span.end, *(part.start for part in block.parts[1:])]
    parts = [Span(*pair) for pair in pairwise([block.span.start, *edges, block.span.end])]
    index = bisect_left(dropped, block.span.start, key=lambda other: other.end - 1)
    for part in parts:
        start = part.start
        while start < part.end:
            gap = dropped[index] if index < len(dropped) else Span(part.end, part.end)
            kept = Span(start, min(max(start, gap.start), part.end)).trimmed(text)
            if block.kind == "code":
                yield from _lines(text, kept)
            elif len(kept) and not _TABLE_RULE.match(kept.of(text)):
                yield from iter_sentences(text, kept, language)
            start = gap.end if gap.start < part.end else part.end
            index += gap.start < part.end and gap.end <= part.end


def _lines(text: str, span: Span) -> Iterator[Span]:
    for line in _LINE.finditer(text, span.start, span.end):
        if length := len(line[0].rstrip()):
            yield Span(line.start(), line.start() + length)


def _is_whole(text: str, span: Span, block: Block) -> bool:
    """Whether a message is short enough to be one sentence: cut up, its parts would not say who wrote them."""
    return block.kind == "message" and len(span.of(text).split()) <= WHOLE_MESSAGE


def _is_lines(text: str, span: Span) -> bool:
    """Whether the lines of a paragraph are rows, or nearly all give the value of a name."""
    lines = list(_lines(text, span))
    named, barred = (sum(bool(each.match(text, line.start, line.end)) for line in lines) for each in (_PAIR, _BARRED))
    return len(lines) > 1 and ((named > 1 and named >= _MOST_PAIRS * len(lines)) or barred == len(lines))


def sentences_of(text: str, span: Span, block: Block, language: str) -> tuple[Span, ...]:
    """The sentences of one unit, without the mark of a list's item; a row of moderate length or a line of code is one.

    Pictures and directives have none, nor has the header of a table, which answers nothing by itself.
    """
    if block.kind == "code":
        return (span.trimmed(text),) if _CODE.match(text, span.start, span.end) else ()
    if _is_whole(text, span, block):
        return (span,)
    is_header = block.header is not None and span.start < block.header.end
    if is_header or _NOTE.match(text, span.start, span.end):
        return ()
    if block.kind == "table" and len(span.of(text).split()) <= _WHOLE_ROW:
        return (span,)
    mark = _ITEM_MARK.match(text, span.start, span.end)
    start = mark.end() if mark else span.start
    sentences = sentence_spans(text, Span(start, span.end), language)
    return tuple(sentence for sentence in sentences if not _NOTE.match(text, sentence.start, sentence.end))
