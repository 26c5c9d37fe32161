"""Divides passages into units, which may lead an answer: sentences with the neighbours quoted with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from ..text.document import Span
from ..text.message_heads import sender_of
from ..text.passage import Passage
from ..text.visible import visible
from .rows import Row, TableRow, is_barred, is_row, row_under, table_row

# The most words of a unit. With 40, 60 and 80 words, the best unit contained the answer to .56, .60 and .62 of 373
# questions about real articles; the sentence alone contained it for .50 (docs/decisions.md).
MOST_WORDS = 60
MOST_WORDS_OF_LIST = 120  # of one that a colon introduces, with the sentence that does
_ITEM = re.compile(r"(?:^|\n)\s*(?:[-*+•·–]|\(?\w{1,3}[.)])\s+$")  # the mark before a list's item
_FENCE = re.compile(r"^\s*(?:```|~~~).*$", re.M)  # of code; what stands in it is no heading
_LINE = re.compile(r"[^\W_](?:.*\w)?.*?(?=\s*(?:\n|$))")  # from its first letter or digit
_RULE = re.compile(r"[\s|:+=-]+")  # below the header of a table
_MOST_HEADING = 160  # characters


@dataclass(frozen=True, slots=True)
class Unit:
    """A literal part of a passage that may lead an answer.

    `hit` is the position of its passage among the hits, from 0. `sentence` is the sentence, list item, row or line that
    is judged; `span` adds its neighbours in the same paragraph, list or table, and is what gets quoted. `above` is what
    the sentence stands under in its passage: a heading, the header of its table, the sentence that introduces its list.
    All are spans of the document. `columns` is the header of its table, if the article says which row that is.
    """

    hit: int
    passage: Passage
    sentence: Span
    span: Span
    above: tuple[Span, ...] = ()
    columns: str = ""

    @property
    def text(self) -> str:
        """The quoted text, as it is written."""
        return _text(self.passage, self.span)

    @property
    def sentence_text(self) -> str:
        """The judged sentence, as it is written."""
        return _text(self.passage, self.sentence)

    @property
    def visible(self) -> str:
        """The quoted text as a reader sees it, of the same length."""
        return _seen(self.passage, self.span)

    @property
    def visible_sentence(self) -> str:
        """The judged sentence as a reader sees it, of the same length."""
        return _seen(self.passage, self.sentence)

    @property
    def headings(self) -> tuple[str, ...]:
        """The headings of its passage, and what it stands under in it, as a reader sees them."""
        above = (_text(self.passage, span) for span in self.above)
        return tuple(visible(heading).strip() for heading in (*self.passage.section, *above))

    @property
    def row(self) -> Row | None:
        """The quoted row, or part of a long one, under its header, as a reader sees it, if it is one."""
        if not self._header or not is_row(self.visible):
            return None
        line = self._line
        part = Span(self.span.start - line.start, self.span.end - line.start)
        return row_under(visible(self._header), _seen(self.passage, line), self._is_barred, part)

    def shown_row(self) -> TableRow | None:
        """The whole row that is quoted, or quoted from; None if it is in no row, or the columns are not certain."""
        line = self._line
        if not self.columns or not is_row(_text(self.passage, line)) or self.span.end > line.end:
            return None
        begins = line.start > self.passage.span.start or self.columns != self.passage.header
        return table_row(self.columns, _text(self.passage, line), line.start, self._is_barred, begins)

    def alone(self) -> Passage:
        """The sentence as a passage of its own, under all headings that it stands under.

        A row is read as pairs of column and cell; then the spans are not those of the document.
        """
        own, row = self.sentence, self.row
        if row is None:
            return replace(self.passage, span=own, text=self.sentence_text, sentences=(own,), section=self.headings)
        own = Span(0, len(row.text))
        return replace(self.passage, span=own, text=row.text, sentences=(own,), section=self._without_header())

    @property
    def _header(self) -> str:
        """The header of its table, or the row that may be; empty if it is in no table."""
        above = _text(self.passage, self.above[-1]) if self.above else ""
        return self.columns or (above if is_row(above) else "")

    @property
    def _line(self) -> Span:
        """The line of the passage on which the quoted text begins."""
        text, start = self.passage.text, self.span.start - self.passage.span.start
        end = text.find("\n", start)
        line = Span(text.rfind("\n", 0, start) + 1, len(text) if end < 0 else end)
        return Span(line.start + self.passage.span.start, line.end + self.passage.span.start)

    @property
    def _is_barred(self) -> bool:
        """Whether the rows around it in its passage have bars around them."""
        text, line = self.passage.text, self._line
        start, end = line.start - self.passage.span.start, line.end - self.passage.span.start
        before, after = text[:start].split("\n"), text[end:].split("\n")[1:]
        rows = [*takewhile(is_row, before[-2::-1]), text[start:end], *takewhile(is_row, after)]
        return is_barred([row for row in rows if not _RULE.fullmatch(row)])

    def _without_header(self) -> tuple[str, ...]:
        header = visible(self._header).strip()
        return tuple(heading for heading in self.headings if heading != header)


def units_of(hit: int, passage: Passage) -> Iterator[Unit]:
    """The units of a passage, one for each of its sentences."""
    sentences = passage.sentences or (passage.span,)
    heading: Span | None = None
    header: Span | None = None
    carried = passage.header
    joined = [_continues(passage, sentences, number) for number in range(len(sentences) - 1)]
    for number, sentence in enumerate(sentences):
        if number and not joined[number - 1]:
            header, carried = None, ""  # its table has ended
        line = _heading(passage, sentences, number)
        if line is not None and is_row(_text(passage, line)):
            header = line
        else:
            heading = line or heading
        introduction = header or _introduction(passage, sentences, joined, number) or _asked(passage, sentences, number)
        above = (heading, introduction)
        stretch = _stretch(passage, sentences, joined, number)
        columns = carried if header is None else _text(passage, header)
        yield Unit(hit, passage, sentence, stretch, tuple(span for span in above if span is not None), columns)


def _heading(passage: Passage, sentences: tuple[Span, ...], number: int) -> Span | None:
    """The heading or table header directly above a sentence: a short line, or a row, that is part of no sentence."""
    start = sentences[number - 1].end if number else passage.span.start
    before = _text(passage, Span(start, sentences[number].start))
    lines = [match for match in _LINE.finditer(_bare(before)) if len(match[0]) <= _MOST_HEADING or is_row(match[0])]
    if not lines or (len(sentences) > 1 and lines[-1][0] in passage.section[-1:]):
        return None
    begin = lines[-1].start()
    if is_row(lines[-1][0]):  # with the bar before its first cell
        begin = before.rfind("\n", 0, begin) + 1
    return Span(start + begin, start + lines[-1].end())


def _introduction(passage: Passage, sentences: tuple[Span, ...], joined: Sequence[bool], number: int) -> Span | None:
    """The first row above a row, which may be its header, or the sentence with a colon above a sentence's list.

    `joined` says of each sentence whether the next one continues it.
    """
    first = number
    if is_row(_text(passage, sentences[number])):
        if passage.header:
            return None
        while first and joined[first - 1] and is_row(_text(passage, sentences[first - 1])):
            first -= 1
        header = sentences[first]
        return _first_line(passage, header) if first < number else None
    while (item := _start_of_item(passage, sentences, joined, first)) is not None:
        first = item - 1
    introduces = first < number and _text(passage, sentences[first]).rstrip().endswith(":")
    return sentences[first] if introduces else None


def _asked(passage: Passage, sentences: tuple[Span, ...], number: int) -> Span | None:
    """The message before a message, if it asks something."""
    asks = number and _text(passage, sentences[number - 1]).rstrip().endswith("?")
    messages = sentences[number - 1 : number + 1]
    is_reply = asks and all(sender_of(_text(passage, message)) for message in messages)
    return sentences[number - 1] if is_reply else None


def _start_of_item(passage: Passage, sentences: tuple[Span, ...], joined: Sequence[bool], number: int) -> int | None:
    """The first sentence of the list's item that a sentence is in; None if it is in none, or nothing is above it."""
    for first in range(number, 0, -1):
        if _ITEM.search(_between(passage, sentences, first - 1)):
            return first
        if not joined[first - 1]:
            return None
    return None


def _first_line(passage: Passage, span: Span) -> Span:
    return Span(span.start, span.start + len(_text(passage, span).split("\n", 1)[0]))


def _stretch(passage: Passage, sentences: tuple[Span, ...], joined: Sequence[bool], number: int) -> Span:
    """A sentence with its neighbours in the same block and, after a colon, with what it introduces; a row is alone."""
    first = last = number
    if is_row(_text(passage, sentences[number])):
        return sentences[number]
    while last + 1 < len(sentences) and joined[last] and _fits(passage, sentences, first, last + 1):
        last += 1
    while first and joined[first - 1] and _fits(passage, sentences, first - 1, last):
        first -= 1
    if _text(passage, sentences[last]).rstrip().endswith(":"):
        while (
            last + 1 < len(sentences)
            and not _crosses_heading(passage, sentences, last)
            and _fits(passage, sentences, first, last + 1, MOST_WORDS_OF_LIST)
        ):
            last += 1
    return Span(sentences[first].start, sentences[last].end)


def _continues(passage: Passage, sentences: tuple[Span, ...], number: int) -> bool:
    """Whether the next sentence is in the same block: no blank line or heading separates them, and it is no message."""
    if sender_of(_text(passage, sentences[number + 1])) is not None:
        return False
    return "\n\n" not in _between(passage, sentences, number) and not _crosses_heading(passage, sentences, number)


def _crosses_heading(passage: Passage, sentences: tuple[Span, ...], number: int) -> bool:
    """Whether a heading separates a sentence from the next."""
    return not is_bare(_between(passage, sentences, number))


def _bare(between: str) -> str:
    """The text between two sentences without the mark of a list's item at its end; fences are blank."""
    return _FENCE.sub(lambda fence: " " * len(fence[0]), _ITEM.sub("", between))


def is_bare(between: str) -> bool:
    """Whether the text between two sentences has no heading or other words."""
    return _LINE.search(_bare(between)) is None


def _between(passage: Passage, sentences: tuple[Span, ...], number: int) -> str:
    """The text between a sentence and the next."""
    return _text(passage, Span(sentences[number].end, sentences[number + 1].start))


def _fits(passage: Passage, sentences: tuple[Span, ...], first: int, last: int, most_words: int = MOST_WORDS) -> bool:
    return len(_text(passage, Span(sentences[first].start, sentences[last].end)).split()) <= most_words


def _text(passage: Passage, span: Span) -> str:
    return Span(span.start - passage.span.start, span.end - passage.span.start).of(passage.text)


def _seen(passage: Passage, span: Span) -> str:
    return Span(span.start - passage.span.start, span.end - passage.span.start).of(visible(passage.text))
