"""Words errors for a person at the page, who has a button in place of a command line."""

from __future__ import annotations

from ..errors import QAError, Remedy

_HERE = {**dict.fromkeys(Remedy, "press “Rebuild index”"), Remedy.CONFIRM: "press “Rebuild index” once more"}
_ELSEWHERE = dict.fromkeys(Remedy, "rebuild the index on the machine that builds it")


def in_page(error: QAError, can_build: bool = True) -> str:
    """Return an error's sentence; its remedy is the page's button, or that of the machine that can build the index."""
    return error.sentence(_HERE if can_build else _ELSEWHERE)
