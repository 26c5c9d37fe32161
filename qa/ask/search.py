"""Query → ranked Hits: fuses meaning and words, and gathers the evidence for confidence.

It knows nothing about files or screens; the index is a protocol, and the query comes encoded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice, zip_longest

import numpy as np
from numpy.typing import NDArray

from ..index.protocols import Candidates, Embedding, PassageIndex, Query
from ..models.protocols import Reader, Vectors, logistic
from ..text.passage import Passage
from ..text.query_term import QueryTerm
from ..text.terms import analyze
from .follow_up import Reading, share
from .ranking import Evidence, Hit, Ranking

CANDIDATES = 100
# How many of the best passages are read beside the question, and how much their relevance counts beside the fused
# score: half of the logit as a probability, since how far beyond doubt a passage is says nothing more. .5 to .8 are
# alike on development articles that the reader was not trained on; see docs/reader.md.
READ = 10
RELEVANCE_WEIGHT = 0.6
# Half and half was best on the development sets; see docs/decisions.md.
DENSE_SHARE = 0.5
# How many of the best passages are looked through for the question's words, and for those that it is carried on with.
_COVERAGE_PASSAGES, _SUPPORT_PASSAGES = 3, 5
_WORD = re.compile(r"\w+")


def rank(index: PassageIndex, query: Query, embedding: Embedding, top_k: int, candidates: int = CANDIDATES) -> Ranking:
    """The best `top_k` passages for `query` that it allows, near-duplicates of one place shown once.

    `embedding` gives that of its text; `candidates` are taken from each side.
    """
    pool = index.search(embedding, query, max(candidates, top_k))
    return _ranking(index, query, query, pool, fuse(pool), top_k)


def rank_follow_up(
    index: PassageIndex, reading: Reading, embeddings: Mapping[str, Embedding], top_k: int, candidates: int = CANDIDATES
) -> Ranking:
    """The best `top_k` passages for a question that may lean on its conversation, as `reading` has it.

    `embeddings` gives those of its texts, without and with what is carried. Where the question leans, the rankings
    of both are added up in shares; where it does not, this is `rank`, and nothing is carried.
    """
    question, query = reading.question, reading.query
    if not reading.carried:
        return rank(index, question, embeddings[question.text], top_k, candidates)
    wanted = max(candidates, top_k)
    alone, carried = (index.search(embeddings[each.text], each, wanted) for each in (question, query))
    support = _support(index, reading, alone, carried)
    part = share(reading, float(_cosines(alone).max(initial=0.0)), support)
    if not part:
        return _ranking(index, question, question, alone, fuse(alone), top_k)
    pool, scores = _added(carried, part * fuse(carried), alone, (1 - part) * fuse(alone))
    ranking = _ranking(index, question, query, pool, scores, top_k)
    return replace(ranking, carried=reading.carried)


def _ranking(
    index: PassageIndex, question: Query, query: Query, pool: Candidates, scores: Vectors, top_k: int
) -> Ranking:
    """The hits among scored candidates, and what they say as a whole.

    Its terms are those of the question: what is carried says where the answer stands, not which sentence it is.
    """
    order = _best(pool, scores)
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
    terms = index.query_terms(question.text)
    missing = () if hits else tuple(phrase for phrase in query.phrases if not index.holds(phrase))
    return Ranking(query, tuple(hits[:top_k]), terms, _evidence(pool, hits, terms, index.count()), missing)


def reread(ranking: Ranking, reader: Reader, seconds: float) -> Ranking:
    """The ranking with its first passages read beside the query, and ordered by what that says as well.

    Those that were read are ordered among the places that they hold: the others, for which there was no time or which
    the reader cannot read, keep theirs. Scores and the evidence of the pool stay as they are.
    """
    read = reader.read(ranking.query.text, [hit.passage for hit in ranking.hits[:READ]], seconds)
    hits = [replace(hit, judgement=judgement) for hit, judgement in zip(ranking.hits[:READ], read, strict=True)]
    places = [place for place, judgement in enumerate(read) if judgement is not None]
    ordered = sorted((hits[place] for place in places), key=lambda hit: (-_reread_score(hit), hit.rank))
    for place, hit in zip(places, ordered, strict=True):
        hits[place] = hit
    ranked = tuple(replace(hit, rank=rank) for rank, hit in enumerate((*hits, *ranking.hits[READ:]), start=1))
    said = [judgement.relevance for judgement in read if judgement is not None]
    odds = float(np.logaddexp.reduce(said)) if said else None
    return replace(ranking, hits=ranked, evidence=replace(ranking.evidence, relevance=odds))


def _reread_score(hit: Hit) -> float:
    if hit.judgement is None:
        return hit.score
    return hit.score + RELEVANCE_WEIGHT * logistic(hit.judgement.relevance / 2)


def together(whole: Ranking, parts: Sequence[Ranking], top_k: int) -> Ranking:
    """The ranking of a question that is made of several: the best passages of the whole and of each part in turn.

    Each part has them with its own judgements.
    """
    rows = zip_longest(whole.hits, *(part.hits for part in parts))
    found = {hit.id: hit for row in rows for hit in row if hit is not None}
    hits = tuple(replace(hit, rank=number) for number, hit in enumerate(islice(found.values(), top_k), start=1))
    carried = dict.fromkeys(words for each in (whole, *parts) for words in each.carried)
    parts = tuple(replace(part, hits=_judged_by(part, hits)) for part in parts)
    return replace(whole, hits=hits, parts=parts, carried=tuple(carried))


def _judged_by(part: Ranking, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    said = {hit.id: hit.judgement for hit in part.hits}
    return tuple(replace(hit, judgement=said.get(hit.id)) for hit in hits)


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


def _best(pool: Candidates, scores: Vectors) -> NDArray[np.intp]:
    """The places of the candidates that are allowed, best first; of equal ones, by id."""
    order = np.lexsort((pool.ids, -scores))
    return order if pool.allowed is None else order[pool.allowed[order]]


def _cosines(pool: Candidates) -> Vectors:
    """The cosines of the candidates that are allowed."""
    return pool.cosine if pool.allowed is None else pool.cosine[pool.allowed]


def _added(first: Candidates, scores: Vectors, second: Candidates, others: Vectors) -> tuple[Candidates, Vectors]:
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


def _support(index: PassageIndex, reading: Reading, alone: Candidates, carried: Candidates) -> float:
    """How well one passage holds what is asked and what is carried, from 0 to 1.

    That is the largest product of two shares: of the carried words, and of the question's words against what the
    best passages for the question alone hold of them.
    """
    asked, brought = (index.query_terms(text) for text in (reading.question.text, " ".join(reading.carried)))
    best, found = (
        index.passages([int(i) for i in pool.ids[_best(pool, fuse(pool))[:count]]])
        for pool, count in ((alone, _COVERAGE_PASSAGES), (carried, _SUPPORT_PASSAGES))
    )
    most = max((_coverage(passage, asked) for passage in best), default=0.0)
    return max(
        (
            _coverage(passage, brought) * (min(1.0, _coverage(passage, asked) / most) if most else 1.0)
            for passage in found
        ),
        default=0.0,
    )


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
    top = float(_cosines(pool).max())
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
