"""Features by name, and the weighted sum of them that a linear model makes."""

from __future__ import annotations

from collections.abc import Mapping

Features = Mapping[str, float]


def weighed(features: Features, weights: Features) -> float:
    """The sum of weight times feature over all weights. Raises KeyError if a feature is missing."""
    return sum(weight * features[name] for name, weight in weights.items())
