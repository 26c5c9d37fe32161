"""Tells which documents are gone from the corpus folder since they were indexed: they no longer answer."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

from ..corpus.folders import Corpus, Folders
from ..text.document import without_record


class GoneDocuments:
    """Whether the file of a document is gone from the corpus folder; each is looked for once.

    `corpus` is None if the files are on another machine: then none is.
    """

    def __init__(self, corpus: Corpus | None) -> None:
        self._folders = None if corpus is None else Folders.of(corpus)
        self._known: dict[str, bool] = {}

    def __call__(self, document: str) -> bool:
        if self._folders is None:
            return False
        if document not in self._known:
            self._known[document] = not _is_there(self._folders, document)
        return self._known[document]


def _is_there(folders: Folders, document: str) -> bool:
    """Whether there is a file of this path, or one that contains it (`news.jsonl#3`, `saved.zip/bees.html`)."""
    try:
        root, below = folders.split(document)
    except FileNotFoundError:
        return False
    if os.path.lexists(root / below):
        return True
    file = PurePosixPath(without_record(below))
    return any((root / place).is_file() for place in (file, *file.parents))
