"""Fuses cosine and BM25 into one score per candidate, and combines the pools of two searches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..index.protocols import Candidates
from ..models.protocols import Vectors

# Equal shares were best on the development sets (docs/decisions.md).
DENSE_SHARE = 0.5
# By words alone the first passage would always score 1, as if both had found it, and so would inflate confidence.
WORDS_ALONE = 0.8


def fuse(pool: Candidates, shares: float | Vectors = DENSE_SHARE) -> Vectors:
    """One score (0–1) per candidate: the weighted mean of min–max scaled cosine and of BM25 divided by its maximum.

    `shares` are the weights of the cosine, one for all candidates or one for each, and BM25 has the rest. Where the
    cosine does not count, the score is at most WORDS_ALONE.

    A convex combination after Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", ACM TOIS
    2023. The scalings are those that performed best on the development sets.
    """
    if not len(pool.ids):
        return np.empty(0, dtype=np.float32)
    low, high = float(pool.cosine.min()), float(pool.cosine.max())
    dense = (pool.cosine - low) / (high - low) if high > low else np.ones_like(pool.cosine)
    most = float(pool.bm25.max())
    words = pool.bm25 / most if most > 0 else np.zeros_like(pool.bm25)
    scores = shares * dense + (1 - shares) * words
    return np.where(np.asarray(shares) > 0, scores, WORDS_ALONE * words).astype(np.float32)


def best(pool: Candidates, scores: Vectors) -> NDArray[np.intp]:
    """The row numbers of the allowed candidates, best first; equal scores are ordered by id."""
    order = np.lexsort((pool.ids, -scores))
    return order if pool.allowed is None else order[pool.allowed[order]]


def ranks(pool: Candidates, count: int) -> tuple[dict[int, int], dict[int, int]]:
    """The ranks, from 1, of the `count` best allowed candidates by words, and of those by meaning, by passage id."""
    by_words, by_meaning = best(pool, pool.bm25)[:count], best(pool, pool.cosine)[:count]
    by_words = by_words[pool.bm25[by_words] > 0]
    sides = (pool.ids[order].tolist() for order in (by_words, by_meaning))
    words, meaning = ({number: rank for rank, number in enumerate(ids, start=1)} for ids in sides)
    return words, meaning


def cosines(pool: Candidates) -> Vectors:
    """The cosines of the allowed candidates."""
    return pool.cosine if pool.allowed is None else pool.cosine[pool.allowed]


def combine(
    first: Candidates, first_scores: Vectors, second: Candidates, second_scores: Vectors
) -> tuple[Candidates, Vectors]:
    """The union of two pools and the summed scores of its candidates.

    Cosine and BM25 of a candidate in both pools are those of the first.
    """
    ids, rows = np.unique(np.concatenate([first.ids, second.ids]), return_index=True)
    cosine, bm25 = np.concatenate([first.cosine, second.cosine]), np.concatenate([first.bm25, second.bm25])
    allowed = None
    if first.allowed is not None and second.allowed is not None:
        allowed = np.concatenate([first.allowed, second.allowed])[rows]
    languages = None
    if first.languages is not None and second.languages is not None:
        languages = np.concatenate([first.languages, second.languages])[rows]
    total = np.zeros(len(ids), dtype=np.float32)
    for pool, scores in ((first, first_scores), (second, second_scores)):
        total[np.searchsorted(ids, pool.ids)] += scores
    return Candidates(ids, cosine[rows], bm25[rows], allowed, languages, first.searched), total
