"""The fitted models that choose the lead, say how sure it is, and order the passages that a reader read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from .features import Features

ModelKind = Literal["read", "words", "languages"]


@dataclass(frozen=True, slots=True)
class LeadModel:
    """Weights by feature: of a unit's strength before and after it is read alone, and of the lead's confidence.

    `thresholds` are pairs of a risk (the share of wrong answers) and the least confidence that keeps it; `most` is the
    most that confidence can be.
    """

    strength: Features
    strength_alone: Features
    intercept: float
    confidence: Features
    thresholds: tuple[tuple[float, float], ...]
    most: float = 1.0


@lru_cache
def lead_model(kind: ModelKind) -> LeadModel:
    """The shipped model: for questions that a reader has read, or for those that words alone decide.

    Both are fitted by benchmarks/fit_lead.py on questions about real articles (docs/quality.md). A third is for words
    alone where an encoder of several languages searches: it chooses the same leads, and its confidence is fitted by
    benchmarks/fit_languages.py.
    """
    model: dict[str, Any] = json.loads(_weights())
    own = {**model["words"], **model[kind]}
    thresholds = tuple((float(risk), float(least)) for risk, least in own["thresholds"])
    confidence = own["confidence"]
    return LeadModel(
        own["strength"],
        own["strength_alone"],
        confidence["intercept"],
        confidence["weights"],
        thresholds,
        confidence.get("most", 1.0),
    )


@lru_cache
def weights_sha256() -> str:
    """The SHA-256 of the shipped models: with others, a confidence means something else."""
    return hashlib.sha256(_weights()).hexdigest()


def _weights() -> bytes:
    return files("qa.ask").joinpath("lead.json").read_bytes()
