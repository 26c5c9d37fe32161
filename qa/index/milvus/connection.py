"""A connection to a Milvus server, and the clock that bounds what one question may take of it."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from ...config import Address

if TYPE_CHECKING:
    from pymilvus import MilvusClient


READING, WRITING = 1.8, 60.0  # seconds that a call may take: of a question, and of a build
_CONNECTING = READING / 2  # seconds


class Once(float):
    """Seconds for a call that pymilvus makes once: it would try again until so many are over, and sleep past that."""

    def __le__(self, other: float) -> bool:
        return True


class Clock(threading.local):
    """What the calls of this thread's question may still take together (None: no question), and when one has to end."""

    left: float | None = None
    end: float | None = None


def connect(address: Address) -> MilvusClient:
    from pymilvus import MilvusClient

    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # what fails is said in one sentence
    host = f"[{address.host}]" if ":" in address.host else address.host
    tls = {"server_pem_path": address.tls} if address.tls not in ("", "on") else {}
    return MilvusClient(
        uri=f"{'https' if address.tls else 'http'}://{host}:{address.port}",
        user=address.user,
        password=address.password,
        timeout=_CONNECTING,  # pymilvus takes the first one for all that share the connection
        **tls,
    )
