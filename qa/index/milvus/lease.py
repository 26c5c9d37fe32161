"""A build lock on a server: the builder owns it whose collection an alias points to (Milvus allows only one).

While its owner lives, the alias is switched back and forth between two empty collections. Another builder watches
whether it still moves: no clocks are compared.
"""

from __future__ import annotations

import contextlib
import logging
import re
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from ...errors import BusyError, StoreError
from .client import Server
from .connection import READING, WRITING
from .facts import FIELDS
from .failures import MissingError

logger = logging.getLogger(__name__)

_BEAT = 3.0  # seconds between two signs of life
_DEAD = 60.0  # seconds without a sign of life after which another builder takes over
_LOOK = 0.5  # seconds between two checks for one


class Lease:
    """The lock of the index of this name. Safe to use from several threads.

    `index` is a folder that one builder uses at a time: a lock that a dead build of it left is taken over at once.
    """

    def __init__(self, server: Server, name: str, index: Path) -> None:
        self._server = server
        self._alias = f"{name}_building"
        self._note = index / ".building"
        self._own: tuple[str, ...] = ()
        self.owner = ""  # eight letters and digits that identify this builder

    @contextlib.contextmanager
    def acquired(self) -> Iterator[None]:
        """Acquire the lock for a `with` block. Raises BusyError if another builder has it, else StoreError."""
        self._wait()
        self.owner = secrets.token_hex(4)
        owner = f"{self._alias}_{self.owner}"
        self._own = f"{owner}_a", f"{owner}_b"
        self._note.write_text(owner, encoding="utf-8")
        ended = threading.Event()
        beating = threading.Thread(target=self._beat, args=(ended,), name="lease", daemon=True)
        try:
            for collection in self._own:
                self._server.create(collection, FIELDS)
            with contextlib.suppress(StoreError):  # another builder may have been quicker
                self._server.call("create_alias", self._own[0], self._alias)
            if not self.is_ours():
                raise self._busy()
            beating.start()
            yield
        finally:
            ended.set()
            if beating.ident is not None:
                beating.join()
            with contextlib.suppress(StoreError):  # unreachable: another builder takes over later
                self._release()

    def is_ours(self, seconds: float = WRITING) -> bool:
        """Whether this builder still owns the lock: while this machine slept, another may have taken over."""
        return self._holder(seconds) in self._own

    def clear(self) -> None:
        """Drop the collections of dead owners; only while this builder owns the lock."""
        for name in self._server.call("list_collections", seconds=WRITING):
            if self._owner(name) not in ("", self.owner) and self.is_ours():
                self._server.call("drop_collection", name, seconds=WRITING)

    def others(self, seconds: float = WRITING) -> set[str]:
        """The other owners, alive or dead: the generations that they were writing are incomplete."""
        names = self._server.call("list_collections", seconds=seconds)
        return {owner for name in names if (owner := self._owner(name)) not in ("", self.owner)}

    def _owner(self, collection: str) -> str:
        """The owner that a collection belongs to; empty if it belongs to none."""
        match = re.fullmatch(rf"{self._alias}_([0-9a-f]{{8}})_[ab]", collection)
        return match[1] if match else ""

    def _wait(self) -> None:
        """Wait until nobody owns the lock; take it from a dead owner."""
        first, since = self._holder(WRITING), time.monotonic()
        if first is None:
            return
        while not self._is_noted(first) and time.monotonic() - since < _DEAD:
            time.sleep(_LOOK)
            holder = self._holder(WRITING)
            if holder is None:
                return
            if holder != first:
                raise self._busy()
        self._server.call("drop_alias", self._alias, seconds=WRITING)

    def _is_noted(self, holder: str) -> bool:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return holder[:-2] == self._note.read_text(encoding="utf-8")
        return False

    def _beat(self, ended: threading.Event) -> None:
        place = 0
        try:
            while not ended.wait(_BEAT):
                with contextlib.suppress(StoreError):
                    if self.is_ours(READING):
                        place = 1 - place
                        self._server.call("alter_alias", self._own[place], self._alias)
        except BaseException:  # an edge: if another builder takes over now, `is_ours` says so before it publishes
            logger.exception("the lock of the index is no longer renewed")

    def _release(self) -> None:
        if self.is_ours(READING):
            self._server.call("drop_alias", self._alias)
        for collection in self._own:
            self._server.call("drop_collection", collection)

    def _holder(self, seconds: float) -> str | None:
        try:
            return str(self._server.call("describe_alias", self._alias, seconds=seconds)["collection_name"])
        except MissingError:
            return None

    def _busy(self) -> BusyError:
        return BusyError("Another machine is building this index: wait for it to end, then build again.")
