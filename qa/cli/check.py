"""The outcome of one check."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

FINE, ADVICE, FAILED = "fine", "advice", "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """What was checked (`name`), how it is (`state`: "fine", "advice" or "failed"), and one sentence or phrase.

    With "advice" everything works, but something could be better; `words` then end with what to do, as they do after
    "failed".
    """

    name: str
    state: str
    words: str

    def as_json(self) -> dict[str, Any]:
        """The object of `qa doctor --json`."""
        return asdict(self)
