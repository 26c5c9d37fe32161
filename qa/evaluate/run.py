"""Measures retrieval, leads and abstention of the whole program on a set in BEIR layout.

Each corpus record is indexed as one passage, in a real generation in a temporary folder.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..ask.answer import Answer
from ..ask.follow_up import Turn, turns
from ..config import Address, Config
from ..corpus.records import FileRecord
from ..engine import Engine
from ..errors import ConfigError, QuestionError
from ..index import open_store
from ..index.manifest import Manifest
from ..models.protocols import Encoder, Judgement, Reader, Vectors
from ..text.document import Document, Span
from ..text.languages import detect
from ..text.passage import Passage
from ..text.passages import PassageSettings
from ..text.sentences import sentence_spans
from . import metrics

_RANKED = 100
_ENCODE_BATCH = 256
_MAX_CACHED = 30  # calls of the reader: those of a question and its parts, with room for more
_LANGUAGE_SAMPLE = 100  # passages from which the language of a set is detected


@dataclass(frozen=True, slots=True)
class LabelledQuery:
    """One question of a set; a correct answer contains one of the `answers`.

    `history` is the conversation before the question.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    answerable: bool
    history: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """A set: passages as (id, title, text), queries, and qrels (query id → passage id → grade)."""

    name: str
    passages: list[tuple[str, str, str]]
    queries: list[LabelledQuery]
    qrels: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The program's result for one query: passage ids, best first, and the answer."""

    query: LabelledQuery
    ranked: tuple[str, ...]
    answer: Answer
    milliseconds: float


def read_dataset(folder: Path, limit: int | None = None) -> Dataset:
    """Read `corpus.jsonl`, `queries.jsonl` and `qrels.tsv`; `limit` selects that many queries, evenly spread.

    Raises ConfigError if a file is unanswerable or malformed.
    """
    try:
        passages = [
            (str(row["_id"]), str(row.get("title") or ""), str(row.get("text") or ""))
            for row in _jsonl(folder / "corpus.jsonl")
        ]
        queries = [_query(row) for row in _jsonl(folder / "queries.jsonl")]
        qrels: dict[str, dict[str, float]] = {}
        for line in (folder / "qrels.tsv").read_text("utf-8").splitlines()[1:]:
            query, passage, grade = line.split("\t")
            qrels.setdefault(query, {})[passage] = float(grade)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, QuestionError) as error:
        raise ConfigError(
            f"{str(folder)!r} is not a BEIR-layout set ({type(error).__name__}: {error}): "
            "give a folder with corpus.jsonl, queries.jsonl and qrels.tsv."
        ) from error
    if not passages or not queries:
        raise ConfigError(f"{str(folder)!r} contains no passages or no queries: give another set.")
    if limit is not None and limit < len(queries):
        selected = np.linspace(0, len(queries) - 1, limit).round().astype(int)
        queries = [queries[i] for i in dict.fromkeys(selected.tolist())]
    return Dataset(folder.resolve().name, passages, queries, qrels)


def evaluate(
    folder: Path,
    encoder: Encoder,
    limit: int | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    reader: Reader | None = None,
) -> dict[str, Any]:
    """The object of `qa eval --json` (docs/design.md) for the set in `folder`; without a `reader`, none is used."""
    dataset = read_dataset(folder, limit)
    with tempfile.TemporaryDirectory(prefix="qa-eval-") as temporary:
        engine, seconds = index_dataset(dataset, encoder, Path(temporary), progress, reader)
        outcomes = list(ask_all(engine, dataset, progress))
        del engine
    return figures(dataset, outcomes, seconds)


def index_dataset(
    dataset: Dataset,
    encoder: Encoder,
    folder: Path,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    reader: Reader | None = None,
    address: Address | None = None,
) -> tuple[Engine, float]:
    """Index the set's passages in `folder` or at `address`; returns an engine on them, and the seconds that it took.

    The reader has unlimited time, so that figures do not depend on the load of the machine.
    """
    started = time.perf_counter()
    (folder / "corpus").mkdir()
    # With a threshold of 0 every lead is evaluated; abstention has its own figures.
    config = Config(
        corpus=folder / "corpus",
        index=folder / "index",
        threshold=0.0,
        reader="off" if reader is None else "",
        reader_ms=math.inf,
        store=address,
    )
    store = open_store(config)
    # Each passage is a document without a file, sorted by id as a build sorts paths.
    ordered = sorted({number: (number, title, text) for number, title, text in dataset.passages}.values())
    settings = PassageSettings().as_json()
    # A single passage is too short to detect its language, and a set has one language.
    language = detect("\n".join(text for _, _, text in ordered[:: max(1, len(ordered) // _LANGUAGE_SAMPLE)]))
    manifest = Manifest.begun(encoder.identity, settings, encoder_languages=encoder.languages)
    with store.writing(), store.writer(manifest) as writer:
        for start in range(0, len(ordered), _ENCODE_BATCH):
            batch = ordered[start : start + _ENCODE_BATCH]
            pairs = [_document(number, title, text, language) for number, title, text in batch]
            rows = encoder.encode_passages([passage.encoded for _, passage in pairs])
            for (document, passage), row in zip(pairs, rows, strict=True):
                record = FileRecord(path=document.path, size=0, mtime_ns=0, title=document.title)
                writer.add(record, [(document, [passage])], row[None])
            progress("encoding", start + len(batch), len(ordered))
        writer.publish(keep=1)
    seconds = time.perf_counter() - started
    cached = reader and _ReaderCache(reader)
    return Engine.open(config, _QueryCache(encoder), reader=cached, can_build=False), seconds  # it has no files


def ask_all(
    engine: Engine,
    dataset: Dataset,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Iterator[Outcome]:
    """Ask every query of the set, one at a time; the time is that of one `ask` with five citations."""
    for number, query in enumerate(dataset.queries):
        if number % 50 == 0:
            progress("asking", number, len(dataset.queries))
        started = time.perf_counter()
        answer = engine.ask(query.text, history=query.history)
        milliseconds = 1e3 * (time.perf_counter() - started)
        ranked = tuple(hit.passage.document for hit in engine.search(query.text, _RANKED, query.history).hits)
        yield Outcome(query, ranked, answer, milliseconds)
    progress("asking", len(dataset.queries), len(dataset.queries))


def figures(dataset: Dataset, outcomes: list[Outcome], seconds: float) -> dict[str, Any]:
    """All figures of one run; a figure is None if the set has no data for it."""
    with_relevant = [(o.ranked, dataset.qrels[o.query.id]) for o in outcomes if has_relevant(dataset, o.query)]
    texts = {number: text for number, _, text in dataset.passages}
    with_answers = [o for o in outcomes if o.query.answers and o.query.answerable]
    answerable = [o.answer.confidence for o in outcomes if o.query.answerable]
    unanswerable = [o.answer.confidence for o in outcomes if not o.query.answerable]
    times = [o.milliseconds for o in outcomes]
    count = len(dataset.passages)
    return {
        "dataset": dataset.name,
        "passages": count,
        "queries": len(outcomes),
        "ndcg@10": _mean([metrics.ndcg(ranked, qrels, 10) for ranked, qrels in with_relevant]),
        "mrr@10": _mean([metrics.reciprocal_rank(ranked, qrels, 10) for ranked, qrels in with_relevant]),
        "recall@1": _mean([metrics.recall(ranked, qrels, 1) for ranked, qrels in with_relevant]),
        "recall@10": _mean([metrics.recall(ranked, qrels, 10) for ranked, qrels in with_relevant]),
        "recall@100": _mean([metrics.recall(ranked, qrels, 100) for ranked, qrels in with_relevant]),
        "map@10": _mean([metrics.average_precision(ranked, qrels, 10) for ranked, qrels in with_relevant]),
        "answer_in_lead": _mean([contains_answer(_lead(o.answer), o.query.answers) for o in with_answers]),
        "answer_in_top3": _mean(
            [any(contains_answer(texts[number], o.query.answers) for number in o.ranked[:3]) for o in with_answers]
        ),
        "answerable_auroc": _number(metrics.auroc(answerable, unanswerable)) if unanswerable else None,
        "calibration_error": _number(
            metrics.calibration_error(answerable + unanswerable, [1] * len(answerable) + [0] * len(unanswerable))
        ),
        "latency_ms": {
            "p50": _number(float(np.percentile(times, 50))),
            "p95": _number(float(np.percentile(times, 95))),
        },
        "build": {"seconds": round(seconds, 3), "passages_per_second": round(count / seconds, 1)},
    }


class _QueryCache:
    """An encoder that caches its last queries, since each is encoded for `ask` and again for `search`."""

    def __init__(self, encoder: Encoder) -> None:
        self.identity = encoder.identity
        self.languages = encoder.languages
        self.encode_passages = encoder.encode_passages
        self.count_tokens = encoder.count_tokens
        self._encoder = encoder
        self._cache: tuple[list[str], Vectors] | None = None

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        if self._cache is None or self._cache[0] != list(texts):
            self._cache = list(texts), self._encoder.encode_queries(texts)
        return self._cache[1]


class _ReaderCache:
    """A reader that caches its last judgements, since each question is read for `ask` and again for `search`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._cache: dict[tuple[str, tuple[tuple[str, int], ...]], list[Judgement | None]] = {}

    def read(self, question: str, passages: Sequence[Passage], seconds: float) -> list[Judgement | None]:
        key = question, tuple((passage.document, passage.order) for passage in passages)
        if key not in self._cache:
            if len(self._cache) >= _MAX_CACHED:
                self._cache.clear()
            self._cache[key] = self._reader.read(question, passages, seconds)
        return self._cache[key]


def _jsonl(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _query(row: dict[str, Any]) -> LabelledQuery:
    conversation = turns(row.get("conversation") or [])
    text = conversation[-1].text if conversation else str(row["text"])
    answers = tuple(str(answer) for answer in row.get("answers") or ())
    return LabelledQuery(str(row["_id"]), text, answers, bool(row.get("answerable", True)), conversation[:-1])


def _document(number: str, title: str, text: str, language: str) -> tuple[Document, Passage]:
    text = text or title or number  # a record without text is still one passage
    span = Span(0, len(text))
    passage = Passage(number, 0, span, text, title, (), None, tuple(sentence_spans(text, language=language)), language)
    return Document(path=number, title=title, text=text, sections=(), blocks=(), language=language), passage


def has_relevant(dataset: Dataset, query: LabelledQuery) -> bool:
    """Whether a passage of the set is labelled as relevant to the query."""
    return any(grade > 0 for grade in dataset.qrels.get(query.id, {}).values())


def _lead(answer: Answer) -> str:
    return answer.lead.text if answer.lead else ""


def contains_answer(text: str, answers: Iterable[str]) -> bool:
    """Whether a text contains one of the answers, after lower-casing and folding white space."""
    folded = _fold(text)
    return any(_fold(answer) in folded for answer in answers if answer.strip())


def _fold(text: str) -> str:
    return " ".join(text.lower().split())


def _mean(values: list[float] | list[bool]) -> float | None:
    return _number(float(np.mean(values))) if values else None


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
