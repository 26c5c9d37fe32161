"""Slows down guessing: after a few wrong log-ins from an address or for a name, each further one waits longer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..web.public import network_of

_FREE = 5  # wrong tries without a wait
_LONGEST_FOR_ADDRESS = 300.0  # seconds
_LONGEST_FOR_NAME = 30.0  # shorter, since guessing at a name must not keep its owner out for long
_FORGOTTEN_AFTER = 3_600.0  # seconds without a wrong try
_MOST = 10_000  # remembered addresses and names


@dataclass(slots=True)
class _Tries:
    count: int
    until: float  # no further try before this time
    last: float


class Brake:
    """Counts wrong tries by address and by name. Not thread-safe: it is used in the event loop only.

    The wait for a name does not apply to an address from which its owner has logged in: strangers cannot keep the owner
    out.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tries: dict[tuple[str, str], _Tries] = {}  # by kind and value, the oldest try first
        self._owners: dict[tuple[str, str], None] = {}  # address and name, oldest first

    def begin(self, address: str, name: str) -> float:
        """Count a try as a wrong one; or return the seconds to wait, and count nothing.

        It is counted before it is checked, so that many tries at once do not get around the limit.
        """
        now = self._clock()
        address = network_of(address)
        keys = {("address", address): _LONGEST_FOR_ADDRESS}
        if (address, name) not in self._owners:
            keys["name", name] = _LONGEST_FOR_NAME
        wait = max(self._tries[key].until - now if key in self._tries else 0.0 for key in keys)
        if wait > 0:
            return wait
        for key, longest in keys.items():
            tries = self._tries.pop(key, None)
            count = 1 if tries is None or now - tries.last > _FORGOTTEN_AFTER else tries.count + 1
            delay = min(longest, 2.0 ** min(count - _FREE, 20)) if count >= _FREE else 0.0
            self._tries[key] = _Tries(count, now + delay, now)
        while len(self._tries) > _MOST:
            del self._tries[next(iter(self._tries))]
        return 0.0

    def succeeded(self, address: str, name: str) -> None:
        """Forget the tries of an address and for a name, after the right password."""
        address = network_of(address)
        self._tries.pop(("address", address), None)
        self._tries.pop(("name", name), None)
        self._owners.pop((address, name), None)
        self._owners[address, name] = None
        while len(self._owners) > _MOST:
            del self._owners[next(iter(self._owners))]
