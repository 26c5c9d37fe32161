"""The corpus folder to a new generation, reusing what did not change."""

from .pipeline import BuildReport, Progress, build

__all__ = ["BuildReport", "Progress", "build"]
