"""Answers a question in stages, each of which runs once and passes a frozen value to the next.

(A follow-up that could stand alone and is not answered passes the later ones again, with the words it may carry.)

question    query        checks it; parses phrases, scope …           → Query
Query       collection   answers it from titles and properties alone  → Answer
Query       respelling   spells compounds as the articles do          → Query
Query       correction   corrects words that no article contains      → Query
Query       follow_up    adds words from the conversation             → FollowUp
FollowUp    search       ranks passages by meaning and by words       → Ranking
Ranking     rereading    reorders the first hits with the reader      → Reread
Ranking     sources      looks up titles, links, changed files        → Facts
Ranking     lead         chooses the unit that answers                → Leads
Leads       versions     adds what other articles say instead         → Leads
Leads       confidence   decides whether to show it                   → Verdict
all         compose      adds short answer, citations, highlights     → Answer
Answer      limits       adds the exception that follows the lead     → Answer
Answer      unmentioned  adds names that the article does not contain → Answer
all         explanation  says what decided and what is missing        → Why
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cache

from ..config import Config
from ..corpus.folders import Corpus
from ..errors import QuestionError
from ..index.generation import OpenGeneration
from ..index.protocols import Query
from ..index.scope import AppliedScope, Scope
from ..models.pending import PendingEmbeddings
from ..models.protocols import Encoder, Reader
from .answer import Answer
from .candidates import LEAD_PASSAGES
from .collection import collection_answer
from .compose import compose
from .confidence import judge
from .correction import correct
from .explanation import explain
from .filters import without_filters
from .follow_up import Turn, follow_up_of, names_only, stands_alone
from .lead import leads_of
from .leaning import FollowUp
from .limits import with_limit
from .presence import GoneDocuments
from .query import query_of
from .ranking import Ranking
from .rereading import READ, Reread, reread
from .respelling import respell
from .search import rank_follow_up
from .searched import searched_in
from .sources import facts_of
from .unmentioned import unmentioned
from .versions import with_versions

MAX_TOP_K = 100


@dataclass(frozen=True, slots=True)
class Request:
    """A question as it was typed and as a Query, with the conversation before it (`history`).

    `top_k` is the number of passages to return. `without` lists words that must not be carried from the conversation.
    An answer needs a confidence of `threshold`, if that is more than the configuration asks for.
    """

    question: str
    query: Query
    top_k: int
    history: tuple[Turn, ...]
    without: tuple[str, ...]
    threshold: float


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
    corpus: Corpus | None


def request_of(
    question: str,
    top_k: int,
    history: Sequence[Turn] = (),
    without: Sequence[str] = (),
    scope: Scope | Mapping[str, object] | None = None,
    threshold: float = 0.0,
) -> Request:
    """The Request for a question; filters typed in it replace those of `scope`.

    Raises QuestionError if it cannot be asked of any index.
    """
    query = query_of(question)
    given = scope if isinstance(scope, Scope) else Scope.from_json(scope)
    query = replace(query, scope=given.narrowed(query.scope))
    if isinstance(top_k, bool) or not isinstance(top_k, int) or not 1 <= top_k <= MAX_TOP_K:
        raise QuestionError(f"top_k is {repr(top_k)[:40]}: give a whole number from 1 to {MAX_TOP_K}.")
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
        raise QuestionError(f"threshold is {repr(threshold)[:40]}: give a number from 0 to 1.")
    return Request(question, query, top_k, tuple(history), tuple(without), threshold)


def rank(request: Request, resources: Resources) -> Ranking:
    """The ranked passages for a question, at most `top_k`."""
    ranking = _read(_searched(_follow_up(request, resources), request, resources), resources).ranking
    return replace(ranking, hits=ranking.hits[: request.top_k], scope=_applied(request, resources))


def answer(request: Request, resources: Resources) -> Answer:
    """The Answer to a question. Its lead does not depend on `top_k`.

    Words are carried into a question that can stand alone only if the articles answer it with them and not without, and
    into one that asks nothing ("the cellar room?") only if its answer is at least as certain with them.
    """
    started = time.perf_counter()
    found = collection_answer(request.query, request.question, resources.generation, resources.corpus)
    if found is None:
        found = _from_passages(request, resources)
    timings = {**found.timings_ms, "total": 1e3 * (time.perf_counter() - started)}
    scope = _applied(request, resources)
    searched = None if found.lead is not None else searched_in(resources.generation, scope)
    return replace(found, timings_ms=timings, scope=scope, searched=searched, chat=resources.config.chat)


def _applied(request: Request, resources: Resources) -> AppliedScope | None:
    """The scope that was searched."""
    selection = resources.generation.selection(request.query.scope)
    return None if selection is None else AppliedScope(request.query.scope, selection.articles)


def _from_passages(request: Request, resources: Resources) -> Answer:
    """The Answer from passages."""
    follow_up, asked = _follow_up(request, resources), without_filters(request.question)
    is_complete = stands_alone(asked)
    if not follow_up.carried or not (is_complete or names_only(asked)):
        return _composed(_searched(follow_up, request, resources), request, resources)
    alone = _composed(_searched(FollowUp(follow_up.question), request, resources), request, resources)
    if is_complete and alone.lead is not None:
        return alone
    ranking = _searched(follow_up, request, resources)
    leaning = _composed(ranking, request, resources) if ranking.carried else alone
    if leaning.lead is None or (alone.lead is not None and alone.confidence > leaning.confidence):
        return alone
    return leaning


def _follow_up(request: Request, resources: Resources) -> FollowUp:
    """The question as the articles spell it, with the words that it may carry from its conversation."""
    generation = resources.generation
    terms = cache(generation.query_terms)  # a conversation repeats its words
    terms(request.query.text)  # looks up all its words at once, before the correction asks for each
    query = correct(respell(request.query, generation), generation, resources.encoder)
    return follow_up_of(query, request.history, terms, generation.count(), request.without)


def _searched(follow_up: FollowUp, request: Request, resources: Resources) -> Ranking:
    """The ranking before it is read: `top_k`, or as many as the reader and the choice of the lead need, if more."""
    generation, started = resources.generation, time.perf_counter()
    pending = PendingEmbeddings(resources.encoder, follow_up.texts, resources.pool)
    depth = max(request.top_k, LEAD_PASSAGES if resources.reader is None else READ)
    is_gone = GoneDocuments(resources.corpus)
    ranking = rank_follow_up(generation, follow_up, pending.embeddings, depth, is_gone=is_gone)
    timings = {"encode": pending.milliseconds, "search": 1e3 * (time.perf_counter() - started)}
    return replace(ranking, generation=generation.id, timings_ms=timings)


def _read(ranking: Ranking, resources: Resources) -> Reread:
    """The ranking in the order in which the reader puts it."""
    started = time.perf_counter()
    read = reread(ranking, resources.reader, resources.config.reader_ms / 1e3)
    timings = {**ranking.timings_ms, "read": 1e3 * (time.perf_counter() - started)}
    return replace(read, ranking=replace(read.ranking, timings_ms=timings))


def _composed(ranking: Ranking, request: Request, resources: Resources) -> Answer:
    """The Answer from a ranking that is not yet read."""
    read = _read(ranking, resources)
    ranking = read.ranking
    ranked = time.perf_counter()
    facts = facts_of(ranking, resources.generation, resources.corpus)
    seconds = resources.config.reader_ms / 1e3
    leads = leads_of(ranking, resources.reader, seconds, facts.contexts, read.candidates)
    leads = with_versions(leads, ranking, facts.contexts, facts.dates)
    verdict = judge(leads, resources.config.least_confidence, resources.config.risk, request.threshold)
    composed = compose(request.question, ranking, leads, verdict, facts, request.top_k)
    composed = with_limit(composed, resources.generation)
    missing = unmentioned(composed, ranking, resources.generation)
    why = explain(ranking, leads, verdict, facts.contexts, request.top_k)
    timings = {**ranking.timings_ms, "answer": 1e3 * (time.perf_counter() - ranked)}
    return replace(composed, unmentioned=missing, why=why, timings_ms=timings)
