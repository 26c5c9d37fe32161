"""The generations of one index folder: which one answers, a writer for the next, and what may be removed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from ...errors import Remedy, StoreError
from ..manifest import Manifest
from ..store import Store
from . import layout
from .generation import Generation
from .writer import GenerationWriter


class LocalStore(Store[Generation]):
    """The generations of one index folder, on this machine's disk."""

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
        layout.prune(self.index, keep)

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
