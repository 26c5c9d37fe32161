"""Exports a checkpoint as the shipped reader: `python -m training.export --checkpoint PATH --sets DIR [--target DIR]`.

Several checkpoints are averaged, with equal or the given `--shares`. The graph takes the `ids` of one pair, shape
(1, tokens), and returns `relevance` (1,), `start` and `end` (1, tokens), and `unit` (1, tokens) if that was trained.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.common import ROOT, SETS
from qa.models.encoders import default_folder
from qa.models.export.layers import fuse_attention, observed, to_int8, trace
from qa.models.onnx_encoder import runtime

from .config import read_settings
from .data import find_set, read_set
from .model import ReaderNet, stacked
from .sequences import LONGEST, MOST_QUESTION, Paired, Sequences, tokenizer
from .train import has_unit, load_mean

TARGET = ROOT / "qa" / "models" / "weights" / "reader"
MODEL, TOKENIZER, DESCRIPTION = "model.onnx", "tokenizer.json", "reader.json"
MOST_BYTES = 25_000_000
FORMAT_VERSION = 1
_WATCHED = 50  # pairs of each set on which the layers' inputs are observed
_MADE_WITH = ("torch", "transformers", "onnx", "onnxruntime")


class Graph(torch.nn.Module):  # type: ignore[misc]
    """The traced module: tokens after the first [SEP] have the second type, so it needs only the ids."""

    def __init__(self, net: ReaderNet, separator: int) -> None:
        super().__init__()
        self.net = net
        self.separator = separator

    def forward(self, ids: Any) -> tuple[Any, ...]:
        ends = (ids == self.separator).long()
        types = ((ends.cumsum(1) - ends) > 0).long()
        return tuple(self.net(ids, types))


def main() -> int:
    """Write the model, its tokenizer and their description, and print how closely it agrees with the checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("reader.json"))
    parser.add_argument("--sets", type=Path, default=[SETS], nargs="+")
    parser.add_argument("--checkpoint", type=Path, required=True, nargs="+")
    parser.add_argument("--shares", type=float, nargs="+", help="of each checkpoint, together 1")
    parser.add_argument("--target", type=Path, default=TARGET)
    given = parser.parse_args()
    settings = read_settings(given.config)
    sequences = Sequences(tokenizer(default_folder()), settings.sampling)
    net = ReaderNet(default_folder(), unit=all(map(has_unit, given.checkpoint)))
    load_mean(net, given.checkpoint, given.shares or [1 / len(given.checkpoint)] * len(given.checkpoint))
    folders = [find_set(given.sets, folder) for family in settings.train_on for folder in family.folders]
    pairs = [pair for folder in folders for pair in some_pairs(folder, sequences)]
    print(json.dumps(export(net, pairs, given.target), indent=1))
    return 0


def some_pairs(folder: Path, sequences: Sequences) -> list[Paired]:
    """Pairs of a set, evenly spread."""
    of = read_set(folder)
    asked = [example for example in of.examples if example.passages]
    chosen = [of.sources[e.passages[0]] for e in asked]
    step = max(1, len(asked) // _WATCHED)
    return [sequences.whole(e.question, s.title, s.text)[0] for e, s in list(zip(asked, chosen, strict=True))[::step]]


def export(net: ReaderNet, pairs: Sequence[Paired], target: Path) -> dict[str, Any]:
    """Write the folder of a reader; return its description.

    `check` compares it with torch: the correlation of relevance, and the share of pairs with the same most likely start
    and end. Raises ValueError if the model is larger than 25 MB.
    """
    target.mkdir(parents=True, exist_ok=True)
    net.eval()
    with observed(net.body) as inputs, torch.no_grad():
        wanted = [[x[0].numpy() for x in net(*stacked([pair], torch.device("cpu")))] for pair in pairs]
    fuse_attention(net)
    to_int8(net.body, inputs)
    separator = pairs[0].ids[-1]
    shape: dict[str, tuple[int, ...]] = {"relevance": (), "start": (1,), "end": (1,)}
    if net.unit is not None:
        shape["unit"] = (1,)
    trace(Graph(net, separator), target / MODEL, torch.tensor([pairs[0].ids]), shape)
    shutil.copyfile(default_folder() / TOKENIZER, target / TOKENIZER)
    files = {name: hashlib.sha256((target / name).read_bytes()).hexdigest() for name in (MODEL, TOKENIZER)}
    description = {
        "format_version": FORMAT_VERSION,
        "files": files,
        "max_tokens": LONGEST,
        "max_question_tokens": MOST_QUESTION,
        "check": _check(target / MODEL, pairs, wanted),
        "versions": {package: version(package) for package in _MADE_WITH},
    }
    (target / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n", "utf-8")
    if (size := (target / MODEL).stat().st_size) > MOST_BYTES:
        raise ValueError(f"{MODEL} has {size:,} bytes: at most {MOST_BYTES:,} are shipped.")
    return description


def _check(model: Path, pairs: Sequence[Paired], wanted: Sequence[Sequence[Any]]) -> dict[str, float]:
    session = runtime().InferenceSession(model, providers=["CPUExecutionProvider"])
    found = [session.run(None, {"ids": np.array([pair.ids], dtype=np.int64)}) for pair in pairs]
    relevance = np.array([[float(w[0]), float(f[0][0])] for w, f in zip(wanted, found, strict=True)])
    same = [
        np.argmax(w[side]) == np.argmax(f[side][0, : len(w[side])])
        for w, f in zip(wanted, found, strict=True)
        for side in (1, 2)
    ]
    return {
        "pairs": len(pairs),
        "correlation": round(float(np.corrcoef(relevance.T)[0, 1]), 4),
        "same": round(float(np.mean(same)), 4),
    }


if __name__ == "__main__":
    raise SystemExit(main())
