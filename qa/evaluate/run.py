"""A BEIR-layout set → figures for retrieval, leads and abstention, measured on the program as it answers.

Each corpus record is one passage as it stands, built into a real generation in a temporary folder. It knows
nothing about how the figures are shown.
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
_MOST_READ = 30  # of a question and its parts, with room for more
_SAMPLED = 100  # passages that the language of a set is told by


@dataclass(frozen=True, slots=True)
class Query:
    """One question of a set; `answers` are strings of which a right answer contains one.

    `history` is the conversation before it.
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
    queries: list[Query]
    qrels: dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the program did with one query: passage ids, best first, and its answer."""

    query: Query
    ranked: tuple[str, ...]
    answer: Answer
    milliseconds: float


def read_dataset(folder: Path, limit: int | None = None) -> Dataset:
    """Read `corpus.jsonl`, `queries.jsonl` and `qrels.tsv`; `limit` takes that many queries, evenly spread.

    Raises ConfigError where a file is missing or malformed.
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
        raise ConfigError(f"{str(folder)!r} holds no passages or no queries: give another set.")
    if limit is not None and limit < len(queries):
        picked = np.linspace(0, len(queries) - 1, limit).round().astype(int)
        queries = [queries[i] for i in dict.fromkeys(picked.tolist())]
    return Dataset(folder.resolve().name, passages, queries, qrels)


def evaluate(
    folder: Path,
    encoder: Encoder,
    limit: int | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    reader: Reader | None = None,
) -> dict[str, Any]:
    """The object of `qa eval --json` (DESIGN §7) for the set in `folder`; without a `reader`, that is off."""
    dataset = read_dataset(folder, limit)
    with tempfile.TemporaryDirectory(prefix="qa-eval-") as place:
        engine, seconds = index_dataset(dataset, encoder, Path(place), progress, reader)
        outcomes = list(ask_all(engine, dataset, progress))
        del engine
    return figures(dataset, outcomes, seconds)


def index_dataset(
    dataset: Dataset,
    encoder: Encoder,
    place: Path,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    reader: Reader | None = None,
    address: Address | None = None,
) -> tuple[Engine, float]:
    """An engine on a generation of the set's passages, and the seconds that it took: below `place`, or at `address`.

    The reader has all the time that it needs, so that figures do not depend on how busy the machine is.
    """
    started = time.perf_counter()
    (place / "corpus").mkdir()
    # A threshold of 0: the lead is judged wherever there is one; abstaining has its own figures.
    config = Config(
        corpus=place / "corpus",
        index=place / "index",
        threshold=0.0,
        reader="off" if reader is None else "",
        reader_ms=math.inf,
        store=address,
    )
    store = open_store(config)
    # Passages are documents without files: sorted by id, as a build would sort them.
    ordered = sorted({number: (number, title, text) for number, title, text in dataset.passages}.values())
    settings = PassageSettings().as_json()
    # A passage is short to tell its language by; a set has one.
    language = detect("\n".join(text for _, _, text in ordered[:: max(1, len(ordered) // _SAMPLED)]))
    manifest = Manifest.begun(encoder.identity, settings, encoder_languages=encoder.languages)
    with store.writing(), store.writer(manifest) as writer:
        for start in range(0, len(ordered), _ENCODE_BATCH):
            some = ordered[start : start + _ENCODE_BATCH]
            pairs = [_document(number, title, text, language) for number, title, text in some]
            rows = encoder.encode_passages([passage.encoded for _, passage in pairs])
            for (document, passage), row in zip(pairs, rows, strict=True):
                record = FileRecord(path=document.path, size=0, mtime_ns=0, title=document.title)
                writer.add(record, [(document, [passage])], row[None])
            progress("encoding", start + len(some), len(ordered))
        writer.publish(keep=1)
    seconds = time.perf_counter() - started
    return Engine.open(config, _LastQuery(encoder), reader=reader and _LastRead(reader)), seconds


def ask_all(
    engine: Engine,
    dataset: Dataset,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Iterator[Outcome]:
    """Ask every query of the set, one at a time; the clock runs over one whole `ask` of five citations."""
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
    """All figures of one run; a figure that the set cannot give is None."""
    judged = [(o.ranked, dataset.qrels[o.query.id]) for o in outcomes if has_relevant(dataset, o.query)]
    texts = {number: text for number, _, text in dataset.passages}
    with_answers = [o for o in outcomes if o.query.answers and o.query.answerable]
    answerable = [o.answer.confidence for o in outcomes if o.query.answerable]
    missing = [o.answer.confidence for o in outcomes if not o.query.answerable]
    times = [o.milliseconds for o in outcomes]
    count = len(dataset.passages)
    return {
        "dataset": dataset.name,
        "passages": count,
        "queries": len(outcomes),
        "ndcg@10": _mean([metrics.ndcg(ranked, qrels, 10) for ranked, qrels in judged]),
        "mrr@10": _mean([metrics.reciprocal_rank(ranked, qrels, 10) for ranked, qrels in judged]),
        "recall@1": _mean([metrics.recall(ranked, qrels, 1) for ranked, qrels in judged]),
        "recall@10": _mean([metrics.recall(ranked, qrels, 10) for ranked, qrels in judged]),
        "recall@100": _mean([metrics.recall(ranked, qrels, 100) for ranked, qrels in judged]),
        "map@10": _mean([metrics.average_precision(ranked, qrels, 10) for ranked, qrels in judged]),
        "answer_in_lead": _mean([holds(_lead(o.answer), o.query.answers) for o in with_answers]),
        "answer_in_top3": _mean(
            [any(holds(texts[number], o.query.answers) for number in o.ranked[:3]) for o in with_answers]
        ),
        "answerable_auroc": _number(metrics.auroc(answerable, missing)) if missing else None,
        "calibration_error": _number(
            metrics.calibration_error(answerable + missing, [1] * len(answerable) + [0] * len(missing))
        ),
        "latency_ms": {
            "p50": _number(float(np.percentile(times, 50))),
            "p95": _number(float(np.percentile(times, 95))),
        },
        "build": {"seconds": round(seconds, 3), "passages_per_second": round(count / seconds, 1)},
    }


class _LastQuery:
    """An encoder that remembers its last query: each is asked and then ranked, and is encoded once."""

    def __init__(self, encoder: Encoder) -> None:
        self.identity = encoder.identity
        self.languages = encoder.languages
        self.encode_passages = encoder.encode_passages
        self.count_tokens = encoder.count_tokens
        self._encoder = encoder
        self._last: tuple[list[str], Vectors] | None = None

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        if self._last is None or self._last[0] != list(texts):
            self._last = list(texts), self._encoder.encode_queries(texts)
        return self._last[1]


class _LastRead:
    """A reader that remembers its last pairs: each question is asked and then ranked, and is read once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._last: dict[tuple[str, tuple[tuple[str, int], ...]], list[Judgement | None]] = {}

    def read(self, question: str, passages: Sequence[Passage], seconds: float) -> list[Judgement | None]:
        asked = question, tuple((passage.document, passage.order) for passage in passages)
        if asked not in self._last:
            if len(self._last) >= _MOST_READ:
                self._last.clear()
            self._last[asked] = self._reader.read(question, passages, seconds)
        return self._last[asked]


def _jsonl(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _query(row: dict[str, Any]) -> Query:
    said = turns(row.get("conversation") or [])
    text = said[-1].text if said else str(row["text"])
    answers = tuple(str(answer) for answer in row.get("answers") or ())
    return Query(str(row["_id"]), text, answers, bool(row.get("answerable", True)), said[:-1])


def _document(number: str, title: str, text: str, language: str) -> tuple[Document, Passage]:
    text = text or title or number  # a record without text is still one passage
    span = Span(0, len(text))
    passage = Passage(number, 0, span, text, title, (), None, tuple(sentence_spans(text, language=language)), language)
    return Document(path=number, title=title, text=text, sections=(), blocks=(), language=language), passage


def has_relevant(dataset: Dataset, query: Query) -> bool:
    """Whether a passage of the set is said to answer the query."""
    return any(grade > 0 for grade in dataset.qrels.get(query.id, {}).values())


def _lead(answer: Answer) -> str:
    return answer.lead.text if answer.lead else ""


def holds(text: str, answers: Iterable[str]) -> bool:
    """Whether a text contains one of the answers, after lower-casing and folding white space."""
    folded = _fold(text)
    return any(_fold(answer) in folded for answer in answers if answer.strip())


def _fold(text: str) -> str:
    return " ".join(text.lower().split())


def _mean(values: list[float] | list[bool]) -> float | None:
    return _number(float(np.mean(values))) if values else None


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)
