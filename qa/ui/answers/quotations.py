"""Renders what an answer quotes: its lead, and its passages in short; and tells strong passages from weak ones."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from ...ask.answer import Answer, Citation
from ...ask.row_text import cell_text
from ...text.cells import cell_spans
from ...text.document import Span
from ..rendering.article import is_markdown, part_html, plain_words
from ..rendering.html import printable
from ..rendering.parts import is_rows

_NOWHERE = Span(0, 0)
_MOST_STRONG = 3
_WEAK = 0.5  # of the best score: below that, a passage is weak
_LONGEST = 400  # characters of a passage in short; a screen shows less of them
_PARAGRAPH = re.compile(r"<p>((?:(?!</?p>).)*)</p>", re.DOTALL)
_END = re.compile(r"(?:</(?:p|li|ul|ol|h[1-6])>)+\Z")


def lead_html(answer: Answer) -> Markup:
    """The lead of an answer that has one, with its short answer marked; its neighbours are outside the outer mark."""
    lead = answer.lead
    assert lead is not None
    opening, closing = lead.around()
    before, short, _ = lead.pieces()
    core = Span(len(opening), len(lead.text) - len(closing)) if opening or closing else _NOWHERE
    cited = (Span(len(before), len(before) + len(short)),) if short else ()
    limits: tuple[Span, ...] = ()
    if lead.limit is not None and not lead.limit_behind:
        start = lead.limit.span.start - lead.span.start
        limits = (Span(start, start + len(lead.limit.text)),)
    return part_html(answer.citations[lead.citation - 1].document, lead.text, core, cited, limits)


def limit_html(answer: Answer) -> Markup:
    """What stands behind the lead and limits it."""
    assert answer.lead is not None
    return part_html(answer.citations[answer.lead.citation - 1].document, answer.lead.limit_behind, _NOWHERE, ())


def cell_html(literal: str, document: str) -> Markup:
    """A cell of a table as its article means it; one that is more than a line of text, as its words."""
    text = cell_text(literal)
    line = _PARAGRAPH.fullmatch(part_html(document, text, _NOWHERE, ())) if is_markdown(document) else None
    return Markup(line[1]) if line else escape(printable(text))  # noqa: S704 - rendered, and so escaped


def cut_at_end(html: Markup) -> tuple[Markup, Markup]:
    """A quotation in two parts, between which the number of its source fits: at the end of its last paragraph or item.

    The second part is empty if the quotation ends with code or a table.
    """
    end = _END.search(html)
    cut = len(html) if end is None else end.start()
    return html[:cut], html[cut:]


def snippet(citation: Citation) -> str:
    """The words of a passage from its first highlight on, without markup, in one line and cut."""
    first = min((mark.start for mark in citation.highlights), default=citation.span.start) - citation.span.start
    begin = max(first, 0)
    text, document = citation.text[begin:], citation.document
    # All of the passage is read, since what begins inside a piece of code ends with the sign that begins one.
    words = _cells(text, document) if is_rows(text) else plain_words(citation.text, document, begin)
    cut = words if len(words) <= _LONGEST else f"{words[:_LONGEST].rsplit(' ', 1)[0]} …"
    return ("… " if begin else "") + cut


def _cells(rows: str, document: str) -> str:
    """The cells of a table in one line, without markup."""
    lines = (
        [plain_words(cell_text(span.of(line)), document) for span in cell_spans(line)] for line in rows.split("\n")
    )
    return "; ".join(" · ".join(filter(None, cells)) for cells in lines)


def by_strength(answer: Answer) -> tuple[list[Citation], list[Citation]]:
    """The citations of an answer that are worth a look, and the weak ones: what is quoted is never weak."""
    quoted = {other.citation for other in answer.others} | (
        {answer.lead.citation} if answer.lead is not None else set()
    )
    least = _WEAK * max((citation.score for citation in answer.citations), default=0.0)
    strong = [
        citation
        for number, citation in enumerate(answer.citations)
        if citation.rank in quoted or (number < _MOST_STRONG and citation.score >= least)
    ]
    return strong, [citation for citation in answer.citations if citation not in strong]


def by_closeness(answer: Answer) -> tuple[Citation | None, list[Citation]]:
    """Of a refused answer the citation that came closest, None if it is not known, and the others."""
    rank = None if answer.why is None else answer.why.citation
    closest = next((citation for citation in answer.citations if citation.rank == rank), None)
    return closest, [citation for citation in answer.citations if citation is not closest]


def file_of(citation: Citation) -> str:
    """The name of the file of a citation, without its folders."""
    return citation.document.rpartition("/")[2] or citation.document
