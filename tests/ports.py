"""Ports of this machine for servers that have to be told one."""

from __future__ import annotations

import contextlib
import random
import socket


def free_port() -> int:
    """A port of this machine that nobody uses, and that the system gives nobody who asks for any (32768 and above)."""
    while True:
        port = random.SystemRandom().randrange(10_000, 32_768)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
