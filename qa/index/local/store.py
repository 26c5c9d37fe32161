"""The generations of one index folder: which one answers, a writer for the next, and what may be removed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import NoGenerationError, Remedy, StoreError
from ..manifest import Manifest
from ..workspace import locked
from . import layout
from .generation import Generation
from .writer import GenerationWriter


@dataclass(frozen=True, slots=True)
class LocalStore:
    """The generations of one index folder: a `Store` on this machine's disk."""

    index: Path

    @property
    def description(self) -> None:
        """Nothing that `qa status` would have to say of it."""

    def close(self) -> None:
        """Nothing is held open between two calls."""

    def question(self) -> contextlib.AbstractContextManager[None]:
        """While one question is worked on: a disk needs no bound."""
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the index for one writer; raises BusyError where another process has it."""
        with locked(self.index):
            yield

    def writer(
        self, manifest: Manifest, previous: Generation | None = None, step: Callable[[], None] = lambda: None
    ) -> GenerationWriter:
        """One for the next generation, while `writing`; see there."""
        return GenerationWriter(self.index, manifest, previous, step)

    def current_id(self) -> str | None:
        """The id of the generation that answers, or None where nothing was published."""
        return layout.current_id(self.index)

    def open_current(self) -> Generation:
        """The generation that answers. Raises NoGenerationError before the first build, StoreError if damaged."""
        while (number := self.current_id()) is not None:
            try:
                folder = next((path for path in layout.published_folders(self.index) if path.name == number), None)
                if folder is None:
                    raise StoreError(f"CURRENT names generation {number[:20]!r}, which is not there", Remedy.FULL_BUILD)
                return Generation(folder)
            except StoreError:
                if self.current_id() == number:
                    raise  # otherwise newer builds were published, and this one pruned, while it was opened
        raise NoGenerationError("No index was built yet", Remedy.BUILD)

    def leftovers(self) -> list[Path]:
        """Folders of builds that did not end, oldest first; call it only while `writing`."""
        return layout.leftovers(self.index)

    def remove_leftovers(self, keep: Path | None = None) -> None:
        """Give back the space of builds that did not end, all but `keep`; call it only while `writing`."""
        layout.remove_leftovers(self.index, keep)

    def prune(self, keep: int) -> None:
        """Remove all but the last `keep` generations, and what builds that did not end have left."""
        layout.prune(self.index, keep)

    def withdraw(self, files: Sequence[str]) -> None:
        """Nothing: a published generation is not touched, and the next one is without them."""
