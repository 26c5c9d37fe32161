"""Collects the headings and blocks of a text in reading order and makes a Document of them, for every format."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ..text.document import APART, Block, BlockKind, Document, Section, Span
from ..text.passage import MAX_HEADING_CHARACTERS

_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w+")
MAX_HEADING, _MAX_TITLE = 1_000, 2_000  # characters
# Only white space and characters without width.
_INVISIBLE = re.compile(r"[\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff]*\Z")


# A block: its kind, span, section, parts and header.
_Entry = tuple[BlockKind, Span, int, tuple[Span, ...], Span | None]


class Outline:
    """Collects headings and blocks in the order of the text; `document` makes a Document of them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._headings: list[tuple[int, str, Span]] = []
        self._elsewhere: dict[int, int] = {}  # for headings that stand under those of another place: that place
        self._within: dict[int, tuple[int, Span]] = {}  # for headings within another section: its number, their words
        self._open: list[tuple[int, int]] = []  # the sections that have begun: their numbers, and those around them
        self._after: tuple[int, int] | None = None  # a section without a heading, and where it begins if text follows
        self._blocks: list[_Entry] = []

    def heading(self, level: int, heading: str, span: Span) -> None:
        """Add a heading; `heading` is its plain text, `span` its range in the text, with its markup.

        An implausibly long heading becomes a paragraph, because each passage is stored with the headings above it.
        """
        if len(heading) > MAX_HEADING:
            self.block("paragraph", span)
            return
        self._after = None
        self._headings.append((level, _SPACE.sub(" ", heading).strip(), span))

    def under(self, at: int, heading: str, start: int) -> None:
        """Begin a section at `start` that belongs to the section around another place of the text, such as a footnote.

        `heading` is put below the headings of that place; it may be empty.
        """
        self._after = None
        self._elsewhere[len(self._headings)] = at
        self._headings.append((APART, _SPACE.sub(" ", heading).strip(), Span(start, start)))

    @property
    def section(self) -> int:
        """The number of the section to which a block that is added now belongs."""
        return len(self._headings) if self._after is None else self._after[0]

    @property
    def is_inside(self) -> bool:
        """Whether a callout has begun that has not ended."""
        return bool(self._open)

    def begin(self, heading: str, start: int, words: Span | None = None) -> None:
        """Begin a callout, a tab or the like at `start`; the text after its `end` goes on as if it were not there.

        `heading` is put below the headings around it; if it is empty, their text goes on. `words` is its range, which
        is content if nothing else is in the callout.
        """
        around = self.section
        if heading:
            self._go_on(around, start)
            self._begin(heading, words or Span(start, start))
        self._open.append((self.section, around))

    def heading_inside(self, heading: str, span: Span) -> None:
        """Add a heading that stands in the innermost callout, and ends with it."""
        self._go_on(self._open[-1][0], span.start)
        if heading:
            self._begin(heading, span)

    def end(self, start: int) -> None:
        """End at `start` what was begun last."""
        _, around = self._open.pop()
        if self.section != around:
            self._go_on(around, start)

    def _go_on(self, section: int, start: int) -> None:
        """Let what follows from `start` belong to a section, whatever is between."""
        self._after = (section, start)

    def _begin(self, heading: str, words: Span) -> None:
        """Begin the section that is due."""
        if self._after is not None:
            section, start = self._after
            last = self._blocks[-1][1].end if self._blocks else 0
            if start < last:  # it is inside a block, such as a list, that goes on behind it
                start, words = last, Span(last, last)
            self._within[len(self._headings)] = section, words
            self._headings.append((APART, _SPACE.sub(" ", heading).strip()[:MAX_HEADING], Span(start, start)))
            self._after = None

    def block(self, kind: BlockKind, span: Span, parts: tuple[Span, ...] = (), header: Span | None = None) -> None:
        """Add a block of content, trimmed of white space; a block without visible characters is dropped."""
        span = span.trimmed(self._text)
        if not _INVISIBLE.match(self._text, span.start, span.end):
            self._begin("", Span(span.start, span.start))
            parts = tuple(part for part in (part.trimmed(self._text) for part in parts) if len(part))
            header = header.trimmed(self._text) if header is not None and len(parts) > 1 else None
            self._blocks.append((kind, span, len(self._headings), parts, header))

    def document(self, path: str, title: str, metadata: Mapping[str, str] | None = None) -> Document:
        """The Document. If `title` is empty, a first heading of level 1 before any content is the title.

        No heading is lost: one without content that is not the title becomes content itself.
        """
        headings = self._headings
        title_heading = None
        if headings and headings[0][0] == 1 and all(block[2] > 0 for block in self._blocks):
            title = title or headings[0][1]
            if _words(headings[0][1]) <= _words(title):
                title_heading = 0
        blocks = self._blocks and sorted(
            [*self._blocks, *(entry for entry in self._empty_headings(title_heading) if len(entry[1]))],
            key=lambda block: block[1].start,
        )
        starts = [0, *(span.start for _, _, span in headings)]
        ends = [*starts[1:], len(self._text)]
        sections = [Section((), 0, Span(starts[0], ends[0]))]
        chain: list[tuple[int, str]] = []
        for number, (level, heading, _) in enumerate(headings):
            if number in self._elsewhere or number in self._within:
                sections.append(Section((), level, Span(starts[number + 1], ends[number + 1])))
                continue
            chain = [(above, name) for above, name in chain if above < level]
            if number != title_heading and heading:
                chain.append((level, heading))
            names = _innermost([name for _, name in chain])
            sections.append(Section(names, level, Span(starts[number + 1], ends[number + 1])))
        for number in sorted({*self._elsewhere, *self._within}):
            at = self._elsewhere.get(number)
            around = sections[self._within[number][0] if at is None else bisect_right(starts, at) - 1].path
            names = _innermost([*around, *filter(None, [headings[number][1]])])
            sections[number + 1] = replace(sections[number + 1], path=names)
        return Document(
            path=path,
            title=_clean(title[:_MAX_TITLE]),
            text=self._text,
            sections=tuple(sections),
            blocks=tuple(Block(*block) for block in blocks),
            metadata={name: _clean(value) for name, value in (metadata or {}).items()},
        )

    def _empty_headings(self, title_heading: int | None) -> Iterator[_Entry]:
        """Each heading with no content below it, as a paragraph of its section."""
        filled = {block[2] for block in self._blocks}
        levels = [level for level, _, _ in self._headings]
        around = {section for section, _ in self._within.values()}
        for number, (level, _, span) in enumerate(self._headings):
            if number in self._elsewhere:
                continue
            if number in self._within:  # a callout may be nothing but its title
                if number + 1 not in filled and number + 1 not in around:
                    yield "paragraph", self._within[number][1].trimmed(self._text), number + 1, (), None
                continue
            has_subsection = number + 1 < len(levels) and levels[number + 1] > level
            if number != title_heading and number + 1 not in filled and not has_subsection:
                yield "paragraph", span.trimmed(self._text), number + 1, (), None


def _innermost(names: Sequence[str]) -> tuple[str, ...]:
    """The end of a heading path that is at most MAX_HEADING_CHARACTERS long."""
    first, remaining = len(names), MAX_HEADING_CHARACTERS
    while first and (remaining := remaining - len(names[first - 1])) >= 0:
        first -= 1
    return tuple(names[first:])


def _clean(text: str) -> str:
    """The text on one line, without characters that cannot be stored: YAML escapes can produce any."""
    text = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return _SPACE.sub(" ", text).strip()


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def line_starts(text: str) -> list[int]:
    """The offset of the first character of each line, followed by the length of the text."""
    starts = [0]
    position = text.find("\n")
    while position >= 0:
        starts.append(position + 1)
        position = text.find("\n", position + 1)
    starts.append(len(text))
    return starts
