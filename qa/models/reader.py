"""Question + passages → what each of them says to it, from a model that reads both together (docs/reader.md).

One pair at a time without padding, as the encoder does, pairs beside each other on all processors. It knows nothing
about indexes, or what its judgements are used for.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..system.machine import processors
from ..text.document import Span
from ..text.passage import Passage
from .onnx_encoder import open_model
from .protocols import Found, Judgement

FORMAT_VERSION = 1
DESCRIPTION = "reader.json"
OUTPUTS = ["relevance", "start", "end"]  # of the graph, which may have more
FIRST = 3  # passages that are read whatever the time
LONGEST_ANSWER = 30  # tokens; the training's
LANGUAGES = ("en", "")  # that it can read: English, and where it cannot be told
_missing = partial(
    ModelError,
    "The reader's model is missing or is not the one that belongs to this program: "
    "install the program again, or set QA_READER=off.",
)
_opening = threading.Lock()


def shipped_folder() -> Path:
    """The folder of the reader that comes with the program."""
    return Path(str(files("qa.models"))) / "weights" / "reader"


def shipped_reader() -> OnnxReader:
    """The reader that comes with the program, loaded once in a process. Raises ModelError."""
    with _opening:
        return _shipped()


class OnnxReader:
    """A reader exported to a folder. Safe to use from several threads: they share one pool of threads.

    What it says of a passage depends on the question and that passage alone.
    """

    def __init__(self, folder: Path, threads: int = 0) -> None:
        """Raises ModelError where a file is missing or not the one that the folder's description names."""
        try:
            described = json.loads((folder / DESCRIPTION).read_text("utf-8"))
            sha256, version = dict(described["files"]), described["format_version"]
            self._most, self._most_asked = int(described["max_tokens"]), int(described["max_question_tokens"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise _missing() from error
        if version != FORMAT_VERSION:
            raise _missing()
        self._session, self._tokenizer = open_model(folder, sha256, _missing)
        self._first, self._between = (self._tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]"))
        self._pool = ThreadPoolExecutor(threads or processors(), thread_name_prefix="read")

    def read(self, question: str, passages: Sequence[Passage], seconds: float) -> list[Judgement | None]:
        asked = self._tokenizer.encode(question, add_special_tokens=False).ids[: self._most_asked]
        before = [self._first, *asked, self._between]
        readable = [number for number, passage in enumerate(passages) if passage.language in LANGUAGES]
        always, end = set(readable[:FIRST]), time.monotonic() + seconds

        def judged(number: int) -> Judgement | None:
            return self._judged(before, passages[number]) if number in always or time.monotonic() < end else None

        made: list[Judgement | None] = [None] * len(passages)
        for number, judgement in zip(readable, self._pool.map(judged, readable), strict=True):
            made[number] = judgement
        return made

    def _judged(self, before: Sequence[int], passage: Passage) -> Judgement:
        encoded = passage.encoded
        tokens = self._tokenizer.encode(encoded, add_special_tokens=False)
        room = self._most - len(before) - 1
        ids = np.array([[*before, *tokens.ids[:room], self._between]], dtype=np.int64)
        relevance, starts, ends = self._session.run(OUTPUTS, {"ids": ids})
        # From the characters of what was encoded to those of the document; the text is the end of it.
        shift = passage.span.end - len(encoded)
        places = np.array(tokens.offsets[:room], dtype=np.int64).reshape(-1, 2) + shift
        inside = slice(len(before), len(before) + len(places))
        nothing = float(starts[0, 0] + ends[0, 0])
        found = _found(passage, places, starts[0, inside], ends[0, inside], nothing)
        return Judgement(float(relevance[0]), tuple(found))


@lru_cache(maxsize=1)
def _shipped() -> OnnxReader:
    return OnnxReader(shipped_folder())


def _found(
    passage: Passage, places: NDArray[np.int64], starts: NDArray[Any], ends: NDArray[Any], nothing: float
) -> Iterator[Found]:
    """The best span of each sentence that has tokens; `places` are those of the tokens, shape (tokens, 2)."""
    for sentence in passage.sentences or (passage.span,):  # a passage of code is one
        first, last = np.searchsorted(places[:, 0], (sentence.start, sentence.end)).tolist()
        if first < last:
            score, start, end = best_span(starts[first:last], ends[first:last])
            span = Span(int(places[first + start, 0]), min(int(places[first + end, 1]), sentence.end))
            yield Found(sentence, span, score - nothing)


def best_span(starts: NDArray[Any], ends: NDArray[Any], longest: int = LONGEST_ANSWER) -> tuple[float, int, int]:
    """The highest sum of a start and an end not before it, at most `longest` tokens long: the sum, first, last.

    Raises ValueError where there are no tokens.
    """
    count = len(starts)
    sums = starts[:, None] + ends[None, :] + _band(max(count, 256), longest)[:count, :count]
    first, last = divmod(int(np.argmax(sums)), count)
    return float(sums[first, last]), first, last


@lru_cache(maxsize=4)
def _band(size: int, longest: int) -> NDArray[np.float32]:
    """Nought where a span may be, by its first and last token, and else minus infinity."""
    length = np.arange(size)[None, :] - np.arange(size)[:, None]
    return np.where((length >= 0) & (length < longest), 0, -np.inf).astype(np.float32)
