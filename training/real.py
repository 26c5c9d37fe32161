"""Evaluates a reader on articles as people keep them: `python -m training.real --questions DIR --work DIR`.

A collection is a file `<name>.jsonl` of questions (`id`, `q`, `kind`, `answerable`, `evidence`, `must`, and optionally
`history`) next to a folder `<name>` of articles, or to one below `--articles`. The program indexes and searches the
articles once, and the results are kept in the work folder; a reader then reads the best ten of each question. Such
collections are for evaluation only, never for training.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.real import fold
from qa.ask import fusion, rereading, search
from qa.ask.follow_up import Turn
from qa.config import Config
from qa.engine import Engine
from qa.evaluate import metrics
from qa.models.encoders import default_folder
from qa.models.reader import best_span, shipped_folder
from qa.text.document import Span
from qa.text.passages import PassageSettings

from .config import read_settings
from .evaluate import Run, opened
from .sequences import Sequences, tokenizer

# Checkpoints and settings are chosen on the first; the others show whether the choice generalises to other articles.
CHOSEN_BY = frozenset({"handbook", "cpp-docs", "law", "recipes"})
LEAD_PASSAGES = 3


@dataclass(frozen=True, slots=True)
class RankedPassage:
    """A passage of a pool with its fused score; `sentences` are spans of its `text`."""

    score: float
    title: str
    section: tuple[str, ...]
    text: str
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its pool, best first; `text` is what the reader gets, `evidence` and `must` are folded."""

    id: str
    kind: str
    text: str
    answerable: bool
    evidence: tuple[str, ...]
    must: tuple[str, ...]
    pool: tuple[RankedPassage, ...]


@dataclass(frozen=True, slots=True)
class Output:
    """A reader's output for a passage: its relevance, and for each sentence that it read, by number, the logits minus
    that of "no answer" of an answer inside it (`margins`) and of the sentence as the answer (`units`, if trained).
    """

    relevance: float
    margins: Mapping[int, float]
    units: Mapping[int, float]


def main() -> int:
    """Print the figures of one reader, for each collection and for both groups of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("reader-2.json"))
    parser.add_argument("--questions", type=Path, required=True, help="the folder of the collections")
    parser.add_argument("--articles", type=Path, help="where the articles are that do not stand beside their questions")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=shipped_folder() / "model.onnx", help="a checkpoint or an export")
    parser.add_argument("--only", default="", help="collections, with commas between; all by default")
    parser.add_argument("--out", type=Path, help="a file for the figures, as JSON")
    given = parser.parse_args()
    settings = read_settings(given.config)
    run, sequences = opened(given.model, settings), Sequences(tokenizer(default_folder()), settings.sampling)
    rows: dict[str, list[tuple[Asked, list[Output]]]] = {}
    for listed in sorted(given.questions.glob("*.jsonl")):
        if not given.only or listed.stem in given.only.split(","):
            asked = pools(listed, given.articles, given.work / "real")
            rows[listed.stem] = list(zip(asked, read_all(asked, sequences, run), strict=True))
            print(listed.stem, json.dumps(figures(rows[listed.stem])), flush=True)
    report = {name: figures(own) for name, own in rows.items()}
    for part, chosen in (("chosen by", True), ("held aside", False)):
        own = [row for name, some in rows.items() if (name in CHOSEN_BY) == chosen for row in some]
        if own:
            report[part] = figures(own)
            print(part, json.dumps(report[part]), flush=True)
    if given.out:
        given.out.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    return 0


def pools(listed: Path, articles: Path | None, work: Path) -> list[Asked]:
    """The questions of a collection with the program's results for them, cached for the same questions."""
    made_by = [search.CANDIDATES, fusion.DENSE_SHARE, PassageSettings().as_json()]
    key = hashlib.sha256(listed.read_bytes() + json.dumps(made_by).encode()).hexdigest()[:16]
    path = work / "pools" / f"{listed.stem}-{key}.jsonl"
    if not path.is_file():
        folder = listed.with_suffix("")
        if not folder.is_dir() and articles is not None:
            folder = articles / listed.stem
        path.parent.mkdir(parents=True, exist_ok=True)
        found = _search(listed, folder, work / "index" / listed.stem)
        beside = path.with_suffix(".tmp")
        beside.write_text("".join(json.dumps(asdict(each)) + "\n" for each in found), "utf-8")
        beside.rename(path)
    return [_asked(json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def _search(listed: Path, folder: Path, index: Path) -> Iterable[Asked]:
    config = Config(corpus=folder, index=index, reader="off")
    # In a separate process, since a build permanently lowers the priority of its process.
    place = ["--corpus", str(folder), "--index", str(index)]
    subprocess.run([sys.executable, "-m", "qa", "build", *place], check=True, stdout=sys.stderr)  # noqa: S603 (our own program)
    engine = Engine.open(config)
    for line in listed.read_text("utf-8").splitlines():
        row = json.loads(line)
        history = [Turn("user", text) for text in row.get("history") or ()]
        ranking = engine.search(row["q"], rereading.READ, history)
        pool = tuple(
            RankedPassage(
                round(hit.score, 5),
                hit.passage.title,
                hit.passage.section,
                hit.passage.text,
                tuple(
                    Span(s.start - hit.passage.span.start, s.end - hit.passage.span.start)
                    for s in hit.passage.sentences or (hit.passage.span,)
                ),
            )
            for hit in ranking.hits
        )
        evidence = tuple(fold(text) for text in row.get("evidence") or ())
        must = tuple(fold(text) for text in row.get("must") or ()) or evidence
        yield Asked(row["id"], row["kind"], ranking.query.text, row["answerable"], evidence, must, pool)


def _asked(row: Mapping[str, Any]) -> Asked:
    pool = tuple(
        RankedPassage(
            each["score"],
            each["title"],
            tuple(each["section"]),
            each["text"],
            tuple(Span(s["start"], s["end"]) for s in each["sentences"]),
        )
        for each in row["pool"]
    )
    return Asked(
        row["id"], row["kind"], row["text"], row["answerable"], tuple(row["evidence"]), tuple(row["must"]), pool
    )


def read_all(asked: Sequence[Asked], sequences: Sequences, run: Run) -> list[list[Output]]:
    """The reader's output for each passage of each question's pool."""
    wanted = [(each, shown) for each in asked for shown in each.pool]
    pairs = [sequences.whole(each.text, shown.title, shown.text, shown.section) for each, shown in wanted]
    said = run([pair for pair, _ in pairs])
    made = iter(
        _said(shown, pair.text, characters, *outputs)
        for (_, shown), (pair, characters), outputs in zip(wanted, pairs, said, strict=True)
    )
    return [[next(made) for _ in each.pool] for each in asked]


def _said(
    shown: RankedPassage,
    first: int,
    characters: Sequence[Span],
    relevance: float,
    start: Any,
    end: Any,
    unit: Any = None,
) -> Output:
    places = [span.start for span in characters]
    margins, units = {}, {}
    for number, sentence in enumerate(shown.sentences):
        left, right = (first + bisect_left(places, at) for at in (sentence.start, sentence.end))
        if left < right:
            margins[number] = float(best_span(start[left:right], end[left:right])[0] - start[0] - end[0])
            if unit is not None:
                units[number] = float(np.mean(unit[left:right]) - unit[0])
    return Output(relevance, margins, units)


# --- figures ----------------------------------------------------------------------------------------------------------

Row = tuple[Asked, list[Output]]


def figures(rows: Sequence[Row]) -> dict[str, float | int]:
    """Shares of the answerable questions, and the AUROC of these against near-misses."""
    own = [row for row in rows if row[0].answerable]
    near = [row for row in rows if row[0].kind.startswith("near")]
    made: dict[str, float | int] = {"questions": len(own), "near": len(near)}
    for name, order in (("fused", _fused), ("in use", _in_use), ("reader", _reader)):
        for count in (1, 3, 5):
            made[f"evidence@{count}, {name}"] = _share([_holds(a, order(a, said)[:count]) for a, said in own])
    trained = any(said.units for _, row in rows for said in row)
    scores: dict[str, Callable[[Output], Mapping[int, float]]] = {"margin": lambda s: s.margins}
    if trained:
        scores["unit"] = lambda s: s.units
        scores["both"] = lambda s: {n: s.margins[n] / 2 + u for n, u in s.units.items()}
    for name, score in scores.items():
        chosen = [_right(a, s, score) for a, s in own]
        made[f"right unit of its passage, {name}"] = _share([right for right in chosen if right is not None])
        made[f"right lead of three, {name}"] = _share([_lead(a, s, score) for a, s in own])
        made[f"AUROC near, best {name}"] = _auroc(own, near, partial(_best, score))
    made["AUROC near, best relevance"] = _auroc(own, near, lambda s: s.relevance)
    return made


def _fused(asked: Asked, said: Sequence[Output]) -> list[int]:
    return list(range(len(asked.pool)))


def _reader(asked: Asked, said: Sequence[Output]) -> list[int]:
    return sorted(range(len(said)), key=lambda n: -said[n].relevance)


def _in_use(asked: Asked, said: Sequence[Output]) -> list[int]:
    """The order of passages by what `qa.ask.rereading` takes from the reader itself."""

    def score(n: int) -> float:
        unit = max(said[n].units.values(), default=0.0)
        return rereading.reread_score(asked.pool[n].score, said[n].relevance, unit, 0.0, None)

    return sorted(range(len(said)), key=lambda n: -score(n))


def _holds(asked: Asked, numbers: Sequence[int]) -> bool:
    texts = [fold(asked.pool[n].text) for n in numbers]
    return any(evidence in text for text in texts for evidence in asked.evidence)


def _answers(asked: Asked, shown: RankedPassage, sentence: int) -> bool:
    text = fold(shown.sentences[sentence].of(shown.text))
    return any(must and must in text for must in asked.must)


def _right(asked: Asked, said: Sequence[Output], score: Callable[[Output], Mapping[int, float]]) -> bool | None:
    """Whether the best unit is right in the first passage with the answer in a unit; None if there is none."""
    for shown, own in zip(asked.pool, said, strict=True):
        if any(_answers(asked, shown, n) for n in range(len(shown.sentences))):
            values = score(own)
            return bool(values) and _answers(asked, shown, max(values, key=lambda n: values[n]))
    return None


def _lead(asked: Asked, said: Sequence[Output], score: Callable[[Output], Mapping[int, float]]) -> bool:
    """Whether the unit with the best sum of its score and its passage's relevance is right, of the first three."""
    best = [
        (value + said[n].relevance, n, sentence)
        for n in _in_use(asked, said)[:LEAD_PASSAGES]
        for sentence, value in score(said[n]).items()
    ]
    if not best:
        return False
    _, passage, sentence = max(best)
    return _answers(asked, asked.pool[passage], sentence)


def _auroc(own: Sequence[Row], near: Sequence[Row], value: Callable[[Output], float]) -> float:
    if not own or not near:
        return float("nan")
    high, low = ([max(map(value, said), default=-1e4) for _, said in rows] for rows in (own, near))
    return round(metrics.auroc(high, low), 4)


def _best(score: Callable[[Output], Mapping[int, float]], said: Output) -> float:
    return max(score(said).values(), default=-1e4)


def _share(values: Sequence[bool]) -> float:
    return round(float(np.mean(values)), 4) if values else float("nan")


if __name__ == "__main__":
    raise SystemExit(main())
