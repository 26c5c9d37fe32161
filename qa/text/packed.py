"""A compact sequence of one document's passages: it stores their offsets and creates a Passage on access.

A Passage takes kilobytes and its offsets a hundred bytes, and a document may have hundreds of thousands of them.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from .document import Document, Span
from .passage import KEY_BYTES, Passage, key_of
from .properties import searched_labels


class PackedPassages(Sequence[Passage]):
    """The passages of a document, in order; equal to any sequence of equal passages."""

    def __init__(self, document: Document, passages: Iterable[Passage] = ()) -> None:
        self._document = document
        self._labels = searched_labels(document.path, document.metadata, document.title)
        self._numbers = array("q")  # for each passage: start, end, section number, page or 0, sentence edges
        self._starts = array("q", [0])  # of each passage, in `_numbers`
        self._section_numbers: dict[tuple[str, ...], int] = {}
        self._sections: list[tuple[str, ...]] = []  # heading paths, by section number
        self._keys = bytearray()  # of the first passages, once they were asked for
        for passage in passages:
            edges = [edge for sentence in passage.sentences for edge in (sentence.start, sentence.end)]
            self.append(passage.span.start, passage.span.end, passage.section, passage.page, edges)

    def append(self, start: int, end: int, section: tuple[str, ...], page: int | None, edges: Iterable[int]) -> None:
        """Append a passage; `edges` are the start and end of each of its sentences, in order."""
        number = self._section_numbers.setdefault(section, len(self._sections))
        if number == len(self._sections):
            self._sections.append(section)
        self._numbers.extend((start, end, number, page or 0, *edges))
        self._starts.append(len(self._numbers))

    def keyed(self) -> Iterator[tuple[bytes, str]]:
        """The key and the encoded text of each passage, in order; the keys are kept."""
        for order, passage in enumerate(self):
            text = passage.encoded
            key = key_of(text)
            if len(self._keys) == order * KEY_BYTES:
                self._keys += key
            yield key, text

    def keys(self) -> list[bytes]:
        """The key of each passage, in order."""
        if len(self._keys) < len(self) * KEY_BYTES:
            return [key for key, _ in self.keyed()]
        return [bytes(self._keys[start : start + KEY_BYTES]) for start in range(0, len(self._keys), KEY_BYTES)]

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, index: int) -> Passage: ...

    @overload
    def __getitem__(self, index: slice) -> list[Passage]: ...

    def __getitem__(self, index: int | slice) -> Passage | list[Passage]:
        if isinstance(index, slice):
            return [self._passage(order) for order in range(*index.indices(len(self)))]
        return self._passage(range(len(self))[index])

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
            section=self._sections[section],
            page=page or None,
            sentences=tuple(map(Span, edges[::2], edges[1::2])),
            language=document.language,
            labels=self._labels,
        )


def keyed(passages: Sequence[Passage]) -> Iterator[tuple[bytes, str]]:
    """The key and the encoded text of each of these passages, in order."""
    if isinstance(passages, PackedPassages):
        return passages.keyed()
    return ((key_of(text), text) for text in (passage.encoded for passage in passages))


def keys_of(passages: Sequence[Passage]) -> list[bytes]:
    """The key of each of these passages, in order; of packed ones none is computed twice."""
    return passages.keys() if isinstance(passages, PackedPassages) else [passage.key for passage in passages]
