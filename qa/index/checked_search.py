"""Searches a generation: checks what its store finds against phrases, exclusions and scope, and asks it for more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .phrases import Phrases, any_inflects
from .protocols import Candidates, Embedding, Pool, Sought

if TYPE_CHECKING:
    from .generation import OpenGeneration

MOST_READ = 4_096  # passages whose text is checked for a phrase that the store's postings only narrow down
MOST_INFLECTED = 200  # passages whose text is checked for a phrase with other endings


def found(generation: OpenGeneration, embedding: Embedding, sought: Sought, k: int) -> Candidates:
    """The best `k` of each side, and the best `k` of those that phrases and exclusions allow.

    Scores are scaled over the pool of all passages in the scope, so that pool is returned too.
    """
    searched = None if sought.within is None else int(sought.within.sum())
    pool = _inside(generation, embedding, replace(sought, phrases=(), excluded=()), k)
    if not sought.is_literal:
        return Candidates(pool.ids, pool.cosine, pool.bm25, None, _languages(generation, pool.ids), searched)
    checked, allowed = literal(generation, embedding, sought, k)
    right, inflected = checked.of(allowed), inflected_in(generation, embedding, sought)
    if inflected is not None:
        marked = _inside(generation, embedding, replace(sought, phrases=(), excluded=(), within=inflected), k)
        right = right.joined(marked.of(~np.isin(marked.ids, right.ids)))
    best = right.best(k)
    others = pool.of(~np.isin(pool.ids, best.ids))
    ids = np.concatenate([others.ids, best.ids])
    order = np.argsort(ids)
    are_allowed = generation.allows(sought, others.ids)
    if inflected is not None:
        are_allowed = are_allowed | inflected[others.ids]
    is_allowed = np.concatenate([are_allowed, np.ones(len(best.ids), dtype=np.bool_)])
    cosine, bm25 = (np.concatenate(pair) for pair in ((others.cosine, best.cosine), (others.bm25, best.bm25)))
    languages = _languages(generation, ids[order])
    return Candidates(ids[order], cosine[order], bm25[order], is_allowed[order], languages, searched)


def literal(generation: OpenGeneration, embedding: Embedding, sought: Sought, k: int) -> tuple[Pool, NDArray[np.bool_]]:
    """The passages that phrases and exclusions may allow, and which of them they do: `k` of each side if possible.

    If too few of those that the store finds are allowed, more are asked for, up to a limit.
    """
    limit, most = k, max(k, min(MOST_READ, generation.count()))
    while True:
        pool = _inside(generation, embedding, sought, limit)
        allowed = generation.allows(sought, pool.ids)
        if limit >= most or _is_enough(pool, allowed, k, limit):
            return pool, allowed
        limit = min(4 * limit, most)


def inflected_in(generation: OpenGeneration, embedding: Embedding, sought: Sought) -> NDArray[np.bool_] | None:
    """Of each passage whether it contains the phrases with other endings; None if no passage does.

    Only in languages that inflect, other than English: there, one quotes a name in the case that the question needs. A
    store's postings of phrases know no endings, so the passages with the most of their words are read.
    """
    if not sought.phrases or not any_inflects(generation.manifest.languages):
        return None
    phrases, words = Phrases(sought.phrases, sought.excluded), generation.sought(" ".join(sought.phrases))
    found = _inside(generation, embedding, replace(words, within=sought.within), MOST_INFLECTED)
    ids = found.ids[found.bm25 > 0]
    passages = generation.passages(ids.tolist()) if len(ids) else []
    right = [phrases.allows_inflected(passage.searched, passage.language) for passage in passages]
    if not any(right):
        return None
    marks = np.zeros(generation.count(), dtype=np.bool_)
    marks[ids[right]] = True
    return marks


def _inside(generation: OpenGeneration, embedding: Embedding, sought: Sought, k: int) -> Pool:
    """The candidates that are marked: of a store that ignores marks, more are asked for until there are `k`."""
    limit = k
    while True:
        pool = generation.candidates(embedding, sought, limit)
        if sought.within is None or (inside := sought.within[pool.ids]).all():
            return pool
        if limit >= generation.count() or _is_enough(pool, inside, k, limit):
            return pool.of(inside).best(k)
        limit = min(4 * limit, generation.count())


def _is_enough(pool: Pool, right: NDArray[np.bool_], k: int, limit: int) -> bool:
    """Whether each side has `k` right passages, or all that there are."""
    return all((side & right).sum() >= k or side.sum() < limit for side in (pool.near, pool.bm25 > 0))


def _languages(generation: OpenGeneration, ids: NDArray[np.int64]) -> NDArray[np.str_] | None:
    """The languages of these passages; None if the encoder need not know them."""
    present = generation.manifest.languages
    if generation.manifest.is_monolingual:
        return None
    return np.array(present * len(ids) if len(present) == 1 else generation.languages(ids.tolist()), dtype=np.str_)
