"""The code of a language → its English name.

It knows nothing about texts.
"""

from __future__ import annotations

_NAMES = {"de": "German", "en": "English", "es": "Spanish", "fr": "French", "he": "Hebrew", "ru": "Russian"}


def language_name(code: str) -> str:
    """The English name of an ISO 639-1 code, or the code itself where it is not known."""
    return _NAMES.get(code, code)
