"""Query → ranked Hits: fuses meaning and words, and gathers the evidence for confidence.

It knows nothing about files or screens; the index is a protocol, and the query comes encoded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, zip_longest

import numpy as np

from .lexical import analyze
from .types import Candidates, Evidence, Hit, Passage, PassageIndex, Query, QueryTerm, Ranking, Vectors

CANDIDATES = 100
# Half and half was best on the development sets; see docs/decisions.md.
DENSE_SHARE = 0.5
# How many of the best passages are looked through for the question's words.
_COVERAGE_PASSAGES = 3
_WORD = re.compile(r"\w+")


def rank(index: PassageIndex, query: Query, vector: Vectors, top_k: int, candidates: int = CANDIDATES) -> Ranking:
    """The best `top_k` passages for `query` that it allows, near-duplicates of one place shown once.

    `vector` is the embedding of its text, of shape (dimension,); `candidates` are taken from each side.
    """
    pool = index.search(vector, query, max(candidates, top_k))
    scores = fuse(pool)
    order = np.lexsort((pool.ids, -scores))
    if pool.allowed is not None:
        order = order[pool.allowed[order]]
    wanted = max(top_k, _COVERAGE_PASSAGES)
    hits: list[Hit] = []
    for start in range(0, len(order), 2 * wanted):
        rows = order[start : start + 2 * wanted]
        for row, passage in zip(rows, index.passages([int(i) for i in pool.ids[rows]]), strict=True):
            if len(hits) < wanted and not any(_same_place(passage, hit.passage) for hit in hits):
                hits.append(
                    Hit(
                        id=int(pool.ids[row]),
                        passage=passage,
                        score=float(scores[row]),
                        rank=len(hits) + 1,
                        cosine=float(pool.cosine[row]),
                        bm25=float(pool.bm25[row]),
                    )
                )
        if len(hits) >= wanted:
            break
    terms = index.query_terms(query.text)
    missing = () if hits else tuple(phrase for phrase in query.phrases if not index.holds(phrase))
    return Ranking(query, vector, tuple(hits[:top_k]), terms, _evidence(pool, hits, terms, index.count()), missing)


def together(whole: Ranking, parts: Sequence[Ranking], top_k: int) -> Ranking:
    """The ranking of a question that is made of several: the best passages of the whole and of each part in turn."""
    rows = zip_longest(whole.hits, *(part.hits for part in parts))
    found = {hit.id: hit for row in rows for hit in row if hit is not None}
    hits = tuple(replace(hit, rank=number) for number, hit in enumerate(islice(found.values(), top_k), start=1))
    return replace(whole, hits=hits, parts=tuple(replace(part, hits=hits) for part in parts))


def fuse(pool: Candidates) -> Vectors:
    """One score in 0–1 for each candidate: BM25 over its maximum, cosine min–max scaled, half and half.

    Convex combination after Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval",
    ACM TOIS 2023; the scalings are those that were best here.
    """
    if not len(pool.ids):
        return np.empty(0, dtype=np.float32)
    low, high = float(pool.cosine.min()), float(pool.cosine.max())
    dense = (pool.cosine - low) / (high - low) if high > low else np.ones_like(pool.cosine)
    best = float(pool.bm25.max())
    words = pool.bm25 / best if best > 0 else np.zeros_like(pool.bm25)
    return np.asarray(DENSE_SHARE * dense + (1 - DENSE_SHARE) * words, dtype=np.float32)


def _same_place(one: Passage, other: Passage) -> bool:
    """Whether two passages of one document overlap by half, or say the same in (nearly) the same words."""
    if one.document != other.document:
        return False
    overlap = min(one.span.end, other.span.end) - max(one.span.start, other.span.start)
    if overlap > 0.5 * min(len(one.span), len(other.span)):
        return True
    left, right = set(_WORD.findall(one.text.lower())), set(_WORD.findall(other.text.lower()))
    if one.section != other.section or not left or not right:
        return left == right and one.section == other.section
    return len(left & right) >= 0.9 * len(left | right)


def _evidence(pool: Candidates, hits: list[Hit], terms: Sequence[QueryTerm], passages: int) -> Evidence:
    if not hits:
        return Evidence(0.0, 0.0, 0.0, 0.0, passages)
    spread = float(pool.cosine.std())
    top = float(pool.cosine.max() if pool.allowed is None else pool.cosine[pool.allowed].max())
    return Evidence(
        top_cosine=top,
        coverage=max(_coverage(hit.passage, terms) for hit in hits[:_COVERAGE_PASSAGES]),
        margin=hits[0].score - hits[1].score if len(hits) > 1 else 0.0,
        peak=(top - float(pool.cosine.mean())) / spread if spread > 1e-6 else 0.0,
        passages=passages,
    )


def _coverage(passage: Passage, terms: Sequence[QueryTerm]) -> float:
    """The share of the query's words, by weight, that the passage holds."""
    total = sum(term.weight for term in terms)
    held = set(analyze(passage.encoded, passage.language))
    return sum(term.weight for term in terms if term.is_in(held)) / total if total else 0.0
