"""Refuses to take most articles out of an index at once: a disk is gone, or the folder is the wrong one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
