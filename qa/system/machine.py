"""What this program may use of the machine that it runs on, what it gives back, and which addresses are that machine.

It knows nothing about what is done there.
"""

from __future__ import annotations

import ctypes
import ipaddress
import os
import sys
from functools import cache

_M_ARENA_MAX = -8  # malloc.h of glibc
_ARENAS = 2  # see docs/decisions.md


def processors() -> int:
    """How many processors this process may use.

    `os.cpu_count` is not asked first: it counts all that the machine has, also where a scheduler, `taskset` or a
    container's set of processors lends this process only some of them, and threads for the others would wait.
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_memory() -> None:
    """Have all threads take memory from few pools: what one gave back, another takes. Call it before they start.

    The C library of most Linux systems gives each thread a pool of its own, up to eight for each processor, and keeps
    what is free in it. Others have nothing to set.
    """
    if (library := _glibc()) is not None and "MALLOC_ARENA_MAX" not in os.environ:
        library.mallopt(_M_ARENA_MAX, _ARENAS)


def give_back_memory() -> None:
    """Give the system the memory that is free; it takes 9 ms for 100 MB, and follows work that took much."""
    if (library := _glibc()) is not None:
        library.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    """The C library where it is glibc, whose pools these are; None elsewhere, musl included."""
    library = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
    return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None


def is_loopback(host: str) -> bool:
    """Whether the address can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
