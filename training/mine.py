"""What the program's own retrieval finds for each question, to learn from and to judge by.

`python -m training.mine --sets DIR --work DIR` writes the negatives of all questions to train on. It knows nothing
about the reader.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.common import CACHE, SETS, CachingEncoder
from qa.ask import fusion, search
from qa.evaluate.run import index_dataset, read_dataset
from qa.models.encoders import load_encoder

from .config import Settings, read_settings
from .data import NEGATIVES, Example, QuestionSet, Split, fold, made_for, read_set, split_articles

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
    """What was found for one question, best first, and the evidence of `qa.ask.ranking.Evidence` by name."""

    found: tuple[Found, ...]
    evidence: dict[str, float]


def main() -> int:
    """Write `negatives.json` for the settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("reader.json"))
    parser.add_argument("--sets", type=Path, default=SETS)
    parser.add_argument("--work", type=Path, required=True)
    given = parser.parse_args()
    mined = mine(read_settings(given.config), given.sets, given.work)
    print(*(f"{name}: {len(own)} questions" for name, own in mined.items()), sep="\n")
    return 0


def mine(settings: Settings, sets: Path, work: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """Set → question to train on → its negatives, as they are written; a question of two sets is trained on once."""
    encoder = CachingEncoder(load_encoder(index=CACHE))
    mined: dict[str, dict[str, tuple[str, ...]]] = {}
    for family in settings.train_on:
        members = [read_set(sets / folder) for folder in family.folders]
        split = split_articles(members, family, settings.seed)
        seen: set[str] = set()
        for of in members:
            found = pools(of, wanted(of, split), encoder, work)
            chosen = [e for e in of.examples if e.passages and split[of.article(e)] == "train" and e.id not in seen]
            mined[of.name] = {e.id: negatives(e, found[e.id], of, split) if e.answerable else () for e in chosen}
            seen.update(mined[of.name])
    (work / NEGATIVES).write_text(json.dumps({"made_for": made_for(settings), "negatives": mined}), "utf-8")
    return mined


def wanted(of: QuestionSet, split: Mapping[str, Split]) -> list[str]:
    """The questions whose pools are needed: all but those without an answer about articles to train on."""
    return [e.id for e in of.examples if e.answerable or not e.passages or split[of.article(e)] != "train"]


def pools(of: QuestionSet, ids: Collection[str], encoder: CachingEncoder, work: Path) -> dict[str, Pool]:
    """The fused best ten for each of these questions; made once for the same files, encoder and fusion."""
    ids = sorted(ids)
    path = work / "pools" / f"{of.name}-{_hash(of, ids, encoder)}.jsonl"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".tmp")
        with beside.open("w", encoding="utf-8") as file:
            for number, pool in _search(of, ids, encoder):
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


def _hash(of: QuestionSet, ids: list[str], encoder: CachingEncoder) -> str:
    files = [hashlib.sha256((of.folder / name).read_bytes()).hexdigest() for name in ("corpus.jsonl", "queries.jsonl")]
    made_by = [encoder.identity.as_json(), POOL, search.CANDIDATES, fusion.DENSE_SHARE]
    return hashlib.sha256(json.dumps([files, ids, made_by]).encode()).hexdigest()[:16]


def _search(of: QuestionSet, ids: list[str], encoder: CachingEncoder) -> Iterator[tuple[str, Pool]]:
    questions = {example.id: example.question for example in of.examples}
    with tempfile.TemporaryDirectory(prefix="qa-mine-") as place:
        engine, _ = index_dataset(read_dataset(of.folder), encoder, Path(place))
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            encoder.encode_queries([questions[number] for number in some])  # many at once, and remembered
            for number in some:
                ranking = engine.search(questions[number], POOL)
                found = tuple(
                    Found(hit.passage.document, round(hit.score, 5), round(hit.cosine, 5), round(hit.bm25, 4))
                    for hit in ranking.hits
                )
                yield number, Pool(found, asdict(ranking.evidence))
        del engine


if __name__ == "__main__":
    raise SystemExit(main())
