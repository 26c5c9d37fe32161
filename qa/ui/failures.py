"""Words errors for a person at the page, who has a button in place of a command line."""

from __future__ import annotations

import threading

from ..errors import QAError, Remedy

_HERE = {**dict.fromkeys(Remedy, "press “Rebuild index”"), Remedy.CONFIRM: "press “Rebuild index” once more"}
_ELSEWHERE = dict.fromkeys(Remedy, "rebuild the index on the machine that builds it")


def in_page(error: QAError, can_build: bool = True) -> str:
    """Return an error's sentence; its remedy is the page's button, or that of the machine that can build the index."""
    return error.sentence(_HERE if can_build else _ELSEWHERE)


def unexpected(error: BaseException, advice: str) -> str:
    """Return a sentence with the kind of error and `advice`; its own text may be private."""
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
