"""The corpus folder to a new generation, reusing what did not change."""

from .pipeline import build
from .report import BuildReport, Progress

__all__ = ["BuildReport", "Progress", "build"]
