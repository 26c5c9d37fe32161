"""Collects headings and blocks in reading order and gives each section its path; used by every format.

It knows nothing about the syntax that they were found in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from ..text.document import Block, BlockKind, Document, Section, Span
from ..text.passage import MAX_HEADING_CHARACTERS

_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w+")
LONGEST_HEADING, _LONGEST_TITLE = 1_000, 2_000  # characters
# Nothing but blank space and characters of no width.
_UNSEEN = re.compile(r"[\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff]*\Z")


class Outline:
    """Takes headings and blocks in the order of the text, then makes the Document."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._headings: list[tuple[int, str, Span]] = []
        self._blocks: list[tuple[BlockKind, Span, int, tuple[Span, ...]]] = []

    def heading(self, level: int, heading: str, span: Span) -> None:
        """A heading; `heading` is its plain text, `span` its place (with its marks) in the text.

        One that is longer than any person writes is a paragraph: each passage below a heading is stored with it.
        """
        if len(heading) > LONGEST_HEADING:
            self.block("paragraph", span)
            return
        self._headings.append((level, _SPACE.sub(" ", heading).strip(), span))

    def block(self, kind: BlockKind, span: Span, parts: tuple[Span, ...] = ()) -> None:
        """A block of content; blank space at both ends is cut off and one without anything to see is dropped."""
        span = span.trimmed(self._text)
        if not _UNSEEN.match(self._text, span.start, span.end):
            parts = tuple(part for part in (part.trimmed(self._text) for part in parts) if len(part))
            self._blocks.append((kind, span, len(self._headings), parts))

    def document(self, path: str, title: str, metadata: Mapping[str, str] | None = None) -> Document:
        """The Document. Without a `title`, a first heading of level 1 before any content is the title.

        No heading's words are lost: one that neither titles, nor leads to, any content is content itself.
        """
        headings = self._headings
        titled_by = None
        if headings and headings[0][0] == 1 and all(section > 0 for _, _, section, _ in self._blocks):
            title = title or headings[0][1]
            if _words(headings[0][1]) <= _words(title):
                titled_by = 0
        blocks = self._blocks and sorted([*self._blocks, *self._bare(titled_by)], key=lambda block: block[1].start)
        starts = [0, *(span.start for _, _, span in headings)]
        ends = [*starts[1:], len(self._text)]
        sections = [Section((), 0, Span(starts[0], ends[0]))]
        chain: list[tuple[int, str]] = []
        for number, (level, heading, _) in enumerate(headings):
            chain = [(above, name) for above, name in chain if above < level]
            if number != titled_by and heading:
                chain.append((level, heading))
            names = _innermost([name for _, name in chain])
            sections.append(Section(names, level, Span(starts[number + 1], ends[number + 1])))
        return Document(
            path=path,
            title=_clean(title[:_LONGEST_TITLE]),
            text=self._text,
            sections=tuple(sections),
            blocks=tuple(Block(kind, span, section, parts) for kind, span, section, parts in blocks),
            metadata={name: _clean(value) for name, value in (metadata or {}).items()},
        )

    def _bare(self, titled_by: int | None) -> Iterator[tuple[BlockKind, Span, int, tuple[Span, ...]]]:
        """Each heading with nothing under it, as a paragraph of its section."""
        filled = {section for _, _, section, _ in self._blocks}
        levels = [level for level, _, _ in self._headings]
        for number, (level, _, span) in enumerate(self._headings):
            leads_on = number + 1 < len(levels) and levels[number + 1] > level
            if number != titled_by and number + 1 not in filled and not leads_on:
                yield "paragraph", span.trimmed(self._text), number + 1, ()


def _innermost(names: Sequence[str]) -> tuple[str, ...]:
    """A path of headings without the outermost ones that would make it longer than any person writes."""
    kept, left = len(names), MAX_HEADING_CHARACTERS
    while kept and (left := left - len(names[kept - 1])) >= 0:
        kept -= 1
    return tuple(names[kept:])


def _clean(text: str) -> str:
    """On one line, and fit to be stored: YAML can write what no text file can hold."""
    text = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return _SPACE.sub(" ", text).strip()


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def line_starts(text: str) -> list[int]:
    """The offset of each line's first character, and at last the length of the text."""
    starts = [0]
    position = text.find("\n")
    while position >= 0:
        starts.append(position + 1)
        position = text.find("\n", position + 1)
    starts.append(len(text))
    return starts
