"""Query → ranked Hits, also of one that may lean on its conversation, with the evidence for confidence.

It knows nothing about files or screens; the index is a protocol, and the query comes encoded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..index.protocols import Candidates, Embedding, PassageIndex, Query
from ..models.protocols import Vectors
from ..text.passage import Passage
from ..text.query_term import QueryTerm
from ..text.terms import analyze
from .fusion import added, best, cosines, fuse
from .leaning import Reading, share
from .ranking import Evidence, Hit, Ranking

CANDIDATES = 100
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
    part = share(reading, float(cosines(alone).max(initial=0.0)), support)
    if not part:
        return _ranking(index, question, question, alone, fuse(alone), top_k)
    pool, scores = added(carried, part * fuse(carried), alone, (1 - part) * fuse(alone))
    ranking = _ranking(index, question, query, pool, scores, top_k)
    return replace(ranking, carried=reading.carried)


def _ranking(
    index: PassageIndex, question: Query, query: Query, pool: Candidates, scores: Vectors, top_k: int
) -> Ranking:
    """The hits among scored candidates, and what they say as a whole.

    Its terms are those of the question: what is carried says where the answer stands, not which sentence it is.
    """
    order = best(pool, scores)
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
    missing = () if hits else tuple(phrase for phrase in query.phrases if not index.contains(phrase))
    return Ranking(query, tuple(hits[:top_k]), terms, _evidence(pool, hits, terms, index.count()), missing)


def _support(index: PassageIndex, reading: Reading, alone: Candidates, carried: Candidates) -> float:
    """How well one passage holds what is asked and what is carried, from 0 to 1.

    That is the largest product of two shares: of the carried words, and of the question's words against what the
    best passages for the question alone hold of them.
    """
    asked, brought = (index.query_terms(text) for text in (reading.question.text, " ".join(reading.carried)))
    nearest, found = (
        index.passages([int(i) for i in pool.ids[best(pool, fuse(pool))[:count]]])
        for pool, count in ((alone, _COVERAGE_PASSAGES), (carried, _SUPPORT_PASSAGES))
    )
    most = max((_coverage(passage, asked) for passage in nearest), default=0.0)
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
    top = float(cosines(pool).max())
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
