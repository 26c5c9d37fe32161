"""The passages of one document, packed: numbers that say where they are, from which each is made when it is asked for.

A passage takes kilobytes and its numbers a hundred bytes, and a text may have hundreds of thousands. It knows nothing
about how they were found.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from .document import Document, Span
from .passage import Passage


class PackedPassages(Sequence[Passage]):
    """The passages of a document in their order; two are equal where all passages are."""

    def __init__(self, document: Document, passages: Iterable[Passage] = ()) -> None:
        self._document = document
        self._numbers = array("q")  # of each: start, end, number of its headings, page or 0, edges of its sentences
        self._starts = array("q", [0])  # in `_numbers`
        self._sections: dict[tuple[str, ...], int] = {}
        self._section: list[tuple[str, ...]] = []  # by number
        for passage in passages:
            edges = [edge for sentence in passage.sentences for edge in (sentence.start, sentence.end)]
            self.append(passage.span.start, passage.span.end, passage.section, passage.page, edges)

    def append(self, start: int, end: int, section: tuple[str, ...], page: int | None, edges: Iterable[int]) -> None:
        """Add one behind the others; `edges` are starts and ends of its sentences, in turn."""
        number = self._sections.setdefault(section, len(self._section))
        if number == len(self._section):
            self._section.append(section)
        self._numbers.extend((start, end, number, page or 0, *edges))
        self._starts.append(len(self._numbers))

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, place: int) -> Passage: ...

    @overload
    def __getitem__(self, place: slice) -> list[Passage]: ...

    def __getitem__(self, place: int | slice) -> Passage | list[Passage]:
        if isinstance(place, slice):
            return [self._passage(order) for order in range(*place.indices(len(self)))]
        return self._passage(range(len(self))[place])

    def __iter__(self) -> Iterator[Passage]:
        return map(self._passage, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(a == b for a, b in zip(self, other))  # noqa: B905

    __hash__ = None  # type: ignore[assignment]

    def _passage(self, order: int) -> Passage:
        document = self._document
        start, end, section, page, *edges = self._numbers[self._starts[order] : self._starts[order + 1]]
        return Passage(
            document=document.path,
            order=order,
            span=Span(start, end),
            text=document.text[start:end],
            title=document.title,
            section=self._section[section],
            page=page or None,
            sentences=tuple(map(Span, edges[::2], edges[1::2])),
            language=document.language,
        )
