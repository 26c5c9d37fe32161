"""Places and reads the pictures of web pages and e-books, which are untrusted files, in a sandbox process."""

from __future__ import annotations

from ..formats.decoding import Unreadable
from ..formats.pictures import PlacedPicture
from ..sandbox.pool import SandboxProcess
from ..sandbox.wire import contained_from_json, placed_from_json
from ..system.recent import Recent
from ..text.document import Document
from .documents import read_unchanged
from .folders import Corpus
from .records import FileRecord

_PAGES, _WITH_PARTS = (".html", ".htm", ".xhtml"), (".epub", ".mhtml", ".mht")
_RECENT = 32  # articles


class Illustrations:
    """The pictures of the articles in a folder. Safe to use from several threads."""

    def __init__(self, process: SandboxProcess, corpus: Corpus) -> None:
        self._process, self._corpus = process, corpus
        self._recent = Recent[tuple[PlacedPicture, ...]](_RECENT)

    def placed(self, record: FileRecord, document: Document) -> tuple[PlacedPicture, ...]:
        """Those of a file with one document, in order; empty if it has changed since it was indexed."""
        if record.path != document.path or not record.path.lower().endswith((*_PAGES, *_WITH_PARTS)):
            return ()

        def place() -> tuple[PlacedPicture, ...]:
            data = read_unchanged(self._corpus, record)
            if data is None or (b"<img" not in data.lower() and not has_parts(record.path)):
                return ()
            try:
                return self._process.show({"do": "placed", "text": document.text}, data, placed_from_json)
            except Unreadable:  # the text can still be shown
                return ()

        return self._recent.get((record.path, record.sha256, document.text), place)

    def contained(self, record: FileRecord, name: str) -> bytes | None:
        """The bytes of a part of an e-book or a saved page; None if it has changed. Raises Unreadable."""
        data = read_unchanged(self._corpus, record) if has_parts(record.path) else None
        return (
            None if data is None else self._process.show({"do": "contained", "name": name}, data, contained_from_json)
        )


def has_parts(path: str) -> bool:
    """Whether a file has its pictures in it, by its name: an e-book, or a page that was saved whole."""
    return path.lower().endswith(_WITH_PARTS)
