"""Words an unexpected error; the caller that catches it logs the traceback."""

from __future__ import annotations

import threading


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
