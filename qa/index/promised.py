"""What judged answers promise, kept beside the index for the settings of the chat, and whether it still counts."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from ..config import Config
from ..errors import StoreError
from ..models.reader import DESCRIPTION, shipped_folder
from ..system.files import replace_text
from .calibration import Calibration
from .manifest import Manifest

NAME = "promises.json"


@dataclass(frozen=True, slots=True)
class Promise:
    """What judged answers say of a risk, with a certainty.

    If they support it, at most `bound` of the answers from `threshold` on is wrong: `wrong` of `shown` were, and of the
    `asked` questions `refused` get no answer. Otherwise `threshold` is None, and `more` says how many judged answers
    are lacking if they are as certain and as right as the best of those; None if even these are wrong too often.
    """

    risk: float
    threshold: float | None
    bound: float
    shown: int
    wrong: int
    asked: int
    more: int | None

    @property
    def refused(self) -> int:
        return self.asked - self.shown

    def kept(self, certainty: float) -> Calibration | None:
        """What is kept beside the index for it; None if it is not supported."""
        if self.threshold is None:
            return None
        return Calibration(self.threshold, self.risk, self.bound, certainty, self.asked, self.shown, self.wrong, "", "")

    def as_json(self) -> dict[str, Any]:
        """One entry of `promises` in `qa calibrate --json`."""
        found = {name: getattr(self, name) for name in ("shown", "wrong", "refused")} if self.threshold else {}
        return {"risk": self.risk, "threshold": self.threshold, "bound": self.bound, **found, "more": self.more}


@dataclass(frozen=True, slots=True)
class Promised:
    """The promises of judged answers, which all hold with the `certainty`, and what these answers came from.

    `generation` names the articles: its id and when its build began. `models` is a digest of what confidence comes
    from: the encoder, the reader and the weights of the evidence, whose SHA-256 the callers give.
    """

    promises: tuple[Promise, ...]
    certainty: float
    generation: str
    models: str

    def has_models_of(self, config: Config, manifest: Manifest, weights: str) -> bool:
        """Whether confidence still means what it meant: otherwise no threshold counts."""
        return self.models == _models(config, manifest, weights)

    def has_articles_of(self, manifest: Manifest) -> bool:
        """Whether the same articles are asked."""
        return self.generation == _generation(manifest)


def keep_promised(
    config: Config, found: tuple[Promise, ...], certainty: float, manifest: Manifest, weights: str
) -> None:
    """Store what the answers from a generation promise. Raises OSError."""
    kept = Promised(found, certainty, _generation(manifest), _models(config, manifest, weights))
    replace_text(config.index / NAME, json.dumps(asdict(kept), indent=2) + "\n")


def promised(config: Config) -> Promised | None:
    """What was stored; None if nothing was. Raises StoreError if it cannot be read."""
    path = config.index / NAME
    try:
        data = json.loads(path.read_text("utf-8"))
        kept = Promised(**{**data, "promises": tuple(Promise(**each) for each in data["promises"])})
        if not all(each.threshold is None or 0 <= each.threshold <= 1 for each in kept.promises):
            raise ValueError("no threshold")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise StoreError(f"{str(path)!r} cannot be read: run `qa calibrate` again, or delete it.") from error
    return kept


def forget_promised(config: Config) -> bool:
    """Remove what was stored; whether there was anything."""
    there = (config.index / NAME).exists()
    (config.index / NAME).unlink(missing_ok=True)
    return there


def _generation(manifest: Manifest) -> str:
    return f"{manifest.id} of {manifest.created}"


def _models(config: Config, manifest: Manifest, weights: str) -> str:
    reader = "off" if config.reader == "off" else _digest_of_reader()
    return hashlib.sha256(f"{manifest.encoder['weights_sha256']} {reader} {weights}".encode()).hexdigest()


@cache
def _digest_of_reader() -> str:
    return hashlib.sha256((shipped_folder() / DESCRIPTION).read_bytes()).hexdigest()
