"""Folds names for comparisons: without case and accents, however their characters are composed."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """The text in lower case and without accents, as the page's script folds it."""
    if text.isascii():
        return text.lower()
    return "".join(
        c for c in unicodedata.normalize("NFKD", text) if not unicodedata.category(c).startswith("M")
    ).lower()
