"""An answer as HTML for a notebook: without scripts, styles of its own page or links that load, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from ..text.document import Span
from ..text.web_address import web_address
from .row_text import MOST_COLUMNS, cell_text
from .words import (
    confidence_words,
    corrected_words,
    nearest_words,
    not_found_words,
    other_words,
    percent,
    plain,
    recognised_words,
    scope_words,
    unmentioned_words,
    unread_words,
    where,
)

if TYPE_CHECKING:
    from .answer import Answer, Citation, Lead, OtherValue
    from .rows import TableRow

# The page's own colours, light or dark, except where both are given: dark on yellow is readable on either.
_MARK = "background:#ffe9a3;color:#22252a;border-radius:2px;padding:0 .1em"
_LINE = "1px solid rgba(128,128,128,.45)"
_QUOTE = "margin:.2em 0 .4em;padding:.1em 0 .1em .8em;border-left:4px solid #3a8a99;font-size:1.1em"
_SOFT = "opacity:.8"
_TEXT = f"margin:.3em 0 .6em 1.2em;padding-left:.8em;border-left:{_LINE};white-space:pre-wrap"
_CELL = f"border:{_LINE};padding:.2em .5em;text-align:left"


def html_of(answer: Answer) -> str:
    """The HTML of an answer, or of its refusal with the nearest passages."""
    notes = (corrected_words(answer), scope_words(answer), unread_words(answer))
    head = _lead(answer, answer.lead) if answer.lead is not None else _refusal(answer)
    cited = "".join(_citation(citation, answer.link(citation)) for citation in answer.citations)
    return (
        f'<div class="qa-answer" dir="auto" style="max-width:50em;line-height:1.45">'
        f"{head}{''.join(map(_note, filter(None, notes)))}{cited}</div>"
    )


def _lead(answer: Answer, lead: Lead) -> str:
    citation = answer.citations[lead.citation - 1]
    if lead.row is not None:
        quoted = _row(lead.row)
    else:
        quoted = f'<blockquote dir="auto" style="{_QUOTE}">{_quotation(lead)}</blockquote>'
    sure = f"{confidence_words(answer.confidence)} ({percent(answer.confidence)})"
    number = _link(answer.lead_link, f"[{lead.citation}]")
    source = f"{sure} · <bdi>{_line(where(citation))}</bdi> {number}"
    notes = (unmentioned_words(answer), "" if lead.is_stated else recognised_words(citation), other_words(answer))
    others = "".join(map(_other, answer.others))
    return f'{quoted}<p style="margin:.2em 0">{source}</p>{"".join(map(_note, filter(None, notes)))}{others}'


def _quotation(lead: Lead) -> str:
    """The quotation with the short answer marked, or else the sentence if it has neighbours."""
    before, short, after = lead.pieces()
    if not short:
        before, after = lead.around()
        short = lead.text[len(before) : len(lead.text) - len(after)] if before or after else ""
        before = before if short else lead.text
    return _broken(f"{_escaped(before)}{_marked(short)}{_escaped(after)}")


def _refusal(answer: Answer) -> str:
    nearest = f'<p style="margin:.4em 0 .2em;{_SOFT}">{_line(nearest_words(answer))}:</p>' if answer.citations else ""
    return f'<p style="margin:.2em 0"><b>{_line(not_found_words(answer))}</b></p>{nearest}'


def _row(row: TableRow) -> str:
    numbers = row.shown(MOST_COLUMNS)
    names = "".join(f'<th style="{_CELL}">{_line(cell_text(row.columns[number]))}</th>' for number in numbers)
    shown = [(_line(cell_text(row.cells[number])), number == row.asked) for number in numbers]
    cells = "".join(
        f'<td style="{_CELL}">{f"""<mark style="{_MARK}">{text}</mark>""" if is_asked and text else text}</td>'
        for text, is_asked in shown
    )
    left_out = len(row.columns) - len(numbers)
    more = _note(f"… and {left_out} more columns") if left_out else ""
    return f'<table style="border-collapse:collapse;margin:.2em 0 .4em"><tr>{names}</tr><tr>{cells}</tr></table>{more}'


def _other(other: OtherValue) -> str:
    dated = f"({_escaped(other.date)}) " if other.date else ""
    return f'<p style="margin:.1em 0 .1em 1.2em">“<bdi>{_line(other.text)}</bdi>” {dated}[{other.citation}]</p>'


def _citation(citation: Citation, link: str) -> str:
    page = f", page {citation.page}" if citation.page is not None else ""
    changed = " (changed since it was indexed)" if citation.changed else ""
    place = f"<bdi>{_line(citation.document)}</bdi>{page}, {percent(citation.score)}{changed}"
    address = web_address(citation.url)
    links = " · ".join([_link(link, "open in the chat"), *([_link(address, address)] if address else [])])
    header = f"{_line(citation.header)}<br>" if citation.header else ""
    text = _broken(_with_marks(citation.text, citation.span.start, citation.highlights))
    return (
        f'<details style="margin:.2em 0"><summary style="cursor:pointer">[{citation.rank}] '
        f'<bdi>{_line(where(citation))}</bdi> <span style="{_SOFT}">{place}</span></summary>'
        f'<div dir="auto" style="{_TEXT}">{header}{text}</div><p style="margin:0 0 .4em 1.2em;{_SOFT}">'
        f"characters {citation.span.start}–{citation.span.end} · {links}</p></details>"
    )


def _with_marks(text: str, start: int, highlights: Sequence[Span]) -> str:
    """The text of a passage that begins at `start`, with its highlights marked."""
    parts, done = [], 0
    for span in sorted(highlights, key=lambda span: span.start):
        begin, end = max(span.start - start, done), min(span.end - start, len(text))
        if begin < end:
            parts += [_escaped(text[done:begin]), _marked(text[begin:end])]
            done = end
    return "".join([*parts, _escaped(text[done:])])


def _link(address: str, words: str) -> str:
    return f'<a href="{_escaped(address)}" target="_blank" rel="noreferrer noopener">{_line(words)}</a>'


def _note(words: str) -> str:
    return f'<p style="margin:.2em 0;{_SOFT}">{_line(words)}</p>'


def _marked(text: str) -> str:
    return f'<mark style="{_MARK}">{_escaped(text)}</mark>' if text else ""


def _escaped(text: str) -> str:
    """A text of an article as HTML shows it, without characters that change what stands around it."""
    return escape(plain(text))


def _line(text: str) -> str:
    return " ".join(_escaped(text).split())


def _broken(html: str) -> str:
    """Line breaks as elements, since some notebooks take what follows an empty line for Markdown."""
    return html.replace("\n", "<br>")
