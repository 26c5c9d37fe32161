"""A cited source as HTML: the article around the passage, or the pages of a PDF."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from ..ask.answer import Citation
from ..ask.words import (
    sections_of,
    title_of,
)
from ..formats.pictures import Box, PagePicture
from ..text.document import Document, Span
from .answer_html import CHANGED
from .markup import escape, pieces_html, safe_url

UNCHANGED = "Unchanged since it was indexed"


GONE = "This article is no longer in the index; this is the passage as it was cited."


MOVED = "The index was rebuilt since this answer, and the article no longer holds these words; ask again."


# A source longer than this on either side of the passage is shown in part: a browser stays quick with it.
WINDOW = 150_000


def source_html(citation: Citation, document: Document | None, changed: bool | None, turn: int, of: int) -> str:
    """The article of a citation, whole (or a long window of it), with the cited passage marked.

    `document` is the article as the index holds it now, `of` the number of citations of the same answer; `changed` is
    None where that cannot be told. The passage is shown in its place only where the article's words there are exactly
    those that were cited.
    """
    head = _source_head(citation, turn, of)
    span = None if document is None else _place(citation, document)
    if document is None or span is None:
        problem = GONE if document is None else MOVED
        head += f'<p class="qa-note qa-warn">{problem}</p>'
        body = f'<mark id="qa-passage">{escape(citation.text)}</mark>'
        return f'{head}<div class="qa-text" tabindex="0" dir="auto">{body}</div>{_source_foot(citation, {}, None)}'
    moved = span.start - citation.span.start
    strong = [Span(mark.start + moved, mark.end + moved) for mark in citation.highlights]
    text, headings = document.text, _headings(document)
    start, end = max(0, span.start - WINDOW), min(len(text), span.end + WINDOW)
    whole_lines = text[span.start - 1 : span.start] in ("", "\n") and text[span.end : span.end + 1] in ("", "\n")
    block = ' class="qa-block"' if whole_lines else ""
    body = (
        pieces_html(text, Span(start, span.start), headings, ())
        + f'<mark id="qa-passage"{block}>{pieces_html(text, span, headings, strong)}</mark>'
        + pieces_html(text, Span(span.end, end), headings, ())
    )
    if (start, end) != (0, len(text)):
        body = f'<p class="qa-note">A long article: this is the part around the passage.</p>{body}'
    if changed:
        head += f'<p class="qa-note qa-warn">{CHANGED}</p>'
    foot = _source_foot(citation, document.metadata, changed)
    return f'{head}<div class="qa-text" tabindex="0" dir="auto" aria-label="The article">{body}</div>{foot}'


def pages_html(citation: Citation, pictures: Sequence[PagePicture]) -> str:
    """The pages that a citation stands on, with its words marked, and the choice between them and the text.

    It belongs before the text of `source_html`; empty without pictures.
    """
    if not pictures:
        return ""
    views = (("page", "Page" if len(pictures) == 1 else "Pages", "true"), ("text", "Text", "false"))
    choice = "".join(
        f'<button type="button" data-do="view" data-view="{view}" aria-pressed="{on}">{words}</button>'
        for view, words, on in views
    )
    shown = "".join(_page(citation, picture) for picture in pictures)
    return (
        f'<div class="qa-views" role="group" aria-label="Show the source as">{choice}</div>'
        f'<div class="qa-pages" tabindex="0" aria-label="The page">{shown}</div>'
    )


def _page(citation: Citation, picture: PagePicture) -> str:
    def boxes(some: Sequence[Box], name: str) -> str:
        return "".join(
            f'<i class="{name}" style="left:{box.left:.3%};top:{box.top:.3%};'
            f'width:{box.width:.3%};height:{box.height:.3%}"></i>'
            for box in some
        )

    alternative = escape(f"Page {picture.page} of {citation.document}")
    return (
        f'<div class="qa-page"><img src="data:image/png;base64,{b64encode(picture.png).decode()}" alt="{alternative}" '
        f'width="{picture.width}" height="{picture.height}">'
        f"{boxes(picture.passage, 'qa-soft')}{boxes(picture.highlights, 'qa-strong')}</div>"
    )


def _place(citation: Citation, document: Document) -> Span | None:
    """Where the cited words stand in the article as it is indexed now, or None."""
    if citation.span.of(document.text) == citation.text:
        return citation.span
    start = document.text.find(citation.text) if citation.text else -1
    return None if start < 0 else Span(start, start + len(citation.text))


def _source_head(citation: Citation, turn: int, of: int) -> str:
    path = " › ".join(sections_of(citation))
    section = f'<p class="qa-section"><bdi>{escape(path)}</bdi></p>' if path else ""

    def step(rank: int, sign: str, label: str) -> str:
        off = "" if 1 <= rank <= of else " disabled"
        return (
            f'<button type="button" data-do="open" data-turn="{turn}" data-rank="{rank}" '
            f'aria-label="{label}" title="{label}"{off}>{sign}</button>'
        )

    back, on = step(citation.rank - 1, "‹", "Previous source"), step(citation.rank + 1, "›", "Next source")
    return (
        f'<div class="qa-source-head"><div class="qa-source-title"><h2 tabindex="-1">'
        f"<bdi>{escape(title_of(citation))}</bdi></h2>{section}</div>"
        f'<div class="qa-steps">{back}<span>{citation.rank} of {of}</span>{on}'
        f'<button type="button" class="qa-close" data-do="close" aria-label="Close the source">×</button></div></div>'
    )


def _source_foot(citation: Citation, metadata: Mapping[str, str], changed: bool | None) -> str:
    parts = [f'<bdi class="qa-file">{escape(citation.document)}</bdi>']
    parts += [f"<bdi>{escape(metadata[name])}</bdi>" for name in ("author", "date") if metadata.get(name)]
    if citation.page is not None:
        parts.append(f"<span>page {citation.page}</span>")
    url = safe_url(citation.url)
    if url:
        host = urlsplit(url).hostname or url
        parts.append(f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{escape(host)}</a>')
    if changed is not None:
        state = "Changed since it was indexed" if changed else UNCHANGED
        parts.append(f'<span class="{"qa-changed" if changed else "qa-same"}">{state}</span>')
    return f'<p class="qa-source-foot">{"".join(parts)}</p>'


def _headings(document: Document) -> list[tuple[Span, int]]:
    """The line of each heading, with its level, in order."""
    found = []
    for section in document.sections:
        if section.level > 0:
            end = document.text.find("\n", section.span.start, section.span.end)
            found.append((Span(section.span.start, section.span.end if end < 0 else end), section.level))
    return sorted(found, key=lambda heading: heading[0].start)
