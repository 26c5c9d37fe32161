"""What the configuration says about reading files, as the formats take it, and what a manifest keeps of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import formats
from ..config import Config
from ..corpus.documents import CorpusFile
from ..corpus.folders import Corpus
from ..corpus.vaults import as_reading, vaults_of
from ..formats import ReadingSettings


def reading_of(config: Config) -> ReadingSettings:
    """The settings for `formats.parse` and the sandbox processes of a build."""
    return ReadingSettings(dict(config.fields), config.text_files)


def identity_of(settings: ReadingSettings, files: Sequence[CorpusFile], corpus: Corpus) -> dict[str, Any]:
    """What says how these files of a corpus are read: if it differs from that of a generation, all are read again."""
    vaults = as_reading(vaults_of(files, corpus))
    return {"version": formats.VERSION, "plugins": formats.plugin_versions(), **settings.as_json(), **vaults}
