"""Measures follow-ups: the last turn alone, joined with the previous question, and as the program reads them.

`python -m benchmarks.conversations` prints a table. conversations.jsonl contains conversations written for this project
about passages of squad-v1.1-dev, by their ids; those about half of the articles (`tuned`) were used to choose the
weights of qa.ask.follow_up, as was half of inscit-dev. After each conversation a question about another article is
asked too, to which nothing should be carried over.
"""

from __future__ import annotations

import json
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.common import CACHE, ROOT, SETS, CachingEncoder, CachingReader
from qa.ask.follow_up import Turn
from qa.ask.ranking import Ranking
from qa.engine import Engine
from qa.evaluate import metrics
from qa.evaluate.run import Dataset, LabelledQuery, has_relevant, index_dataset, read_dataset
from qa.models.encoders import load_encoder
from qa.models.protocols import Encoder, Reader

_STRIDE = 7  # distance, in conversations, to the one that the change of topic is taken from


def main() -> int:
    """Measure and print; returns 2 if the sets are missing."""
    if not SETS.is_dir():
        print(f"The development sets are missing ({SETS.name}/ next to the project): nothing was measured.")
        return 2
    print("\n".join(table(measure(CachingEncoder(load_encoder(index=CACHE)), CachingReader()))))
    return 0


def measure(encoder: Encoder, reader: Reader) -> dict[str, dict[str, float]]:
    """nDCG@10 of each way to read a follow-up, and the share of questions with carried words, for each set.

    The reader is used only for the program's own way: the others show retrieval by words and embeddings alone.
    """
    inscit, squad = read_dataset(SETS / "inscit-dev"), read_dataset(SETS / "squad-v1.1-dev")
    figures = {"inscit-dev": _figures(encoder, reader, inscit, {"inscit-dev": inscit})["inscit-dev"]}
    own = {
        name: Dataset(name, squad.passages, [query for query, _ in pairs], {query.id: {p: 1} for query, p in pairs})
        for name, pairs in _own().items()
    }
    return {**figures, **_figures(encoder, reader, squad, own)}


def table(report: dict[str, dict[str, float]]) -> list[str]:
    """The figures as lines of a Markdown table."""
    return [
        "nDCG@10 on conversations, if the query is the last turn alone, or that turn joined with the user's turn",
        "before it, or what this program searches for, without and with its reader. The project's own conversations",
        "(benchmarks/conversations.jsonl) are about passages of squad-v1.1-dev, including articles that the reader was",
        "trained on.",
        "",
        "| set | questions | last turn | joined | without the reader | this program | questions with carried words |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *(
            f"| {name} | {row['questions']:,.0f} | {row['last']:.3f} | {row['joined']:.3f} | {row['ours']:.3f} "
            f"| {row['read']:.3f} | {row['carried']:.0%} |"
            for name, row in report.items()
        ),
    ]


def _figures(
    encoder: Encoder, reader: Reader, passages: Dataset, sets: dict[str, Dataset]
) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as place, tempfile.TemporaryDirectory() as other:
        engine, _ = index_dataset(passages, encoder, Path(place))
        reading, _ = index_dataset(passages, encoder, Path(other), reader=reader)
        return {name: _row(engine, reading, dataset) for name, dataset in sets.items()}


def _row(engine: Engine, reading: Engine, dataset: Dataset) -> dict[str, float]:
    queries = [query for query in dataset.queries if has_relevant(dataset, query)]
    ways: dict[str, Callable[[LabelledQuery], Ranking]] = {
        "last": lambda query: engine.search(query.text),
        "joined": lambda query: engine.search(f"{_before(query)} {query.text}"),
        "ours": lambda query: engine.search(query.text, history=query.history),
        "read": lambda query: reading.search(query.text, history=query.history),
    }
    rankings_by = {name: [way(query) for query in queries] for name, way in ways.items()}
    scores = {
        name: [
            metrics.ndcg([hit.passage.document for hit in ranking.hits], dataset.qrels[query.id])
            for query, ranking in zip(queries, rankings, strict=True)
        ]
        for name, rankings in rankings_by.items()
    }
    return {
        "questions": len(queries),
        **{name: round(float(np.mean(values)), 4) for name, values in scores.items()},
        "carried": round(float(np.mean([bool(ranking.carried) for ranking in rankings_by["ours"]])), 4),
    }


def _before(query: LabelledQuery) -> str:
    return next((turn.text for turn in reversed(query.history) if turn.speaker == "user"), "")


def _own() -> dict[str, list[tuple[LabelledQuery, str]]]:
    """The project's own questions, each with the passage that answers it, by set."""
    lines = (ROOT / "benchmarks" / "conversations.jsonl").read_text("utf-8").splitlines()
    talks = [json.loads(line) for line in lines]
    sets: dict[str, list[tuple[LabelledQuery, str]]] = {}
    for number, talk in enumerate(talks):
        half = "tuned" if zlib.crc32(talk["article"].encode()) % 2 == 0 else "held out"
        history: tuple[Turn, ...] = ()
        for place, turn in enumerate(talk["turns"]):
            query = LabelledQuery(f"{number}-{place}", turn["question"], (), True, history)
            sets.setdefault(f"own conversations, {half}", []).append((query, turn["passage"]))
            history += (Turn("user", turn["question"]), Turn("agent", turn["answer"]))
        other = talks[(number + _STRIDE) % len(talks)]["turns"][0]
        query = LabelledQuery(f"{number}-change", other["question"], (), True, history)
        sets.setdefault(f"change of topic, {half}", []).append((query, other["passage"]))
    return sets


if __name__ == "__main__":
    sys.exit(main())
