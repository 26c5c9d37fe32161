"""The lines of a plain text, and which of them go on in the next: text is wrapped in regions, not once for a file."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..text.document import Span

ATX = re.compile(r"(#{1,6})[ \t]+")
_ITEM = re.compile(
    r"\s*(?:[-*+•▪◦–—‣·●○■□►→✓☐\uf0b7]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{2,5})[.)]|\[(?:\d{1,3}|[ xX])\])\s+\S"
)
# "Rating: 4", "**Author:** somebody": a name of one to four words, a colon and a value on the same line.
_FIELD = re.compile(
    r"\s*(?:[-*–]\s*)?(?:\*\*|__)?[A-Za-z][\w'’/()-]*(?: [\w'’/()-]+){0,3}(?:\*\*|__)?:(?:\*\*|__)? +\S"
)
SENTENCE_END = re.compile(r"[.!?…:;,][\"'”’)\]*_]*$")
_FINISHED = re.compile(r"[.!?…:][\"'”’»)\]*_]*$")
# A line that ends in one of these goes on, whatever comes next.
_RUNS_ON = re.compile(
    r"(?:,|[^\W\d_]-|\b(?:a|an|the|and|or|but|nor|of|in|on|at|to|from|for|by|with|without|under|over|into|onto|about|after"
    r"|before|behind|beside|between|through|than|as|that|which|who|whose|when|where|while|if|because|is|are|was|were|be"
    r"|been|has|have|had|will|would|can|could|may|must|should|not|no|his|her|its|their|our|your|my|this|these|those"
    r"|der|die|das|den|dem|des|ein|eine|und|oder|mit|von|zu|im|am|auf|le|la|les|de|du|des|et|el|los|y|del|con))$"
)
_RECENT = 64  # lines that are cached
_MIN_WIDTH, _MAX_WIDTH = 30, 120  # at which the whole of a text is wrapped
_REACH = 3  # lines before and after one among which it is long or short
_NEAR = 8  # lines before and after one that show whether text is wrapped there
_STANZA_WIDTH, _STANZA_WORDS = 60, 60  # the most characters of a line, and words, of verse and other narrow text


@dataclass(frozen=True, slots=True)
class Line:
    """A line without surrounding white space; `indent` is the number of characters before it."""

    text: str
    span: Span
    after_blank: bool
    indent: int

    @property
    def is_item(self) -> bool:
        """Whether it begins with the mark of a list's item."""
        return _ITEM.match(self.text) is not None

    @property
    def is_field(self) -> bool:
        """Whether it is a name, a colon and a value."""
        return _FIELD.match(self.text) is not None

    @property
    def is_listed(self) -> bool:
        """Whether it is an item or a field."""
        return self.is_item or self.is_field


class Lines(Sequence[Line]):
    """The lines of a text that are not blank, created on access: a large text has millions."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts, self._ends, self._indents = array("q"), array("q"), array("q")
        self._after_blank = bytearray()
        self._recent: dict[int, Line] = {}
        after_blank, start = True, 0
        while start < len(text):
            end = text.find("\n", start) + 1 or len(text)
            span = Span(start, end).trimmed(text)
            if len(span):
                self._starts.append(span.start)
                self._ends.append(span.end)
                self._indents.append(span.start - start)
                self._after_blank.append(after_blank)
            after_blank = not len(span)
            start = end
        self._stanza = (Span(0, 0), False)  # the lines between blank ones that were last looked at
        self._width = _width_of(self)

    @property
    def wrapped(self) -> bool:
        """Whether nearly the whole of the text is wrapped at one width."""
        return self._width > 0

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, number: int) -> Line:  # type: ignore[override]  # (slices are not used)
        line = self._recent.get(number)
        if line is None:
            span = Span(self._starts[number], self._ends[number])
            line = Line(span.of(self._text), span, bool(self._after_blank[number]), self._indents[number])
            if len(self._recent) == _RECENT:
                self._recent.clear()
            self._recent[number] = line
        return line

    def __iter__(self) -> Iterator[Line]:
        return map(self.__getitem__, range(len(self)))

    def goes_on(self, number: int) -> bool:
        """Whether the sentence or paragraph of a line continues in the next line."""
        if number + 1 >= len(self) or self._after_blank[number + 1]:
            return False
        line, following = self[number], self[number + 1]
        if ATX.match(line.text) or ATX.match(following.text) or following.is_item:
            return False
        if following.is_field and (line.is_field or following.text[0].isupper() or not self._is_full(number)):
            return False
        if self._in_stanza(number) or self._is_cut(number):
            return True
        if self.wrapped:
            return self._goes_on_in_wrapped(number)
        return not line.is_listed and self._is_inside(number)

    def _goes_on_in_wrapped(self, number: int) -> bool:
        """Whether a line of a text that is wrapped throughout is not the last of its paragraph, nor a heading."""
        line, following = self[number], self[number + 1]
        if following.is_listed:
            return False
        if self._fills(number) or not following.text[0].isupper():
            return True
        return not _FINISHED.search(line.text) and not (number + 2 < len(self) and self._fills(number + 1))

    def _fills(self, number: int) -> bool:
        """Whether a line of a text that is wrapped throughout is nearly as long as most."""
        following = self[number + 1].text.split(maxsplit=1)[0] if number + 1 < len(self) else ""
        return len(self[number].span) + 1 + len(following) > 0.75 * self._width

    def _is_cut(self, number: int) -> bool:
        """Whether a line is cut in the middle of a sentence: it is as long as its neighbours, and it has no end or the
        next line has no beginning.
        """
        line, following = self[number], self[number + 1]
        if _FINISHED.search(line.text):
            return False
        if len(line.span) < _MIN_WIDTH:
            return following.text[0].islower() and self._is_in_prose(number)
        if following.text[0].islower():
            return len(line.span) >= 40 or self._is_full(number, 0.7)
        return self._is_full(number) and (_RUNS_ON.search(line.text) is not None or self._has_cut_neighbour(number))

    def _is_in_prose(self, number: int) -> bool:
        """Whether a short line and the next have three words or more, and a line that they continue has a capital."""
        if any(len(self[other].text.split()) < 3 for other in (number, number + 1)):
            return False
        first = number
        while first and number - first < _REACH and not self._after_blank[first] and self[first].text[0].islower():
            first -= 1
        return self[first].text[0].isupper()

    def _is_inside(self, number: int) -> bool:
        """Whether a line that ends a sentence is within a wrapped paragraph: it is full, and so are others of it."""
        if len(self[number].span) < _MIN_WIDTH or not self._is_full(number, 0.95):
            return False
        return self._has_cut_neighbour(number)

    def _has_cut_neighbour(self, number: int) -> bool:
        """Whether a line nearby, of about the same length, is cut before a small letter."""
        for other in range(max(0, number - _NEAR), min(number + _NEAR + 1, len(self) - 1)):
            if other != number and not self._after_blank[other + 1] and self._is_alike(number, other):
                line, following = self[other], self[other + 1]
                if following.text[0].islower() and not _FINISHED.search(line.text):
                    return True
        return False

    def _is_alike(self, number: int, other: int) -> bool:
        one, two = len(self[number].span), len(self[other].span)
        return min(one, two) >= 0.75 * max(one, two)

    def _is_full(self, number: int, share: float = 0.9) -> bool:
        """Whether the first word of the next line would not have fitted: the width is that of the lines around."""
        first = number
        while first and number - first < _REACH and not self._after_blank[first]:
            first -= 1
        last = number
        while last + 1 < len(self) and last - number < _REACH - 1 and not self._after_blank[last + 1]:
            last += 1
        before = max((len(self[other].span) for other in range(first, number)), default=0)
        after = max((len(self[other].span) for other in range(number + 1, last + 1)), default=0)
        own = len(self[number].span)
        widths = [width for width in (before, after) if own <= 1.6 * width and width <= 1.6 * own]
        if not widths:
            return False
        return own + 1 + len(self[number + 1].text.split(maxsplit=1)[0]) > share * max(own, min(widths))

    def _in_stanza(self, number: int) -> bool:
        """Whether a line and the next are of verse, or of other text that is narrower than a sentence."""
        between, is_stanza = self._stanza
        if not between.start <= number < between.end:
            end = self._after_blank.find(1, number + 1)
            between = Span(max(0, self._after_blank.rfind(1, 0, number + 1)), end if end > 0 else len(self))
            is_next = is_stanza and between.start == self._stanza[0].end  # needs no sign of its own
            is_short = len(between) <= _STANZA_WORDS
            is_stanza = is_short and self._is_stanza(range(between.start, between.end), 0 if is_next else 1)
            self._stanza = (between, is_stanza)
        return is_stanza

    def _is_stanza(self, numbers: range, least: int) -> bool:
        """Whether lines between blank ones are all short, and at least `least` of them end in mid-sentence."""
        words = runs_on = records = 0
        for number in numbers:
            line = self[number]
            words += len(line.text.split())
            if len(line.span) > _STANZA_WIDTH or words > _STANZA_WORDS or line.is_listed or ATX.match(line.text):
                return False
            records += any(map(str.isdigit, line.text))
            if number + 1 < numbers.stop and not _FINISHED.search(line.text):
                begins_small = self[number + 1].text[0].islower() and len(line.text.split()) > 1
                runs_on += begins_small or _RUNS_ON.search(line.text) is not None
        return runs_on >= least and 2 * records < len(numbers)


def _width_of(lines: Lines) -> int:
    """The width at which nearly the whole of a text is wrapped, in characters; 0 if it is not.

    Most inner lines of a wrapped text end in mid-sentence and are full: the first word of the next would not have
    fitted. The width is that of the longest lines.
    """
    lengths, with_next = array("q"), array("q")  # of inner lines, without and with the first word of the next
    unfinished = 0
    for line, following in pairwise(lines):
        if not following.after_blank and not ATX.match(line.text) and not line.is_listed:
            lengths.append(len(line.text))
            with_next.append(len(line.text) + 1 + len(following.text.split(maxsplit=1)[0]))
            unfinished += not SENTENCE_END.search(line.text)
    if len(lengths) < 3:
        return 0
    width = int(np.sort(np.array(lengths))[9 * len(lengths) // 10])
    full = sum(length > 0.9 * width for length in with_next)
    too_long = sum(len(line.span) > 160 for line in lines)
    is_even = unfinished >= 0.5 * len(lengths) and full >= 0.7 * len(lengths)
    return width if _MIN_WIDTH <= width <= _MAX_WIDTH and is_even and too_long <= 0.05 * len(lines) else 0
