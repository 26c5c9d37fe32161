"""Collects what is worth knowing about how a file was read, though nothing of it is missing: a guessed encoding."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_MOST = 5  # notes on one file
_LENGTH = 200  # characters of one
_noted: ContextVar[dict[str, None] | None] = ContextVar("noted", default=None)
_label: ContextVar[str] = ContextVar("label", default="")


def note(text: str) -> None:
    """Say something about the file that is being parsed, in a few words; without `noting`, nobody hears it."""
    noted = _noted.get()
    if noted is not None:
        noted[f"{_label.get()}{text}"[:_LENGTH]] = None


@contextmanager
def noting() -> Iterator[dict[str, None]]:
    """Collect the notes on one file, in order, each once; those on files inside it belong to the outermost."""
    if _noted.get() is not None:
        yield {}
        return
    noted: dict[str, None] = {}
    token = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(token)


@contextmanager
def about(label: str) -> Iterator[None]:
    """Put the name of a file inside the file before each note on it."""
    token = _label.set(f"{label}: ")
    try:
        yield
    finally:
        _label.reset(token)


def first_notes(noted: dict[str, None]) -> tuple[str, ...]:
    """The first notes, and how many more there are."""
    more = len(noted) - _MOST
    return (*list(noted)[:_MOST], *([f"{more} more notes"] if more > 0 else []))
