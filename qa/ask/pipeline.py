"""Answers a question in stages, each of which runs once and passes a frozen value to the next.

(A follow-up that could stand alone passes them twice, with the words of its conversation and without.)

question    query        checks it; parses phrases and exclusions     → Query
Query       collection   answers it from titles and properties alone  → Answer
Query       respelling   spells compounds as the articles do          → Query
Query       correction   corrects words that no article contains      → Query
Query       follow_up    adds words from the conversation             → FollowUp
FollowUp    search       ranks passages by meaning and by words       → Ranking
Ranking     rereading    reorders the first hits with the reader      → Ranking
Ranking     sources      looks up titles, links, changed files        → Facts
Ranking     lead         chooses the unit that answers                → Leads
Leads       versions     adds what other articles say instead         → Leads
Leads       confidence   decides whether to show it                   → Verdict
all         compose      adds short answer, citations, highlights     → Answer
Answer      unmentioned  adds names that the article does not contain → Answer
all         explanation  says what decided and what is missing        → Why
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from ..config import Config
from ..errors import QuestionError
from ..index.generation import OpenGeneration
from ..index.protocols import Query
from ..models.pending import PendingEmbeddings
from ..models.protocols import Encoder, Reader
from .answer import Answer
from .collection import collection_answer
from .compose import compose
from .confidence import judge
from .correction import correct
from .explanation import explain
from .follow_up import Turn, follow_up_of, stands_alone
from .lead import LEAD_PASSAGES, leads_of
from .presence import GoneDocuments
from .query import query_of
from .ranking import Ranking
from .rereading import READ, reread
from .respelling import respell
from .search import rank_follow_up
from .sources import facts_of
from .unmentioned import unmentioned
from .versions import with_versions

MAX_TOP_K = 100


@dataclass(frozen=True, slots=True)
class Request:
    """A question as it was typed and as a Query, with the conversation before it (`history`).

    `top_k` is the number of passages to return. `without` lists words that must not be carried from the conversation.
    """

    question: str
    query: Query
    top_k: int
    history: tuple[Turn, ...]
    without: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resources:
    """What answering needs: a generation, the encoder that it was built with, and the reader, if one is switched on.

    `pool` runs the encoder in parallel with the word search. `corpus` is None if the articles are on another machine.
    """

    config: Config
    generation: OpenGeneration
    encoder: Encoder
    reader: Reader | None
    pool: Executor
    corpus: Path | None


def request_of(question: str, top_k: int, history: Sequence[Turn] = (), without: Sequence[str] = ()) -> Request:
    """The Request for a question. Raises QuestionError if it cannot be asked of any index."""
    query = query_of(question)
    if not isinstance(top_k, int) or not 1 <= top_k <= MAX_TOP_K:
        raise QuestionError(f"top_k is {top_k!r}: give a whole number from 1 to {MAX_TOP_K}.")
    return Request(question, query, top_k, tuple(history), tuple(without))


def rank(request: Request, resources: Resources) -> Ranking:
    """The ranked passages for a question, at most `top_k`."""
    ranking = _rank(request, resources)
    return replace(ranking, hits=ranking.hits[: request.top_k])


def answer(request: Request, resources: Resources) -> Answer:
    """The Answer to a question. Its lead does not depend on `top_k`.

    Words are carried into a question that can stand alone only if the articles answer it with them and not without.
    """
    started = time.perf_counter()
    found = collection_answer(request.query, request.question, resources.generation, resources.corpus)
    if found is None:
        found = _answer(request, resources)
        if found.carried and stands_alone(request.question):
            alone = _answer(replace(request, history=()), resources)
            found = alone if alone.lead is not None or found.lead is None else found
    return replace(found, timings_ms={**found.timings_ms, "total": 1e3 * (time.perf_counter() - started)})


def _answer(request: Request, resources: Resources) -> Answer:
    """The Answer from passages, once through all stages."""
    ranking = _rank(request, resources)
    ranked = time.perf_counter()
    facts = facts_of(ranking, resources.generation, resources.corpus)
    left = resources.config.reader_ms - ranking.timings_ms["read"]
    leads = leads_of(ranking, resources.reader, left / 1e3, facts.contexts)
    leads = with_versions(leads, ranking, facts.contexts, facts.dates)
    verdict = judge(leads, resources.config.threshold, resources.config.risk)
    composed = compose(request.question, ranking, leads, verdict, facts, request.top_k)
    missing = unmentioned(composed, ranking, resources.generation)
    why = explain(ranking, leads, verdict, facts.contexts, request.top_k)
    timings = {**ranking.timings_ms, "answer": 1e3 * (time.perf_counter() - ranked)}
    return replace(composed, unmentioned=missing, why=why, timings_ms=timings)


def _rank(request: Request, resources: Resources) -> Ranking:
    """The ranked passages: `top_k`, or as many as the reader and the choice of the lead need, if that is more."""
    generation = resources.generation
    started = time.perf_counter()
    terms = cache(generation.query_terms)  # a conversation repeats its words
    terms(request.query.text)  # looks up all its words at once, before the correction asks for each
    query = correct(respell(request.query, generation), generation, resources.encoder)
    follow_up = follow_up_of(query, request.history, terms, generation.count(), request.without)
    pending = PendingEmbeddings(resources.encoder, follow_up.texts, resources.pool)
    depth = max(request.top_k, LEAD_PASSAGES if resources.reader is None else READ)
    is_gone = GoneDocuments(resources.corpus)
    ranking = rank_follow_up(generation, follow_up, pending.embeddings, depth, is_gone=is_gone)
    searched = time.perf_counter()
    ranking = reread(ranking, resources.reader, resources.config.reader_ms / 1e3)
    ended = time.perf_counter()
    timings = {"encode": pending.milliseconds, "search": 1e3 * (searched - started), "read": 1e3 * (ended - searched)}
    return replace(ranking, generation=generation.id, timings_ms=timings)
