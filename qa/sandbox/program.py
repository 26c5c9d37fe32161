"""The program of a sandbox process (`python -m qa.sandbox.program MEGABYTES`): parses and splits files, draws pages.

It reads requests from standard input and answers on standard output; `pool` starts it. While it parses it sends
requests back: for the language of samples, since it loads no model, for the token counts of texts until there are so
many that it loads the tokenizer, and for pages that it need not read from their pictures again.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from .. import formats
from ..formats import ocr
from ..formats.decoding import Empty, Unreadable
from ..formats.read_page import ReadPage
from ..models.token_counts import token_counter
from ..system.lacking import is_full
from ..text.document import Document, Span
from ..text.passages import CountTokens, PassageSettings, Splitting
from . import frames
from .endings import FAILED, NO_ROOM
from .parsing import empty_documents, split_documents
from .wire import (
    contained_json,
    document_json,
    passages_json,
    picture_json,
    pictures_json,
    placed_json,
    sizes_json,
    words_json,
)

_ORPHAN_SECONDS = 1.0  # between two checks that the parent is still running
_BATCH = 1_000  # sections or passages in one frame
_COUNT_TEXTS, _COUNT_CHARACTERS = 10_000, 2_000_000  # most texts, and characters, of one request to count tokens
_MOST_ASKED = 20  # requests to count tokens: as many as take the time of loading a small tokenizer


class _RequestHandler:
    """Answers requests one at a time."""

    def __init__(self, requests: BinaryIO, responses: BinaryIO) -> None:
        self._requests = frames.Receiver(requests)
        self._responses = responses
        self._asked = 0  # how often token counts were asked for
        self._counters: dict[str, CountTokens] = {}  # by the file of the tokenizer

    def handle_next(self) -> None:
        """Answer the next request. Raises StreamEnded if there is none."""
        head = json.loads(self._requests.unlimited_frame())
        body = [self._requests.unlimited_frame()]  # popped by its user, so that a large file is freed once it is parsed
        try:
            answer = self._parse(head, body) if head["do"] == "read" else self._show(head, body.pop())
        except frames.StreamEnded:
            raise
        except Empty as error:
            answer = {"empty": str(error)}
        except Unreadable as error:
            answer = {"unreadable": str(error)}
        except RecursionError:
            answer = {"unreadable": "is nested too deeply to be read"}
        except MemoryError:
            answer = {"unreadable": "needs more memory than the limit for one file"}
        except Exception as error:  # noqa: BLE001 (the edge of this process: the file is listed with this reason)
            answer = {"unreadable": NO_ROOM if is_full(error) else f"{FAILED} ({type(error).__name__})"}
        frames.send_json(self._responses, answer)

    def _show(self, head: dict[str, Any], data: bytes) -> dict[str, Any]:
        """Draw pages or place the words of one, place or read pictures, or read a database of Zotero."""
        if head["do"] == "zotero":
            return formats.zotero_tables(Path(head["path"]))
        spans = [Span(*span) for span in head.get("spans", ())]
        pages = [Span(*page) for page in head.get("pages", ())]
        with ocr.reading(self):
            if head["do"] == "sizes":
                return sizes_json(formats.page_sizes(data))
            if head["do"] == "placed":
                return placed_json(formats.placed_pictures(data, head["text"]))
            if head["do"] == "contained":
                return contained_json(formats.contained_picture(data, head["name"]))
            if head["do"] == "picture":
                return picture_json(formats.page_picture(data, head["number"], head["short_side"]))
            if head["do"] == "words":
                return words_json(formats.page_words(data, head["number"], head["text"], pages, spans))
            return pictures_json(formats.page_pictures(data, head["text"], pages, spans[0], spans[1:]))

    def _parse(self, head: dict[str, Any], body: list[bytes]) -> dict[str, Any]:
        """Send each document, and its passages as they are produced; return what could not be read."""
        settings = formats.ReadingSettings.from_json(head["reading"])
        with ocr.reading(self):
            contents = formats.parse(head["path"], body.pop(), settings)
        splitting = Splitting(
            partial(self._count_tokens, head["tokenizer"]),
            head["max_tokens"],
            PassageSettings(**head["settings"]),
        )
        for document in empty_documents(contents):
            self._send_document("bare", document)
        for document, passages in split_documents(contents, splitting, self._detect_language):
            self._send_document("document", document)
            for batch in _batches(passages):
                frames.send_json(self._responses, {"passages": passages_json(batch)})
        return {"problems": list(contents.problems), "notes": list(contents.notes)}

    def recall(self, picture: str) -> Any:
        """Ask for a page that was read before."""
        frames.send_json(self._responses, {"recall": picture})
        return json.loads(self._requests.unlimited_frame())

    def done(self, picture: str, page: ReadPage, is_new: bool) -> None:
        """Send a page that was read; one that took too long may be read in time when the machine is less busy."""
        kept = page.as_json() if is_new and not page.slow else None
        frames.send_json(self._responses, {"recognised": picture, "page": kept})

    def _send_document(self, key: str, document: Document) -> None:
        fields = document_json(document)
        sections = fields.pop("sections")
        frames.send_json(self._responses, {key: {**fields, "text": "", "blocks": []}})
        frames.send_text(self._responses, document.text)
        for batch in _batches(sections):
            frames.send_json(self._responses, {"sections": batch})

    def _count_tokens(self, tokenizer: str, texts: Sequence[str]) -> list[int]:
        counts: list[int] = []
        if tokenizer and self._asked >= _MOST_ASKED:
            if tokenizer not in self._counters:
                self._counters = {tokenizer: token_counter(Path(tokenizer))}
            for batch in _text_batches(texts):
                counts += self._counters[tokenizer](batch)
            return counts
        self._asked += 1
        for batch in _text_batches(texts):
            frames.send_json(self._responses, {"count": batch})
            counts += json.loads(self._requests.unlimited_frame())
        return counts

    def _detect_language(self, samples: Sequence[str]) -> str:
        frames.send_json(self._responses, {"language": list(samples)})
        return str(json.loads(self._requests.unlimited_frame()))


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _text_batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    for text in texts:
        batch.append(text)
        characters += len(text)
        if len(batch) == _COUNT_TEXTS or characters >= _COUNT_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _limit_memory(megabytes: int) -> None:
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return
    limit, most = megabytes * 1_000_000, resource.getrlimit(resource.RLIMIT_AS)[1]
    if most != resource.RLIM_INFINITY:  # whoever started the program allows it less, which cannot be raised
        limit = min(limit, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with(parent: int) -> None:
    """Kill this process and its children once the parent has ended, even while a file is being parsed."""
    while os.getppid() == parent:
        time.sleep(_ORPHAN_SECONDS)
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Answer requests until standard input ends, which it does when the parent ends."""
    _limit_memory(int(sys.argv[1]))
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the texts of a file are few and short, and others need processors
    if hasattr(os, "killpg"):
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    handler = _RequestHandler(sys.stdin.buffer, sys.stdout.buffer)
    sys.stdout = sys.stderr  # a library that prints must not write into the responses
    while True:
        try:
            handler.handle_next()
        except frames.StreamEnded:
            return


if __name__ == "__main__":
    main()
