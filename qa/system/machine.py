"""What this program may use of the machine that it runs on, and which addresses are that machine.

It knows nothing about what is done there.
"""

from __future__ import annotations

import ipaddress
import os


def processors() -> int:
    """How many processors this process may use.

    `os.cpu_count` is not asked first: it counts all that the machine has, also where a scheduler, `taskset` or a
    container's set of processors lends this process only some of them, and threads for the others would wait.
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_loopback(host: str) -> bool:
    """Whether the address can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
