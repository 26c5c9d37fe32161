"""How good a reader is on articles that it was not trained on: `python -m training.evaluate --work DIR --model PATH`.

The model is a checkpoint or an exported file. What it says of each pair is read once; figures come from that. It knows
nothing about how readers are trained.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import string
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import CACHE, SETS, CachingEncoder
from qa import metrics
from qa.encoders import default_folder, load_encoder

from .config import Settings, read_settings
from .data import Example, QuestionSet, read_set, split_articles
from .mine import POOL, Pool, pools, wanted
from .sequences import Paired, Sequences, tokenizer
from .train import device_named, load_weights

WEIGHTS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)  # of relevance beside the fused score
FITTED = "squad-v2-dev"  # its fit articles give the weights of the signals together
NEAR = {"squad-v2-dev", "clapnq-dev"}  # with questions whose answer is missing
_DEEP = 3  # passages that may hold the answer
_LONGEST_ANSWER = 30  # tokens
_BATCH_TOKENS = 8192


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader says of a pair: relevance, the logit of "no answer", the best span's, and its text."""

    relevance: float
    nothing: float
    best: float
    answer: str

    @property
    def margin(self) -> float:
        """How much more likely the best span is than none, as a difference of logits."""
        return self.best - self.nothing


@dataclass(frozen=True, slots=True)
class Asked:
    """A judged question with its pool and what was read of each passage, by id, its own included."""

    example: Example
    pool: Pool
    read: Mapping[str, Reading]


Run = Callable[[Sequence[Paired]], list[tuple[float, Any, Any]]]
Signal = Callable[[Asked], float]


def main() -> int:
    """Print and write the figures of one model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("reader.json"))
    parser.add_argument("--sets", type=Path, default=SETS)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="a checkpoint (.safetensors) or an export (.onnx)")
    parser.add_argument("--sample", type=int, default=200, help="questions of each kind and set")
    parser.add_argument("--split", default="held-out", help="held-out or fit")
    parser.add_argument("--only", default="", help="sets, with commas between; all by default")
    parser.add_argument("--out", type=Path, help="a file for the figures, as JSON")
    given = parser.parse_args()
    settings = read_settings(given.config)
    run = opened(given.model, settings)
    sequences = Sequences(tokenizer(default_folder()), settings.sampling)
    report: dict[str, Any] = {}
    fitted = [
        asked
        for of, chosen, pooled in judged(settings, given.sets, given.work, "fit", given.sample)
        if of.name == FITTED
        for asked in read_all(of, chosen, pooled, sequences, run, _DEEP)
    ]
    sure = fit(fitted)
    for of, chosen, pooled in judged(settings, given.sets, given.work, given.split, given.sample):
        if not given.only or of.name in given.only.split(","):
            report[of.name] = figures(of.name, read_all(of, chosen, pooled, sequences, run), sure)
            print(of.name, json.dumps(report[of.name]), flush=True)
    if given.out:
        given.out.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    return 0


def opened(path: Path, settings: Settings) -> Run:
    """A checkpoint's averaged weights in torch, or an exported model in ONNX Runtime, two pairs beside each other."""
    if path.suffix == ".onnx":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        pool = ThreadPoolExecutor(2)

        def one(pair: Paired) -> tuple[float, Any, Any]:
            relevance, start, end = session.run(None, {"ids": np.array([pair.ids], dtype=np.int64)})
            return float(relevance[0]), start[0], end[0]

        return lambda pairs: list(pool.map(one, pairs))
    import torch

    from .model import ReaderNet, stacked

    device = device_named("auto")
    net = ReaderNet(default_folder(), attention="eager" if device.type == "cpu" else "sdpa")
    load_weights(net, path)
    net.to(device).eval()

    def some(pairs: Sequence[Paired]) -> list[tuple[float, Any, Any]]:
        made: list[Any] = [None] * len(pairs)
        order = sorted(range(len(pairs)), key=lambda n: len(pairs[n].ids))
        while order:
            count = max(1, _BATCH_TOKENS // len(pairs[order[-1]].ids))
            order, batch = order[:-count], order[-count:]
            with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
                relevance, start, end = (x.cpu().numpy() for x in net(*stacked([pairs[n] for n in batch], device)))
            for row, n in enumerate(batch):
                made[n] = float(relevance[row]), start[row, : len(pairs[n].ids)], end[row, : len(pairs[n].ids)]
        return made

    return some


def judged(
    settings: Settings, sets: Path, work: Path, split: str, sample: int
) -> list[tuple[QuestionSet, list[Example], dict[str, Pool]]]:
    """Each set with the questions that are judged (a fixed sample of each kind) and their pools."""
    encoder = CachingEncoder(load_encoder(index=CACHE))
    made = []

    def add(of: QuestionSet, own: list[Example], mined: Sequence[str]) -> None:
        chosen = []
        for kind in (True, False):
            some = [example for example in own if example.answerable == kind]
            chosen += random.Random(settings.seed).sample(some, min(sample, len(some)))
        made.append((of, chosen, pools(of, mined, encoder, work)))

    for family in settings.train_on:
        members = [read_set(sets / folder) for folder in family.folders]
        parts = split_articles(members, family, settings.seed)
        for of in members:
            own = [e for e in of.examples if e.passages and parts[of.article(e)] == split]
            add(of, own, wanted(of, parts))
    for folder in settings.judge_on:
        of = read_set(sets / folder)
        add(of, list(of.examples), [example.id for example in of.examples])
    return made


def read_all(
    of: QuestionSet,
    chosen: Sequence[Example],
    pooled: Mapping[str, Pool],
    sequences: Sequences,
    run: Run,
    deep: int = POOL,
) -> list[Asked]:
    """What the model says of every pair of a question with the passages of its pool (so many) and its own."""
    chosen_pairs = [
        (example, passage)
        for example in chosen
        for passage in dict.fromkeys([*(f.passage for f in pooled[example.id].found[:deep]), *example.passages[:1]])
    ]
    pairs = [sequences.whole(example.question, of.sources[p].title, of.sources[p].text) for example, p in chosen_pairs]
    read: dict[str, dict[str, Reading]] = {}
    for (example, passage), (pair, characters), said in zip(
        chosen_pairs, pairs, run([p for p, _ in pairs]), strict=True
    ):
        text = of.sources[passage].text
        relevance, start, end = said
        best, first, last = best_span(start[pair.text : -1], end[pair.text : -1])
        answer = text[characters[first].start : characters[last].end] if characters else ""
        read.setdefault(example.id, {})[passage] = Reading(relevance, float(start[0] + end[0]), best, answer)
    return [Asked(example, pooled[example.id], read[example.id]) for example in chosen]


def best_span(start: Any, end: Any, longest: int = _LONGEST_ANSWER) -> tuple[float, int, int]:
    """The highest sum of a start and an end not before it, at most so many tokens long: sum, start, end."""
    if not len(start):
        return -1e4, 0, 0
    sums = start[:, None] + end[None, :]
    allowed = np.triu(np.ones(sums.shape, dtype=bool)) & ~np.triu(np.ones(sums.shape, dtype=bool), longest)
    place = int(np.argmax(np.where(allowed, sums, -np.inf)))
    first, last = divmod(place, sums.shape[1])
    return float(sums[first, last]), first, last


def fit(asked: Sequence[Asked]) -> Signal:
    """All signals together: a logistic model of what the reader says and what retrieval knows."""
    from sklearn.linear_model import LogisticRegression

    rows = np.array([_row(a) for a in asked])
    mean, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    model = LogisticRegression().fit((rows - mean) / spread, [a.example.answerable for a in asked])
    return lambda a: float(model.decision_function([(_row(a) - mean) / spread])[0])


def _row(a: Asked) -> Any:
    return np.array(
        [*(signal(a) for signal in signals().values()), a.pool.evidence["coverage"], a.pool.evidence["peak"]]
    )


def figures(name: str, asked: Sequence[Asked], together: Signal | None = None) -> dict[str, Any]:
    """All that a set can say of a reader; intervals are of 95 %, from 1,000 samples of its questions."""
    own = [a for a in asked if a.example.answerable and a.example.passages]
    made: dict[str, Any] = {"questions": len(own), "missing": sum(not a.example.answerable for a in asked)}
    for label, order in _orders():
        ranked = [(order(a), dict.fromkeys(a.example.passages, 1.0)) for a in own]
        made[label] = {
            "ndcg@10": _interval([metrics.ndcg(ids, rel, 10) for ids, rel in ranked]),
            "recall@1": _interval(
                [metrics.recall(ids[:1], rel, 1) if len(rel) == 1 else float(ids[0] in rel) for ids, rel in ranked]
            ),
        }
    literal = [a for a in own if a.example.answers]
    if literal:
        pairs = [(a.read[a.example.passages[0]].answer, a.example.answers) for a in literal]
        made["span"] = {
            "f1": _interval([max(f1(said, answer) for answer in answers) for said, answers in pairs]),
            "exact": _interval([float(max(_plain(said) == _plain(x) for x in answers)) for said, answers in pairs]),
        }
    missing = [a for a in asked if not a.example.answerable]
    if name in NEAR and missing:
        made["near_miss"] = {
            label: _auroc([value(a) for a in own], [value(a) for a in missing])
            for label, value in (signals() | own_signals() | ({"together": together} if together else {})).items()
        }
    return made


def signals() -> dict[str, Signal]:
    """What may tell whether the answer is there, of the best passages by fused score."""

    def top(a: Asked) -> list[Reading]:
        return [a.read[found.passage] for found in a.pool.found[:_DEEP]]

    return {
        "relevance": lambda a: max(r.relevance for r in top(a)),
        "margin": lambda a: max(r.margin for r in top(a)),
        "both": lambda a: max(r.relevance + 0.5 * r.margin for r in top(a)),
        "dense": lambda a: a.pool.evidence["top_cosine"],
    }


def own_signals() -> dict[str, Signal]:
    """The same where the passage that a question was written about is known."""

    def own(a: Asked) -> Reading:
        return a.read[a.example.passages[0]]

    return {
        "own passage, relevance": lambda a: own(a).relevance,
        "own passage, margin": lambda a: own(a).margin,
        "own passage, both": lambda a: own(a).relevance + 0.5 * own(a).margin,
    }


def f1(said: str, answer: str) -> float:
    """The overlap of words, articles and punctuation aside (Rajpurkar et al. 2016)."""
    a, b = _plain(said).split(), _plain(answer).split()
    common = sum((Counter(a) & Counter(b)).values())
    return 2 * common / (len(a) + len(b)) if common else float(a == b)


def _plain(text: str) -> str:
    text = "".join(character for character in text.lower() if character not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def _orders() -> list[tuple[str, Callable[[Asked], list[str]]]]:
    def by(weight: float | None) -> Callable[[Asked], list[str]]:
        def order(a: Asked) -> list[str]:
            score = {f.passage: f.score for f in a.pool.found}
            if weight is None:
                return sorted(score, key=lambda p: -a.read[p].relevance)
            return sorted(score, key=lambda p: -(score[p] + weight * a.read[p].relevance))

        return order

    return [*((f"fused + {w} relevance" if w else "fused", by(w)) for w in WEIGHTS), ("reader", by(None))]


def _interval(values: Sequence[float]) -> list[float]:
    """Mean, and the ends of its 95 % bootstrap interval."""
    array = np.asarray(values, dtype=float)
    means = array[np.random.default_rng(1).integers(0, len(array), (1000, len(array)))].mean(axis=1)
    return [round(float(x), 4) for x in (array.mean(), *np.percentile(means, [2.5, 97.5]))]


def _auroc(own: Sequence[float], missing: Sequence[float]) -> list[float]:
    random_ = np.random.default_rng(1)
    a, b = np.asarray(own), np.asarray(missing)
    made = [
        metrics.auroc(a[random_.integers(0, len(a), len(a))], b[random_.integers(0, len(b), len(b))])
        for _ in range(300)
    ]
    return [round(float(x), 4) for x in (metrics.auroc(a, b), *np.percentile(made, [2.5, 97.5]))]


if __name__ == "__main__":
    raise SystemExit(main())
