"""Compares the run-time encoder with sentence-transformers: `python -m benchmarks.encoding [--quality N]`.

Speed is measured on natural passages of 60 to 160 words, alternating with sentence-transformers' default (batches of
32, fp32) and its bfloat16, so that the ratios are valid on a shared machine. `--quality` adds the nDCG@10 of both on
the development sets, over at most N questions of each. Prints tables and writes docs/encoding.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import ROOT, SETS, machine
from qa.evaluate import metrics
from qa.evaluate.run import has_relevant, index_dataset, read_dataset
from qa.models.encoders import default_folder, load_encoder, shipped_encoder
from qa.models.protocols import Encoder, Vectors
from qa.models.torch_encoder import TorchEncoder

_DATASETS = ("squad-v2-dev", "clapnq-dev", "cranfield", "squad-v1.1-dev", "inscit-dev")
_PASSAGES, _ROUNDS, _QUESTIONS = 96, 9, 30


def main() -> int:
    """Measure, print and write; returns 2 if the sets are missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quality", type=int, metavar="N", help="compare nDCG@10 too, over at most N questions a set")
    limit = parser.parse_args().quality
    if not SETS.is_dir():
        print(f"The development sets are missing ({SETS.name}/ next to the project): nothing was measured.")
        return 2
    exported = shipped_encoder()
    report: dict[str, Any] = {
        "date": date.today().isoformat(),
        "machine": machine(),
        "runtime": exported.identity.runtime,
    }
    plain = load_encoder()
    half = TorchEncoder(default_folder(), "bfloat16", "")
    half.model.bfloat16()
    report |= _speed({"fp32": plain, "bfloat16": half, report["runtime"]: exported})
    if limit:
        report["ndcg@10"] = {name: _ndcg(name, limit, plain, exported) for name in _DATASETS}
    (ROOT / "docs" / "encoding.json").write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    print(json.dumps(report, indent=1))
    return 0


def _speed(encoders: dict[str, Encoder]) -> dict[str, Any]:
    """Passages a second and milliseconds a question: medians over the rounds, and the ratios of each round."""
    passages, questions = _passages(), [query.text for query in read_dataset(SETS / "clapnq-dev", _QUESTIONS).queries]
    rows = {name: encoder.encode_passages(passages) for name, encoder in encoders.items()}  # the first run is not timed
    rates: dict[str, list[float]] = {name: [] for name in encoders}
    waits: dict[str, list[float]] = {name: [] for name in encoders}
    for _ in range(_ROUNDS):
        for name, encoder in encoders.items():
            rates[name].append(len(passages) / _seconds(encoder.encode_passages, passages))
            waits[name] += [1e3 * _seconds(encoder.encode_queries, [question]) for question in questions]
    speeds = {}
    for name in encoders:
        ratios = [rate / first for rate, first in zip(rates[name], rates["fp32"], strict=True)]
        cosines = np.sum(rows[name] * rows["fp32"], axis=1)
        speeds[name] = {
            "passages_per_second": round(statistics.median(rates[name]), 1),
            "ratio": [round(value, 2) for value in (statistics.median(ratios), min(ratios), max(ratios))],
            "question_ms": round(statistics.median(waits[name]), 2),
            "cosine": [round(float(value), 4) for value in (np.mean(cosines), np.min(cosines))],
        }
        print(f"{name:>10}", speeds[name], flush=True)
    return {"encoders": speeds}


def _passages() -> list[str]:
    """Passages of 60 to 160 words, in the order of the corpus."""
    texts = [text for _, _, text in read_dataset(SETS / "clapnq-dev", 1).passages]
    return [text for text in texts if 60 <= len(text.split()) <= 160][:_PASSAGES]


def _seconds(encode: Callable[[Sequence[str]], Vectors], texts: Sequence[str]) -> float:
    started = time.perf_counter()
    encode(texts)
    return time.perf_counter() - started


def _ndcg(name: str, limit: int, *encoders: Encoder) -> list[float]:
    """nDCG@10 on one set with each encoder, and the difference of the last to the first."""
    dataset = read_dataset(SETS / name, limit)
    scores = []
    for encoder in encoders:
        with tempfile.TemporaryDirectory() as place:
            engine, _ = index_dataset(dataset, encoder, Path(place))
            judged = [query for query in dataset.queries if has_relevant(dataset, query)]
            ranked = [[hit.passage.document for hit in engine.search(query.text, 10).hits] for query in judged]
            values = [metrics.ndcg(paths, dataset.qrels[q.id], 10) for q, paths in zip(judged, ranked, strict=True)]
            scores.append(float(np.mean(values)))
            del engine
    print(name, scores, flush=True)
    return [round(value, 4) for value in (*scores, scores[0] - scores[-1])]


if __name__ == "__main__":
    sys.exit(main())
