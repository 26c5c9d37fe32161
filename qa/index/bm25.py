"""Texts as their search terms → the BM25 scores that word search on disk gives them, to rounding, without an index.

It knows nothing about indexes: how many texts hold a term, and how long all are, is told by whoever knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..models.protocols import Vectors
from ..text.query_term import QueryTerm
from ..text.terms import Frequency, inverse_frequency

_K1, _B = 1.2, 0.75  # tantivy's
# The lengths that tantivy tells apart, which it keeps in a byte: up to 40 each, then of four significant bits.
_LENGTHS = np.array([n if n < 40 else 24 + ((8 + n % 8) << (n // 8 - 4)) for n in range(256)], dtype=np.int64)


def scores(
    terms: Sequence[QueryTerm], texts: Sequence[str], frequency: Frequency, count: int, total_length: int
) -> Vectors:
    """The score of each text for the searched terms of a question, float32 of shape (texts,); 0 where it holds none.

    A text is its terms with spaces between them, as `analyze` gives them. `texts` are some of `count`, which together
    have `total_length` terms, repeated ones and all; their mean length is not rounded, though each one's own is. Of a
    word the best of its forms counts, or its weight where the text says it otherwise. `frequency` says how many of
    all texts hold a form; a form that none holds counts nothing.
    """
    found = np.zeros(len(texts), dtype=np.float64)
    if not total_length:
        return found.astype(np.float32)
    column = {form: number for number, form in enumerate(sorted(_forms(terms)))}
    counts, lengths = _counted(texts, column)
    rounded = _LENGTHS[np.searchsorted(_LENGTHS, lengths, side="right") - 1]
    norm = _K1 * (1 - _B + _B * rounded * count / total_length)
    for term in terms:
        best = np.zeros_like(found)
        for form in term.forms:
            held = counts[column[form]]
            if number := frequency(form):
                gain = inverse_frequency(number, count) * (_K1 + 1)
                np.maximum(best, gain * held / (held + norm), out=best)
        for groups in term.also:
            says = [counts[[column[form] for form in group]].any(axis=0) for group in groups]
            np.maximum(best, np.where(np.all(says, axis=0), term.weight, 0), out=best)
        found += best
    return found.astype(np.float32)


def _forms(terms: Sequence[QueryTerm]) -> set[str]:
    """Every form that is looked for in a text."""
    said = {form for term in terms for groups in term.also for group in groups for form in group}
    return said.union(*(term.forms for term in terms))


def _counted(texts: Sequence[str], column: Mapping[str, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How often each text has each of these terms, of shape (terms, texts), and how many terms it has."""
    lengths, columns, held = [], list[int](), []
    for text in texts:
        terms = text.split()
        lengths.append(len(terms))
        before = len(columns)
        columns += map(column.__getitem__, filter(column.__contains__, terms))
        held.append(len(columns) - before)
    places = np.array(columns, dtype=np.int64) * len(texts) + np.repeat(np.arange(len(texts)), held)
    counts = np.bincount(places, minlength=len(column) * len(texts))
    return counts.reshape(len(column), len(texts)), np.array(lengths, dtype=np.int64)
