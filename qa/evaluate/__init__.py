"""Measures how well the program answers a set of questions with known answers."""

from .run import evaluate

__all__ = ["evaluate"]
