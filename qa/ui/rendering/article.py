"""Renders an article, or a part of one, by its format."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from markupsafe import Markup

from ...formats import kind
from ...formats.pictures import PlacedPicture
from ...text.document import Document, Span, without_record
from .blocks import blocks
from .events import Close, Event, Note, Open, Text
from .html import NO_PLACES, Marks, Places, no_pictures, written
from .loose import rest
from .markdown import MOST, block_starts, markdown, part_of_markdown
from .parts import is_rows, parts

PART = 100_000  # characters of an article that a browser gets at once, so that it stays fast
_NOWHERE = Span(0, 0)
_BLANK, _LINE = re.compile(r"\n[ \t]*\n\s*"), re.compile("\n")
_INLINE = {"strong", "em", "code", "kbd", "sub", "sup", "s", "u", "q", "a", "span"}


def article_html(
    document: Document,
    window: Span,
    passage: Span,
    cited: Sequence[Span],
    picture_url: Callable[[str], str | None] = no_pictures,
    pictures: Sequence[PlacedPicture] = (),
    note_url: Callable[[str], str | None] = no_pictures,
) -> Markup:
    """Render what stands in a window of an article, with the cited passage and words marked.

    The window begins and ends where `article_parts` may cut; what is cited elsewhere is left to other windows.
    `pictures` are those of an article that does not name them in its text, in order; `note_url` gives where a
    note is found by its name.
    """
    text = document.text
    events = markdown(text, window) if is_markdown(document.path) else blocks(document, window, pictures)
    numbered = [(n, one) for n, one in enumerate(cited, 1) if one.start < window.end and window.start < one.end]
    is_here = passage.start < window.end and window.start < passage.end
    marks = Marks(passage if is_here else _NOWHERE, [one for _, one in numbered], [n for n, _ in numbered])
    return _marked(events, text, window, marks, Places(picture_url, note_url))


def article_parts(document: Document) -> list[Span]:
    """The parts in which an article is shown, in order: of about PART characters each, cut where a block begins."""
    text = document.text
    if len(text) <= PART:
        return [Span(0, len(text))]
    edges = block_starts(text) if is_markdown(document.path) else _paragraph_starts(document)
    starts, last = [0], len(text) - PART // 4  # no part is very short
    for edge in [*edges, len(text)]:
        while edge - starts[-1] > MOST:  # within one block, which is shown as it was written
            starts.append(starts[-1] + PART)
        if starts[-1] + PART <= edge <= last:
            starts.append(edge)
    return [Span(start, end) for start, end in pairwise([*starts, len(text)])]


def _paragraph_starts(document: Document) -> list[int]:
    """Where a section or a paragraph begins, or else a line."""
    text = document.text
    starts = {section.span.start for section in document.sections} | {at.end() for at in _BLANK.finditer(text)}
    starts |= {at.end() for at in _LINE.finditer(text)} if len(starts) < len(text) // PART else set()
    return sorted(starts)


def part_html(path: str, text: str, passage: Span, cited: Sequence[Span], limits: Sequence[Span] = ()) -> Markup:
    """Render a part of the article with this path; the spans of what is marked are in `text`."""
    return _marked(_part(path, text), text, Span(0, len(text)), Marks(passage, cited, limits=limits))


def plain_words(text: str, path: str, start: int = 0) -> str:
    """A part of an article as it is read aloud, from one of its characters on: in one line, without its markup."""
    words = []
    for event in _part(path, text):
        if isinstance(event, Text):
            if event.span.end > start:
                words.append(
                    text[max(start, event.span.start) : event.span.end] if event.shown is None else event.shown
                )
        elif not isinstance(event, Note) and (not isinstance(event, Open | Close) or event.tag not in _INLINE):
            words.append(" ")
    return " ".join("".join(words).split())


def _part(path: str, text: str) -> Iterable[Event]:
    return part_of_markdown(text) if is_markdown(path) and not is_rows(text) else parts(text)


def _marked(
    events: Iterable[Event],
    text: str,
    window: Span,
    marks: Marks,
    places: Places = NO_PLACES,
) -> Markup:
    """The HTML of these events; what is cited only in what they hide, such as a comment, is shown as it was written."""
    html, shown = written(events, text, marks, places)
    if any(one.of(text).strip() for one in marks.cited):
        is_shown = shown["qa-cited"] > 0
    else:
        is_shown = shown["qa-passage"] > 0 or not marks.passage.of(text).strip()
    return html if is_shown else written(rest(text, window), text, marks)[0]


def is_markdown(path: str) -> bool:
    """Whether the article with this path is written in Markdown."""
    return kind(without_record(path)) == "Markdown"
