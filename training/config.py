"""The one configuration of a training run, read from JSON.

It knows nothing about what is done with the numbers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Family:
    """Sets that share articles, and the shares of those articles that are kept for fitting and for judging.

    Its questions are learnt from so many `times` in an epoch.
    """

    folders: tuple[str, ...]
    fit: float
    held_out: float
    times: int = 1


@dataclass(frozen=True, slots=True)
class Sampling:
    """How sequences are drawn.

    `sizes` are the most tokens that a sequence may have, drawn by `size_shares`; `mined` is how many negatives a
    question gets from the ranking; `removed`, how often it gets its own passage without the sentences that answer;
    `changed`, how often its passage is asked a changed question that it does not answer, and `foreign`, how often what
    is new in that is of another article; `bare_question`, how often the question mark is left out; `no_title`, how
    often the passage's title is.
    """

    sizes: tuple[int, ...]
    size_shares: tuple[float, ...]
    mined: int
    removed: float
    changed: float
    foreign: float
    bare_question: float
    no_title: float


@dataclass(frozen=True, slots=True)
class Settings:
    """A training run.

    `start` names a checkpoint whose averaged weights to go on from; None is the shipped encoder. A step takes `groups`
    questions with their passages, in `shards` that run beside each other; they share the random numbers of `dropout`,
    so that a run with it is the same again only with one. Rates warm up over `warm_up` steps and fall to `floor` of
    themselves over the last `decay_share`. `average` is the decay of the weights' moving average, `weights` those of
    the parts of the loss.
    """

    seed: int
    train_on: tuple[Family, ...]
    judge_on: tuple[str, ...]
    sampling: Sampling
    start: str | None
    steps: int
    groups: int
    shards: int
    chunk_tokens: int
    body_rate: float
    head_rate: float
    warm_up: int
    decay_share: float
    floor: float
    weight_decay: float
    clip: float
    dropout: float
    average: float
    weights: dict[str, float]
    checkpoint_every: int
    log_every: int


def read_settings(path: Path) -> Settings:
    """The settings in a JSON file. Raises ConfigError where a name is missing or unknown."""
    try:
        values: dict[str, Any] = json.loads(path.read_text("utf-8"))
        families = tuple(Family(**{**row, "folders": tuple(row["folders"])}) for row in values.pop("train_on"))
        drawn: dict[str, Any] = values.pop("sampling")
        sampling: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in drawn.items()
        }
        judged = tuple(values.pop("judge_on"))
        return Settings(train_on=families, judge_on=judged, sampling=Sampling(**sampling), **values)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{str(path)!r} is no configuration of a training run ({error}): see training/reader.json."
        ) from error
