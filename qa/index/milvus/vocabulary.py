"""The words, search terms and acronyms of a generation on Milvus, as texts in its collection of facts."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Literal

from .client import Server
from .facts import Facts, Pairs, Words
from .rows import ACRONYMS, TERMS, WORDS

_LATELY, _MOST_LATELY = 10.0, 64  # seconds for which the acronyms of questions are cached, and of how many
_NEVER = float("-inf")


class MilvusVocabulary:
    """A Vocabulary. Safe to use from several threads."""

    def __init__(self, server: Server, facts: Facts) -> None:
        self._server = server
        self._words = {"terms": Words(facts, TERMS), "words": Words(facts, WORDS)}
        self._acronyms = Pairs(facts, ACRONYMS)
        # The acronyms of recent questions, and when they were read (monotonic).
        self._lately: dict[frozenset[str], tuple[list[tuple[str, str]], float]] = {}

    def frequencies(self, field: Literal["terms", "words"], values: Iterable[str]) -> Mapping[str, int]:
        return self._words[field].frequencies(values)

    def beginning(self, starts: Iterable[str]) -> Mapping[str, int]:
        return self._words["words"].beginning(starts)

    def acronyms(self, texts: Iterable[str]) -> Iterable[tuple[str, str]]:
        wanted, now = frozenset(texts), time.monotonic()
        pairs, read = self._lately.get(wanted, ([], _NEVER))
        if read <= max(now - _LATELY, self._server.failed):
            pairs = self._acronyms.containing(wanted)
            if len(self._lately) >= _MOST_LATELY:
                self._lately = {}
            self._lately[wanted] = pairs, now
        return pairs
