"""Checks what a generation contains: every passage literally in its document, every embedding of unit length."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..corpus.records import Head, Part
from ..errors import Remedy, StoreError
from ..text.passage import Passage
from .rows import MALFORMED, has_stray_sentence, is_literal

if TYPE_CHECKING:
    from .generation import OpenGeneration

_BLOCK = 1_000  # documents or passages that are read together
_LONGEST_ERROR = 1e-3  # of an embedding's length

_Files = list[tuple[str, Part]]  # files whose documents and passages follow each other


def contents_problems(
    generation: OpenGeneration, parts: Mapping[str, Part] | None, step: Callable[[], None]
) -> list[str]:
    """What is wrong with the contents of a generation, one sentence each; of the files only `parts`, if given."""
    try:
        results = list(generation.faults())
        gone = generation.withdrawn()
        wanted = (generation.parts() if parts is None else parts).items()
        for files in _together((path, part) for path, part in wanted if path not in gone):
            results += _problems(generation, files, step)
    except (*MALFORMED, StoreError) as error:
        return [f"generation {generation.id} cannot be read ({error})"]
    return results


def _together(files: Iterable[tuple[str, Part]]) -> Iterator[_Files]:
    """The files in groups that are read together: a query for each would take longer than to check most of them."""
    group: _Files = []
    size = 0
    for path, part in files:
        follows = group and (group[-1][1].documents.stop, group[-1][1].passages.stop) == (
            part.documents.start,
            part.passages.start,
        )
        if group and (not follows or size >= _BLOCK):
            yield group
            group, size = [], 0
        group.append((path, part))
        size += len(part.documents) + len(part.passages)
    if group:
        yield group


class _Stored:
    """The documents and passages of some files as they are stored, in order."""

    def __init__(self, generation: OpenGeneration, all_of_them: Part, step: Callable[[], None]) -> None:
        self._generation = generation
        self._step = step
        self._passages = generation.in_order(all_of_them.passages, step)
        self._heads = _heads(generation, all_of_them.documents)  # a generator of its own method would be a cycle
        self.next: tuple[int, Passage] | None = None  # the next passage, with its number
        self.go_on()

    def go_on(self) -> None:
        """Go to the next passage."""
        self.next = next(self._passages, None)

    def documents(self, numbers: range) -> Iterator[tuple[Head, str]]:
        """Each of the next documents that is stored, with its text."""
        for number in numbers:
            self._step()
            head, stored = next(self._heads), self._generation.body(number)
            if head is not None and stored is not None:
                yield head, stored[1].text


def _heads(generation: OpenGeneration, documents: range) -> Iterator[Head | None]:
    """Each of these documents without its text; None if it is not stored."""
    for block in blocks(documents):
        yield from map(generation.heads(block).get, block)


def _problems(generation: OpenGeneration, files: _Files, step: Callable[[], None]) -> Iterator[str]:
    """What is wrong with the documents, passages and embeddings of files that follow each other."""
    first, last = files[0][1], files[-1][1]
    everything = Part(
        range(first.documents.start, last.documents.stop), range(first.passages.start, last.passages.stop)
    )
    stored = _Stored(generation, everything, step)
    for path, part in files:
        yield from _problems_of_file(stored, path, part)
    for block in blocks(everything.passages):
        step()
        lengths = np.linalg.norm(generation.vectors(block), axis=1)
        wrong = np.flatnonzero(~(np.abs(lengths - 1) < _LONGEST_ERROR))
        if len(wrong):
            number = block[wrong[0]]
            path = next(path for path, part in files if number in part.passages)
            yield f"passage {number} of {path} has an embedding that is not of unit length"


def _problems_of_file(stored: _Stored, path: str, part: Part) -> Iterator[str]:
    counted = documents = 0
    for head, text in stored.documents(part.documents):
        documents += 1
        while stored.next is not None and stored.next[0] < part.passages.stop and stored.next[1].document == head.path:
            number, passage = stored.next
            if number != part.passages.start + counted or not is_literal(passage, text):
                yield f"passage {number} of {head.path} is not a literal part of its document"
            if has_stray_sentence(passage):
                yield f"passage {number} of {head.path} has a sentence outside itself"
            counted += 1
            stored.go_on()
    rest = 0  # passages of no document of the file
    while stored.next is not None and stored.next[0] < part.passages.stop:
        rest += 1
        stored.go_on()
    if documents != len(part.documents):
        yield f"{path} has {documents} articles, not {len(part.documents)}"
    elif rest or counted != len(part.passages):
        yield f"{path} has {counted} passages, not {len(part.passages)}"


def advised(problem: str) -> str:
    """A problem that `verify` found, with what to do about it."""
    return problem if problem.endswith(".") else f"{problem}: {Remedy.FULL_BUILD.value}."


def blocks(numbers: range) -> Iterator[range]:
    """These numbers, as many at a time as are read together."""
    for start in range(0, len(numbers), _BLOCK):
        yield numbers[start : start + _BLOCK]
