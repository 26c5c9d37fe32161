"""Renders an article, or a part of one, by its format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from ...formats import kind
from ...text.document import Document, Span, without_record
from .blocks import blocks, rest
from .events import Close, Event, Open, Text
from .html import Marks, written
from .markdown import markdown, part_of_markdown
from .parts import is_rows, parts

_INLINE = {"strong", "em", "code", "kbd", "sub", "sup", "s", "u", "q", "a", "span"}


def article_html(document: Document, window: Span, passage: Span, cited: Sequence[Span]) -> Markup:
    """Render what stands in a window of an article, with the cited passage and words marked."""
    text = document.text
    events = markdown(text, window) if _is_markdown(document.path) else blocks(document, window)
    return _marked(events, text, window, Marks(passage, cited))


def part_html(path: str, text: str, passage: Span, cited: Sequence[Span]) -> Markup:
    """Render a part of the article with this path; the spans of what is marked are in `text`."""
    return _marked(_part(path, text), text, Span(0, len(text)), Marks(passage, cited))


def plain_words(text: str, path: str) -> str:
    """A part of an article as it is read aloud: in one line, without its markup."""
    words = []
    for event in _part(path, text):
        if isinstance(event, Text):
            words.append(event.span.of(text) if event.shown is None else event.shown)
        elif not isinstance(event, Open | Close) or event.tag not in _INLINE:
            words.append(" ")
    return " ".join("".join(words).split())


def _part(path: str, text: str) -> Iterable[Event]:
    return part_of_markdown(text) if _is_markdown(path) and not is_rows(text) else parts(text)


def _marked(events: Iterable[Event], text: str, window: Span, marks: Marks) -> Markup:
    """The HTML of these events; what is cited only in what they hide, such as a comment, is shown as it was written."""
    html, shown = written(events, text, marks)
    if any(one.of(text).strip() for one in marks.cited):
        is_shown = shown["qa-cited"] > 0
    else:
        is_shown = shown["qa-passage"] > 0 or not marks.passage.of(text).strip()
    return html if is_shown else written(rest(text, window), text, marks)[0]


def _is_markdown(path: str) -> bool:
    return kind(without_record(path)) == "Markdown"
