"""The program of a reading process (`python -m qa.sandbox.program MEGABYTES`): reads files, splits them, draws pages.

It answers on standard output what it is asked on standard input (see `workers`, which starts it). Two things it asks
back while it reads, since it holds no model: how many tokens texts have, and which language samples are in.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

from .. import formats
from ..formats.decoding import Empty, Unreadable
from ..text.document import Document, Span
from ..text.passages import PassageSettings, Splitting
from . import frames
from .reading import bare, split_each
from .wire import document_json, passages_json, pictures_json

FAILED = "made its reader fail"
_ORPHAN_SECONDS = 1.0  # between two looks whether the program that asks is still there
_TOGETHER = 1_000  # sections or passages in one frame
_ASKED, _ASKED_CHARACTERS = 10_000, 2_000_000  # texts whose tokens are asked for in one frame


class _Answering:
    """Answers one request after the other."""

    def __init__(self, asked: BinaryIO, answered: BinaryIO) -> None:
        self._asked = frames.Receiver(asked)
        self._answered = answered

    def once(self) -> None:
        """Answer the next request; raises Ended where there is none."""
        head = json.loads(self._asked.whole())
        held = [self._asked.whole()]  # to be taken out: it may be large, and is not needed any more once it is parsed
        try:
            answer = self._pictures(head, held.pop()) if head["do"] == "pictures" else self._read(head, held)
        except frames.Ended:
            raise
        except Empty as error:
            answer = {"empty": str(error)}
        except Unreadable as error:
            answer = {"unreadable": str(error)}
        except RecursionError:
            answer = {"unreadable": "is nested too deeply to be read"}
        except MemoryError:
            answer = {"unreadable": "needs more memory than one file may have"}
        except Exception as error:  # noqa: BLE001 (the edge of this process: the file is listed with what happened)
            answer = {"unreadable": f"{FAILED} ({type(error).__name__})"}
        frames.send_json(self._answered, answer)

    def _pictures(self, head: dict[str, Any], data: bytes) -> dict[str, Any]:
        passage, *highlights = (Span(*span) for span in head["spans"])
        pages = [Span(*page) for page in head["pages"]]
        return pictures_json(formats.page_pictures(data, head["text"], pages, passage, highlights))

    def _read(self, head: dict[str, Any], held: list[bytes]) -> dict[str, Any]:
        """Tell each document and its passages as they are made, and at last what could not be read."""
        contents = formats.parse(head["path"], held.pop(), head["fields"])
        splitting = Splitting(self._count_tokens, head["max_tokens"], PassageSettings(**head["settings"]))
        for document in bare(contents):
            self._tell("bare", document)
        for document, passages in split_each(contents, splitting, self._language):
            self._tell("document", document)
            for some in _together(passages):
                frames.send_json(self._answered, {"passages": passages_json(some)})
        return {"problems": list(contents.problems)}

    def _tell(self, what: str, document: Document) -> None:
        told = document_json(document)
        sections = told.pop("sections")
        frames.send_json(self._answered, {what: {**told, "text": "", "blocks": []}})
        frames.send_text(self._answered, document.text)
        for some in _together(sections):
            frames.send_json(self._answered, {"sections": some})

    def _count_tokens(self, texts: Sequence[str]) -> list[int]:
        counts: list[int] = []
        for some in _asked_together(texts):
            frames.send_json(self._answered, {"count": some})
            counts += json.loads(self._asked.whole())
        return counts

    def _language(self, samples: Sequence[str]) -> str:
        frames.send_json(self._answered, {"language": list(samples)})
        return str(json.loads(self._asked.whole()))


def _together(things: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(things)
    while some := list(islice(rest, _TOGETHER)):
        yield some


def _asked_together(texts: Sequence[str]) -> Iterator[list[str]]:
    some: list[str] = []
    characters = 0
    for text in texts:
        some.append(text)
        characters += len(text)
        if len(some) == _ASKED or characters >= _ASKED_CHARACTERS:
            yield some
            some, characters = [], 0
    if some:
        yield some


def _limit(megabytes: int) -> None:
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return
    limit = megabytes * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with(parent: int) -> None:
    """End this process and what it started when the program that asks has ended, though a file is being read."""
    while os.getppid() == parent:
        time.sleep(_ORPHAN_SECONDS)
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Answer until standard input ends, which it does when the program that asks ends."""
    _limit(int(sys.argv[1]))
    if hasattr(os, "killpg"):
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    answering = _Answering(sys.stdin.buffer, sys.stdout.buffer)
    sys.stdout = sys.stderr  # a library that prints must not speak for us
    while True:
        try:
            answering.once()
        except frames.Ended:
            return


if __name__ == "__main__":
    main()
