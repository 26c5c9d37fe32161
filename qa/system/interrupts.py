"""Ctrl-C ends a piece of work in time, also where a library does not come back to Python.

It knows nothing about what the work is.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def ended_within(seconds: float, end: Callable[[], None]) -> Iterator[None]:
    """A block that an interrupt ends with KeyboardInterrupt; where that takes longer, `end` is called.

    It is called in a thread of its own, since the main one may be inside a library for minutes; it has to end the
    process. Outside the main thread, where interrupts are not heard, nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told, heard = socket.socketpair()
    told.setblocking(False)
    over = threading.Event()

    def listen() -> None:
        while signals := heard.recv(64):
            if signal.SIGINT in signals and not over.wait(seconds):
                end()

    listener = threading.Thread(target=listen, name="interrupts", daemon=True)
    listener.start()
    before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        over.set()
        told.close()
        listener.join()
        heard.close()
