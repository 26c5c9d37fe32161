"""BM25 scores of texts without an index, equal to those of the word index on disk except for rounding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from ..models.protocols import Vectors
from ..text.query_term import QueryTerm
from ..text.terms import Frequency, inverse_frequency

_K1, _B = 1.2, 0.75  # as in tantivy
# The lengths that tantivy distinguishes, one byte each: all up to 40, then those with four significant bits.
_LENGTHS = np.array([n if n < 40 else 24 + ((8 + n % 8) << (n // 8 - 4)) for n in range(256)], dtype=np.int64)


def scores(
    terms: Sequence[QueryTerm], texts: Sequence[str], frequency: Frequency, count: int, total_length: int
) -> Vectors:
    """The score of each text for the terms of a question, float32 of shape (texts,); 0 if it contains none of them.

    A text is its terms, as `indexed_terms` returns them, joined by spaces. `texts` are some of `count` texts, which
    have `total_length` terms together, repetitions included. As in tantivy, the length of a text is rounded and the
    mean length is not. Of each word the best form counts, or its weight if the text says it in another way, or what
    labels that contain it count. `frequency` returns how many of all texts contain a form.
    """
    totals = np.zeros(len(texts), dtype=np.float64)
    if not total_length:
        return totals.astype(np.float32)
    column = {form: number for number, form in enumerate(sorted(_forms(terms)))}
    counts, lengths = _counted(texts, column)
    rounded = _LENGTHS[np.searchsorted(_LENGTHS, lengths, side="right") - 1]
    norm = _K1 * (1 - _B + _B * rounded * count / total_length)
    for term in terms:
        best = np.zeros_like(totals)
        for form in term.forms:
            count_in = counts[column[form]]
            if number := frequency(form):
                gain = inverse_frequency(number, count) * (_K1 + 1)
                np.maximum(best, gain * count_in / (count_in + norm), out=best)
        for groups in term.alternatives:
            contains = [counts[[column[form] for form in group]].any(axis=0) for group in groups]
            np.maximum(best, np.where(np.all(contains, axis=0), term.weight, 0), out=best)
        if term.labels:
            is_labelled = counts[[column[form] for form in term.labels]].any(axis=0)
            np.maximum(best, np.where(is_labelled, term.label_weight, 0), out=best)
        totals += best
    return totals.astype(np.float32)


def _forms(terms: Sequence[QueryTerm]) -> set[str]:
    """Every form that texts are searched for."""
    others = {form for term in terms for groups in term.alternatives for group in groups for form in group}
    return others.union(*(term.forms | term.labels for term in terms))


def _counted(texts: Sequence[str], column: Mapping[str, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How often each text contains each of these terms, of shape (terms, texts), and how many terms it has.

    With a space in between, they are two terms next to each other.
    """
    has_neighbours = any(" " in term for term in column)
    lengths, columns, matches = [], list[int](), []
    for text in texts:
        terms = text.split()
        lengths.append(len(terms))
        before = len(columns)
        contained = chain(terms, map(" ".join, pairwise(terms))) if has_neighbours else terms
        columns += map(column.__getitem__, filter(column.__contains__, contained))
        matches.append(len(columns) - before)
    places = np.array(columns, dtype=np.int64) * len(texts) + np.repeat(np.arange(len(texts)), matches)
    counts = np.bincount(places, minlength=len(column) * len(texts))
    return counts.reshape(len(column), len(texts)), np.array(lengths, dtype=np.int64)
