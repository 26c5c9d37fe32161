"""The threshold that `qa calibrate` has fitted to one's own articles, kept beside the index for all interfaces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..config import Config
from ..errors import StoreError
from ..system.files import replace_text

NAME = "calibration.json"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A threshold, what it was fitted with, and what was measured with other questions.

    `risk` is the share of wrong answers that was aimed at. With `certainty`, at most `bound` of the shown answers to
    questions like these is wrong: of `tested` questions `shown` were answered, `wrong` of them wrongly. It holds for an
    `encoder` (its weights' sha256) and `reader` ("on" or "off").
    """

    threshold: float
    risk: float
    bound: float
    certainty: float
    tested: int
    shown: int
    wrong: int
    encoder: str
    reader: str


def write(index: Path, calibration: Calibration) -> None:
    """Store it. Raises OSError."""
    replace_text(index / NAME, json.dumps(asdict(calibration), indent=2) + "\n")


def read(index: Path) -> Calibration | None:
    """The calibration of an index; None without one. Raises StoreError if it cannot be read."""
    try:
        stamp = (index / NAME).stat()
    except OSError:
        return None
    return _read(index / NAME, stamp.st_mtime_ns, stamp.st_ino)


def forget(index: Path) -> bool:
    """Remove it; whether there was one."""
    there = (index / NAME).exists()
    (index / NAME).unlink(missing_ok=True)
    return there


def calibrated(config: Config, encoder: Mapping[str, Any]) -> Config:
    """The configuration with the fitted threshold, unless one or a risk is set, or it was fitted otherwise."""
    if config.risk is not None or config.threshold is not None or (found := read(config.index)) is None:
        return config
    is_same = (found.encoder, found.reader) == (encoder.get("weights_sha256"), config.reader or "on")
    return replace(config, threshold=found.threshold) if is_same else config


@lru_cache(maxsize=8)
def _read(path: Path, _: int, __: int) -> Calibration:
    try:
        found = Calibration(**json.loads(path.read_text("utf-8")))
        if not 0 <= found.threshold <= 1:
            raise ValueError("no threshold")
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"{str(path)!r} cannot be read: run `qa calibrate` again, or delete it.") from error
    return found
