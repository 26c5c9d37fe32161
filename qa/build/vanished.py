"""Refuses to take most articles out of an index at once: a disk is gone, or none of them can be read any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from ..config import Config
from ..corpus import changes
from ..corpus.changes import Changes
from ..corpus.folders import Folders
from ..corpus.records import FileRecord
from ..errors import CorpusError, Remedy, VanishedError
from ..index.generation import OpenGeneration

_Has = Callable[[str], bool]


def refuse_to_empty(config: Config, previous: OpenGeneration) -> None:
    """Raise CorpusError if an empty folder, which is usually the wrong one, would empty a shared index."""
    if count := previous.manifest.documents:
        raise CorpusError(
            f"The folder {str(config.corpus)!r} contains no articles, but the index at {config.store} contains "
            f"{count:,}: name the folder that it was built from with --corpus."
        )


def refuse_to_forget(folders: Folders, comparison: Changes, known: Mapping[str, FileRecord]) -> None:
    """Raise VanishedError if most articles of a folder, or of all of them together, are gone at once."""
    removed = set(comparison.removed)
    left = [path for path, file in known.items() if file.status != "skipped" and path not in removed]
    places: list[tuple[str, _Has, bool]] = [
        (f"folder {str(folder.path)!r}", folder.has, folders.several and not folder.path.is_dir())
        for folder in folders.all
    ]
    for place, has, missing in [*places, ("library", lambda _: True, False)]:
        if gone := changes.vanished(comparison, known, has, missing):
            count = gone + sum(map(has, left))
            all_of_them = f"All {count:,}" if gone == count else f"{gone:,} of {count:,}"
            raise VanishedError(
                f"{all_of_them} articles are gone from the {place}",
                Remedy.CONFIRM,
                "connect its disk if it is not there, or {} to take them out of the index",
            )


def refuse_to_lose(known: Mapping[str, FileRecord], records: Sequence[FileRecord]) -> None:
    """Raise VanishedError if most articles that the last index has, none of them changed, cannot be read any more.

    Then what reads them is at fault: a package is missing, or there is too little memory.
    """
    indexed = {path: record.sha256 for path, record in known.items() if record.status == "indexed" and record.sha256}
    lost = [each for each in records if each.status == "failed" and indexed.get(each.path) == each.sha256]
    if lost and 2 * len(lost) > len(indexed):
        ((reason, _),) = Counter(each.reason for each in lost).most_common(1)
        raise VanishedError(
            f"{len(lost):,} of {len(indexed):,} articles, which have not changed, can no longer be read ({reason})",
            Remedy.CONFIRM,
            "see what `qa doctor` says, or {} to take them out of the index",
        )
