"""Earlier states as generations: written again when they are asked, into `states/` of the index folder.

What has not changed since is copied from a generation that is kept, and the rest comes from the history. The last few
stay there, so that the next question is answered at once; each can be deleted.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import BusyError, QuestionError, StoreError
from ...models.protocols import Vectors
from ..rows import MALFORMED
from ..states import State, shown
from ..workspace import locked
from ..writer import Writer, Written
from . import layout
from .contents import Content, written
from .generation import Generation
from .history import History, Past
from .writer import GenerationWriter

STATES = "states"
_KEPT = 3  # states that stay written, the last ones that were asked
_IN_USE = 3_600.0  # seconds for which a state that was asked is not removed for another
_WAIT = 600.0  # seconds for another process that writes a state
_TRIES = 3  # a build may remove a generation while it is opened


@dataclass(frozen=True, slots=True)
class _Folder:
    """The index folder of one state."""

    index: Path

    def prune(self, keep: int) -> None:
        layout.prune(self.index, keep)


class PastStates:
    """The earlier states of one index folder, as far as its history has them. Safe to use from several processes."""

    def __init__(self, index: Path, history: History) -> None:
        self._folder = index / STATES
        self._history = history

    def open(self, state: State) -> Generation:
        """A state, written first if it is not there. Raises StoreError, or QuestionError if it is not kept any more."""
        with locked(self._folder, _WAIT):
            place = _Folder(self._folder / state.generation)
            generation = self._written(place, state)
            if generation is None:
                shutil.rmtree(place.index, ignore_errors=True)
                self._write(place, state)
                generation = self._written(place, state)
            if generation is None:
                raise StoreError(f"The state of {shown(state.created)} could not be written: ask again.")
            generation.dense.count()  # opens the last file, so that it answers even if another process removes it
            os.utime(place.index)
            self._remove(self._superfluous(place.index))
            return generation

    def remove(self, keep: Collection[str] = ()) -> None:
        """Remove all states but those of these generations, unless another process writes one just now."""
        if self._folder.is_dir():
            with contextlib.suppress(BusyError), locked(self._folder):
                self._remove(path for path in self._all() if path.name not in keep)

    def size(self) -> int:
        """The bytes of the states that are written."""
        return sum(path.stat().st_size for path in self._folder.rglob("*") if path.is_file())

    def _written(self, place: _Folder, state: State) -> Generation | None:
        """The state as it was written before; None if it was not, or if it is damaged or another one."""
        with contextlib.suppress(StoreError):
            if layout.current_id(place.index) == state.generation:
                generation = Generation(place.index / "generations" / state.generation)
                if generation.manifest.created == state.created.isoformat():
                    return generation
                generation.close()
        return None

    def _write(self, place: _Folder, state: State) -> None:
        for tried in range(1, _TRIES + 1):
            try:
                past = self._history.past(state)
                break
            except StoreError:
                if tried == _TRIES:
                    raise
        if past is None:
            raise QuestionError(f"The state of {shown(state.created)} is not kept any more: ask for a later time.")
        with contextlib.closing(past.newest):
            if past.newest.altered():
                raise past.newest.damage()  # nothing of it may be taken over
            self._publish(place, past)

    def _publish(self, place: _Folder, past: Past) -> None:
        with GenerationWriter(place, past.manifest, past.newest) as writer:
            _fill(writer, past)
            writer.publish(keep=1)

    def _all(self) -> list[Path]:
        """The folders of the states that are written, the last asked first."""
        folders = [path for path in self._folder.iterdir() if path.is_dir()]
        return sorted(folders, key=lambda path: path.stat().st_mtime_ns, reverse=True)

    def _superfluous(self, opened: Path) -> list[Path]:
        others = [path for path in self._all() if path != opened][_KEPT - 1 :]
        return [path for path in others if time.time() - path.stat().st_mtime > _IN_USE]

    def _remove(self, folders: Iterator[Path] | list[Path]) -> None:
        for path in folders:
            gone = path.with_name(f".{path.name}.gone")
            with contextlib.suppress(OSError):  # Windows keeps a folder of which a file is open
                path.rename(gone)
                shutil.rmtree(gone, ignore_errors=True)


def _fill(writer: Writer, past: Past) -> None:
    """Add all files of a state, in order. Raises StoreError if a content is not what was stored."""
    records, parts = past.newest.records, past.newest.parts()
    ended = {record.path: (record, content) for record, content in past.ended}
    dimension = int(past.manifest.encoder["dimension"])
    for path in sorted([*past.lasting, *ended]):
        if path not in ended:
            writer.take_over(records[path], parts[path], path)
            continue
        record, content = ended[path]
        documents, vectors = _read(content, path, dimension)
        writer.add(record, documents, vectors)


def _read(content: Content | None, path: str, dimension: int) -> tuple[list[Written], Vectors]:
    if content is None:
        return [], np.empty((0, dimension), dtype=np.float32)
    try:
        return written(content, path, dimension)
    except MALFORMED as error:
        raise StoreError(
            f"{path} as it was cannot be read (the history of the index is damaged): "
            "run `qa verify`, which keeps what is whole."
        ) from error
