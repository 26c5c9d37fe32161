"""A pool of candidates → one score for each, of meaning and words; pools and scores of two searches → those of both.

It knows nothing about passages.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..index.protocols import Candidates
from ..models.protocols import Vectors

# Half and half was best on the development sets; see docs/decisions.md.
DENSE_SHARE = 0.5


def fuse(pool: Candidates) -> Vectors:
    """One score in 0–1 for each candidate: BM25 over its maximum, cosine min–max scaled, half and half.

    Convex combination after Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval",
    ACM TOIS 2023; the scalings are those that were best here.
    """
    if not len(pool.ids):
        return np.empty(0, dtype=np.float32)
    low, high = float(pool.cosine.min()), float(pool.cosine.max())
    dense = (pool.cosine - low) / (high - low) if high > low else np.ones_like(pool.cosine)
    most = float(pool.bm25.max())
    words = pool.bm25 / most if most > 0 else np.zeros_like(pool.bm25)
    return np.asarray(DENSE_SHARE * dense + (1 - DENSE_SHARE) * words, dtype=np.float32)


def best(pool: Candidates, scores: Vectors) -> NDArray[np.intp]:
    """The places of the candidates that are allowed, best first; of equal ones, by id."""
    order = np.lexsort((pool.ids, -scores))
    return order if pool.allowed is None else order[pool.allowed[order]]


def cosines(pool: Candidates) -> Vectors:
    """The cosines of the candidates that are allowed."""
    return pool.cosine if pool.allowed is None else pool.cosine[pool.allowed]


def added(first: Candidates, scores: Vectors, second: Candidates, others: Vectors) -> tuple[Candidates, Vectors]:
    """The candidates of two pools with the sums of their scores; cosine and BM25 are the first's where it has them."""
    ids, places = np.unique(np.concatenate([first.ids, second.ids]), return_index=True)
    cosine, bm25 = np.concatenate([first.cosine, second.cosine]), np.concatenate([first.bm25, second.bm25])
    allowed = None
    if first.allowed is not None and second.allowed is not None:
        allowed = np.concatenate([first.allowed, second.allowed])[places]
    total = np.zeros(len(ids), dtype=np.float32)
    for pool, own in ((first, scores), (second, others)):
        total[np.searchsorted(ids, pool.ids)] += own
    return Candidates(ids, cosine[places], bm25[places], allowed), total
