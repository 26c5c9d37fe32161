"""The configuration of a training run, read from JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.errors import ConfigError

# Licences of texts and questions that permit shipping weights trained on them; docs/reader.md explains for each set why
# it is used or not. Non-commercial terms, "research use" and missing terms are not among them.
SHIPPABLE = frozenset(
    {
        "Apache-2.0", "MIT", "BSD-3-Clause", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CDLA-Sharing-1.0",
        "OGL-UK-3.0",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Family:
    """Sets that share articles, and the shares of those articles that are held out for fitting and for evaluation.

    Its questions occur `times` times in an epoch; a value below 1 is the share of them that occurs once. `mined` is
    whether negatives are mined from the whole set, `near` whether the near-misses generated from its questions are
    used too.
    """

    folders: tuple[str, ...]
    fit: float
    held_out: float
    licence: str
    times: float = 1
    mined: bool = True
    near: bool = False


@dataclass(frozen=True, slots=True)
class Sampling:
    """How sequences are sampled; all frequencies are probabilities.

    `sizes` are maximum lengths of a sequence in tokens, drawn with `size_shares`. `mined` is the number of mined
    negatives of a question. `removed` is how often it gets its own passage without the sentences that answer it;
    `changed` is how often its passage is paired with a changed question that it does not answer, and `foreign` how
    often the replacement in that comes from another article. `bare_question` is how often the question mark is left
    out, and `no_title` how often the passage's title is. `named` is how often a question names its article, as
    somebody does who has several of a kind; its passage under the title of another article then does not answer it.

    `same_article` is the share of mined negatives from the same article. With `together`, a changed question is in
    the group of its original, so that it must be less relevant. With `lines`, the end of a line ends a sentence,
    and a row of a table is one unit; `piped` is how often a table is written as a header and rows of cells between
    bars.
    """

    sizes: tuple[int, ...]
    size_shares: tuple[float, ...]
    mined: int
    removed: float
    changed: float
    foreign: float
    bare_question: float
    no_title: float
    same_article: float = 0.0
    together: bool = False
    lines: bool = False
    piped: float = 0.0
    named: float = 0.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a training run.

    `start` names a checkpoint below the work folder from whose averaged weights training starts; None is the
    shipped encoder, "shipped" the shipped reader. A step uses `groups` questions with their passages, in `shards`
    that run in parallel; they share the random numbers of `dropout`, so that a run with dropout is reproducible
    only with one shard. Learning rates warm up over `warm_up` steps and decay to the share `floor` over the last
    `decay_share` of the steps. `average` is the decay of the moving average of the weights, and `weights` those of
    the parts of the loss; the reader has the output `unit` if "unit" is one of them. `precision` is "bfloat16",
    "float32" or "auto": bfloat16 if the processor multiplies it. `negatives` is the file of mined negatives, below
    the work folder. The last checkpoints are kept, and those of each `keep_every` steps if that is not 0. The split of
    articles depends on `seed` alone, the order of questions on `stage` as well, so that a later run sees others first.
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
    precision: str = "auto"
    negatives: str = "negatives.json"
    keep_every: int = 0
    stage: int = 0

    @property
    def order(self) -> str:
        """The seed of everything that is drawn of the questions."""
        return f"{self.seed} {self.stage}" if self.stage else str(self.seed)

    @property
    def unit(self) -> bool:
        """Whether the reader has the output `unit`."""
        return "unit" in self.weights


def read_settings(path: Path) -> Settings:
    """The settings in a JSON file.

    Raises ConfigError if a name is missing or unknown, or the licence of a set does not permit shipping the
    weights.
    """
    try:
        values: dict[str, Any] = json.loads(path.read_text("utf-8"))
        families = tuple(Family(**{**row, "folders": tuple(row["folders"])}) for row in values.pop("train_on"))
        drawn: dict[str, Any] = values.pop("sampling")
        sampling: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in drawn.items()
        }
        judged = tuple(values.pop("judge_on"))
        settings = Settings(train_on=families, judge_on=judged, sampling=Sampling(**sampling), **values)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{str(path)!r} is no configuration of a training run ({error}): see training/reader.json."
        ) from error
    for family in families:
        if family.licence not in SHIPPABLE:
            raise ConfigError(
                f"{', '.join(family.folders)} is under {family.licence!r}, and weights learnt from that are not "
                f"shipped: take the set out of {path.name!r}, or add its licence to training/config.py if it allows it."
            )
    return settings
