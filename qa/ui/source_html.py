"""Renders a cited source: the article around the passage, or the pages of a PDF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..ask.answer import Citation
from ..formats.pictures import PagePicture
from ..text.document import Document, Span
from .answer_html import CHANGED
from .pieces import Piece, pieces
from .templating import render

UNCHANGED = "Unchanged since it was indexed"
GONE = "This article is no longer in the index; this is the passage as it was cited."
MOVED = "The index was rebuilt since this answer, and the article no longer contains these words; ask again."
WINDOW = 150_000  # characters of an article that are shown before and after the passage, so that a browser stays fast


def source_html(citation: Citation, document: Document | None, changed: bool | None, turn: int, of: int) -> str:
    """Render the article of a citation, whole (or a long window of it), with the cited passage marked.

    `document` is the article as the index contains it now (None: it no longer does), `of` the number of citations of
    the same answer; `changed` is None if nobody can tell. The passage is marked inside the article only if the
    article's words there are exactly those that were cited; otherwise it is shown alone.
    """
    span = None if document is None else _place(citation, document)
    metadata: Mapping[str, str] = {}
    excerpt = None
    if document is None or span is None:
        changed = None
        warnings = [GONE if document is None else MOVED]
    else:
        excerpt, metadata = _excerpt(citation, document, span), document.metadata
        warnings = [CHANGED] if changed else []
    state = "" if changed is None else "Changed since it was indexed" if changed else UNCHANGED
    return render(
        "source.html",
        citation=citation,
        turn=turn,
        of=of,
        warnings=warnings,
        excerpt=excerpt,
        facts=[metadata[name] for name in ("author", "date") if metadata.get(name)],
        link=_link(citation.url),
        state=state,
        changed=changed,
    )


def pages_html(citation: Citation, pictures: Sequence[PagePicture]) -> str:
    """Render the pages that a citation stands on, with its words boxed; empty without pictures.

    They go before `source_html`, with a choice between pages and text.
    """
    return render("pages.html", citation=citation, pictures=pictures)


def safe_url(url: str | None) -> str | None:
    """Return a link that leads to a web page, None for any other: `javascript:` and its like never reach a screen."""
    if not url:
        return None
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    return url.strip() if parts.scheme in ("http", "https") and parts.hostname else None


@dataclass(frozen=True, slots=True)
class _Excerpt:
    """What is shown of an article. `is_part`: it is longer; `has_whole_lines`: the passage begins and ends lines."""

    before: Iterator[Piece]
    passage: Iterator[Piece]
    after: Iterator[Piece]
    is_part: bool
    has_whole_lines: bool


def _excerpt(citation: Citation, document: Document, span: Span) -> _Excerpt:
    """Cut out the part of an article around `span`, where the cited passage stands."""
    moved = span.start - citation.span.start
    marks = [Span(mark.start + moved, mark.end + moved) for mark in citation.highlights]
    text, headings = document.text, _headings(document)
    start, end = max(0, span.start - WINDOW), min(len(text), span.end + WINDOW)
    return _Excerpt(
        pieces(text, Span(start, span.start), headings, ()),
        pieces(text, span, headings, marks),
        pieces(text, Span(span.end, end), headings, ()),
        is_part=(start, end) != (0, len(text)),
        has_whole_lines=text[span.start - 1 : span.start] in ("", "\n") and text[span.end : span.end + 1] in ("", "\n"),
    )


def _place(citation: Citation, document: Document) -> Span | None:
    """Return where the cited words are in the article as it is indexed now, or None."""
    if citation.span.of(document.text) == citation.text:
        return citation.span
    start = document.text.find(citation.text) if citation.text else -1
    return None if start < 0 else Span(start, start + len(citation.text))


def _link(url: str | None) -> dict[str, str] | None:
    safe = safe_url(url)
    return None if safe is None else {"url": safe, "host": urlsplit(safe).hostname or safe}


def _headings(document: Document) -> list[tuple[Span, int]]:
    """Return the line of each heading with its level, in order."""
    headings = []
    for section in document.sections:
        if section.level > 0:
            end = document.text.find("\n", section.span.start, section.span.end)
            headings.append((Span(section.span.start, section.span.end if end < 0 else end), section.level))
    return sorted(headings, key=lambda heading: heading[0].start)
