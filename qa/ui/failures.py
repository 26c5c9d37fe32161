"""Words errors for a person at the page, who has a button in place of a command line."""

from __future__ import annotations

import logging
import re
import threading

from ..errors import QAError, QuestionError, Remedy
from ..system.lacking import machine_error
from ..system.logs import Throttled

_HERE = {**dict.fromkeys(Remedy, "press “Rebuild index”"), Remedy.CONFIRM: "press “Rebuild index” once more"}
_ELSEWHERE = dict.fromkeys(Remedy, "rebuild the index on the machine that builds it")

_LOG = Throttled(logging.getLogger(__name__))
# In quotes a path may contain spaces. One without quotes has two parts at least: /api is an address of the chat.
_QUOTED_PATH = re.compile(r"""(['"])((?:/|[A-Za-z]:[\\/])[^'"]*)\1""")
_BARE_PATH = re.compile(r"""(?<![\w/.:'"“])(?:/|[A-Za-z]:\\)(?:[^\s/\\'"“”():;,]+[/\\])+[^\s/\\'"“”():;,]*""")


def in_page(error: QAError, can_build: bool = True) -> str:
    """Return an error's sentence; its remedy is the page's button, or that of the machine that can build the index."""
    return _public(error, error.sentence(_HERE if can_build else _ELSEWHERE))


def for_programs(error: QAError) -> str:
    """Return an error's sentence with the remedy of the command line, for whoever uses the chat by a program."""
    return _public(error, str(error))


def without_places(text: str) -> str:
    """Return a sentence with the last part of each absolute path in place of the path.

    Whoever can ask need not know the folders of this machine; its log and its terminal name them.
    """
    return _BARE_PATH.sub(lambda match: _last_part(match[0]), _QUOTED_PATH.sub(_unplaced, text))


def unexpected(error: BaseException, advice: str) -> str:
    """Return a sentence with the kind of error and `advice`; its own text may be private."""
    known = machine_error(error, names=False)
    if known is not None:
        return f"{in_page(known)} After that, {advice}."
    name = type(error).__name__
    return f"An unexpected error occurred ({name}): details are in the log; {advice}."


class LastError:
    """Remembers the last error of what is retried every second, so that the log gets its traceback once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[type[BaseException], str] | None = None

    def is_other(self, error: BaseException) -> bool:
        """Return whether this error differs from the last one, and remember it."""
        kind = type(error), str(error)
        with self._lock:
            is_other, self._last = kind != self._last, kind
        return is_other

    def clear(self) -> None:
        """Forget the last error, after a success."""
        with self._lock:
            self._last = None


def _public(error: QAError, sentence: str) -> str:
    """Return a sentence without the paths of this machine, which are written to the log."""
    if isinstance(error, QuestionError):
        return sentence  # its only paths are those that were asked for
    public = without_places(sentence)
    if public != sentence:
        _LOG.warning("%s", sentence)
    return public


def _unplaced(match: re.Match[str]) -> str:
    return f"{match[1]}{_last_part(match[2])}{match[1]}"


def _last_part(path: str) -> str:
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]
