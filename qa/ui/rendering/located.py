"""Text that was taken out of an article piece by piece, and where in it each of its characters is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...text.document import Span
from .events import Text


@dataclass(frozen=True, slots=True)
class Located:
    """A text made of pieces of an article: `starts` are where they begin in `text`, `places` where in the article.

    Between two pieces is one character, the line break, which belongs to the piece before it.
    """

    text: str
    starts: tuple[int, ...]
    places: tuple[int, ...]

    def place(self, position: int) -> int:
        """Where a character of the text is in the article."""
        number = max(bisect_right(self.starts, position) - 1, 0)
        return self.places[number] + position - self.starts[number]

    def span(self, start: int, end: int) -> Span:
        """The range of the article from one character to another."""
        return (
            Span(self.place(start), self.place(end - 1) + 1)
            if end > start
            else Span(self.place(start), self.place(start))
        )

    def texts(self, start: int, end: int) -> Iterator[Text]:
        """The characters from `start` to `end`, as one event for each piece that they are in."""
        while start < end:
            number = bisect_right(self.starts, start)
            stop = min(end, self.starts[number]) if number < len(self.starts) else end
            yield Text(Span(self.place(start), self.place(start) + stop - start))
            start = stop


def located(lines: Sequence[tuple[str, int]]) -> Located:
    """Lines with their places in the article, as one text."""
    starts, position = [], 0
    for line, _ in lines:
        starts.append(position)
        position += len(line) + 1
    return Located("\n".join(line for line, _ in lines), tuple(starts), tuple(place for _, place in lines))
