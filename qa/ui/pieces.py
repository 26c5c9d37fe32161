"""Text → the pieces between which its look changes: where headings and marks begin and end."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..ask.answer import Citation
from ..text.document import Span

_DEEPEST = 6
_HASHES = re.compile(r"#{1,6}(?= )")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that looks the same throughout.

    `level` is that of the heading that it belongs to (1 to 6; 0: none), `hashes` are the signs of Markdown before it.
    """

    text: str
    marked: bool = False
    level: int = 0
    hashes: str = ""


def pieces(text: str, span: Span, headings: Sequence[tuple[Span, int]], marks: Sequence[Span]) -> Iterator[Piece]:
    """Cut `text[span]` where headings (with their levels) and marks begin or end; together they are all of it."""
    heads = [(head, level) for head, level in headings if head.start < span.end and head.end > span.start]
    marks = [mark for mark in marks if mark.start < span.end and mark.end > span.start]
    edges = {edge for one in (*(head for head, _ in heads), *marks) for edge in (one.start, one.end)}
    cuts = sorted({span.start, span.end, *(edge for edge in edges if span.start < edge < span.end)})
    starts = [head.start for head, _ in heads]
    for start, end in pairwise(cuts):
        piece, hashes, level = text[start:end], "", 0
        is_marked = any(mark.start <= start < mark.end for mark in marks)
        number = bisect_right(starts, start) - 1
        if number >= 0 and start < heads[number][0].end:
            level = min(heads[number][1], _DEEPEST)
            signs = _HASHES.match(piece) if start == heads[number][0].start and not is_marked else None
            if signs:
                hashes, piece = signs[0], piece[signs.end() :]
        yield Piece(piece, is_marked, level, hashes)


def passage_pieces(citation: Citation, with_marks: bool = True) -> Iterator[Piece]:
    """Cut the text of a citation where its highlights begin or end; in one piece without marks."""
    offset = citation.span.start
    highlights = citation.highlights if with_marks else ()
    marks = [Span(mark.start - offset, mark.end - offset) for mark in highlights]
    return pieces(citation.text, Span(0, len(citation.text)), (), marks)
