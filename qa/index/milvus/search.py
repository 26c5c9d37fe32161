"""Searches the passages of one generation on Milvus, by meaning and by words, in calls made at the same time.

BM25 scores are computed here (see `index/bm25.py`), from the terms that the server returns, so that they equal those
of an index on disk, whichever way the server finds passages by their words.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ...models.protocols import Vectors
from .. import bm25
from ..protocols import Embedding, Pool, Sought
from . import rarest_words
from .client import Server
from .marked import conditions_for
from .phrases import both, condition_for
from .withdrawal import Mark, Marks, visible_only

_SPARE = 2  # this many times the wanted passages are requested from the server's BM25, which differs slightly from ours
_LEAST_COMPARED = 400  # the least number of passages that a vector search compares


@dataclass(frozen=True, slots=True)
class Searched:
    """What is searched: a collection of `count` passages with `length` terms together; `marks` hide some of them.

    `has_bm25` says whether the server finds passages by their words; `check` raises if not all rows are loaded.
    """

    server: Server
    collection: str
    count: int
    length: int
    has_bm25: Callable[[], bool]
    marks: Marks
    check: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Hit:
    id: int
    cosine: float
    terms: str


@dataclass(frozen=True, slots=True)
class _Request:
    """One search: an embedding, what is sought, and how many passages of each side.

    `condition` narrows phrases down and marks, `visible` excludes withdrawn passages.
    """

    vector: Vectors
    sought: Sought
    k: int
    condition: str
    visible: str


def candidates(searched: Searched, embedding: Embedding, sought: Sought, k: int) -> Pool:
    """The best `k` of each side, as `OpenGeneration.candidates` wants them.

    Withdrawn passages are hidden as they were known last. If that has changed meanwhile, or a part of the server did
    not answer (others may have found too little then), everything is searched once more.
    """
    vector, is_again = embedding(), False
    literal = condition_for(sought)
    conditions = [both(literal, marked) for marked in conditions_for(sought.within)]
    while True:
        begun, marks = time.monotonic(), searched.marks.known
        requests = [_Request(vector, sought, k, condition, visible_only(marks)) for condition in conditions]

        # The side that takes longest comes first: it runs in this thread.
        by_words, by_meaning, now, _ = searched.server.in_parallel(
            partial(_each, _by_words, searched, requests),
            partial(_each, _by_meaning, searched, requests),
            searched.marks.current,
            searched.check,
        )
        if now is marks and (is_again or searched.server.failed < begun):
            return _pool(searched, sought, k, by_words, sorted(by_meaning, key=lambda hit: -hit.cosine)[:k])
        is_again = True


def _each(
    side: Callable[[Searched, _Request], list[_Hit]], searched: Searched, requests: Sequence[_Request]
) -> list[_Hit]:
    """What one side finds for each request."""
    return [hit for request in requests for hit in side(searched, request)]


def _pool(searched: Searched, sought: Sought, k: int, by_words: Sequence[_Hit], by_meaning: Sequence[_Hit]) -> Pool:
    # The nearest may be among the best by words too, even if the server did not find them by words.
    hits = {hit.id: hit for hit in (*by_meaning, *by_words)}
    scores = bm25.scores(
        sought.terms,
        [hit.terms for hit in hits.values()],
        frequency=lambda form: sought.frequencies.get(form, 0),
        count=searched.count,
        total_length=searched.length,
    )
    ids = np.array(list(hits), dtype=np.int64)
    best = [at for at in np.argsort(-scores, kind="stable")[:k].tolist() if scores[at] > 0]
    is_best, is_near = np.zeros(len(ids), dtype=np.bool_), np.zeros(len(ids), dtype=np.bool_)
    is_best[best] = True
    is_near[: len({hit.id for hit in by_meaning})] = True
    pool = Pool(
        ids,
        np.array([hit.cosine for hit in hits.values()], dtype=np.float32),
        np.where(is_best, scores, 0).astype(np.float32),
        is_near,
    ).of(is_best | is_near)
    return pool.sorted()


def _by_meaning(searched: Searched, request: _Request) -> list[_Hit]:
    """The passages with the largest cosines, best first."""
    hits = _nearest(searched, request, request.k, request.condition)
    if request.condition and len(hits) < request.k:
        # The filtered search of Milvus Lite was seen to miss passages with a phrase that are far from the question.
        others = {hit.id: hit for hit in _all(searched, request)}
        hits = sorted((others | {hit.id: hit for hit in hits}).values(), key=lambda hit: -hit.cosine)[: request.k]
    return hits


def _nearest(searched: Searched, request: _Request, limit: int, condition: str) -> list[_Hit]:
    """The passages that a vector search finds under a condition, best first."""
    parameters = {"metric_type": "IP", "params": {"ef": max(2 * limit, _LEAST_COMPARED)}}
    hits = _search(searched, request, "vector", request.vector.tolist(), limit, condition, parameters, ["terms"])
    return [_Hit(int(hit["id"]), float(hit["distance"]), hit["entity"]["terms"]) for hit in hits]


def _all(searched: Searched, request: _Request) -> list[_Hit]:
    """As many of the passages that satisfy the condition, in any order, without a vector search."""
    rows = searched.server.call(
        "query",
        searched.collection,
        filter=both(request.condition, request.visible),
        output_fields=["id", "terms", "vector"],
        limit=request.k,
        consistency_level="Eventually",
    )
    return [_Hit(int(row["id"]), float(np.dot(row["vector"], request.vector)), row["terms"]) for row in rows]


def _by_words(searched: Searched, request: _Request) -> list[_Hit]:
    """The passages that the server's own BM25 ranks first, or the nearest of those that contain the rarest words."""
    asked = request.sought.frequencies
    if not asked:
        return []
    if not searched.has_bm25():
        condition = both(request.condition, rarest_words.condition_for(asked))
        return _nearest(searched, request, rarest_words.limit(request.k), condition)
    words, parameters, columns = " ".join(asked), {"metric_type": "BM25"}, ["terms", "vector"]
    hits = _search(searched, request, "sparse", words, _SPARE * request.k, request.condition, parameters, columns)
    return [
        _Hit(int(hit["id"]), float(np.dot(hit["entity"]["vector"], request.vector)), hit["entity"]["terms"])
        for hit in hits
    ]


def _search(
    searched: Searched,
    request: _Request,
    field: str,
    data: Any,
    limit: int,
    condition: str,
    parameters: Mapping[str, Any],
    columns: Sequence[str],
) -> list[dict[str, Any]]:
    if not searched.count:
        return []

    def is_empty() -> bool:
        marks: list[Mark] = searched.marks.current()
        return sum(len(mark.part.passages) for mark in marks) >= searched.count

    hits: list[dict[str, Any]] = searched.server.call(
        "search",
        searched.collection,
        [data],
        anns_field=field,
        limit=limit,
        search_params=parameters,
        filter=both(condition, request.visible),
        output_fields=list(columns),
        consistency_level="Eventually",
        # There are always some nearest passages; what contains certain words may be nowhere.
        whole=lambda results: bool(results[0] or condition or field != "vector" or is_empty()),
    )[0]
    return hits
