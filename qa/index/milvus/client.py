"""A Milvus server: its address, the connection to it with time-outs and retries, and what it can do.

The only home of pymilvus. A server that cannot be reached is said to be so at once, and is tried again by itself. It
knows nothing about generations.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ...config import Address
from ...errors import Remedy, StoreError, UnreachableError
from .connection import READING, WRITING, Clock, Once, connect
from .failures import NOT_THERE, RELEASED, STRANGER, UNTRUSTED, Incomplete, cause_of, failure_types, may_pass, words_of

if TYPE_CHECKING:
    from pymilvus import MilvusClient

_STANDING = 600.0  # seconds after which preparing is given up where nothing moves
_STEP = 0.25  # seconds between two looks at how far that is
_LEAST_PAUSE, _MOST_PAUSE = 0.25, 4.0  # seconds without a try after one that failed: doubled each time
_FIRST_WAIT = 0.05  # seconds before a call is tried again: doubled each time
_BESIDE = 16  # calls of questions that wait for an answer at once, beside those of their own threads
_MAKES = frozenset(("create_collection", "create_index"))
_VERSION = re.compile(r"v?(\d+)\.(\d+)")


class MissingError(StoreError):
    """There is no such collection or alias on the server."""


class Server:
    """A connection that is made when it is needed. Safe to use from several threads."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._lock, self._connecting = threading.Lock(), threading.Lock()
        self._client: MilvusClient | None = None
        self._pause = _LEAST_PAUSE
        self._closed_until = 0.0
        self._clock = Clock()
        self._pool = ThreadPoolExecutor(_BESIDE, thread_name_prefix="milvus")
        self.failed = float("-inf")  # when there was no answer, or not all of one, for the last time (monotonic)

    def close(self) -> None:
        """End the connection and its threads; nothing is called afterwards."""
        self._pool.shutdown(wait=False)
        with self._connecting:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    @contextmanager
    def question(self) -> Iterator[None]:
        """While one question is worked on: its calls take no longer together than a call may by itself.

        The time between them is not the server's: an encoder may have to be loaded.
        """
        if self._clock.left is not None:  # a part of another
            yield
            return
        self._clock.left = READING
        try:
            yield
        finally:
            self._clock.left = None

    def call(
        self,
        method: str,
        *arguments: Any,
        seconds: float = READING,
        whole: Callable[[Any], bool] = lambda result: True,
        **named: Any,
    ) -> Any:
        """What this method of a MilvusClient returns, tried again within so many seconds where there is no answer.

        A result that is not `whole` is none: a cluster that has lost a node finds nothing for some seconds, and says of
        that nothing. Raises MissingError, StoreError with what the server says where it refuses, and StoreError where
        it cannot be reached: at once while that is known.
        """
        failures = failure_types()
        with self._until(seconds) as end:
            wait, failed, released = _FIRST_WAIT, False, False
            while True:
                try:
                    # Where other nodes hold the same, one of them is to be asked too: calls to a lost one hang.
                    left = max(_FIRST_WAIT, (end - time.monotonic()) / min(2, self.address.replicas))
                    client = self._connected(left / 2)
                    if released:
                        replicas = self.address.replicas
                        client.load_collection(arguments[0], replica_number=replicas, _async=True, timeout=Once(left))
                    result = getattr(client, method)(*arguments, timeout=Once(left), **named)
                    if not whole(result):
                        raise Incomplete("a part of it is not loaded")
                except failures as error:
                    if not may_pass(error):
                        self._answered()
                        if failed and method in _MAKES and "already exist" in words_of(error):
                            return None  # by a try whose answer was lost
                        raise self._refused(error) from error
                    self.failed = time.monotonic()
                    if self.failed + wait >= end:
                        raise self._failed(error) from error
                    failed = True
                    # The server was started again.
                    released = getattr(error, "code", None) == RELEASED and method != "load_collection"
                else:
                    self._answered()
                    return result
                if method == "insert":
                    method = "upsert"  # a part of the rows may be there: none must be there twice
                time.sleep(wait)
                wait = min(2 * wait, _MOST_PAUSE)

    def beside(self, *works: Callable[[], Any]) -> list[Any]:
        """What these give, in this order, worked on at once; their calls share what time a question has left.

        They must not call this themselves.
        """
        with self._until(READING) as end:
            waiting = [self._pool.submit(self._by, end, work) for work in works[1:]]
            return [works[0](), *(each.result() for each in waiting)]

    def _by(self, end: float, work: Callable[[], Any]) -> Any:
        self._clock.end = end
        try:
            return work()
        finally:
            self._clock.end = None

    def version(self) -> str:
        """What the server calls itself. Raises StoreError."""
        return str(self.call("get_server_version"))

    def word_tokenizer(self) -> str:
        """What splits a text at its spaces there, where the server searches for words (Milvus from 2.5 on, and Lite).

        Empty where it does not.
        """
        version = self.version()
        if version.startswith("milvus_lite"):
            return "standard"
        found = _VERSION.match(version)
        return "whitespace" if found and (int(found[1]), int(found[2])) >= (2, 5) else ""

    def create(
        self, collection: str, fields: Mapping[str, Mapping[str, Any]], words: tuple[str, str] | None = None
    ) -> None:
        """Make an empty collection; the first field is its key.

        A field is the name of its type, `datatype`, and what else Milvus wants to know of it. `words` are a field of
        text, and the vector that the server makes of it to search for words.
        """
        from pymilvus import DataType, Function, FunctionType, MilvusClient

        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        for number, (name, facts) in enumerate(fields.items()):
            types = {key: DataType[facts[key]] for key in ("datatype", "element_type") if key in facts}
            schema.add_field(name, is_primary=number == 0, **{**facts, **types})
        if words is not None:
            schema.add_function(Function("bm25", FunctionType.BM25, [words[0]], [words[1]]))
        self.call("create_collection", collection, schema=schema, seconds=WRITING)

    def prepare(
        self, collections: Mapping[str, Mapping[str, Mapping[str, Any]]], step: Callable[[], None] = lambda: None
    ) -> None:
        """Index the vectors of collections that were written whole, and load them; `step` is called meanwhile.

        It takes as long as it goes on. Raises StoreError where nothing moves for ten minutes, and what `step` raises:
        what is under way then ends after the call that it waits for.
        """
        ended, problems = threading.Event(), list[Exception]()

        def work(collection: str, indexes: Mapping[str, Mapping[str, Any]]) -> None:
            try:
                self._prepare(collection, indexes, ended)
            except Exception as error:  # noqa: BLE001 (raised below)
                problems.append(error)

        threads = [
            threading.Thread(target=work, args=each, name="prepare", daemon=True) for each in collections.items()
        ]
        try:
            for thread in threads:
                thread.start()
            while not problems and (waiting := [thread for thread in threads if thread.is_alive()]):
                step()
                waiting[0].join(_STEP)
        finally:
            ended.set()
        if problems:
            raise problems[0]

    def _prepare(self, collection: str, indexes: Mapping[str, Mapping[str, Any]], ended: threading.Event) -> None:
        from pymilvus import MilvusClient

        def flush() -> tuple[bool, Any]:
            self.call("flush", collection, seconds=WRITING)
            return True, None

        def indexed() -> tuple[bool, Any]:
            names = self.call("list_indexes", collection, seconds=WRITING)
            found = [self.call("describe_index", collection, name, seconds=WRITING) for name in names]
            return all(each["state"] == "Finished" for each in found), [each["indexed_rows"] for each in found]

        def loaded() -> tuple[bool, Any]:
            state = self.call("get_load_state", collection, seconds=WRITING)
            return state["state"].name == "Loaded", state.get("progress")

        wanted = MilvusClient.prepare_index_params()
        for name, facts in indexes.items():
            wanted.add_index(name, **facts)
        self._follow(flush, collection, ended)
        # Milvus Lite has made it when this ends, however many there are.
        self.call("create_index", collection, wanted, sync=False, seconds=_STANDING)
        self._follow(indexed, collection, ended)
        self.call("load_collection", collection, replica_number=self.address.replicas, _async=True, seconds=WRITING)
        self._follow(loaded, collection, ended)

    def _follow(self, look: Callable[[], tuple[bool, Any]], collection: str, ended: threading.Event) -> None:
        """Until a look at something says that it is done, or was `ended`; looks that get no answer saw no progress."""
        before: Any = None
        since = time.monotonic()
        while not ended.is_set():
            with suppress(UnreachableError):
                is_done, now = look()
                if is_done:
                    return
                if now != before:
                    before, since = now, time.monotonic()
            if time.monotonic() - since > _STANDING:
                raise StoreError(
                    f"The server at {self.address} does not get on with {collection}: see its log, then build again."
                )
            ended.wait(_STEP)
        raise StoreError("The build ended: build again.")

    def until_loaded(self, collection: str, enough: Callable[[int], bool], seconds: float = READING) -> None:
        """Return when so many rows of a collection are loaded that it is `enough`. Raises UnreachableError.

        A node that was lost is replaced part by part, and Milvus does not say which parts a result lacks.
        """
        self.call(
            "query",
            collection,
            filter="",
            output_fields=["count(*)"],
            consistency_level="Eventually",
            seconds=seconds,
            whole=lambda rows: enough(int(rows[0]["count(*)"]) if rows else 0),
        )

    def count(self, collection: str) -> int:
        """How many rows a loaded collection holds, once all that was written is seen."""
        rows = self.call(
            "query", collection, filter="", output_fields=["count(*)"], consistency_level="Strong", seconds=WRITING
        )
        return int(rows[0]["count(*)"])

    def _connected(self, seconds: float) -> MilvusClient:
        if self._client is None:
            if not self._connecting.acquire(timeout=seconds):  # by another
                raise Incomplete("there is no connection yet")
            try:
                self._client = self._client or connect(self.address)
            finally:
                self._connecting.release()
        return self._client

    @contextmanager
    def _until(self, seconds: float) -> Iterator[float]:
        """When a call has to end that may take so many seconds: with the question or the call that it is a part of.

        Raises StoreError where no time is left, or the server is not to be tried.
        """
        clock, begun = self._clock, time.monotonic()
        if clock.end is not None:
            yield min(begun + seconds, clock.end)
            return
        if clock.left is not None:
            if clock.left <= 0:
                raise self._unreachable("it answers too slowly")
            seconds = min(seconds, clock.left)
        self._check(seconds)
        clock.end = time.monotonic() + seconds
        try:
            yield clock.end
        finally:
            clock.end = None
            if clock.left is not None:
                clock.left -= time.monotonic() - begun

    def _check(self, seconds: float) -> None:
        """Raises StoreError while the server is not to be tried; one caller tries it, and the others wait for that.

        What may take longer than a question waits until it may be tried.
        """
        while True:
            with self._lock:
                closed = self._closed_until - time.monotonic()
                if closed <= 0:
                    if self._pause > _LEAST_PAUSE:
                        self._closed_until = time.monotonic() + READING
                    return
            if seconds <= READING:
                raise self._unreachable("it did not answer a moment ago")
            time.sleep(closed)

    def _answered(self) -> None:
        with self._lock:
            self._pause, self._closed_until = _LEAST_PAUSE, 0.0

    def _failed(self, error: Exception) -> StoreError:
        with self._lock:
            self._pause = min(2 * self._pause, _MOST_PAUSE)
            self._closed_until = time.monotonic() + self._pause
        return self._unreachable(words_of(error))

    def _unreachable(self, reason: str) -> StoreError:
        return UnreachableError(f"The index cannot be reached at {self.address} ({reason}): see that the server runs.")

    def _refused(self, error: Exception) -> StoreError:
        said = words_of(error)
        if STRANGER.search(cause_of(error)):
            return StoreError(
                f"The server at {self.address} does not let this user in: set QA_MILVUS_USER and QA_MILVUS_PASSWORD."
            )
        if UNTRUSTED.search(cause_of(error)):
            return StoreError(
                f"The server at {self.address} has not the certificate that was expected: set QA_MILVUS_TLS to the "
                "file of its authority, and name the server as its certificate does."
            )
        if getattr(error, "code", None) in NOT_THERE:
            return MissingError(f"The index at {self.address} lacks a part ({said})", Remedy.BUILD_ELSEWHERE)
        return StoreError(f"The server at {self.address} refused what it was asked ({said}): see its log.")
