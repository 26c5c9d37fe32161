"""Renders a cited source: the article around the passage, or the pages of a PDF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from markupsafe import Markup

from ..ask.answer import Citation
from ..formats.pictures import PagePicture
from ..text.document import Document, Span
from .answer_html import CHANGED
from .rendering.article import article_html, part_html
from .rendering.links import safe_url
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
    is_part = False
    if document is None or span is None:
        changed = None
        text = part_html(citation.document, citation.text, Span(0, len(citation.text)), ())
        warnings = [GONE if document is None else MOVED]
    else:
        (text, is_part), metadata = _excerpt(citation, document, span), document.metadata
        warnings = [CHANGED] if changed else []
    state = "" if changed is None else "Changed since it was indexed" if changed else UNCHANGED
    return render(
        "source.html",
        citation=citation,
        turn=turn,
        of=of,
        warnings=warnings,
        text=text,
        is_part=is_part,
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


def _excerpt(citation: Citation, document: Document, span: Span) -> tuple[Markup, bool]:
    """The part of an article around `span`, where the cited passage stands; and whether the article is longer."""
    moved = span.start - citation.span.start
    marks = [Span(mark.start + moved, mark.end + moved) for mark in citation.highlights]
    window = Span(max(0, span.start - WINDOW), min(len(document.text), span.end + WINDOW))
    return article_html(document, window, span, marks), len(window) < len(document.text)


def _place(citation: Citation, document: Document) -> Span | None:
    """Return where the cited words are in the article as it is indexed now, or None."""
    if citation.span.of(document.text) == citation.text:
        return citation.span
    start = document.text.find(citation.text) if citation.text else -1
    return None if start < 0 else Span(start, start + len(citation.text))


def _link(url: str | None) -> dict[str, str] | None:
    safe = safe_url(url)
    return None if safe is None else {"url": safe, "host": urlsplit(safe).hostname or safe}
