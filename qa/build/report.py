"""The progress of a build, and the report on a finished one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..corpus.records import FileRecord
from ..strings.catalogue import listed, say

# What is said of the files in each stage.
_FILES = {
    "comparing": "comparing {done} of {n} files",
    "reading": "reading {done} of {n} files",
    "encoding": "read all {n} files",
}


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
            return say("checking and publishing the new index")
        parts = [say(_FILES[self.stage], done=min(self.done + 1, self.total), n=self.total)]
        if self.images:
            parts.append(say("{n} pages read from images", n=self.images))
        if self.encoded:
            parts.append(say("{n} passages encoded", n=self.encoded))
        if self.seconds_left is not None:
            parts.append(_left(self.seconds_left))
        return listed(parts)


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build found and did, as paths below the corpus folder; `renamed` contains pairs (old, new).

    `noted` are the added and changed files of which a reader should know how they were read; `skipped` are those that
    are not read and of which the last generation did not say so, or all of them if there is no article.
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
    skipped: tuple[FileRecord, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The object of `qa build --json` (docs/design.md)."""
        data = asdict(self)
        data["renamed"] = [list(pair) for pair in self.renamed]
        data["failed"] = [{"document": record.path, "reason": record.reason} for record in self.failed]
        data["skipped"] = [{"document": record.path, "reason": record.reason} for record in self.skipped]
        data["noted"] = [{"document": record.path, "note": record.note} for record in self.noted]
        data["seconds"] = round(self.seconds, 3)
        return data


def _left(seconds: float) -> str:
    """The time that is left, rounded as an estimate should be: `about 40 seconds left`, `about 1.5 hours left`."""
    if seconds < 55:
        return say("about {n} seconds left", n=max(5, 5 * round(seconds / 5)))
    if seconds < 55 * 60:
        return say("about {n} minutes left", n=max(1, round(seconds / 60)))
    halves = round(seconds / 1800)
    return say("about {n} hours left", n=halves // 2 if halves % 2 == 0 else halves / 2)
