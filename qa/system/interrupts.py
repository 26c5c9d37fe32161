"""Makes Ctrl-C end the program in time, even while a library does not return to Python."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interrupt_deadline(seconds: float, end: Callable[[], None]) -> Iterator[None]:
    """Call `end` if the block is still running `seconds` after an interrupt (KeyboardInterrupt).

    `end` must end the process. It is called on another thread, because the main one may be inside a library for
    minutes. Does nothing outside the main thread, which alone receives interrupts.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    sender, receiver = socket.socketpair()
    sender.setblocking(False)
    finished = threading.Event()

    def listen() -> None:
        while signals := receiver.recv(64):
            if signal.SIGINT in signals and not finished.wait(seconds):
                end()

    listener = threading.Thread(target=listen, name="interrupts", daemon=True)
    listener.start()
    previous = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(previous)
        finished.set()
        sender.close()
        listener.join()
        receiver.close()
