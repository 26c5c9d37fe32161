"""Trains the reader: `python -m training.train --sets DIR --work DIR`, after `training.mine`.

It continues from the last checkpoint in the work folder, with the same result as an uninterrupted run.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch.nn import functional

from qa.models.encoders import default_folder

from .config import Settings, read_settings
from .data import Example, QuestionSet, Split, find_set, read_negatives, read_set, split_articles
from .model import ReaderNet, losses
from .sequences import Group, Item, Sequences, tokenizer
from .shipped import load_shipped

SHIPPED = "shipped"  # the value of `start` for the shipped reader
_KEPT = 3  # checkpoints, in addition to those kept permanently
_SECONDS = 900.0  # after which a checkpoint is always written: the most that an interruption can lose


def main() -> int:
    """Train for the number of steps in the settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("reader.json"))
    parser.add_argument("--sets", type=Path, required=True, nargs="+", help="folders of sets")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--name", default="reader", help="the folder of this run below the work folder")
    parser.add_argument(
        "--base", type=Path, help="the folder of the weights to begin with, the shipped ones by default"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    given = parser.parse_args()
    settings = read_settings(given.config)
    device = device_named(given.device)
    if device.type == "cpu":
        torch.set_num_threads(1)  # shards run in parallel instead, since threads of one operation wait for each other
    items = read_items(settings, given.sets, given.work)
    base = given.base or default_folder()
    train(settings, items, Sequences(tokenizer(base), settings.sampling), base, given.work / given.name, device)
    return 0


def device_named(name: str) -> Any:
    """The device with this name; "auto" is the accelerator if there is one."""
    return torch.device(("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name)


def precision(wanted: str, device: Any) -> str:
    """Resolve "auto" to "bfloat16" or "float32", the faster one on the device.

    On a processor that is measured, once: having instructions for bfloat16 does not tell (docs/reader.md).
    """
    if wanted != "auto":
        return wanted
    return "bfloat16" if device.type != "cpu" or _bfloat16_is_faster() else "float32"


@cache
def _bfloat16_is_faster() -> bool:
    """Whether two linear layers of the body's size, forwards and backwards, take less time in bfloat16."""
    x, up, down = (torch.randn(*size, requires_grad=True) for size in ((512, 384), (1536, 384), (384, 1536)))

    def seconds(low: bool) -> float:
        started = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=low, cache_enabled=False):
            made = functional.linear(functional.gelu(functional.linear(x, up)), down).float().sum()
        torch.autograd.grad(made, (x, up, down))
        return time.perf_counter() - started

    plain = min(seconds(False) for _ in range(5))
    if seconds(True) > 20 * plain:  # without instructions for it: not even the first, slow run takes so long otherwise
        return False
    return min(seconds(True) for _ in range(4)) < plain


def read_items(settings: Settings, sets: Sequence[Path], work: Path) -> list[Item]:
    """All training questions with their mined negatives.

    Generated near-misses belong to their original question. Answering passages from held-out articles are left out.
    Raises ConfigError if the negatives are missing.
    """
    mined = read_negatives(settings, work)
    items = []
    for family in settings.train_on:
        members = [read_set(find_set(sets, folder), family.near) for folder in family.folders]
        split = split_articles(members, family, settings.seed)
        for of in members:
            own = _items(of, mined[of.name], split)
            part = random.Random(f"{settings.order} {of.name}").sample(own, round(family.times % 1 * len(own)))
            items += int(family.times) * own + part
    return items


def _items(of: QuestionSet, mined: Mapping[str, Sequence[str]], split: Mapping[str, Split]) -> list[Item]:
    chosen = [example for example in of.examples if example.id in mined]
    articles = tuple(sorted({of.article(example) for example in chosen}))
    near: dict[str, list[Example]] = {}
    for example in chosen:
        if example.made_from in mined:
            near.setdefault(example.made_from, []).append(example)
    made = []
    for example in chosen:
        if example.made_from not in mined:
            own = tuple(p for p in example.passages if split[of.sources[p].article] == "train")
            of_it = tuple(near.get(example.id, ()))
            made.append(Item(replace(example, passages=own), of, tuple(mined[example.id]), articles, of_it))
    return made


def train(
    settings: Settings, items: Sequence[Item], sequences: Sequences, base: Path, folder: Path, device: Any
) -> Path:
    """Train to the last step, from the last checkpoint in `folder` if any; returns the path of the last checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = device.type == "cpu" and precision(settings.precision, device) == "bfloat16"  # for which it is faster
    net = ReaderNet(base, settings.dropout, "eager" if plain else "sdpa", settings.unit)
    torch.manual_seed(settings.seed)
    for head in (net.relevance, net.span):  # seeded again, so that they do not depend on earlier random numbers
        head.reset_parameters()
    if settings.start == SHIPPED:
        load_shipped(net)
    elif settings.start:
        load_weights(net, folder.parent / settings.start)
    net.to(device).train()
    named = {name: p for name, p in net.named_parameters() if p.requires_grad}
    optimiser = _optimiser(settings, named)
    average = {name: p.detach().clone() for name, p in named.items()}
    step = _resume(folder, named, average, optimiser)
    order = _Order(items, sequences, settings)
    with ThreadPoolExecutor(settings.shards) as pool, (folder / "log.jsonl").open("a", encoding="utf-8") as log:
        started, tokens = time.perf_counter(), 0
        saved = started
        sums: dict[str, float] = {}
        while step < settings.steps:
            torch.manual_seed(settings.seed + step)
            groups = order.groups(step)
            rate = _rate(settings, step)
            for part in optimiser.param_groups:
                part["lr"] = part["full"] * rate
            shards = [groups[n :: settings.shards] for n in range(settings.shards)]
            made = list(pool.map(lambda shard: _gradients(settings, net, list(named.values()), shard, device), shards))
            for number, parameter in enumerate(named.values()):
                parameter.grad = sum(gradients[number] for gradients, _ in made) / settings.shards
            norm = torch.nn.utils.clip_grad_norm_(list(named.values()), settings.clip)
            optimiser.step()
            step += 1
            keep = min(settings.average, step / (step + 10))
            torch._foreach_lerp_(list(average.values()), [p.detach() for p in named.values()], 1 - keep)
            tokens += sum(len(s.ids) for group in groups for s in group)
            for name in made[0][1]:
                sums[name] = sums.get(name, 0.0) + sum(parts[name] for _, parts in made) / settings.shards
            if step % settings.log_every == 0 or step == settings.steps:
                seconds = time.perf_counter() - started
                line = {name: round(total / settings.log_every, 4) for name, total in sums.items()}
                line = {
                    "step": step,
                    **line,
                    "norm": round(float(norm), 3),
                    "rate": round(rate, 4),
                    "epoch": order.epoch(step),
                }
                log.write(json.dumps({**line, "tokens_per_second": round(tokens / seconds)}) + "\n")
                log.flush()
                started, tokens, sums = time.perf_counter(), 0, {}
            late = time.perf_counter() - saved > _SECONDS
            if step % settings.checkpoint_every == 0 or step == settings.steps or late:
                _save(settings, folder, step, named, average, optimiser)
                saved = time.perf_counter()
    return checkpoints(folder)[-1]


def load_weights(net: ReaderNet, path: Path, averaged: bool = True) -> None:
    """Load a checkpoint's weights into the net: the averaged ones, or those of the last step."""
    prefix = "average." if averaged else "net."
    with safe_open(path, "pt") as file:
        weights = {name.removeprefix(prefix): file.get_tensor(name) for name in file.keys() if name.startswith(prefix)}  # noqa: SIM118
    missing, unknown = net.load_state_dict(weights, strict=False)
    assert not unknown, unknown
    assert all("embeddings" in name or name.startswith("unit.") for name in missing), missing


def has_unit(path: Path) -> bool:
    """Whether the checkpoint is of a reader with the output `unit`."""
    with safe_open(path, "pt") as file:
        return "net.unit.weight" in file.keys()  # noqa: SIM118


def load_mean(net: ReaderNet, paths: Sequence[Path], shares: Sequence[float]) -> None:
    """Load the weighted mean of several checkpoints' averaged weights into the net; the shares add up to 1."""
    mean: dict[str, Any] = {}
    for path, share in zip(paths, shares, strict=True):
        load_weights(net, path)
        for name, parameter in net.named_parameters():
            mean[name] = mean.get(name, 0) + share * parameter.detach()
    net.load_state_dict(mean, strict=False)


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a run, oldest first."""
    return sorted(folder.glob("step-*.safetensors"))


class _Order:
    """The groups of each step: every question once an epoch, shuffled for each epoch."""

    def __init__(self, items: Sequence[Item], sequences: Sequences, settings: Settings) -> None:
        self._items, self._sequences, self._settings = items, sequences, settings
        self._epoch, self._shuffled = -1, list(range(len(items)))

    def epoch(self, step: int) -> float:
        return round(step * self._settings.groups / len(self._items), 3)

    def groups(self, step: int) -> list[Group]:
        first = step * self._settings.groups
        return [g for place in range(first, first + self._settings.groups) for g in self._made(place)]

    def _made(self, place: int) -> tuple[Group, ...]:
        epoch, number = divmod(place, len(self._items))
        seed = self._settings.order
        if epoch != self._epoch:
            self._epoch, self._shuffled = epoch, list(range(len(self._items)))
            random.Random(f"{seed} {epoch}").shuffle(self._shuffled)
        item = self._items[self._shuffled[number]]
        return self._sequences.groups(item, random.Random(f"{seed} {epoch} {number}"))


def _gradients(settings: Settings, net: ReaderNet, parameters: list[Any], groups: list[Group], device: Any) -> Any:
    """The gradients of one shard's loss, and the parts of the loss."""
    # The autocast cache is shared between threads, so it is off.
    low = precision(settings.precision, device) == "bfloat16"
    with torch.autocast(device.type, torch.bfloat16, enabled=low, cache_enabled=False):
        parts = losses(net, groups, settings.chunk_tokens, device)
    total = sum(settings.weights[name] * part for name, part in parts.items())
    gradients = torch.autograd.grad(total, parameters)
    return gradients, {name: float(part.detach()) for name, part in parts.items()}


def _optimiser(settings: Settings, named: dict[str, Any]) -> Any:
    """AdamW with a higher rate for the heads than for the body, and no decay of biases and norms."""
    parts = []
    for is_head in (False, True):
        for decays in (False, True):
            own = [p for n, p in named.items() if n.startswith("body.") != is_head and (p.ndim > 1) == decays]
            full = settings.head_rate if is_head else settings.body_rate
            parts.append({"params": own, "full": full, "lr": full, "weight_decay": settings.weight_decay * decays})
    return torch.optim.AdamW([part for part in parts if part["params"]], fused=True)


def _rate(settings: Settings, step: int) -> float:
    """The share of the full learning rate: warm-up, constant, then linear decay to the floor."""
    left = (settings.steps - step) / max(1.0, settings.decay_share * settings.steps)
    return float(min((step + 1) / settings.warm_up, max(settings.floor, min(1.0, left))))


def _state(named: dict[str, Any], average: dict[str, Any], optimiser: Any) -> dict[str, Any]:
    state = {f"net.{name}": p.detach() for name, p in named.items()}
    state.update({f"average.{name}": p for name, p in average.items()})
    for name, p in named.items():
        state.update({f"adam.{part}.{name}": value for part, value in optimiser.state[p].items()})
    return state


def _save(
    settings: Settings, folder: Path, step: int, named: dict[str, Any], average: dict[str, Any], optimiser: Any
) -> None:
    path = folder / f"step-{step:06}.safetensors"
    tensors = {name: value.cpu().contiguous() for name, value in _state(named, average, optimiser).items()}
    save_file(tensors, path.with_suffix(".tmp"), {"step": str(step)})
    path.with_suffix(".tmp").rename(path)
    for old in checkpoints(folder)[:-_KEPT]:
        if not settings.keep_every or int(old.stem.removeprefix("step-")) % settings.keep_every:
            old.unlink()


def _resume(folder: Path, named: dict[str, Any], average: dict[str, Any], optimiser: Any) -> int:
    """Restore the state of the last checkpoint; returns its step, or 0 if there is none."""
    if not checkpoints(folder):
        return 0
    with safe_open(checkpoints(folder)[-1], "pt") as file:
        for name, p in named.items():
            p.data.copy_(file.get_tensor(f"net.{name}"))
            average[name].copy_(file.get_tensor(f"average.{name}"))
            optimiser.state[p] = {
                part: file.get_tensor(f"adam.{part}.{name}").to(p.device) for part in ("step", "exp_avg", "exp_avg_sq")
            }
        return int(file.metadata()["step"])


if __name__ == "__main__":
    raise SystemExit(main())
