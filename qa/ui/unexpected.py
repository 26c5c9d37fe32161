"""The sentence that is said of an error that nobody expected; whoever catches it logs its traceback.

It knows nothing about where the sentence is shown.
"""

from __future__ import annotations

import threading


def unexpected(error: BaseException, advice: str) -> str:
    """One sentence that names the kind of error and ends with `advice`; its own words may say what is nobody's."""
    name = type(error).__name__
    return f"Something went wrong that this program did not expect ({name}): details are in the log; {advice}."


class LastError:
    """The last error of something that is tried again every second, so that its log has one traceback for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[type[BaseException], str] | None = None

    def is_other(self, error: BaseException) -> bool:
        """Whether the last try did not fail in the same way; from now on this error is the last."""
        kind = type(error), str(error)
        with self._lock:
            is_other, self._last = kind != self._last, kind
        return is_other

    def clear(self) -> None:
        """A try went well."""
        with self._lock:
            self._last = None
