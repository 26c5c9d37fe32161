"""A question → its Answer, one stage after the other: each runs once, and gives the next one a frozen value.

question    query        what can be asked, quotes, exclusions        → Query
Query       correction   words spelt as the articles spell them       → Query
Query       follow_up    what it may carry from its conversation      → Reading
Reading     search       meaning and words, fused                     → Ranking
Ranking     rereading    the first hits, read beside the question     → Ranking
Ranking     sources      titles, links and changes of its documents   → Facts
Ranking     lead         the unit that answers, with its evidence     → Leads
Leads       confidence   whether that is right, and shown             → Verdict
all         compose      short answer, citations and highlights       → Answer
Answer      unmentioned  names that the article does not contain      → Answer
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
from .compose import compose
from .confidence import judge
from .correction import corrected
from .follow_up import Turn
from .follow_up import read as reading_of
from .lead import LEAD_PASSAGES, leads_of
from .query import checked
from .ranking import Ranking
from .rereading import READ, reread
from .search import rank_follow_up
from .sources import facts_of
from .unmentioned import unmentioned

MAX_TOP_K = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was typed and as a Query, how many passages are wanted, and the conversation before it.

    `without` are words of the conversation that are not to be carried.
    """

    question: str
    query: Query
    top_k: int
    history: tuple[Turn, ...]
    without: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Means:
    """What questions are answered with: a generation, the encoder that made it, and a reader where one is on.

    `pool` encodes while words are searched for; `corpus` is None where the articles are on another machine.
    """

    config: Config
    generation: OpenGeneration
    encoder: Encoder
    reader: Reader | None
    pool: Executor
    corpus: Path | None


def asked(question: str, top_k: int, history: Sequence[Turn] = (), without: Sequence[str] = ()) -> Asked:
    """A question that can be asked. Raises QuestionError where it cannot, whatever the index holds."""
    query = checked(question)
    if not isinstance(top_k, int) or not 1 <= top_k <= MAX_TOP_K:
        raise QuestionError(f"top_k is {top_k!r}: give a whole number from 1 to {MAX_TOP_K}.")
    return Asked(question, query, top_k, tuple(history), tuple(without))


def rank(asked: Asked, means: Means) -> Ranking:
    """The ranked passages for a question, at most `top_k`."""
    ranking = _rank(asked, means)
    return replace(ranking, hits=ranking.hits[: asked.top_k])


def answer(asked: Asked, means: Means) -> Answer:
    """The Answer to a question; what leads does not depend on how many passages are wanted."""
    started = time.perf_counter()
    ranking = _rank(asked, means)
    ranked = time.perf_counter()
    facts = facts_of(ranking, means.generation, means.corpus)
    left = means.config.reader_ms - ranking.timings_ms["read"]
    leads = leads_of(ranking, means.reader, left / 1e3, facts.contexts)
    verdict = judge(ranking, leads, means.config.threshold, means.config.risk)
    composed = compose(asked.question, ranking, leads, verdict, facts, asked.top_k)
    missing = unmentioned(composed, ranking, means.generation)
    ended = time.perf_counter()
    timings = {**ranking.timings_ms, "answer": 1e3 * (ended - ranked), "total": 1e3 * (ended - started)}
    return replace(composed, unmentioned=missing, timings_ms=timings)


def _rank(asked: Asked, means: Means) -> Ranking:
    """The ranked passages, as many as are wanted or may lead, whichever is more."""
    generation = means.generation
    started = time.perf_counter()
    terms = cache(generation.query_terms)  # the words of a conversation occur again in its questions
    terms(asked.query.text)  # loads what is known of its words
    query = corrected(asked.query, generation, means.encoder)
    reading = reading_of(query, asked.history, terms, generation.count(), asked.without)
    pending = PendingEmbeddings(means.encoder, reading.texts, means.pool)
    depth = max(asked.top_k, LEAD_PASSAGES if means.reader is None else READ)
    found = rank_follow_up(generation, reading, pending.embeddings, depth)
    searched = time.perf_counter()
    ranking = reread(found, means.reader, means.config.reader_ms / 1e3)
    ended = time.perf_counter()
    timings = {"encode": pending.milliseconds, "search": 1e3 * (searched - started), "read": 1e3 * (ended - searched)}
    return replace(ranking, generation=generation.id, timings_ms=timings)
