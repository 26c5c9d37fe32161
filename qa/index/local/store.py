"""The generations of one index folder: which one answers, a writer for the next, and what may be removed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from ...errors import Remedy, StoreError
from ..manifest import Manifest, read_manifest
from ..states import State, Version
from ..store import Store
from . import layout
from .generation import Generation
from .history import History
from .mending import Mending
from .past import PastStates
from .versions import versions_of
from .writer import GenerationWriter

_UNRECORDED = 10  # further generations that stay while what they contained cannot be stored


class LocalStore(Store[Generation]):
    """The generations of one index folder, on this machine's disk; earlier states can be asked for `days` days."""

    def __init__(self, index: Path, days: int = 0) -> None:
        super().__init__(index)
        self._days = days
        self._history = History(index)
        self._past = PastStates(index, self._history)

    def current_id(self) -> str | None:
        return layout.current_id(self.index)

    def open(self, generation: str) -> Generation:
        return Generation(self._folder(generation))

    def open_to_reuse(self, generation: str) -> Generation:
        return Generation(self._folder(generation), is_searched=False)

    def _folder(self, generation: str) -> Path:
        folder = next((path for path in layout.published_folders(self.index) if path.name == generation), None)
        if folder is None:
            layout.check_readable(self.index)
            raise StoreError(f"CURRENT names generation {generation[:20]!r}, which is not there", Remedy.FULL_BUILD)
        return folder

    def writer(
        self, manifest: Manifest, previous: Generation | None = None, step: Callable[[], None] = lambda: None
    ) -> GenerationWriter:
        return GenerationWriter(self, manifest, previous, step)

    def is_as_published(self, generation: Generation) -> bool:
        return generation.is_as_published()

    def prune(self, keep: int) -> None:
        super().prune(keep)
        is_recorded = self._history.record(self._days)
        layout.prune(self.index, keep if is_recorded else keep + _UNRECORDED)
        if is_recorded:
            with contextlib.suppress(StoreError, OSError):
                self._past.remove({state.generation for state in self._history.states()})

    def states(self) -> tuple[State, ...]:
        current = self.current_id()
        if current is None:
            return ()
        manifest = read_manifest(self._folder(current))
        present = State(current, datetime.fromisoformat(manifest.created), None, 0, 0)
        recorded = self._history.states()
        if recorded and (recorded[-1].generation, recorded[-1].created) == (present.generation, present.created):
            return recorded
        if recorded:  # the build that published the present one could not record it
            recorded = (*recorded[:-1], replace(recorded[-1], ended=present.created))
        return (*recorded, present)

    def open_state(self, state: State) -> Generation:
        with contextlib.suppress(StoreError):
            generation = self.open(state.generation)
            if datetime.fromisoformat(generation.manifest.created) == state.created:
                return generation
            generation.close()
        return self._past.open(state)

    def versions(self, path: str) -> tuple[Version, ...]:
        return versions_of(path, self._history, self.states(), self.open_current())

    def states_size(self) -> int:
        return self._history.size() + self._past.size()

    def mend_states(self) -> list[str]:
        mending = Mending(self.index)
        if not mending.is_needed():
            return []
        with self.writing():
            return mending.mend()

    def forget_states(self) -> None:
        self._history.forget()
        layout.prune(self.index, 1)
        self._past.remove()

    def older(self) -> Iterator[Generation]:
        current = None
        with contextlib.suppress(StoreError):
            current = self.current_id()
        for folder in reversed(layout.published_folders(self.index)):
            if folder.name != current:
                with contextlib.suppress(StoreError):
                    yield Generation(folder, is_searched=False)

    def salvaged(self) -> Iterator[Generation]:
        with contextlib.suppress(StoreError):
            current = self.current_id()
            for folder in layout.published_folders(self.index):
                if folder.name == current:
                    yield Generation(folder, words=False, is_searched=False)

    def leftovers(self) -> list[Path]:
        return sorted([*super().leftovers(), *layout.cut_off(self.index)], key=lambda path: path.stat().st_mtime_ns)
