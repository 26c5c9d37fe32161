"""Checks what a generation contains: every passage literally in its document, every embedding of unit length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..corpus.records import Part
from ..errors import StoreError
from .rows import MALFORMED, has_stray_sentence, is_literal

if TYPE_CHECKING:
    from .generation import OpenGeneration

_BLOCK = 1_000  # documents or passages that are read together
_LONGEST_ERROR = 1e-3  # of an embedding's length


def contents_problems(
    generation: OpenGeneration, parts: Mapping[str, Part] | None, step: Callable[[], None]
) -> list[str]:
    """What is wrong with the contents of a generation, one sentence each; of the files only `parts`, if given."""
    try:
        results = list(generation.faults())
        gone = generation.withdrawn()
        for path, part in (generation.parts() if parts is None else parts).items():
            if path not in gone:
                results += _problems(generation, path, part, step)
    except (*MALFORMED, StoreError) as error:
        return [f"generation {generation.id} cannot be read ({error})"]
    return results


def _problems(generation: OpenGeneration, path: str, part: Part, step: Callable[[], None]) -> Iterator[str]:
    """What is wrong with the documents and passages of one file."""
    passages = generation.in_order(part.passages, step)
    counted, number, passage = 0, -1, next(passages, None)
    documents = 0
    for block in blocks(part.documents):
        heads = generation.heads(block)
        for document_number in block:
            step()
            head, stored = heads.get(document_number), generation.body(document_number)
            if head is None or stored is None:
                continue
            documents += 1
            while passage is not None and passage[1].document == head.path:
                number, one = passage
                if number != part.passages.start + counted or not is_literal(one, stored[1].text):
                    yield f"passage {number} of {head.path} is not a literal part of its document"
                if has_stray_sentence(one):
                    yield f"passage {number} of {head.path} has a sentence outside itself"
                counted, passage = counted + 1, next(passages, None)
    if documents != len(part.documents):
        yield f"{path} has {documents} articles, not {len(part.documents)}"
    elif passage is not None or counted != len(part.passages):
        yield f"{path} has {counted} passages, not {len(part.passages)}"
    for block in blocks(part.passages):
        step()
        lengths = np.linalg.norm(generation.vectors(block), axis=1)
        for at in np.flatnonzero(~(np.abs(lengths - 1) < _LONGEST_ERROR)):
            yield f"passage {block[at]} of {path} has an embedding that is not of unit length"
            break


def blocks(numbers: range) -> Iterator[range]:
    """These numbers, as many at a time as are read together."""
    for start in range(0, len(numbers), _BLOCK):
        yield numbers[start : start + _BLOCK]
