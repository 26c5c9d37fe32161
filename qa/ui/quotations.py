"""Renders what an answer quotes: its lead, the passages of its citations, and other values."""

from __future__ import annotations

from markupsafe import Markup

from ..ask.answer import Answer, Citation
from ..text.document import Span
from .rendering.article import part_html

_NOWHERE = Span(0, 0)


def passage_html(citation: Citation, with_marks: bool = True) -> Markup:
    """The passage of a citation, with its highlights marked or not."""
    offset = citation.span.start
    highlights = citation.highlights if with_marks else ()
    marks = [Span(mark.start - offset, mark.end - offset) for mark in highlights]
    return part_html(citation.document, citation.text, _NOWHERE, marks)


def lead_html(answer: Answer) -> Markup:
    """The lead of an answer that has one, with its short answer marked; its neighbours are outside the outer mark."""
    lead = answer.lead
    assert lead is not None
    opening, closing = lead.around()
    before, short, _ = lead.pieces()
    core = Span(len(opening), len(lead.text) - len(closing)) if opening or closing else _NOWHERE
    cited = (Span(len(before), len(before) + len(short)),) if short else ()
    return part_html(answer.citations[lead.citation - 1].document, lead.text, core, cited)
