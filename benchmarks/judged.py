"""Asks questions of the development sets, divided by purpose, and collects the rankings with the reader's judgements.

There are three kinds of questions on a set: its own, which it answers; near-misses, which are about its passages but
have no answer there; and search questions off its topic. A question is for fitting or held out: for SQuAD by its
article, since the reader was trained on the others, and otherwise by `common.in_fit`; INSCIT is held out entirely.
Reading takes long, so each kind is sampled.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from benchmarks.common import SETS, CachingEncoder, CachingReader, Part, in_fit, off_topic_questions, part_of
from qa.ask.ranking import Ranking
from qa.ask.rereading import READ
from qa.evaluate.run import Dataset, LabelledQuery, has_relevant, index_dataset, read_dataset

Kind = Literal["own", "near", "off"]
SQUAD_1, SQUAD_2, CLAPNQ, CRANFIELD, INSCIT = "squad-v1.1-dev", "squad-v2-dev", "clapnq-dev", "cranfield", "inscit-dev"
DATASETS = (SQUAD_2, CLAPNQ, CRANFIELD, SQUAD_1, INSCIT)
# The most questions of each kind: (to fit on, held out).
_MOST: dict[Kind, tuple[int, int]] = {"own": (400, 600), "near": (250, 400), "off": (150, 150)}


@dataclass(frozen=True, slots=True)
class Sample:
    """A set with its questions for one purpose, by kind; `about` is the passage about which each was written."""

    dataset: Dataset
    questions: dict[Kind, tuple[LabelledQuery, ...]]
    about: dict[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """A question with the program's ranking; `relevant` are the passages that answer it, with grades."""

    query: LabelledQuery
    kind: Kind
    ranking: Ranking
    relevant: dict[str, float]


def sample(name: str, part: Part) -> Sample:
    """A fixed sample of the questions of a set for one part.

    The unanswerable questions of SQuAD 2 are also used with SQuAD 1.1, which has the same passages and more.
    """
    dataset = read_dataset(SETS / name)
    kinds: dict[Kind, Iterable[LabelledQuery]] = {
        "own": (q for q in dataset.queries if q.answerable and has_relevant(dataset, q)),
        "near": (q for q in _near(dataset) if not q.answerable),
        "off": (LabelledQuery(number, text, (), False) for number, text in off_topic_questions()),
    }
    titles = {number: title for number, title, _ in dataset.passages}
    about = _about(name) | (_about(SQUAD_2) if name == SQUAD_1 else {})

    def is_for(query: LabelledQuery) -> bool:
        if query.id in about and name in (SQUAD_1, SQUAD_2):
            return part_of(titles[about[query.id]]) == part
        if query.id in about and name == INSCIT:
            return part == "held-out"
        return in_fit(query.id) == (part == "fit")

    chosen = {kind: _some(filter(is_for, asked), _MOST[kind][part != "fit"]) for kind, asked in kinds.items()}
    return Sample(dataset, chosen, about)


def ask(given: Sample, encoder: CachingEncoder, reader: CachingReader | None, depth: int = READ) -> Iterator[Case]:
    """Ask each question of a sample; the first `depth` hits, of which ten are read."""
    with tempfile.TemporaryDirectory(prefix="qa-judged-") as place:
        engine, _ = index_dataset(given.dataset, encoder, Path(place), reader=reader)
        for kind, queries in given.questions.items():
            for query in queries:
                ranking = engine.search(query.text, depth, query.history)
                yield Case(query, kind, ranking, given.dataset.qrels.get(query.id, {}) if kind == "own" else {})
        del engine


def without_titles(given: Sample) -> Sample:
    """The same sample, with passages that are encoded without titles."""
    passages = [(number, "", text) for number, _, text in given.dataset.passages]
    return replace(given, dataset=replace(given.dataset, passages=passages))


def _near(dataset: Dataset) -> list[LabelledQuery]:
    """The questions among which a set's near-misses are; none for INSCIT, whose 17 are too few."""
    if dataset.name == INSCIT:
        return []
    return read_dataset(SETS / SQUAD_2).queries if dataset.name == SQUAD_1 else dataset.queries


def _about(name: str) -> dict[str, str]:
    """Question → the passage about which it was written, or the first that answers it."""
    lines = (SETS / name / "queries.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    answering = ((query, passages) for query, passages in read_dataset(SETS / name).qrels.items() if passages)
    first = {query: next(iter(passages)) for query, passages in answering}
    return first | {row["_id"]: row["source_passage"] for row in rows if "source_passage" in row}


def _some(queries: Iterable[LabelledQuery], most: int) -> tuple[LabelledQuery, ...]:
    """A sample in which the choice of a question is the same for every set."""
    return tuple(sorted(queries, key=lambda q: hashlib.blake2b(q.id.encode()).digest())[:most])
