"""What a terminal shows: styles and links that can be opened, or neither."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TextIO

# Windows' old console prints the address of a link among the text; these name what has replaced it.
_WINDOWS = ("WT_SESSION", "TERM_PROGRAM", "ConEmuANSI")


def shows_styles(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Return whether a stream is a terminal that knows escape sequences."""
    return bool(stream.isatty()) and environ.get("TERM") != "dumb"


def shows_links(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Return whether links (OSC 8) may be written to a stream: not if NO_COLOR asks for plain text."""
    if sys.platform == "win32" and not any(environ.get(name) for name in _WINDOWS):
        return False
    return shows_styles(stream, environ) and not environ.get("NO_COLOR")
