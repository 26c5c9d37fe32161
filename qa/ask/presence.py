"""Tells which documents are gone from the corpus folder since they were indexed: they no longer answer."""

from __future__ import annotations

import os
from pathlib import Path

from ..index.generation import OpenGeneration


class GoneDocuments:
    """Whether the file of a document is gone from the corpus folder; each is looked for once.

    `corpus` is None if the files are on another machine: then none is.
    """

    def __init__(self, generation: OpenGeneration, corpus: Path | None) -> None:
        self._generation = generation
        self._corpus = corpus
        self._known: dict[str, bool] = {}

    def __call__(self, document: str) -> bool:
        if self._corpus is None:
            return False
        if document not in self._known:
            self._known[document] = not self._is_there(self._corpus, document)
        return self._known[document]

    def _is_there(self, corpus: Path, document: str) -> bool:
        """A document of a file with several has a path of its own, so its file is looked up if there is none there."""
        if os.path.lexists(corpus / document):
            return True
        file = self._generation.facts([document])[document].file.path
        return file != document and os.path.lexists(corpus / file)
