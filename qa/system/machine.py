"""The processors and memory that this program may use, and the addresses of this machine."""

from __future__ import annotations

import ctypes
import ipaddress
import os
import sys
from functools import cache

_M_ARENA_MAX = -8  # malloc.h of glibc
_ARENAS = 2  # measured: docs/decisions.md


def processors() -> int:
    """The number of processors that this process may use.

    This is not `os.cpu_count`, which counts all processors of the machine even if a scheduler, `taskset` or a container
    restricts this process to some of them.
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def limit_memory_pools() -> None:
    """Let all threads share a few memory pools, so that one reuses what another freed; call it before they start.

    glibc gives each thread its own pool, up to eight for each processor, and keeps freed memory in it. With other C
    libraries this does nothing.
    """
    if (library := _glibc()) is not None and "MALLOC_ARENA_MAX" not in os.environ:
        library.mallopt(_M_ARENA_MAX, _ARENAS)


def release_memory() -> None:
    """Return free memory to the system, after work that needed much; takes 9 ms for 100 MB."""
    if (library := _glibc()) is not None:
        library.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    """The C library if it is glibc, which has these pools; None otherwise, as with musl."""
    library = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
    return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None


def is_loopback(host: str) -> bool:
    """Whether the host is an address that only this machine can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
