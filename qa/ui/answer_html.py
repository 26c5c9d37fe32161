"""Answer → safe HTML for the chat, and → plain text for a terminal.

Everything that comes from an article (text, names, headings, titles, links) is escaped here and nowhere else.
It knows nothing about the index, about sessions or about the server.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ask.answer import Answer, Citation
from ..ask.words import (
    NEAREST,
    as_text,
    confidence_words,
    corrected_words,
    is_quoted,
    not_found_words,
    percent,
    quotation,
    sections_of,
    title_of,
    unmentioned_words,
)
from .markup import escape, marked

CHANGED = "This file has changed since it was indexed; rebuild the index to bring it up to date."
SHOWN_CITATIONS = 3  # the rest are folded


# --- the conversation ----------------------------------------------------------------------------------------


def answer_html(answer: Answer, turn: int, verdict: str = "") -> str:
    """One answer; its buttons say what they do in `data-do` and which answer they belong to in `data-turn`."""
    if answer.lead is None:
        body = _not_found(answer, turn)
    else:
        first, rest = answer.citations[:SHOWN_CITATIONS], answer.citations[SHOWN_CITATIONS:]
        body = f"{_lead(answer, turn)}{_cards(first, turn)}"
        if rest:
            noun = "passage" if len(rest) == 1 else "passages"
            body += f'<details class="qa-more"><summary>{len(rest)} more {noun}</summary>{_cards(rest, turn)}</details>'
    copied = escape(as_text(answer))
    return (
        f'<div class="qa-answer">{_corrected(answer, turn)}{_carried(answer, turn)}{body}<div class="qa-tools">'
        f'<button type="button" data-do="retry" data-turn="{turn}">Ask again</button>'
        f'<button type="button" data-do="copy" data-copy="{copied}">Copy answer</button>'
        f"{_judging(turn, verdict)}</div></div>"
    )


def _corrected(answer: Answer, turn: int) -> str:
    if not answer.corrected:
        return ""
    typed = escape(" and ".join(f"“{typed}”" for typed, _ in answer.corrected))
    return (
        f'<p class="qa-corrected"><span>{escape(corrected_words(answer))}</span> '
        f'<button type="button" data-do="literal" data-turn="{turn}">Search for {typed}</button></p>'
    )


def _carried(answer: Answer, turn: int) -> str:
    """What the question was taken to be about, each with a button that asks again without it."""
    if not answer.carried:
        return ""
    chips = "".join(
        f'<li><button type="button" data-do="drop" data-turn="{turn}" data-number="{number}" '
        f'title="Ask again without it" aria-label="Ask again without {escape(text)}">'
        f'<bdi>{escape(text)}</bdi><span aria-hidden="true"> ×</span></button></li>'
        for number, text in enumerate(answer.carried)
    )
    return f'<div class="qa-carried"><span id="qa-carried-{turn}">carried:</span>' + (
        f'<ul aria-labelledby="qa-carried-{turn}">{chips}</ul></div>'
    )


def _lead(answer: Answer, turn: int) -> str:
    assert answer.lead is not None
    sure, rank = answer.confidence, answer.lead.citation
    title = f"Estimated probability that your articles answer this: {percent(sure)}"
    before, short, after = map(escape, answer.lead.pieces())
    told = f"<mark>{short}</mark>" if short else ""
    own = ' class="qa-quoted"' if is_quoted(answer.lead.text) else ""
    return (
        f'<blockquote class="qa-lead"><p{own}>{before}{told}{after}</p></blockquote>'
        f'<p class="qa-sure" title="{title}"><span class="qa-gauge" style="--sure:{sure:.2f}"></span>'
        f"<b>{confidence_words(sure)}</b><small>{percent(sure)}</small>"
        f'<button type="button" class="qa-ref" data-do="open" data-turn="{turn}" data-rank="{rank}" '
        f'aria-label="Open source {rank}">{rank}</button></p>'
        + (f'<p class="qa-unmentioned">{escape(words)}</p>' if (words := unmentioned_words(answer)) else "")
    )


def _not_found(answer: Answer, turn: int) -> str:
    none = f'<p class="qa-none">{escape(not_found_words(answer))}</p>'
    if not answer.citations:
        return none
    cards = _cards(answer.citations, turn, marks=False)
    return f'{none}<details class="qa-nearest"><summary>{NEAREST}</summary>{cards}</details>'


def _cards(citations: Sequence[Citation], turn: int, marks: bool = True) -> str:
    return f'<ol class="qa-cards">{"".join(_card(citation, turn, marks) for citation in citations)}</ol>'


def _card(citation: Citation, turn: int, marks: bool) -> str:
    place = f'data-turn="{turn}" data-rank="{citation.rank}"'
    passage = marked(citation.text, citation.highlights if marks else (), citation.span.start)
    path = "".join(f'<span class="qa-sep"> › </span><bdi>{escape(part)}</bdi>' for part in sections_of(citation))
    page = f"<span>page {citation.page}</span>" if citation.page is not None else ""
    changed = f'<span class="qa-changed" title="{CHANGED}">changed since indexed</span>' if citation.changed else ""
    return (
        f'<li class="qa-card" data-do="open" {place}>'
        f'<p class="qa-where"><span class="qa-rank">{citation.rank}</span>'
        f"<span><bdi class='qa-title'>{escape(title_of(citation))}</bdi>{path}</span></p>"
        f'<p class="qa-passage" dir="auto">{passage}</p>'
        f'<p class="qa-from"><bdi class="qa-file">{escape(citation.document)}</bdi>{page}'
        f'<span title="How well this passage fits the question">{percent(citation.score)}</span>{changed}'
        f'<span class="qa-actions">'
        f'<button type="button" data-do="open" {place} aria-label="Open source {citation.rank}">open</button>'
        f'<button type="button" data-do="copy" data-copy="{escape(quotation(citation))}" '
        f'aria-label="Copy passage {citation.rank}">copy</button></span></p></li>'
    )


def _judging(turn: int, verdict: str) -> str:
    if verdict:
        return f'<span class="qa-thanks" data-verdict="{escape(verdict)}">Thank you, stored on this machine.</span>'
    return (
        f'<span class="qa-judge"><button type="button" data-do="judge" data-turn="{turn}" data-verdict="up" '
        f'aria-label="This answer is right" title="This answer is right">{_THUMB}</button>'
        f'<button type="button" data-do="judge" data-turn="{turn}" data-verdict="down" '
        f'aria-label="This answer is wrong" title="This answer is wrong">{_THUMB}</button></span>'
    )


_THUMB = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M7 10.5v9H4a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1h3Zm0 0 '
    "4.2-7a2 2 0 0 1 2.3 2.4L12.7 9.5H19a2 2 0 0 1 2 2.4l-1.2 6a2 2 0 0 1-2 1.6H7"
    '"/></svg>'
)


# --- the source ----------------------------------------------------------------------------------------------


# --- plain text ----------------------------------------------------------------------------------------------
