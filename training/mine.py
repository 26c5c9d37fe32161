"""Mines the program's own retrieval results for each question, for training and evaluation.

`python -m training.mine --sets DIR --work DIR` writes the negatives of all training questions; with `--by words` they
are found by common words only, in a minute and without the encoder.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.common import CACHE, SETS, CachingEncoder
from qa.ask import fusion, search
from qa.evaluate.run import Dataset, index_dataset
from qa.models.encoders import load_encoder

from .config import Settings, read_settings
from .data import Example, QuestionSet, Split, file_hash, find_set, fold, made_for, read_set, split_articles

POOL = 10
KEPT = 6
_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class PoolPassage:
    """A passage of a pool, with its fused score and the two scores combined in it; the pool is ordered by them."""

    passage: str
    score: float
    cosine: float
    bm25: float


@dataclass(frozen=True, slots=True)
class Pool:
    """The passages found for one question, best first, and the fields of `qa.ask.ranking.Evidence` by name."""

    found: tuple[PoolPassage, ...]
    evidence: dict[str, float]


def main() -> int:
    """Write the negatives for the settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("reader.json"))
    parser.add_argument("--sets", type=Path, default=[SETS], nargs="+", help="folders of sets")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--by", choices=("fused", "words"), default="fused")
    given = parser.parse_args()
    mined = mine(read_settings(given.config), given.sets, given.work, given.by)
    print(*(f"{name}: {len(own)} questions" for name, own in mined.items()), sep="\n")
    return 0


def mine(
    settings: Settings, sets: Sequence[Path], work: Path, by: str = "fused"
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Set → training question → its negatives, in the form of the file; a question of two sets is used once.

    Those of an unanswerable question are the passages that were searched for an answer in vain.
    """
    encoder = CachingEncoder(load_encoder(index=CACHE)) if by == "fused" else None
    beside = settings.sampling.same_article > 0
    mined: dict[str, dict[str, tuple[str, ...]]] = {}
    for family in settings.train_on:
        members = [read_set(find_set(sets, folder), family.near) for folder in family.folders]
        split = split_articles(members, family, settings.seed)
        seen: set[str] = set()
        for of in members:
            chosen = [e for e in of.examples if e.passages and split[of.article(e)] == "train" and e.id not in seen]
            found: dict[str, Pool] = {}
            if family.mined:
                found = pools(of, wanted(of, split), encoder, work) if encoder else by_words(of, chosen)
            own = {}
            for e in chosen:
                if not e.answerable:
                    own[e.id] = tuple(p for p in e.passages if split[of.sources[p].article] == "train")
                elif not family.mined:
                    own[e.id] = ()
                elif beside:
                    own[e.id] = with_neighbours(e, found[e.id], of, split)
                else:
                    own[e.id] = negatives(e, found[e.id], of, split)
            mined[of.name] = own
            seen.update(own)
    work.mkdir(parents=True, exist_ok=True)
    (work / settings.negatives).write_text(json.dumps({"made_for": made_for(settings), "negatives": mined}), "utf-8")
    return mined


def wanted(of: QuestionSet, split: Mapping[str, Split]) -> list[str]:
    """The questions whose pools are needed: all except unanswerable ones about training articles."""
    return [e.id for e in of.examples if e.answerable or not e.passages or split[of.article(e)] != "train"]


def pools(of: QuestionSet, ids: Collection[str], encoder: CachingEncoder, work: Path) -> dict[str, Pool]:
    """The best ten passages by fused score for each question; cached for the same files, encoder and fusion."""
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
        read[number] = Pool(tuple(PoolPassage(*row) for row in found), evidence)
    return read


def by_words(of: QuestionSet, chosen: Sequence[Example]) -> dict[str, Pool]:
    """The best ten passages by the words in common with the question, weighted by TF-IDF."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    asked = [e for e in chosen if e.answerable]
    ids = list(of.sources)
    words = TfidfVectorizer(sublinear_tf=True, stop_words="english")
    passages = words.fit_transform([f"{s.title}. {s.text}" for s in of.sources.values()]).T.tocsr()
    made = {}
    for start in range(0, len(asked), _AT_ONCE):
        some = asked[start : start + _AT_ONCE]
        scores = (words.transform([e.question for e in some]) @ passages).toarray()
        for example, row in zip(some, scores, strict=True):
            best = np.argsort(-row, kind="stable")[:POOL].tolist()
            made[example.id] = Pool(tuple(PoolPassage(ids[n], float(row[n]), 0.0, float(row[n])) for n in best), {})
    return made


def negatives(example: Example, pool: Pool, of: QuestionSet, split: Mapping[str, Split]) -> tuple[str, ...]:
    """The best passages of the pool, at most six, for training that neither answer nor contain an answer."""
    return _fitting(example, (found.passage for found in pool.found), of, split)[:KEPT]


def with_neighbours(example: Example, pool: Pool, of: QuestionSet, split: Mapping[str, Split]) -> tuple[str, ...]:
    """At most six passages of the question's article (from the pool, then the nearest ones) and six others of the pool.

    All are for training and neither answer nor contain an answer.
    """
    article = of.article(example)
    found = [each.passage for each in pool.found]
    whole = of.articles[article]
    places = [whole.index(p) for p in example.passages if of.sources[p].article == article]
    nearest = sorted(whole, key=lambda p: min(abs(whole.index(p) - place) for place in places))[: 4 * KEPT]
    own = [p for p in dict.fromkeys([*found, *nearest]) if of.sources[p].article == article]
    far = [p for p in found if of.sources[p].article != article]
    return _fitting(example, own, of, split)[:KEPT] + _fitting(example, far, of, split)[:KEPT]


def _fitting(example: Example, passages: Iterable[str], of: QuestionSet, split: Mapping[str, Split]) -> tuple[str, ...]:
    answers = [fold(answer) for answer in example.answers if answer.strip()]
    kept = []
    for passage in passages:
        source = of.sources[passage]
        text = fold(source.text)
        if (
            passage not in example.passages
            and split[source.article] == "train"
            and not any(answer in text for answer in answers)
        ):
            kept.append(passage)
    return tuple(kept)


def _hash(of: QuestionSet, ids: list[str], encoder: CachingEncoder) -> str:
    files = file_hash(of.folder)
    made_by = [encoder.identity.as_json(), POOL, search.CANDIDATES, fusion.DENSE_SHARE]
    return hashlib.sha256(json.dumps([files, ids, made_by]).encode()).hexdigest()[:16]


def _search(of: QuestionSet, ids: list[str], encoder: CachingEncoder) -> Iterator[tuple[str, Pool]]:
    questions = {example.id: example.question for example in of.examples}
    with tempfile.TemporaryDirectory(prefix="qa-mine-") as place:
        engine, _ = index_dataset(_dataset(of), encoder, Path(place))
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            encoder.encode_queries([questions[number] for number in some])  # in batches, and cached
            for number in some:
                ranking = engine.search(questions[number], POOL)
                found = tuple(
                    PoolPassage(hit.passage.document, round(hit.score, 5), round(hit.cosine, 5), round(hit.bm25, 4))
                    for hit in ranking.hits
                )
                yield number, Pool(found, asdict(ranking.evidence))
        del engine


def _dataset(of: QuestionSet) -> Dataset:
    return Dataset(of.name, [(s.id, s.title, s.text) for s in of.sources.values()], [], {})


if __name__ == "__main__":
    raise SystemExit(main())
