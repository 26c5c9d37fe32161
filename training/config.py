"""The one configuration of a training run, read from JSON.

It knows nothing about what is done with the numbers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.errors import ConfigError

# Licences of text and questions whose learnt weights may be shipped with the program; docs/reader.md says of each set
# why it is trained on or not. Non-commercial terms, "research use" and no terms at all are not among them.
SHIPPABLE = frozenset(
    {
        "Apache-2.0", "MIT", "BSD-3-Clause", "CC-BY-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0", "CDLA-Sharing-1.0",
        "OGL-UK-3.0",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Family:
    """Sets that share articles, and the shares of those articles that are kept for fitting and for judging.

    Its questions are learnt from so many `times` in an epoch, or such a share of them once. `mined` says whether
    negatives are looked for in the whole set, `near` whether the near-misses that were made of its questions are learnt
    from too.
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
    """How sequences are drawn.

    `sizes` are the most tokens that a sequence may have, drawn by `size_shares`; `mined` is how many negatives a
    question gets from the ranking; `removed`, how often it gets its own passage without the sentences that answer;
    `changed`, how often its passage is asked a changed question that it does not answer, and `foreign`, how often what
    is new in that is of another article; `bare_question`, how often the question mark is left out; `no_title`, how
    often the passage's title is.

    Of the negatives mined, `same_article` is the share that other passages of the same article have. With `together`
    a changed question stands in the group of the one that it is made of, so that it has to be less relevant. With
    `lines` a line's end is a sentence's end and a row of a table is one unit; `piped` is how often a table is shown as
    a header and rows of cells between bars.
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


@dataclass(frozen=True, slots=True)
class Settings:
    """A training run.

    `start` names a checkpoint below the work folder whose averaged weights to go on from; None is the shipped encoder,
    "shipped" the shipped reader. A step takes `groups` questions with their passages, in `shards` that run beside each
    other; they share the random numbers of `dropout`, so that a run with it is the same again only with one. Rates warm
    up over `warm_up` steps and fall to `floor` of themselves over the last `decay_share`. `average` is the decay of the
    weights' moving average, `weights` those of the parts of the loss; the reader says which unit answers where "unit"
    is one of them. `precision` is "bfloat16", "float32" or "auto", the first where the processor multiplies it.
    `negatives` is the file, below the work folder, of what was mined. Of the checkpoints the last ones stay and, if not
    0, those of each `keep_every` steps.
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

    @property
    def unit(self) -> bool:
        """Whether the reader has the output `unit`."""
        return "unit" in self.weights


def read_settings(path: Path) -> Settings:
    """The settings in a JSON file.

    Raises ConfigError where a name is missing or unknown, or a set's licence does not let its weights be shipped.
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
