"""Evaluates a reader on articles that it was not trained on: `python -m training.evaluate --work DIR --model PATH`.

The model is a checkpoint or an exported file. It is run once on each pair, and all figures are computed from that.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import CACHE, SETS, CachingEncoder
from qa.models.encoders import default_folder, load_encoder
from qa.models.onnx_encoder import runtime
from qa.models.reader import best_span

from .config import Settings, read_settings
from .data import Example, QuestionSet, find_set, read_set, split_articles
from .figures import DEEP, Asked, Reading, figures, fit
from .mine import POOL, Pool, pools, wanted
from .sequences import Paired, Sequences, tokenizer
from .train import device_named, has_unit, load_weights, precision

FITTED = "squad-v2-dev"  # the weights of the combined signals are fitted on its articles for fitting
_BATCH_TOKENS = 8192
_NO_SPAN = -1e4, 0, 0  # the result of `best_span` for a passage without tokens

Run = Callable[[Sequence[Paired]], list[tuple[Any, ...]]]  # relevance, start, end, and unit if the model has it


def main() -> int:
    """Print and write the figures of one model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("reader.json"))
    parser.add_argument("--sets", type=Path, default=[SETS], nargs="+", help="folders of sets")
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
        for asked in read_all(of, chosen, pooled, sequences, run, DEEP)
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
    """A checkpoint's averaged weights in torch, or an exported model in ONNX Runtime with two pairs in parallel."""
    if path.suffix == ".onnx":
        onnxruntime = runtime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        pool = ThreadPoolExecutor(2)

        def one(pair: Paired) -> tuple[Any, ...]:
            relevance, *tokens = session.run(None, {"ids": np.array([pair.ids], dtype=np.int64)})
            return float(relevance[0]), *(each[0] for each in tokens)

        return lambda pairs: list(pool.map(one, pairs))
    import torch

    from .model import ReaderNet, stacked

    device = device_named("auto")
    net = ReaderNet(default_folder(), attention="eager" if device.type == "cpu" else "sdpa", unit=has_unit(path))
    load_weights(net, path)
    net.to(device).eval()

    low = precision(settings.precision, device) == "bfloat16"

    def some(pairs: Sequence[Paired]) -> list[tuple[Any, ...]]:
        made: list[Any] = [None] * len(pairs)
        order = sorted(range(len(pairs)), key=lambda n: len(pairs[n].ids))
        while order:
            count = max(1, _BATCH_TOKENS // len(pairs[order[-1]].ids))
            order, batch = order[:-count], order[-count:]
            with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=low):
                relevance, *tokens = (x.cpu().numpy() for x in net(*stacked([pairs[n] for n in batch], device)))
            for row, n in enumerate(batch):
                made[n] = float(relevance[row]), *(each[row, : len(pairs[n].ids)] for each in tokens)
        return made

    return some


def judged(
    settings: Settings, sets: Sequence[Path], work: Path, split: str, sample: int
) -> list[tuple[QuestionSet, list[Example], dict[str, Pool]]]:
    """Each set with the evaluated questions (a fixed sample of each kind) and their pools."""
    encoder = CachingEncoder(load_encoder(index=CACHE))
    made = []

    def add(of: QuestionSet, own: list[Example], mined: Sequence[str]) -> None:
        chosen = []
        for kind in (True, False):
            some = [example for example in own if example.answerable == kind]
            chosen += random.Random(settings.seed).sample(some, min(sample, len(some)))
        made.append((of, chosen, pools(of, mined, encoder, work)))

    for family in (each for each in settings.train_on if each.mined):
        members = [read_set(find_set(sets, folder)) for folder in family.folders]
        parts = split_articles(members, family, settings.seed)
        for of in members:
            own = [e for e in of.examples if e.passages and parts[of.article(e)] == split]
            add(of, own, wanted(of, parts))
    for folder in settings.judge_on:
        of = read_set(find_set(sets, folder))
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
    """Run the model on every pair of a question with the first passages of its pool, and with its own passage."""
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
        relevance, start, end, *_ = said
        starts, ends = start[pair.text : -1], end[pair.text : -1]
        best, first, last = best_span(starts, ends) if len(starts) else _NO_SPAN
        answer = text[characters[first].start : characters[last].end] if characters else ""
        read.setdefault(example.id, {})[passage] = Reading(relevance, float(start[0] + end[0]), best, answer)
    return [Asked(example, pooled[example.id], read[example.id]) for example in chosen]


if __name__ == "__main__":
    raise SystemExit(main())
