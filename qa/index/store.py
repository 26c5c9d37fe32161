"""Where the generations of an index are kept: what every store can do."""

from __future__ import annotations

import contextlib
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Generic, TypeVar

from ..errors import NoGenerationError, Remedy, StoreError
from .generation import OpenGeneration
from .manifest import Manifest
from .states import State, Version
from .workspace import locked, unfinished
from .writer import Writer

Opened = TypeVar("Opened", bound=OpenGeneration)


class Store(ABC, Generic[Opened]):
    """The generations of one index, of which one is current: it answers. Safe to use from several threads.

    `index` is a folder on this machine: it serves as a lock and contains what an unfinished build leaves. A store is
    `shared` if other machines answer from it too.
    """

    shared = False

    def __init__(self, index: Path) -> None:
        self.index = index

    # --- what every store implements

    @abstractmethod
    def current_id(self) -> str | None:
        """The id of the generation that answers, or None if nothing was published. Raises StoreError."""

    @abstractmethod
    def open(self, generation: str) -> Opened:
        """A published generation. Raises StoreError."""

    @abstractmethod
    def writer(
        self, manifest: Manifest, previous: Opened | None = None, step: Callable[[], None] = lambda: None
    ) -> Writer:
        """A writer of the next generation, while `writing`; `manifest` says what is known when it begins."""

    # --- what a store may implement

    @property
    def description(self) -> Mapping[str, str] | None:
        """What `qa status` says of the store; None for an index on this machine."""
        return None

    def recent_id(self) -> str | None:
        """As `current_id`, as it was about a second ago at the earliest: every question asks for it."""
        return self.current_id()

    def nothing(self) -> StoreError:
        """The error to raise if no generation answers."""
        return NoGenerationError("No index was built yet", Remedy.BUILD)

    def close(self) -> None:
        """Release what the store keeps open; it is not used afterwards. Opened generations stay open."""

    def question(self) -> AbstractContextManager[None]:
        """While this thread works on one question: bounds the time that other machines may take of it."""
        return contextlib.nullcontext()

    def writing(self) -> AbstractContextManager[None]:
        """The right to write, for one writer at a time. Raises BusyError if another has it."""
        return locked(self.index)

    def prune(self, keep: int) -> None:
        """Remove all but the last `keep` generations, and what unfinished builds left; only while `writing`."""
        self.remove_leftovers()

    def older(self) -> Iterator[Opened]:
        """The published generations before the current one that are still kept, the newest first."""
        return iter(())

    def open_to_reuse(self, generation: str) -> Opened:
        """As `open`, for a build, which reads rows and embeddings and searches for nothing."""
        return self.open(generation)

    def is_as_published(self, generation: Opened) -> bool:
        """Whether nothing shows that another program has changed a generation since it was opened."""
        return True

    def salvaged(self) -> Iterator[Opened]:
        """The current generation as far as it is intact, if it is damaged: its embeddings can be reused."""
        return iter(())

    def states(self) -> tuple[State, ...]:
        """The states of the folder that can be asked, the oldest first, the present one last. Raises StoreError."""
        return ()

    def open_state(self, state: State) -> Opened:
        """One of `states`, as a generation; it may have to be written again first. Raises StoreError."""
        raise StoreError("This index keeps no earlier states: ask without a date.")

    def versions(self, path: str) -> tuple[Version, ...]:
        """A file as it was in each kept state, the oldest first; equal ones in a row count once. Raises StoreError."""
        return ()

    def states_size(self) -> int:
        """The bytes that all states but the present one take."""
        return 0

    def mend_states(self) -> list[str]:
        """Restore or drop what is damaged in the states but the present one, and return one sentence for each.

        Raises BusyError or StoreError.
        """
        return []

    def forget_states(self) -> None:
        """Delete all states but the present one; only while `writing`. Raises OSError."""

    def withdraw(self, files: Sequence[str]) -> None:
        """Take files (paths below the corpus folder) out of the current generation, if that needs no build."""

    def leftovers(self) -> list[Path]:
        """Folders on this machine that unfinished builds left, oldest first; only while `writing`."""
        return unfinished(self.index)

    def remove_leftovers(self, keep: Path | None = None) -> None:
        """Remove what unfinished builds left, except the folder `keep`; only while `writing`."""
        for path in self.leftovers():
            if path != keep:
                shutil.rmtree(path, ignore_errors=True)

    # --- what is the same for all stores

    def open_current(self) -> Opened:
        """The generation that answers. Raises NoGenerationError before the first build, else StoreError."""
        return self._current(self.open)

    def reused(self) -> Opened:
        """The generation that answers, as `open_to_reuse` opens it. Raises as `open_current` does."""
        return self._current(self.open_to_reuse)

    def _current(self, opened: Callable[[str], Opened]) -> Opened:
        while (number := self.current_id()) is not None:
            try:
                return opened(number)
            except StoreError:
                if self.current_id() == number:
                    raise  # otherwise newer builds were published, and this one removed, while it was opened
        raise self.nothing()
