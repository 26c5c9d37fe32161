"""Verifies a receipt: whether the signature holds, and whether what it quotes still stands in the files.

It reads the files themselves, not the index, and needs no model.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..build.reading import reading_of
from ..check.alignment import align
from ..check.diff import Piece, as_text, word_diff
from ..check.words import words_of
from ..config import Config
from ..corpus import documents
from ..corpus.folders import Folders, corpus_of
from ..corpus.records import FileRecord
from ..errors import ReceiptError
from ..formats.decoding import Empty, Unreadable
from ..sandbox.pool import SandboxProcess
from ..text.document import Document
from ..text.passages import Splitting
from .keys import key_file, public_key
from .receipt import Receipt

State = Literal["unchanged", "stands", "changed", "gone", "unreadable"]
STANDING = ("unchanged", "stands")
_LEAST_ALIKE = 0.3  # of a quotation's words: below that, what is nearest in the file has nothing to do with it


@dataclass(frozen=True, slots=True)
class Quotation:
    """What became of a quotation of a receipt: `name` is "answer", or the number of a citation.

    "unchanged": the file has the same bytes; "stands": it does not, but the words stand in it; "changed": they do not,
    and `difference` says how what is nearest to them differs; "gone": there is no such file or article.
    """

    name: str
    document: str
    text: str
    state: State
    difference: tuple[Piece, ...] = ()
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "quotation": self.name,
            "document": self.document,
            "text": self.text,
            "state": self.state,
            "difference": as_text(self.difference) or None,
            "reason": self.reason or None,
        }


@dataclass(frozen=True, slots=True)
class Verified:
    """A receipt with whether its signature holds, whose key it is, and what became of its quotations."""

    receipt: Receipt
    holds: bool
    is_own: bool
    quotations: tuple[Quotation, ...]

    @property
    def exit_code(self) -> int:
        """0: the signature holds and every quotation stands; 1: one does not; 3: the signature does not hold."""
        if not self.holds:
            return 3
        return 0 if all(each.state in STANDING for each in self.quotations) else 1

    def as_json(self) -> dict[str, Any]:
        """The object of `qa verify-receipt --json`."""
        return {
            "signature": "holds" if self.holds else "broken",
            "key": self.receipt.signature.fingerprint,
            "own_key": self.is_own,
            "question": self.receipt.content.get("question"),
            "made": self.receipt.content.get("made"),
            "generation": self.receipt.content.get("generation"),
            "quotations": [each.as_json() for each in self.quotations],
        }


def verify(receipt: Receipt, config: Config, key: Path | None = None) -> Verified:
    """Verify a receipt against the articles of the configuration. Raises ReceiptError or CorpusError.

    Nothing is said of quotations if the signature does not hold. `key` is the file of this user's key.
    """
    own = public_key(key_file() if key is None else key)
    is_own = own == receipt.signature.public_key
    if not receipt.holds:
        return Verified(receipt, False, is_own, ())
    documents.check(corpus_of(config), all_of_them=False)
    try:
        with SandboxProcess(reading=reading_of(config)) as sandbox:
            files = _Files(config, sandbox)
            return Verified(receipt, True, is_own, tuple(_quotations(receipt.content, files)))
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ReceiptError("The receipt lacks what a receipt has: ask its author for another.") from error


class _Files:
    """The files of articles as they are now, each read once."""

    def __init__(self, config: Config, sandbox: SandboxProcess) -> None:
        self._config = config
        self._folders = Folders.of(corpus_of(config))
        self._sandbox = sandbox
        self._data: dict[str, bytes | None] = {}
        self._documents: dict[str, Mapping[str, Document] | str] = {}

    def data(self, path: str) -> bytes | None:
        """The bytes of a file; None if it is gone."""
        if path not in self._data:
            file = documents.opened(self._folders, FileRecord(path, 0, 0))
            if file is None:
                self._data[path] = None
            else:
                with file:
                    self._data[path] = file.read(self._config.max_file_bytes)
        return self._data[path]

    def documents(self, path: str) -> Mapping[str, Document] | str:
        """The documents of a file by path, or why it cannot be read."""
        if path not in self._documents:
            try:
                # How a text is split into passages makes no difference here.
                splitting = Splitting(lambda texts: [len(text) // 4 for text in texts], 256)
                parsed = self._sandbox.parse_file(path, self.data(path) or b"", splitting)
                self._documents[path] = {document.path: document for document, _ in parsed.documents}
            except (Unreadable, Empty) as error:
                self._documents[path] = str(error)
        return self._documents[path]


def _quotations(content: Mapping[str, Any], files: _Files) -> Sequence[Quotation]:
    citations = content["citations"]
    found = []
    answer = content["answer"]
    if answer is not None and not answer["stated"]:
        cited = next(each for each in citations if each["rank"] == answer["citation"])
        found.append(_quotation("answer", str(answer["text"]), cited, files))
    return [*found, *(_quotation(str(each["rank"]), str(each["text"]), each, files) for each in citations)]


def _quotation(name: str, text: str, cited: Mapping[str, Any], files: _Files) -> Quotation:
    path, document = str(cited["file"]["path"]), str(cited["document"])
    data = files.data(path)
    if data is None:
        return Quotation(name, document, text, "gone")
    if hashlib.sha256(data).hexdigest() == cited["file"]["sha256"]:
        return Quotation(name, document, text, "unchanged")
    now = files.documents(path)
    if isinstance(now, str):
        return Quotation(name, document, text, "unreadable", reason=now)
    if document not in now:
        return Quotation(name, document, text, "gone")
    if text in now[document].text:
        return Quotation(name, document, text, "stands")
    return Quotation(name, document, text, "changed", _nearest(text, now[document].text))


def _nearest(text: str, article: str) -> tuple[Piece, ...]:
    """How the words that are nearest to a quotation differ from it; only the quotation if none are near."""
    ours = words_of(text)
    found = align(ours, words_of(article))
    if found is None or found.distance > math.floor((1 - _LEAST_ALIKE) * len(ours)):
        return (Piece("ours", text),)
    return word_diff(text, article)
