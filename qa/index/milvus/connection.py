"""A connection to a Milvus server, and the time that the calls of one question may take."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from ...config import Address

if TYPE_CHECKING:
    from pymilvus import MilvusClient


READING, WRITING = 1.8, 60.0  # seconds that a call may take: of a question, and of a build
_CONNECTING = READING / 2  # seconds


class SingleAttempt(float):
    """A timeout in seconds that keeps pymilvus from repeating the call, which it would do beyond the timeout.

    It compares the timeout with the elapsed time to decide whether to repeat; here no comparison allows it.
    """

    def __le__(self, other: float) -> bool:
        return True


class Clock(threading.local):
    """The time that the calls of this thread's question have left (None: no question), and when a call must end."""

    left: float | None = None
    end: float | None = None


def connect(address: Address) -> MilvusClient:
    from pymilvus import MilvusClient

    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # failures are reported as one sentence
    host = f"[{address.host}]" if ":" in address.host else address.host
    tls = {"server_pem_path": address.tls} if address.tls not in ("", "on") else {}
    return MilvusClient(
        uri=f"{'https' if address.tls else 'http'}://{host}:{address.port}",
        user=address.user,
        password=address.password,
        timeout=_CONNECTING,  # pymilvus uses the first one for all that share the connection
        **tls,
    )
