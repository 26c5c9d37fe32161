"""A question → its Answer, one stage after the other: each is run once, and gives the next one a frozen value.

question    query        what can be asked, quotes, exclusions      → Query
Query       correction   words spelt as the articles spell them     → Query
Query       two_in_one   the two questions that it is made of       → Query …
Query …     follow_up    what each may carry from its conversation  → Reading …
Reading …   search       meaning and words, fused                   → Ranking …
Ranking …   rereading    the first hits, read beside the question   → Ranking …
Ranking …   together     the best of the whole and of its parts     → Ranking
Ranking     sources      titles, links and changes of its documents → Facts
Ranking     lead         the sentence that answers, its short answer → Sentences
Sentences   confidence   whether the articles hold the answer       → Verdict
all         compose      citations and highlights                   → Answer
Answer      unmentioned  names that the article does not hold       → Answer
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
from ..text.terms import analyze
from .answer import Answer
from .compose import compose
from .confidence import judge
from .correction import corrected
from .follow_up import Turn, readings
from .lead import sentences_of
from .query import checked
from .ranking import Ranking
from .rereading import READ, read
from .search import search
from .sources import facts_of
from .together import together
from .two_in_one import apart
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
    """The ranked passages for a question."""
    generation = means.generation
    started = time.perf_counter()
    terms = cache(generation.query_terms)  # each question is read with the same history
    terms(asked.query.text)  # what is known of its words is read at once
    query = corrected(asked.query, generation, means.encoder)
    read_as = readings((query, *apart(query)), asked.history, terms, generation.count(), asked.without)
    ahead = PendingEmbeddings(means.encoder, (text for each in read_as for text in each.texts), means.pool)
    depth = asked.top_k if means.reader is None else max(asked.top_k, READ)
    rankings = search(generation, read_as, ahead.embeddings, depth)
    searched = time.perf_counter()
    whole, *parts = read(rankings, means.reader, means.config.reader_ms / 1e3)
    ranking = together(whole, parts, asked.top_k)
    ended = time.perf_counter()
    timings = {"encode": ahead.milliseconds, "search": 1e3 * (searched - started), "read": 1e3 * (ended - searched)}
    return replace(ranking, generation=generation.id, timings_ms=timings)


def answer(asked: Asked, means: Means) -> Answer:
    """The Answer to a question."""
    started = time.perf_counter()
    ranking = rank(asked, means)
    ranked = time.perf_counter()
    facts = facts_of(ranking, means.generation, means.corpus)
    sentences = sentences_of(ranking, analyze)
    verdict = judge(ranking, sentences.share, means.config.threshold, means.config.risk)
    composed = compose(asked.question, ranking, sentences, verdict, facts)
    missing = unmentioned(composed, ranking, means.generation)
    ended = time.perf_counter()
    timings = {**ranking.timings_ms, "answer": 1e3 * (ended - ranked), "total": 1e3 * (ended - started)}
    return replace(composed, unmentioned=missing, timings_ms=timings)
