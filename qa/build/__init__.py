"""Builds a new generation from the corpus folder, reusing whatever has not changed."""

from .pipeline import build
from .report import BuildReport, Progress

__all__ = ["BuildReport", "Progress", "build"]
