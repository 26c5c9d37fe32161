"""Keeps what was made last, and makes it once however many threads ask for it at once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError, Future
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class Recent(Generic[Kept]):
    """The `most` values that were used last, by their keys; with 0, only those being made. Safe to use by many threads.

    Threads that ask for a value while another one makes it wait for that one, and get its exception if it fails.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._making: dict[Hashable, Future[Kept]] = {}

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """The value of a key, made if it is not here; `make` may not ask for the same one."""
        while True:
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
                others = self._making.get(key)
                if others is None:
                    own = self._making[key] = Future[Kept]()
                    break
            try:
                return others.result()
            except CancelledError:
                continue  # the thread that made it was interrupted, and that ends no other
            finally:
                del others  # an exception refers to this frame, and must not be referred to by it
        try:
            value = make()
        except Exception as error:
            self._made(key, own)
            own.set_exception(error)
            del own  # as above
            raise
        except BaseException:
            self._made(key, own)
            own.cancel()
            raise
        with self._lock:
            if self._making.get(key) is own:  # otherwise it was forgotten meanwhile
                self._kept[key] = value
                while len(self._kept) > self.most:
                    self._kept.popitem(last=False)
        self._made(key, own)
        own.set_result(value)
        return value

    def clear(self) -> None:
        """Forget all; threads that ask from now on do not get what is being made either."""
        with self._lock:
            self._kept.clear()
            self._making.clear()

    def _made(self, key: Hashable, own: Future[Kept]) -> None:
        with self._lock:
            if self._making.get(key) is own:
                del self._making[key]
