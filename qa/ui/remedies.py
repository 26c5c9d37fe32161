"""Words errors for a person at the page, who has a button in place of a command line."""

from __future__ import annotations

from ..errors import QAError, Remedy

_HERE = dict.fromkeys(Remedy, "press “Rebuild index”")
_ELSEWHERE = dict.fromkeys(Remedy, "rebuild the index on the machine that builds it")


def in_page(error: QAError, only_reads: bool = False) -> str:
    """Return an error's sentence; its remedy is the page's button, or another machine's if the index is only read."""
    return error.sentence(_ELSEWHERE if only_reads else _HERE)
