"""What the configuration says about reading files, as the formats take it."""

from __future__ import annotations

from ..config import Config
from ..formats import ReadingSettings


def reading_of(config: Config) -> ReadingSettings:
    """The settings for `formats.parse` and the sandbox processes of a build."""
    return ReadingSettings(dict(config.fields), config.text_files)
