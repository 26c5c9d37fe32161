"""Ranks the passages of an index for a query or a follow-up, and measures the evidence for confidence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ..index.protocols import Candidates, Embedding, PassageIndex, Query
from ..models.protocols import Vectors
from ..text.passage import Passage
from ..text.query_term import QueryTerm
from ..text.terms import contained_in
from .fusion import best, combine, cosines, fuse, ranks
from .leaning import FollowUp, carried_share
from .ranking import Evidence, Hit, Ranking, Ranks
from .shares import dense_shares

CANDIDATES = 100
# How many of the best passages are checked for the question's words, and for the carried words.
_COVERAGE_PASSAGES, _SUPPORT_PASSAGES = 3, 5
_WORD = re.compile(r"\w+")
IsGone = Callable[[str], bool]


def _none_is_gone(_: str) -> bool:
    return False


def rank(
    index: PassageIndex,
    query: Query,
    embedding: Embedding,
    top_k: int,
    candidates: int = CANDIDATES,
    is_gone: IsGone = _none_is_gone,
) -> Ranking:
    """The best `top_k` passages that `query` allows, without near-duplicates and without documents that are gone.

    `embedding` returns the embedding of the query's text. Each side returns up to `candidates` passages.
    """
    depth = max(candidates, top_k)
    pool = index.search(embedding, query, depth)
    return _with_ranks(_ranking(index, query, query, pool, _fused(index, query, pool), top_k, is_gone), pool, depth)


def rank_follow_up(
    index: PassageIndex,
    follow_up: FollowUp,
    embeddings: Mapping[str, Embedding],
    top_k: int,
    candidates: int = CANDIDATES,
    is_gone: IsGone = _none_is_gone,
) -> Ranking:
    """The best `top_k` passages for a question that may lean on its conversation.

    `embeddings` maps the texts of `follow_up` to their embeddings. If the question leans on its conversation, the
    scores with and without the carried words are added in shares. Otherwise this is `rank`, and nothing is carried.
    """
    question, query = follow_up.question, follow_up.query
    if not follow_up.carried:
        return rank(index, question, embeddings[question.text], top_k, candidates, is_gone)
    depth = max(candidates, top_k)
    alone, carried = (index.search(embeddings[each.text], each, depth) for each in (question, query))
    own, with_carried = _fused(index, question, alone), _fused(index, query, carried)
    support = _support(index, follow_up, (alone, own), (carried, with_carried))
    share = carried_share(follow_up, index.encoder.likeness(float(cosines(alone).max(initial=0.0))), support)
    if not share:
        return _with_ranks(_ranking(index, question, question, alone, own, top_k, is_gone), alone, depth)
    pool, scores = combine(carried, share * with_carried, alone, (1 - share) * own)
    ranking = _ranking(index, question, query, pool, scores, top_k, is_gone)
    return replace(_with_ranks(ranking, carried, depth), carried=follow_up.carried)


def _fused(index: PassageIndex, query: Query, pool: Candidates) -> Vectors:
    """The score of each candidate for a query."""
    return fuse(pool, dense_shares(query.text, pool, index.encoder.languages))


def _ranking(
    index: PassageIndex,
    question: Query,
    query: Query,
    pool: Candidates,
    scores: Vectors,
    top_k: int,
    is_gone: IsGone,
) -> Ranking:
    """The ranking of scored candidates, with its evidence.

    Its terms are those of the question alone: carried words tell which passage answers, not which sentence.
    """
    order = best(pool, scores)
    count = max(top_k, _COVERAGE_PASSAGES)
    hits: list[Hit] = []
    gone: set[str] = set()
    for start in range(0, len(order), 2 * count):
        rows = order[start : start + 2 * count]
        for row, passage in zip(rows, index.passages([int(i) for i in pool.ids[rows]]), strict=True):
            if is_gone(passage.document):
                gone.add(passage.document)
            elif len(hits) < count and not any(_are_duplicates(passage, hit.passage) for hit in hits):
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
        if len(hits) >= count:
            break
    terms = index.query_terms(question.text)
    missing = () if hits else tuple(phrase for phrase in query.phrases if not index.mentions(phrase))
    return Ranking(query, tuple(hits[:top_k]), terms, _evidence(index, pool, hits, terms), missing, len(gone))


def _with_ranks(ranking: Ranking, searched: Candidates, count: int) -> Ranking:
    """The ranking with the ranks of its hits among the `count` best of each side of `searched`, and after fusion."""
    words, meaning = ranks(searched, count)
    hits = (replace(hit, ranks=Ranks(words.get(hit.id), meaning.get(hit.id), hit.rank)) for hit in ranking.hits)
    return replace(ranking, hits=tuple(hits))


def _support(
    index: PassageIndex,
    follow_up: FollowUp,
    alone: tuple[Candidates, Vectors],
    carried: tuple[Candidates, Vectors],
) -> float:
    """How well one passage covers both the question and the carried words, from 0 to 1.

    `alone` and `carried` are the candidates of the search without and with the carried words, with their scores.

    This is the largest product, over the best passages of the search with carried words, of two factors: the coverage
    of the carried words, and the coverage of the question's words relative to the best passage for the question alone.
    """
    question_terms = index.query_terms(follow_up.question.text)
    carried_terms = index.query_terms(" ".join(follow_up.carried))
    nearest, with_carried = (
        index.passages([int(i) for i in pool.ids[best(pool, scores)[:number]]])
        for (pool, scores), number in ((alone, _COVERAGE_PASSAGES), (carried, _SUPPORT_PASSAGES))
    )
    most = max((_coverage(passage, question_terms) for passage in nearest), default=0.0)

    def support(passage: Passage) -> float:
        relative = min(1.0, _coverage(passage, question_terms) / most) if most else 1.0
        return _coverage(passage, carried_terms) * relative

    return max(map(support, with_carried), default=0.0)


def _are_duplicates(one: Passage, other: Passage) -> bool:
    """Whether two passages of one document overlap by more than half, or share a section and nearly all their words."""
    if one.document != other.document:
        return False
    overlap = min(one.span.end, other.span.end) - max(one.span.start, other.span.start)
    if overlap > 0.5 * min(len(one.span), len(other.span)):
        return True
    left, right = set(_WORD.findall(one.text.lower())), set(_WORD.findall(other.text.lower()))
    if one.section != other.section or not left or not right:
        return left == right and one.section == other.section
    return len(left & right) >= 0.9 * len(left | right)


def _evidence(index: PassageIndex, pool: Candidates, hits: list[Hit], terms: Sequence[QueryTerm]) -> Evidence:
    multilingual = index.encoder.multilingual
    if not hits:
        return Evidence(0.0, 0.0, 0.0, 0.0, index.count(), pool.searched, multilingual)
    spread = float(pool.cosine.std())
    top = float(cosines(pool).max())
    return Evidence(
        top_cosine=index.encoder.likeness(top),
        coverage=max(_coverage(hit.passage, terms) for hit in hits[:_COVERAGE_PASSAGES]),
        margin=hits[0].score - hits[1].score if len(hits) > 1 else 0.0,
        peak=(top - float(pool.cosine.mean())) / spread if spread > 1e-6 else 0.0,
        passages=index.count(),
        searched=pool.searched,
        multilingual=multilingual,
    )


def _coverage(passage: Passage, terms: Sequence[QueryTerm]) -> float:
    """The share of the terms, by weight, that the passage contains."""
    total = sum(term.weight for term in terms)
    words = contained_in(passage.mentioned, passage.language)
    return sum(term.weight for term in terms if term.is_in(words)) / total if total else 0.0
