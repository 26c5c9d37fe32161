"""Knows which languages there are, and which one is spoken at the moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

ENGLISH = "en"
LANGUAGES = {"en": "English", "de": "Deutsch", "es": "Español", "ar": "العربية"}
_RIGHT_TO_LEFT = frozenset({"ar"})

_SPOKEN: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


def spoken() -> str:
    """Return the language that is spoken, a key of LANGUAGES."""
    return _SPOKEN.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language, a key of LANGUAGES, until the end of the block: in this thread or task, and no other."""
    token = _SPOKEN.set(language if language in LANGUAGES else ENGLISH)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def direction() -> str:
    """Return the direction in which the language is written: "ltr" or "rtl"."""
    return "rtl" if spoken() in _RIGHT_TO_LEFT else "ltr"
