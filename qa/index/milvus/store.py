"""Generations on Milvus: written into new collections, checked, published by one switch of an alias, dropped later.

What an unfinished build leaves there does not answer, bears its builder's mark, and is dropped by the next build.
"""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from ...config import Address
from ...errors import NoGenerationError, Remedy, StoreError, UnnamedError, UnreachableError
from ..manifest import Manifest
from ..store import Store
from ..workspace import new_folder
from .client import Server
from .connection import READING, WRITING
from .facts import fact_rows
from .failures import MissingError
from .generation import MilvusGeneration
from .lease import Lease
from .rows import PUBLISHED, facts_of
from .writer import MilvusWriter

_GRACE = 60.0  # seconds for which a reader may still use what was replaced
_FRESH = 1.0  # seconds for which the id of the current generation is cached


class MilvusStore(Store[MilvusGeneration]):
    """The generations under one name on a server. Safe to use from several threads."""

    shared = True

    def __init__(self, address: Address, index: Path) -> None:
        super().__init__(index)
        self.address = address
        self.server = Server(address)
        self._lease = Lease(self.server, address.name, index)
        self._seen: tuple[float, str | None] = (float("-inf"), None)
        # The generation that was current when writing began: its id, itself if intact, and what was withdrawn by then.
        self._before: str | None = None
        self._last: MilvusGeneration | None = None
        self._withdrawn: frozenset[str] = frozenset()

    @property
    def description(self) -> Mapping[str, str]:
        """Where the index is, what server that is, and whether the server searches for words or words are rescored."""
        words = "engine" if self.server.word_tokenizer() else "rescored"
        with contextlib.suppress(NoGenerationError):
            words = "engine" if self.open_current().searches_words else "rescored"
        return {"address": str(self.address), "server": self.server.version(), "words": words}

    def close(self) -> None:
        self.server.close()

    def question(self) -> contextlib.AbstractContextManager[None]:
        return self.server.question()

    def current_id(self, seconds: float = READING) -> str | None:
        try:
            alias = self.server.call("describe_alias", self.address.name, seconds=seconds)
        except MissingError:
            current = None
        else:
            current = self._id(str(alias["collection_name"]))
            if current is None:
                raise StoreError(
                    f"{self.address.name} is the alias of another program's collection: choose another name."
                )
        self._seen = time.monotonic(), current
        return current

    def recent_id(self) -> str | None:
        looked, number = self._seen
        return number if time.monotonic() - looked < _FRESH else self.current_id()

    def open(self, generation: str, seconds: float = READING) -> MilvusGeneration:
        return MilvusGeneration(self.server, self.collection(generation), seconds)

    def nothing(self) -> StoreError:
        """UnnamedError if there are generations, but no alias."""
        if unnamed := self._unnamed():
            return UnnamedError(
                f"Nothing says which index answers at {self.address}: "
                f"set the alias {self.address.name} to {self.collection(unnamed[-1])}, or build with --full."
            )
        return NoGenerationError(f"No index was built at {self.address} yet", Remedy.BUILD_ELSEWHERE)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """The right to write. Raises BusyError if another has it, UnreachableError, or StoreError."""
        with super().writing(), self._lease.acquired():
            self._before, self._last = self.current_id(WRITING), None
            self._drop_all(self._replaced())  # each takes as much of the server's memory as what answers
            try:
                last = self.open_current()
                last.delete_withdrawn()
                self._withdrawn = last.withdrawn(WRITING)
                self._last = last
            except UnreachableError:
                raise
            except StoreError:
                pass  # a damaged one is rebuilt
            yield

    def writer(
        self, manifest: Manifest, previous: MilvusGeneration | None = None, step: Callable[[], None] = lambda: None
    ) -> MilvusWriter:
        return MilvusWriter(self, new_folder(self.index), manifest, previous, step)

    def remove_leftovers(self, keep: Path | None = None) -> None:
        """Without an alias nothing is dropped on the server except what a builder had not finished when it died: any
        other generation may be the one that is to answer.
        """
        current = self.current_id(WRITING)
        self._drop_all([each for each in self._unpublished(current) if each != current])
        self._lease.clear()
        super().remove_leftovers(keep)

    def _unpublished(self, current: str | None) -> list[str]:
        """The generations of builders that died, and those from the current one on, itself included."""
        others = self._lease.others()
        newer = _number(current) if current else math.inf
        return [each for each in self._ids() if _owner(each) in others or _number(each) >= newer]

    def prune(self, keep: int) -> None:
        """Also drops what was replaced a minute ago, however many are to be kept."""
        super().prune(keep)
        self._drop_all({*self._ids()[: -max(1, keep)], *self._replaced()})

    def _replaced(self) -> list[str]:
        """The generations that no reader uses any more: they were replaced at least a minute ago."""
        current = self.current_id(WRITING)
        ids = [each for each in self._ids() if current is not None and _number(each) <= _number(current)]
        return [old for old, new in pairwise(ids) if time.time() - self._published(new) >= _GRACE]

    def withdraw(self, files: Sequence[str]) -> None:
        """A build that is running leaves them out too."""
        number = None
        while (current := self.current_id()) is not None and current != number:  # it may be replaced meanwhile
            number, answering = current, self.open(current)
            for file in files:
                answering.withdraw(file)

    def copy_withdrawals(self, new: MilvusGeneration) -> None:
        """Withdraw from a new generation what was withdrawn from the last one since writing began."""
        if self._last is not None:
            for file in self._last.withdrawn(WRITING) - self._withdrawn - new.withdrawn(WRITING):
                new.withdraw(file)

    def collection(self, generation: str) -> str:
        """The name of a generation's collection."""
        return f"{self.address.name}_{generation}"

    def next_id(self) -> str:
        """The id of the next generation: the next number, and the mark of its builder, which is unique."""
        ids = [*self._ids(), *filter(None, [self.current_id(WRITING)])]
        return f"{1 + max(map(_number, ids), default=0):06d}_{self._lease.owner}"

    def switch(self, generation: str) -> None:
        """Make this generation current. Raises StoreError if another became current since writing began."""
        facts = facts_of(self.collection(generation))
        # Before the switch: otherwise a build killed in between would leave the time of the switch unknown.
        self.server.call("upsert", facts, list(fact_rows(PUBLISHED, str(time.time()))), seconds=WRITING)
        if not self._lease.is_ours() or self.current_id(WRITING) != self._before:
            raise StoreError("Another build of this index took over meanwhile: build again.")
        method = "create_alias" if self._before is None else "alter_alias"
        try:
            self.server.call(method, self.collection(generation), self.address.name, seconds=WRITING)
        except StoreError:
            if self.current_id(WRITING) != generation:  # it was done, and only the answer was lost
                raise
        self._seen = time.monotonic(), generation

    def drop(self, generation: str, seconds: float = WRITING) -> None:
        """Drop a generation, but never the current one, which Milvus itself would drop."""
        for name in (self.collection(generation), facts_of(self.collection(generation))):
            if generation != self.current_id(seconds):
                self.server.call("drop_collection", name, seconds=seconds)

    def _drop_all(self, generations: Iterable[str]) -> None:
        """Drop generations that may be another builder's, as long as nobody has taken over."""
        for generation in generations:
            if self._lease.is_ours():
                self.drop(generation)

    def _id(self, collection: str) -> str | None:
        match = re.fullmatch(rf"{self.address.name}_(\d{{6,}}_[0-9a-f]{{8}})(?:_facts)?", collection)
        return match[1] if match else None

    def _ids(self, seconds: float = WRITING) -> list[str]:
        """The ids of the generations on the server, incomplete ones included, oldest first."""
        names = self.server.call("list_collections", seconds=seconds)
        return sorted({id for name in names if (id := self._id(name)) is not None}, key=_number)

    def _unnamed(self) -> list[str]:
        """The ids of the generations that may have been current: all except those of unfinished builds."""
        others = self._lease.others(READING)
        return [each for each in self._ids(READING) if _owner(each) not in others]

    def _published(self, generation: str) -> float:
        """When a generation was published (seconds since 1970); now, if that is not known."""
        published = None
        with contextlib.suppress(StoreError):
            published = self.open(generation, WRITING).published()
        return time.time() if published is None else published


def _number(generation: str) -> int:
    return int(generation.partition("_")[0])


def _owner(generation: str) -> str:
    """The mark of its builder."""
    return generation.partition("_")[2]
