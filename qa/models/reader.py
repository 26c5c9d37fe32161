"""Scores how well each passage answers the question, and where, with a cross-encoder (docs/reader.md).

Each pair of question and passage is run by itself, without padding, on one thread; pairs run in parallel on all
processors.
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
from ..system.recent import Recent
from ..text.document import Span
from ..text.passage import Passage
from .onnx_encoder import open_model
from .protocols import AnswerSpan, Judgement

FORMAT_VERSION = 1
DESCRIPTION = "reader.json"
OUTPUTS = ["relevance", "start", "end"]  # those that every graph has
UNIT = "unit"  # how likely each token's sentence answers; a graph may lack it
ALWAYS_READ = 3  # passages that are read however long it takes
LONGEST_ANSWER = 30  # tokens, as in training
_KEPT = 1_000  # judgements, of some 55 questions: about 5 MB
LANGUAGES = ("en", "")  # of the passages that it reads: English, and unknown
_missing = partial(
    ModelError,
    "The reader's model is missing or does not belong to this version of the program: "
    "install the program again, or set QA_READER=off.",
)
_load_lock = threading.Lock()


def shipped_folder() -> Path:
    """The folder of the reader's model that ships with the program."""
    return Path(str(files("qa.models"))) / "weights" / "reader"


def shipped_reader() -> OnnxReader:
    """The reader that ships with the program, loaded once in a process. Raises ModelError if its files are damaged."""
    with _load_lock:
        return _shipped()


class OnnxReader:
    """A reader exported to a folder. Safe to use from several threads, which share one thread pool.

    Its judgement of a passage depends only on the question and that passage, so the last ones are kept.
    """

    def __init__(self, folder: Path, threads: int = 0, kept: int = _KEPT) -> None:
        """`threads` pairs are read at once (0: one for each processor), and `kept` judgements are kept.

        Raises ModelError if a file is missing or differs from the checksum in the folder's description.
        """
        try:
            description = json.loads((folder / DESCRIPTION).read_text("utf-8"))
            sha256, version = dict(description["files"]), description["format_version"]
            self._max_tokens = int(description["max_tokens"])
            self._max_question_tokens = int(description["max_question_tokens"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise _missing() from error
        if version != FORMAT_VERSION:
            raise _missing()
        self._session, self._tokenizer = open_model(folder, sha256, _missing)
        self._has_unit = UNIT in (output.name for output in self._session.get_outputs())
        self._cls, self._sep = (self._tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]"))
        self._recent = Recent[Judgement](kept)
        self._threads = threads or processors()
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="read")

    def read(self, question: str, passages: Sequence[Passage], seconds: float) -> list[Judgement | None]:
        question_ids = self._tokenizer.encode(question, add_special_tokens=False).ids[: self._max_question_tokens]
        prefix = [self._cls, *question_ids, self._sep]
        readable = [number for number, passage in enumerate(passages) if passage.language in LANGUAGES]
        always, work = set(readable[:ALWAYS_READ]), _Work(seconds * self._threads)

        def judge(number: int) -> Judgement | None:
            if number not in always and work.is_done:
                return None
            passage = passages[number]
            with work:
                return self._recent.get((question, passage), lambda: self._judge(prefix, passage))

        judgements: list[Judgement | None] = [None] * len(passages)
        for number, judgement in zip(readable, self._pool.map(judge, readable), strict=True):
            judgements[number] = judgement
        return judgements

    def _judge(self, prefix: Sequence[int], passage: Passage) -> Judgement:
        read = passage.read
        tokens = self._tokenizer.encode(read, add_special_tokens=False)
        room = self._max_tokens - len(prefix) - 1
        ids = np.array([[*prefix, *tokens.ids[:room], self._sep]], dtype=np.int64)
        outputs = [*OUTPUTS, UNIT] if self._has_unit else OUTPUTS
        relevance, starts, ends, *unit = self._session.run(outputs, {"ids": ids})
        # From offsets in the text that is read, which ends with the passage's text, to offsets in the document.
        shift = passage.span.end - len(read)
        offsets = np.array(tokens.offsets[:room], dtype=np.int64).reshape(-1, 2) + shift
        inside = slice(len(prefix), len(prefix) + len(offsets))
        spans = starts[0, inside], ends[0, inside], float(starts[0, 0] + ends[0, 0])
        units = unit[0][0, inside] - unit[0][0, 0] if unit else np.zeros(len(offsets), np.float32)
        return Judgement(float(relevance[0]), tuple(_answer_spans(passage, offsets, *spans, units)))


class _Work:
    """Processor time, in seconds, of several threads. Waiting does not count, so no other work changes an answer."""

    def __init__(self, most: float) -> None:
        self._left = most
        self._lock = threading.Lock()
        self._own = threading.local()

    @property
    def is_done(self) -> bool:
        return self._left <= 0

    def __enter__(self) -> None:
        self._own.started = time.thread_time()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._left -= time.thread_time() - self._own.started


@lru_cache(maxsize=1)
def _shipped() -> OnnxReader:
    return OnnxReader(shipped_folder())


def _answer_spans(
    passage: Passage,
    offsets: NDArray[np.int64],
    starts: NDArray[Any],
    ends: NDArray[Any],
    no_answer: float,
    units: NDArray[Any],
) -> Iterator[AnswerSpan]:
    """The best span of each sentence that has tokens.

    `offsets` are those of the tokens, shape (tokens, 2); `units` the logits of their sentences minus that of none.
    """
    for sentence in passage.sentences or (passage.span,):  # a passage of code has no sentences
        first, last = np.searchsorted(offsets[:, 0], (sentence.start, sentence.end)).tolist()
        if first < last:
            score, start, end = best_span(starts[first:last], ends[first:last])
            span = Span(int(offsets[first + start, 0]), min(int(offsets[first + end, 1]), sentence.end))
            yield AnswerSpan(sentence, span, score - no_answer, float(np.mean(units[first:last])))


def best_span(starts: NDArray[Any], ends: NDArray[Any], longest: int = LONGEST_ANSWER) -> tuple[float, int, int]:
    """The span of at most `longest` tokens with the highest sum of start and end logit: (sum, first, last token).

    `starts` and `ends` have shape (tokens,). Raises ValueError if there are no tokens.
    """
    count = len(starts)
    sums = starts[:, None] + ends[None, :] + _band(max(count, 256), longest)[:count, :count]
    first, last = divmod(int(np.argmax(sums)), count)
    return float(sums[first, last]), first, last


@lru_cache(maxsize=4)
def _band(size: int, longest: int) -> NDArray[np.float32]:
    """Shape (first token, last token): zero for a permitted span, minus infinity for any other."""
    length = np.arange(size)[None, :] - np.arange(size)[:, None]
    return np.where((length >= 0) & (length < longest), 0, -np.inf).astype(np.float32)
