"""The errors a caller can meet; each message is one sentence that ends with what to do.

    QAError                 the base: catch this at an edge
    ├── ConfigError         the call or the settings are wrong
    │   └── QuestionError   the question cannot be asked (empty, too long, no words)
    ├── CorpusError         the corpus folder cannot be read or written
    ├── ModelError          an encoder is missing, altered or does not fit
    ├── ClosedError         what is asked was closed
    ├── ClusterError        the machines that should help are not reached, or do not fit
    └── StoreError          the index cannot be opened or written
        ├── NoGenerationError   nothing was built yet
        ├── MismatchError       built with another encoder or other settings
        ├── BusyError           another build holds the lock
        ├── UnreachableError    the server that holds it does not answer
        └── UnnamedError        nothing says which generation on a server answers

It knows nothing about how an edge shows them.
"""

from __future__ import annotations


class QAError(Exception):
    """Anything this program reports on purpose; `exit_code` is the command line's (1: the work failed)."""

    exit_code = 1


class ConfigError(QAError):
    """The call or a setting is wrong (exit code 2)."""

    exit_code = 2


class QuestionError(ConfigError):
    """The question cannot be asked as it stands."""


class CorpusError(QAError):
    """The corpus folder is missing or cannot be used."""


class ModelError(QAError):
    """An encoder is missing, altered, or does not fit."""


class ClosedError(QAError):
    """The engine that is asked was closed."""


class ClusterError(QAError):
    """The machines that should help to build are not reached, or do not fit."""


class StoreError(QAError):
    """The index on disk cannot be opened, trusted or written."""


class NoGenerationError(StoreError):
    """Nothing was built yet."""


class MismatchError(StoreError):
    """The index was built with another encoder or other passage settings."""


class BusyError(StoreError):
    """Another process is building this index."""


class UnreachableError(StoreError):
    """The server that holds the index does not answer."""


class UnnamedError(StoreError):
    """Generations are on the server, and its alias does not say which of them answers."""
