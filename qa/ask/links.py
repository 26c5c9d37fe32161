"""The links that open an article in the chat at the words that are cited, below the address of that chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..text.document import Span

if TYPE_CHECKING:
    from .answer import Citation, Lead


def article_link(document: str, at: Span, marks: Sequence[Span] = (), state: str = "") -> str:
    """The part of an address that opens an article: `#/article/notes/cat.md?at=10-25`, with words marked in it.

    `state` is the generation of an earlier state of the folder, if it is to be shown as it was then.
    """
    spans = [f"at={at.start}-{at.end}", *(f"mark={mark.start}-{mark.end}" for mark in marks)]
    spans += [f"state={state}"] if state else []
    return f"#/article/{quote(document, errors='replace')}?{'&'.join(spans)}"


def citation_link(citation: Citation) -> str:
    """The one that opens an article at a cited passage, with its highlights, as the chat does on a click."""
    return article_link(citation.document, citation.span, citation.highlights, citation.state)


def lead_link(lead: Lead, citation: Citation) -> str:
    """The one that opens the article of a lead at the short answer, or else at the sentence that answers."""
    return article_link(citation.document, lead.short or lead.sentence, state=citation.state)
