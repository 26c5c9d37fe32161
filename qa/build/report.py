"""The progress of a build, and the report on a finished one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..corpus.records import FileRecord


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a build: `done` of `total` files in the `stage` comparing, reading, encoding or publishing.

    `encoded` counts passages, `images` the pages that were read from images; `seconds_left` is an estimate, None while
    there is none.
    """

    stage: str
    done: int
    total: int
    encoded: int = 0
    seconds_left: float | None = None
    images: int = 0

    @property
    def words(self) -> str:
        """The progress as a phrase for display."""
        if self.stage == "publishing":
            return "checking and publishing the new index"
        parts = [f"{self.stage} {min(self.done + 1, self.total):,} of {self.total:,} files"]
        if self.stage == "encoding":
            parts = [f"read all {self.total:,} files"]
        if self.images:
            parts.append(f"{self.images:,} {'page' if self.images == 1 else 'pages'} read from images")
        if self.encoded:
            parts.append(f"{self.encoded:,} passages encoded")
        if self.seconds_left is not None:
            parts.append(f"{_about(self.seconds_left)} left")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build found and did, as paths below the corpus folder; `renamed` contains pairs (old, new).

    `noted` are the added and changed files of which a reader should know how they were read.
    """

    generation: str
    documents: int
    passages: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    removed: tuple[str, ...]
    unchanged: int
    failed: tuple[FileRecord, ...]
    passages_encoded: int
    seconds: float
    noted: tuple[FileRecord, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The object of `qa build --json` (docs/design.md)."""
        data = asdict(self)
        data["renamed"] = [list(pair) for pair in self.renamed]
        data["failed"] = [{"document": record.path, "reason": record.reason} for record in self.failed]
        data["noted"] = [{"document": record.path, "note": record.note} for record in self.noted]
        data["seconds"] = round(self.seconds, 3)
        return data


def _about(seconds: float) -> str:
    """A duration rounded as an estimate should be: `about 40 seconds`, `about 3 minutes`, `about 1.5 hours`."""
    if seconds < 55:
        return f"about {max(5, 5 * round(seconds / 5))} seconds"
    if seconds < 55 * 60:
        minutes = max(1, round(seconds / 60))
        return f"about {minutes} minute{'' if minutes == 1 else 's'}"
    return f"about {round(seconds / 1800) / 2:g} hour{'' if round(seconds / 1800) == 2 else 's'}"
