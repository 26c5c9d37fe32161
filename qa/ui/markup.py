"""Text to safe HTML: every character of an article is escaped here and nowhere else."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from urllib.parse import urlsplit

from ..text.document import Span

_UNPRINTABLE = re.compile("[\0\ud800-\udfff]")  # what JSON or a browser would refuse


_HASHES = re.compile(r"#{1,6}(?= )")


def escape(text: str) -> str:
    """Text that is safe between tags and inside quoted attributes, character for character."""
    return html.escape(_UNPRINTABLE.sub("�", text))


def safe_url(url: str | None) -> str | None:
    """The link if it leads to a web page, else None: `javascript:` and its like never reach a screen."""
    if not url:
        return None
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    return url.strip() if parts.scheme in ("http", "https") and parts.hostname else None


def marked(text: str, marks: Sequence[Span], offset: int = 0) -> str:
    """`text` as HTML with `marks` in `<mark>`; marks count from `offset` and are cut to the text."""
    return pieces_html(text, Span(0, len(text)), (), [Span(m.start - offset, m.end - offset) for m in marks])


def pieces_html(text: str, span: Span, headings: Sequence[tuple[Span, int]], marks: Sequence[Span]) -> str:
    """`text[span]` as HTML: headings and marks become elements, every character stays."""
    heads = [(head, level) for head, level in headings if head.start < span.end and head.end > span.start]
    marks = sorted((m for m in marks if m.start < span.end and m.end > span.start), key=lambda mark: mark.start)
    edges = {edge for one in (*(head for head, _ in heads), *marks) for edge in (one.start, one.end)}
    cuts = sorted({span.start, span.end, *(edge for edge in edges if span.start < edge < span.end)})
    starts = [head.start for head, _ in heads]
    parts = []
    for start, end in pairwise(cuts):
        piece = escape(text[start:end])
        if any(mark.start <= start < mark.end for mark in marks):
            piece = f"<mark>{piece}</mark>"
        number = bisect_right(starts, start) - 1
        if number >= 0 and start < heads[number][0].end:
            hashes = _HASHES.match(piece) if start == heads[number][0].start else None
            if hashes:
                piece = f'<span class="qa-hashes">{hashes[0]}</span>{piece[hashes.end() :]}'
            piece = f'<b class="qa-heading qa-level-{min(heads[number][1], 6)}">{piece}</b>'
        parts.append(piece)
    return "".join(parts)
