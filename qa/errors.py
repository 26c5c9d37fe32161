"""The errors that callers can meet, and what to do about them.

QAError                 the base: catch this at an edge
├── ConfigError         a call or a setting is wrong
│   └── QuestionError   the question cannot be asked (empty, too long, no words)
├── CorpusError         the corpus folder cannot be read or written
│   └── VanishedError   most articles are gone from it, and nobody confirmed that they are to leave the index
├── FetchError          an address of the web could not be fetched
├── ModelError          an encoder is missing, altered or does not fit
├── ReceiptError        a receipt cannot be made or read
├── ClosedError         the engine was closed
├── ClusterError        the machines of a distributed build cannot be reached, or do not fit
├── MachineError        this machine lacks memory, room, a permission or a working package
└── StoreError          the index cannot be opened, trusted or written
    ├── NoGenerationError   no index was built yet
    ├── MismatchError       the index was built with another encoder or other settings
    ├── BusyError           another process is building this index
    ├── UnreachableError    the server with the index does not answer
    └── UnnamedError        the server has generations, and no alias names the current one
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class Remedy(Enum):
    """What fixes an index or an encoder. The value is the command line's wording; other interfaces have theirs."""

    BUILD = "run `qa build`"
    FULL_BUILD = "run `qa build --full`"
    CONFIRM = "run `qa build --yes`"
    BUILD_ELSEWHERE = "run `qa build` where the articles are"
    FULL_BUILD_ELSEWHERE = "run `qa build --full` where the articles are"


class QAError(Exception):
    """An error that this program reports on purpose, as one sentence that ends with what to do.

    `problem` says what is wrong. If `remedy` is None, it is the whole sentence and includes the advice, which is the
    same everywhere. Otherwise each edge words the remedy (see `sentence`); `advice` says more, with the remedy at `{}`.
    `exit_code` is the exit code of the command line (1: the work failed).
    """

    exit_code = 1

    def __init__(self, problem: str, remedy: Remedy | None = None, advice: str = "{}") -> None:
        super().__init__(problem, remedy, advice)
        self.problem = problem
        self.remedy = remedy
        self.advice = advice

    def sentence(self, words: Mapping[Remedy, str] | None = None) -> str:
        """Return the sentence with the remedy in an edge's `words`, by default in those of the command line."""
        if self.remedy is None:
            return self.problem
        remedy = self.remedy.value if words is None else words[self.remedy]
        return f"{self.problem}: {self.advice.format(remedy)}."

    def __str__(self) -> str:
        return self.sentence()


class ConfigError(QAError):
    """A call or a setting is wrong (exit code 2)."""

    exit_code = 2


class QuestionError(ConfigError):
    """The question cannot be asked as it stands."""


class CorpusError(QAError):
    """The corpus folder is missing or cannot be used."""


class VanishedError(CorpusError):
    """Most articles are gone from the folder at once, as when its disk is not connected."""


class FetchError(QAError):
    """An address of the web could not be fetched as it was wanted."""


class ModelError(QAError):
    """An encoder is missing, altered, or does not fit."""


class ReceiptError(QAError):
    """A receipt cannot be made or read, or its key cannot."""


class ClosedError(QAError):
    """The engine was closed."""


class ClusterError(QAError):
    """The machines of a distributed build cannot be reached, or do not fit."""


class MachineError(QAError):
    """This machine lacks what the program needs: memory, room on a disk, a permission, or a package that works."""


class StoreError(QAError):
    """The index cannot be opened, trusted or written."""


class NoGenerationError(StoreError):
    """No index was built yet."""


class MismatchError(StoreError):
    """The index was built with another encoder or other passage settings."""


class BusyError(StoreError):
    """Another process is building this index."""


class UnreachableError(StoreError):
    """The server with the index does not answer."""


class UnnamedError(StoreError):
    """The server has generations of this index, and no alias names the current one."""
