"""Collects what a sandbox process sends about one file, and checks it: the file may have taken the process over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ..text import languages
from ..text.document import Document
from ..text.packed import PackedPassages
from ..text.passages import Splitting
from . import frames
from .parsing import ParsedFile
from .wire import document_from_json, unpack

# How many characters a process may have counted, at least and for each character of the file's text.
_COUNTED_CHARACTERS, _COUNTED_PER_CHARACTER = 1 << 24, 8
_SAMPLES, _SAMPLE_CHARACTERS = 4, 300  # limits on the language samples of one document


class Response:
    """The documents and passages of one file, as they arrive."""

    def __init__(self, path: str, splitting: Splitting) -> None:
        self._path = path
        self._splitting = splitting
        self._documents: list[tuple[Document, PackedPassages]] = []
        self._empty: list[Document] = []
        self._pending: dict[str, Any] = {}  # the JSON of a document whose sections are still arriving
        self._pending_is_empty = False
        self._end = 0  # of the last passage
        self._countable = _COUNTED_CHARACTERS

    def add(self, message: Mapping[str, Any], receiver: frames.Receiver) -> Callable[[], Any] | None:
        """Add one message; return the function that computes the reply, or None. Raises ValueError and the like."""
        if "count" in message:
            texts = message["count"]
            self._countable -= sum(map(len, texts))
            if self._countable < 0 or not all(isinstance(text, str) for text in texts):
                raise ValueError("count")
            return partial(self._splitting.count_tokens, texts)
        if "language" in message:
            samples = [str(sample)[:_SAMPLE_CHARACTERS] for sample in message["language"][:_SAMPLES]]
            return partial(languages.detect_from_samples, samples)
        if "sections" in message:
            self._pending["sections"] += message["sections"]
        elif "passages" in message:
            self._finish_document()
            document, packed = self._documents[-1]
            self._end = unpack(packed, document, self._end, message["passages"])
        else:
            self._finish_document()
            self._pending_is_empty = "bare" in message
            fields = message["bare" if self._pending_is_empty else "document"]
            self._pending = {**fields, "text": receiver.text(), "sections": []}
            self._countable += _COUNTED_PER_CHARACTER * len(self._pending["text"])
        return None

    def parsed_file(self, problems: Sequence[str], notes: Sequence[str]) -> ParsedFile:
        """The whole response. Raises ValueError if a document's path does not belong to the file."""
        self._finish_document()
        paths = [document.path for document, _ in self._documents] + [document.path for document in self._empty]
        prefixes = (f"{self._path}#", f"{self._path}/")
        if len({*paths}) < len(paths) or any(not (path == self._path or path.startswith(prefixes)) for path in paths):
            raise ValueError("path")
        return ParsedFile(self._documents, self._empty, problems, notes)

    def _finish_document(self) -> None:
        """Convert the pending document, all of whose sections have arrived."""
        if self._pending:
            document = document_from_json(self._pending)
            self._pending, self._end = {}, 0
            if self._pending_is_empty:
                self._empty.append(document)
            else:
                self._documents.append((document, PackedPassages(document)))
