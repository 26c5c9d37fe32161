"""The terms of a question → the sets of them that lead to the texts that BM25 puts first, where nothing finds those.

It knows nothing about indexes: how many texts hold a term is told by whoever knows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .terms import inverse_frequency

_MOST_TERMS = 8  # the rarest ones, of which sets are made
_TOGETHER = 2.0  # how much oftener words of one question stand together than by chance, as far as it matters here


def leads(held: Mapping[str, int], count: int, most: int) -> list[tuple[str, ...]]:
    """Sets of terms: the texts that hold all of one of them are those whose terms weigh most, and about `most`.

    `held` are the terms and how many of `count` texts hold each, at least one. Terms weigh their inverse document
    frequencies. No set has a term that it does without. The rarest term leads by itself, however many hold it.
    """
    rarest = sorted(held.items(), key=lambda item: (item[1], item[0]))[:_MOST_TERMS]
    if not rarest:
        return []
    weights = np.array([inverse_frequency(number, count) for _, number in rarest])
    shares = np.array([number / count for _, number in rarest])
    has = np.arange(1, 1 << len(rarest))[:, None] >> np.arange(len(rarest)) & 1 == 1
    weight = has @ weights
    # Texts with just these terms, and with those that weigh more.
    expected = count * np.where(has, shares, 1 - shares).prod(axis=1) * np.where(has.sum(axis=1) > 1, _TOGETHER, 1)
    order = np.argsort(-weight, kind="stable")
    fitting = weight[order][np.cumsum(expected[order]) <= most]
    least = min([weights[0], *fitting[-1:]]) - 1e-9
    is_needed = weight - np.where(has, weights, np.inf).min(axis=1) < least
    return [tuple(rarest[at][0] for at in np.flatnonzero(row)) for row in has[(weight >= least) & is_needed]]
