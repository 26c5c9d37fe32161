"""Answer → safe HTML for the chat, and → plain text for a terminal.

Everything that comes from an article (text, names, headings, titles, links) is escaped here and nowhere else.
It knows nothing about the index, about sessions or about the server.
"""

from __future__ import annotations

import html
import re
import unicodedata
from base64 import b64encode
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from urllib.parse import urlsplit

from ..ask.answer import Answer, Citation
from ..formats.pictures import Box, PagePicture
from ..text.document import SECTION_SEPARATOR, Document, Span

NOT_FOUND = "Your articles do not seem to hold the answer."
NEAREST = "Nearest passages: related, but not an answer"
UNCHANGED = "Unchanged since it was indexed"
CHANGED = "This file has changed since it was indexed; rebuild the index to bring it up to date."
GONE = "This article is no longer in the index; this is the passage as it was cited."
MOVED = "The index was rebuilt since this answer, and the article no longer holds these words; ask again."
SHOWN_CITATIONS = 3  # the rest are folded
_TURNS_AROUND = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # makes text read in another order
_UNPRINTABLE = re.compile("[\0\ud800-\udfff]")  # what JSON or a browser would refuse
_BOLD, _PLAIN = "\x1b[1;4m", "\x1b[22;24m"
_QUOTES = frozenset('"“”„«»')
_HASHES = re.compile(r"#{1,6}(?= )")
# A source longer than this on either side of the passage is shown in part: a browser stays quick with it.
WINDOW = 150_000


def confidence_words(probability: float) -> str:
    """What a person reads: "very likely" from .9, "likely" from .7, "possible" from .5, else "unlikely"."""
    for least, words in ((0.9, "very likely"), (0.7, "likely"), (0.5, "possible")):
        if probability >= least:
            return words
    return "unlikely"


def is_quoted(text: str) -> bool:
    """Whether a text begins or ends with quotation marks of its own, so that it needs no others."""
    return text[:1] in _QUOTES or text[-1:] in _QUOTES


def percent(share: float) -> str:
    """`0.957` → `96 %`; only what is certain is 100 %."""
    return f"{round(100 * share) if share >= 1 else min(99, round(100 * share))} %"


def counted(number: int, noun: str) -> str:
    """`1 article`, `1,200 passages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


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
    return _pieces(text, Span(0, len(text)), (), [Span(m.start - offset, m.end - offset) for m in marks])


def where(citation: Citation) -> str:
    """`Title › Section › Subsection`, plain text."""
    return " › ".join((_title(citation), *_sections(citation)))


def _title(citation: Citation) -> str:
    return citation.title or citation.document


def _sections(citation: Citation) -> list[str]:
    return [part for part in citation.section.split(SECTION_SEPARATOR) if part]


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


def corrected_words(answer: Answer) -> str:
    """`Showing results for “honey”`, plain text; empty where every word was searched for as it was typed."""
    words = " and ".join(f"“{meant}”" for _, meant in answer.corrected)
    return f"Showing results for {words}" if words else ""


def unmentioned_words(answer: Answer) -> str:
    """`The article does not mention “Costco”.`, plain text; empty where it mentions each name in the question."""
    words = " or ".join(f"“{word}”" for word in answer.unmentioned)
    return f"The article does not mention {words}." if words else ""


def _corrected(answer: Answer, turn: int) -> str:
    if not answer.corrected:
        return ""
    typed = escape(" and ".join(f"“{typed}”" for typed, _ in answer.corrected))
    return (
        f'<p class="qa-corrected"><span>{escape(corrected_words(answer))}</span> '
        f'<button type="button" data-do="literal" data-turn="{turn}">Search for {typed}</button></p>'
    )


def not_found_words(answer: Answer) -> str:
    """Why there is no answer, plain text."""
    return answer.reason or NOT_FOUND


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
    path = "".join(f'<span class="qa-sep"> › </span><bdi>{escape(part)}</bdi>' for part in _sections(citation))
    page = f"<span>page {citation.page}</span>" if citation.page is not None else ""
    changed = f'<span class="qa-changed" title="{CHANGED}">changed since indexed</span>' if citation.changed else ""
    return (
        f'<li class="qa-card" data-do="open" {place}>'
        f'<p class="qa-where"><span class="qa-rank">{citation.rank}</span>'
        f"<span><bdi class='qa-title'>{escape(_title(citation))}</bdi>{path}</span></p>"
        f'<p class="qa-passage" dir="auto">{passage}</p>'
        f'<p class="qa-from"><bdi class="qa-file">{escape(citation.document)}</bdi>{page}'
        f'<span title="How well this passage fits the question">{percent(citation.score)}</span>{changed}'
        f'<span class="qa-actions">'
        f'<button type="button" data-do="open" {place} aria-label="Open source {citation.rank}">open</button>'
        f'<button type="button" data-do="copy" data-copy="{escape(_quoted(citation))}" '
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
        _pieces(text, Span(start, span.start), headings, ())
        + f'<mark id="qa-passage"{block}>{_pieces(text, span, headings, strong)}</mark>'
        + _pieces(text, Span(span.end, end), headings, ())
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
    path = " › ".join(_sections(citation))
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
        f"<bdi>{escape(_title(citation))}</bdi></h2>{section}</div>"
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


def _pieces(text: str, span: Span, headings: Sequence[tuple[Span, int]], marks: Sequence[Span]) -> str:
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


# --- plain text ----------------------------------------------------------------------------------------------


def as_text(answer: Answer, styled: bool = False) -> str:
    """One answer for a terminal: the lead, how sure it is, and its numbered citations.

    Where it is `styled`, the short answer in the lead is bold and underlined (ECMA-48).
    """
    if answer.lead is None:
        lines = [_line(not_found_words(answer))]
        if answer.citations:
            lines += ["", f"{NEAREST}:"]
    else:
        before, short, after = map(_plain, answer.lead.pieces())
        told = f"{_BOLD}{short}{_PLAIN}" if styled and short else short
        quoted = " ".join(f"{before}{told}{after}".split())
        lines = [quoted if is_quoted(answer.lead.text) else f"“{quoted}”"]
        lines += [f"{confidence_words(answer.confidence)} ({percent(answer.confidence)}) [{answer.lead.citation}]"]
        if answer.unmentioned:
            lines += [_line(unmentioned_words(answer))]
    if answer.corrected:
        lines.insert(0, f"{_line(corrected_words(answer))} (in quotes, a word is searched for as it is typed)")
    if answer.carried:
        lines += [f"carried from the conversation: {', '.join(map(_line, answer.carried))}"]
    for citation in answer.citations:
        page = f", page {citation.page}" if citation.page is not None else ""
        changed = " (changed since it was indexed)" if citation.changed else ""
        lines += ["", f"[{citation.rank}] {_line(where(citation))}"]
        lines += [f"    {_line(citation.document)}{page}, {percent(citation.score)}{changed}"]
        lines += [f"    | {line}".rstrip() for line in _plain(citation.text).split("\n")]
    return "\n".join(lines)


def _quoted(citation: Citation) -> str:
    return f"“{citation.text}”\n— {where(citation)} ({citation.document})"


def _plain(text: str) -> str:
    """Without control characters: an article must not be able to steer the terminal."""
    return "".join(c if c in "\n\t" or not _steers(c) else "�" for c in text)


def _line(text: str) -> str:
    return " ".join(_plain(text).split())


def _steers(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in _TURNS_AROUND
