"""Writes events as HTML with the cited characters marked; whatever the events are, it is well formed and safe."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape

from ...text.document import Span
from .events import Close, Empty, Event, Note, Open, Picture, Text
from .links import addresses

_UNPRINTABLE = re.compile("[\0\ud800-\udfff]")  # JSON or a browser would refuse these
_LINK = 'target="_blank" rel="noopener noreferrer"'
_DEEPEST = 100  # elements in one another: nobody means more, and each of their texts asks all that it is in


@dataclass(frozen=True, slots=True)
class Marks:
    """What is cited: a passage, and the words that answer, in order.

    In a whole article each mark has the number of its words, from 1: markup may cut words into several marks. `limits`
    are what limits the words.
    """

    passage: Span
    cited: Sequence[Span] = ()
    numbers: Sequence[int] = ()
    limits: Sequence[Span] = ()

    def edges(self, span: Span) -> list[int]:
        """Where a range of the text has to be cut."""
        inner = (edge for one in (self.passage, *self.cited, *self.limits) for edge in (one.start, one.end))
        return sorted({span.start, span.end, *(edge for edge in inner if span.start < edge < span.end)})

    def number(self, span: Span) -> int:
        """The number of the words that a range which is cut at the edges belongs to; 0 if they have none."""
        found = (
            n for n, one in zip(self.numbers, self.cited, strict=False) if one.start < span.end and span.start < one.end
        )
        return next(found, 0)

    def kind(self, span: Span) -> str:
        """The class of the mark around a range that is cut at the edges; empty for none."""
        if any(one.start < span.end and span.start < one.end for one in self.cited):
            return "qa-cited"
        if any(one.start < span.end and span.start < one.end for one in self.limits):
            return "qa-limiting"
        return "qa-passage" if self.passage.start < span.end and span.start < self.passage.end else ""


def printable(text: str) -> str:
    """Replace NUL and lone surrogates by U+FFFD."""
    return text if text.isascii() and "\0" not in text else _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def no_pictures(_: str) -> None:
    """Show no picture."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the browser finds what an article names: a picture by its address, a note by its name; None: nowhere."""

    picture: Callable[[str], str | None] = no_pictures
    note: Callable[[str], str | None] = no_pictures


NO_PLACES = Places()


def written(
    events: Iterable[Event], text: str, marks: Marks, places: Places = NO_PLACES
) -> tuple[Markup, Counter[str]]:
    """The HTML of the events of a text, and how many characters are shown in marks of each class.

    A picture that is in none of the `places` is not shown, and a note that is in none is no link.
    """
    writer = _Writer(text, marks, places)
    for event in events:
        writer.write(event)
    return writer.html(), writer.shown


class _Writer:
    def __init__(self, text: str, marks: Marks, places: Places) -> None:
        self._text, self._marks, self._places = text, marks, places
        self._parts: list[str] = []
        self._open: list[str] = []
        self._covers: list[Span | None] = []
        self.shown: Counter[str] = Counter()

    def html(self) -> Markup:
        self._parts += [f"</{tag}>" for tag in reversed(self._open)]
        self._open.clear()
        return Markup("".join(self._parts))  # noqa: S704 - every text and attribute in it was escaped

    def write(self, event: Event) -> None:
        if isinstance(event, Text):
            self._write_text(event)
        elif isinstance(event, Note):
            address = self._places.note(event.name)
            self._parts.append(f'<a href="{escape(printable(address))}">' if address else "<a>")
            self._open.append("a")
            self._covers.append(event.covers)
        elif isinstance(event, Open) and len(self._open) < _DEEPEST:
            attributes = "".join(f' {name}="{escape(printable(value))}"' for name, value in event.attributes)
            extra = f" {_LINK}" if event.tag == "a" and event.attributes else ""
            self._parts.append(f"<{event.tag}{attributes}{extra}>")
            self._open.append(event.tag)
            self._covers.append(event.covers)
        elif isinstance(event, Close):
            self._close(event.tag)
        elif isinstance(event, Empty):
            self._parts.append(f"<{event.tag}>")
        elif isinstance(event, Picture):
            url = self._places.picture(event.address)
            if url is not None:
                words = escape(printable(event.words))
                self._parts.append(f'<img src="{escape(url)}" alt="{words}" loading="lazy">')

    def _close(self, tag: str) -> None:
        if tag in self._open:
            while True:
                last = self._open.pop()
                self._covers.pop()
                self._parts.append(f"</{last}>")
                if last == tag:
                    return

    def _write_text(self, event: Text) -> None:
        if event.shown is not None:
            self._write_piece(event.shown, event.span)
            return
        edges = self._marks.edges(event.span)
        for start, end in pairwise(edges):
            span = Span(start, end)
            self._write_piece(span.of(self._text), span)

    def _write_piece(self, shown: str, span: Span) -> None:
        kind = self._kind(span)
        html = str(escape(printable(shown))) if "a" in self._open else _linked(shown)
        number = self._marks.number(span) if kind == "qa-cited" else 0
        self._parts.append(
            f'<mark class="{kind}"{f" data-mark={number}" if number else ""}>{html}</mark>' if kind else html
        )
        if kind and shown.strip():
            self.shown[kind] += len(span)

    def _kind(self, span: Span) -> str:
        kinds = [self._marks.kind(one) for one in (span, *self._covers) if one is not None and len(one)]
        return next((kind for kind in ("qa-cited", "qa-limiting", "qa-passage") if kind in kinds), "")


def _linked(text: str) -> str:
    """A text with the addresses in it as links."""
    parts, at = [], 0
    for start, end, url in addresses(text):
        parts.append(str(escape(printable(text[at:start]))))
        parts.append(f'<a href="{escape(printable(url))}" {_LINK}>{escape(printable(text[start:end]))}</a>')
        at = end
    parts.append(str(escape(printable(text[at:]))))
    return "".join(parts)
