"""Ask real questions about real articles: `python -m benchmarks.real [FOLDER …] [--only NAME …] [--failures]`.

FOLDER contains collections: a folder of articles `<name>/` (or one of that name among the shared articles) and its
questions `<name>.jsonl` (`q`, `kind`, `answerable`, `evidence`, `must`, perhaps `history`). A lead is good if it is
shown and contains one of `must`; a passage, if it contains one of `evidence`. All that the reader may read is read,
whatever the time. Collections are never averaged with sets whose questions were written beside their passages.
"""

from __future__ import annotations

import argparse
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import ARTICLES, CACHE, ROOT, SETS
from qa import build_index
from qa.ask.answer import Answer
from qa.ask.follow_up import Turn
from qa.config import Config
from qa.engine import Engine
from qa.evaluate.metrics import auroc
from qa.models.protocols import Reader

REAL = SETS / "real"
OWN = ROOT / "benchmarks" / "collections"  # for measuring alone: nothing is fitted to them
SURE = 0.85  # a confidence from which on an answer counts as sure
_ALL_READ = 60_000.0  # milliseconds


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what a good lead (`must`) and a good passage (`evidence`) contain, folded."""

    id: str
    text: str
    kind: str
    answerable: bool
    evidence: tuple[str, ...]
    must: tuple[str, ...]
    history: tuple[Turn, ...]

    @property
    def is_near_miss(self) -> bool:
        """Whether it is on the topic and in the articles' words, and none of them answers it."""
        return self.kind.startswith("near")


@dataclass(frozen=True, slots=True)
class Collection:
    """A folder of articles with the questions that are asked of it."""

    name: str
    folder: Path
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer to a question, and what was good of it; `evidence` says so of each of its passages."""

    question: Question
    answer: Answer
    lead: bool
    evidence: tuple[bool, ...]


def main() -> int:
    """Print a table of figures for each folder, one column a collection."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, default=[REAL, OWN])
    parser.add_argument("--only", nargs="+", help="collections; all by default")
    parser.add_argument("--json", type=Path, help="a file to write the figures to")
    parser.add_argument("--failures", action="store_true", help="also print each question that went wrong")
    given = parser.parse_args()
    made: dict[str, dict[str, dict[str, float]]] = {}
    for folder in given.folders:
        rows = answered(folder, only=given.only)
        if not rows:
            continue
        everything = [row for own in rows.values() for row in own]
        table = {**{name: figures(own) for name, own in rows.items()}, "all": figures(everything)}
        print("\n".join(["", f"## {folder.name}", "", *as_markdown(table)]))
        if given.failures:
            print("\n".join(failures(everything)))
        made[folder.name] = table
    if given.json:
        given.json.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    return 0


def collections(folder: Path) -> Iterator[Collection]:
    """The collections of a folder, by name."""
    for listed in sorted(folder.glob("*.jsonl")):
        articles = listed.with_suffix("")
        rows = (json.loads(line) for line in listed.read_text("utf-8").splitlines() if line.strip())
        yield Collection(
            listed.stem, articles if articles.is_dir() else ARTICLES / listed.stem, tuple(map(_question, rows))
        )


def answered(folder: Path, reader: Reader | None = None, only: Sequence[str] | None = None) -> dict[str, list[Judged]]:
    """The judged answers to all questions of each collection of a folder, or of those that are named."""
    rows = {}
    for collection in collections(folder):
        if not only or collection.name in only:
            with opened(collection, reader) as engine:
                rows[collection.name] = [judged(q, engine.ask(q.text, 5, q.history)) for q in collection.questions]
    return rows


def opened(collection: Collection, reader: Reader | None = None, threshold: float | None = None) -> Engine:
    """An engine on the collection, whose index is kept in the cache and built anew only for what changed."""
    index = CACHE / "real" / collection.name
    place = Config(corpus=collection.folder, index=index, reader_ms=_ALL_READ, threshold=threshold)
    build_index(place)
    return Engine.open(place, reader=reader)


def judged(question: Question, answer: Answer) -> Judged:
    """What is good of an answer."""
    lead = answer.lead is not None and is_right(question, answer.lead.text)
    texts = [fold(citation.text) for citation in answer.citations]
    return Judged(question, answer, lead, tuple(any(e in text for e in question.evidence) for text in texts))


def is_right(question: Question, text: str) -> bool:
    """Whether a lead contains what a good lead of this question contains."""
    folded = fold(text)
    return question.answerable and any(must and must in folded for must in question.must)


def fold(text: str) -> str:
    """Letters and digits alone, so that white space, quotes, dashes and markup do not count."""
    return re.sub(r"[^\w%$€£.]+|_|(?<!\d)\.|\.(?!\d)", "", unicodedata.normalize("NFKC", text).lower())


def figures(rows: Sequence[Judged]) -> dict[str, float]:
    """Shares of the questions of each kind, by name; not a number where there is none of a kind."""
    own = [row for row in rows if row.question.answerable]
    near = [row for row in rows if row.question.is_near_miss]
    off = [row for row in rows if row.question.kind == "off-topic"]
    shown = [row for row in rows if row.answer.answerable]
    sure = [row for row in shown if row.answer.confidence >= SURE]
    likely = np.array([row.answer.confidence for row in rows])
    right = np.array([float(row.lead) for row in rows])
    return {
        "questions": len(rows),
        **{f"evidence@{count}": share([any(row.evidence[:count]) for row in own]) for count in (1, 3, 5)},
        "good lead": share([row.lead for row in own]),
        "answered": share([row.answer.answerable for row in own]),
        "near-misses answered": share([row.answer.answerable for row in near]),
        "off-topic answered": share([row.answer.answerable for row in off]),
        "right of shown": share([row.lead for row in shown]),
        f"right of shown at {SURE}": share([row.lead for row in sure]),
        f"shown at {SURE}": len(sure),
        "AUROC own / near-miss": auroc(*([row.answer.confidence for row in side] for side in (own, near))),
        "Brier": float(np.mean((likely - right) ** 2)),
        "good leads at 9 in 10 right": good_at(0.9, likely, right) / len(own),
    }


def good_at(precision: float, likely: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """How many are right of the largest number of the surest of which at least this share is; 0 if there is none."""
    ordered = right[np.argsort(-likely, kind="stable")]
    precise = np.flatnonzero(ordered.cumsum() >= precision * np.arange(1, len(ordered) + 1))
    return float(ordered[: precise[-1] + 1].sum()) if len(precise) else 0.0


def share(values: Iterable[float]) -> float:
    """The mean of numbers or truths; not a number if there are none."""
    numbers = [float(value) for value in values]
    return float(np.mean(numbers)) if numbers else float("nan")


def as_markdown(table: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """A table with one column for each collection."""
    yield f"| | {' | '.join(table)} |"
    yield f"|---|{'--:|' * len(table)}"
    for name, value in table["all"].items():
        form = "{:.0f}" if isinstance(value, int) else "{:.2f}"
        yield f"| {name} | {' | '.join(form.format(own[name]) for own in table.values())} |"


def failures(rows: Sequence[Judged]) -> Iterator[str]:
    """Each question with a wrong lead or none, or that should not have been answered, the surest first."""
    for row in sorted(rows, key=lambda row: -row.answer.confidence):
        lead, question = row.answer.lead, row.question
        if row.lead or (lead is None and not question.answerable):
            continue
        kind = "refused" if lead is None else "wrong lead" if question.answerable else "answered"
        where = next((str(n) for n, good in enumerate(row.evidence, 1) if good), "none")
        text = "" if lead is None else " ".join(lead.text.split())[:160]
        yield f"{row.answer.confidence:.2f} {kind} [evidence in {where}] {question.id}: {question.text}"
        yield f"     {row.answer.citations[0].document if row.answer.citations else '-'}: {text}"


def _question(row: Mapping[str, Any]) -> Question:
    evidence = tuple(map(fold, row.get("evidence") or ()))
    must = tuple(map(fold, row.get("must") or ())) or evidence
    history = tuple(Turn("user", text) for text in row.get("history") or ())
    return Question(row["id"], row["q"], row["kind"], row["answerable"], evidence, must, history)


if __name__ == "__main__":
    raise SystemExit(main())
