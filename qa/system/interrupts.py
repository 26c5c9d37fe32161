"""Makes Ctrl-C, and what else ends a program, end it in time, even while a library does not return to Python."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# The system ends, a service is stopped (SIGTERM), or the terminal is closed (SIGHUP).
_TERMINATIONS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
_ENDING = frozenset((signal.SIGINT, *_TERMINATIONS))


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the block as Ctrl-C does, by a KeyboardInterrupt.

    One that this process was told to ignore, as by nohup, stays ignored. Does nothing outside the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _TERMINATIONS}
    taken = [number for number, handler in before.items() if handler is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])


@contextmanager
def interrupt_deadline(seconds: float, end: Callable[[], None]) -> Iterator[None]:
    """Call `end` if the block is still running `seconds` after an interrupt (Ctrl-C) or another of _ENDING.

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
            if not _ENDING.isdisjoint(signals) and not finished.wait(seconds):
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
