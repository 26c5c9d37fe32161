"""Writes text as Markdown that shows it as it is."""

from __future__ import annotations

import re

# What Markdown would take for a sign: at the beginning of a line, and anywhere.
_SIGNS = re.compile(r"(?:^|(?<=\n))([ \t]*)([#+=~-]|\d+(?=[.)]))|([\\`*_\[\]<>|]|&(?=#?\w+;)|~(?=~))")


def escaped(text: str) -> str:
    """A text, of one line or several, with a backslash before each sign."""
    return _SIGNS.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    before, first, sign = match.groups()
    if sign:
        return f"\\{sign}"
    return str(before) + (f"{first}\\" if first.isdigit() else f"\\{first}")


def on_one_line(text: str) -> str:
    """The text with each run of white space as one space."""
    return " ".join(text.split())
