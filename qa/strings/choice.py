"""Chooses the language that suits the languages which a browser asks for."""

from __future__ import annotations

import re

from .spoken import ENGLISH, LANGUAGES

_RANGE = re.compile(r"\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?")
_MOST = 1_000  # characters of the header


def best_match(accepted: str) -> str:
    """Return the language that fits the `Accept-Language` of a request best: the most wanted one that there is.

    English if none of them is there.
    """
    wanted: dict[str, float] = {}
    for part in accepted[:_MOST].split(","):
        match = _RANGE.fullmatch(part)
        if match is not None:
            wanted.setdefault(match[1].lower(), float(match[2] or 1))
    known = [language for language in wanted if language in LANGUAGES and wanted[language] > 0]
    return max(known, key=lambda language: wanted[language], default=ENGLISH)
