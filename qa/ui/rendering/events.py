"""What a rendered article consists of: characters of its text, in order, and the elements around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ...text.document import Span


@dataclass(frozen=True, slots=True)
class Text:
    """Characters that are shown as they are; or, with `shown`, as what they stand for (`&amp;`, `\\*`)."""

    span: Span
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """An element begins.

    `covers` is a part of the text that is not shown, the address of a link; where it is cited, the text of the element
    is marked instead.
    """

    tag: str
    attributes: tuple[tuple[str, str], ...] = ()
    covers: Span | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """The last open element with this tag ends, and all that have begun in it."""

    tag: str


@dataclass(frozen=True, slots=True)
class Empty:
    """An element without contents: `br`, `hr`."""

    tag: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture at an address, as the article names it; `words` say what it shows if no text beside it does."""

    address: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A link to a note by its name begins, as `Open` does; it ends as an `a` does."""

    name: str
    covers: Span


Event = Note | Text | Open | Close | Empty | Picture


def heading_tag(level: int) -> str:
    """The element of a heading with a level from 1: the headings of the page are above `h3`, and there is no `h7`."""
    return f"h{min(level + 2, 6)}"


def replaced(text: str, span: Span, pattern: re.Pattern[str], shown: Callable[[str], str]) -> Iterator[Text]:
    """The characters of a range, of which what matches a pattern is shown as something else."""
    at = span.start
    for match in pattern.finditer(text, span.start, span.end):
        instead = shown(match[0])
        if instead != match[0]:
            if at < match.start():
                yield Text(Span(at, match.start()))
            yield Text(Span(*match.span()), instead)
            at = match.end()
    if at < span.end:
        yield Text(Span(at, span.end))


def element(tag: str, *events: Event, **attributes: str) -> tuple[Event, ...]:
    """These events inside an element; the name of an attribute may end with `_`."""
    named = tuple((name.rstrip("_"), value) for name, value in attributes.items())
    return (Open(tag, named), *events, Close(tag))
