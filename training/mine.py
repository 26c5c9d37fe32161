"""What the program's own retrieval finds for each question: pools to learn from and to judge by, kept in a file.

It knows nothing about tokens or models but the encoder that retrieves.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.common import CachingEncoder
from qa import search
from qa.evaluate import index_dataset, read_dataset

from .data import Example, QuestionSet, Split, fold

POOL = 10
KEPT = 6
_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Found:
    """A passage of a pool, with its fused score and the two that it is made of; the pool is in their order."""

    passage: str
    score: float
    cosine: float
    bm25: float


@dataclass(frozen=True, slots=True)
class Pool:
    """What was found for one question, best first, and the evidence of `qa.types.Evidence` by name."""

    found: tuple[Found, ...]
    evidence: dict[str, float]


def pools(of: QuestionSet, wanted: Collection[str], encoder: CachingEncoder, work: Path) -> dict[str, Pool]:
    """The fused best ten for each wanted question (by id); made once for the same files, encoder and fusion."""
    wanted = sorted(wanted)
    path = work / "pools" / f"{of.name}-{_hash(of, wanted, encoder)}.jsonl"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".tmp")
        with beside.open("w", encoding="utf-8") as file:
            for number, pool in _search(of, wanted, encoder):
                file.write(json.dumps([number, [list(asdict(f).values()) for f in pool.found], pool.evidence]) + "\n")
        beside.rename(path)
    read = {}
    for line in path.read_text("utf-8").splitlines():
        number, found, evidence = json.loads(line)
        read[number] = Pool(tuple(Found(*row) for row in found), evidence)
    return read


def negatives(example: Example, pool: Pool, of: QuestionSet, split: Mapping[str, Split]) -> tuple[str, ...]:
    """The best passages of the pool, at most six, that are for training and neither answer nor hold an answer."""
    answers = [fold(answer) for answer in example.answers if answer.strip()]
    kept = []
    for found in pool.found:
        source = of.sources[found.passage]
        text = fold(source.text)
        if (
            found.passage not in example.passages
            and split[source.article] == "train"
            and not any(answer in text for answer in answers)
        ):
            kept.append(found.passage)
    return tuple(kept[:KEPT])


def _hash(of: QuestionSet, wanted: list[str], encoder: CachingEncoder) -> str:
    files = [hashlib.sha256((of.folder / name).read_bytes()).hexdigest() for name in ("corpus.jsonl", "queries.jsonl")]
    made_by = [encoder.identity.as_json(), POOL, search.CANDIDATES, search.DENSE_SHARE]
    return hashlib.sha256(json.dumps([files, wanted, made_by]).encode()).hexdigest()[:16]


def _search(of: QuestionSet, wanted: list[str], encoder: CachingEncoder):  # type: ignore[no-untyped-def]
    questions = {example.id: example.question for example in of.examples}
    with tempfile.TemporaryDirectory(prefix="qa-mine-") as place:
        engine, _ = index_dataset(read_dataset(of.folder), encoder, Path(place))
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            encoder.encode_queries([questions[number] for number in some])  # many at once, and remembered
            for number in some:
                ranking = engine.search(questions[number], POOL)
                found = tuple(
                    Found(hit.passage.document, round(hit.score, 5), round(hit.cosine, 5), round(hit.bm25, 4))
                    for hit in ranking.hits
                )
                yield number, Pool(found, asdict(ranking.evidence))
        del engine
