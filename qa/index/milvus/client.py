"""A Milvus server: the connection to it, with timeouts and retries, and what it can do.

While a server is unreachable, calls fail at once, except for one that tries it again after a pause.
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
from ...errors import StoreError, UnreachableError
from .connection import READING, WRITING, Clock, SingleAttempt, connect
from .failures import RELEASED, Incomplete, failure_types, is_temporary, message_of, refusal

if TYPE_CHECKING:
    from pymilvus import MilvusClient

_STANDING = 600.0  # seconds without progress after which preparing is given up
_STEP = 0.25  # seconds between two checks of that progress
_LEAST_PAUSE, _MOST_PAUSE = 0.25, 4.0  # seconds without an attempt after one that failed: doubled each time
_FIRST_WAIT = 0.05  # seconds before a call is repeated: doubled each time
_PARALLEL = 16  # calls of questions in progress at a time, apart from those in their own threads
_MAKES = frozenset(("create_collection", "create_index"))
_VERSION = re.compile(r"v?(\d+)\.(\d+)")


class Server:
    """A server, connected to on the first call. Safe to use from several threads."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._lock, self._connecting = threading.Lock(), threading.Lock()
        self._client: MilvusClient | None = None
        self._pause = _LEAST_PAUSE
        self._closed_until = 0.0
        self._clock = Clock()
        self._pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="milvus")
        self.failed = float("-inf")  # when a call last got no answer, or not all of one (monotonic)

    def close(self) -> None:
        """Close the connection and end its threads; no call may follow."""
        self._pool.shutdown(wait=False)
        with self._connecting:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    @contextmanager
    def question(self) -> Iterator[None]:
        """While one question is processed: all its calls together may take as long as one call by itself.

        The time between the calls does not count: an encoder may have to be loaded.
        """
        if self._clock.left is not None:  # within another question
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
        """Call a method of MilvusClient, and repeat it for up to `seconds` until there is an answer.

        A result that is not `whole` is not an answer: a cluster that has lost a node returns nothing for some seconds,
        without an error. Raises MissingError, StoreError with the server's message if it refuses, and UnreachableError,
        at once if the server is known to be unreachable.
        """
        failures = failure_types()
        with self._until(seconds) as end:
            wait, failed, released = _FIRST_WAIT, False, False
            while True:
                try:
                    # If other nodes have the same rows, leave time to ask one of them: calls to a lost node hang.
                    left = max(_FIRST_WAIT, (end - time.monotonic()) / min(2, self.address.replicas))
                    client = self._connected(left / 2)
                    timeout = SingleAttempt(left)
                    if released:
                        replicas = self.address.replicas
                        client.load_collection(arguments[0], replica_number=replicas, _async=True, timeout=timeout)
                    result = getattr(client, method)(*arguments, timeout=timeout, **named)
                    if not whole(result):
                        raise Incomplete("a part of it is not loaded")
                except failures as error:
                    if not is_temporary(error):
                        self._answered()
                        if failed and method in _MAKES and "already exist" in message_of(error):
                            return None  # by an attempt whose answer was lost
                        raise refusal(self.address, error) from error
                    self.failed = time.monotonic()
                    if self.failed + wait >= end:
                        raise self._failed(error) from error
                    failed = True
                    # The server was restarted.
                    released = getattr(error, "code", None) == RELEASED and method != "load_collection"
                else:
                    self._answered()
                    return result
                if method == "insert":
                    method = "upsert"  # some rows may have been inserted: none may be there twice
                time.sleep(wait)
                wait = min(2 * wait, _MOST_PAUSE)

    def in_parallel(self, *functions: Callable[[], Any]) -> list[Any]:
        """The results of these functions, called at the same time; their calls share what time the question has left.

        They must not call this method themselves.
        """
        with self._until(READING) as end:
            futures = [self._pool.submit(self._by, end, function) for function in functions[1:]]
            return [functions[0](), *(future.result() for future in futures)]

    def _by(self, end: float, function: Callable[[], Any]) -> Any:
        self._clock.end = end
        try:
            return function()
        finally:
            self._clock.end = None

    def version(self) -> str:
        """The server's version as it reports it. Raises StoreError."""
        return str(self.call("get_server_version"))

    def word_tokenizer(self) -> str:
        """The name of the tokenizer that splits at spaces, if the server has BM25 (Milvus 2.5 or newer, and Lite).

        Empty if it has not.
        """
        version = self.version()
        if version.startswith("milvus_lite"):
            return "standard"
        numbers = _VERSION.match(version)
        return "whitespace" if numbers and (int(numbers[1]), int(numbers[2])) >= (2, 5) else ""

    def create(
        self, collection: str, fields: Mapping[str, Mapping[str, Any]], words: tuple[str, str] | None = None
    ) -> None:
        """Create an empty collection; the first field is its key.

        A field has the name of its type, `datatype`, and Milvus's other parameters. `words` are a text field and the
        field of the sparse vector that the server makes of it to search for words.
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
        """Index the vectors of completely written collections, and load them; `step` is called meanwhile.

        There is no time limit as long as there is progress. Raises StoreError after ten minutes without any, and what
        `step` raises: the threads then end after the call that they wait for.
        """
        ended, problems = threading.Event(), list[BaseException]()

        def work(collection: str, indexes: Mapping[str, Mapping[str, Any]]) -> None:
            try:
                self._prepare(collection, indexes, ended)
            except BaseException as error:  # noqa: BLE001 (raised below)
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
            descriptions = [self.call("describe_index", collection, name, seconds=WRITING) for name in names]
            return all(each["state"] == "Finished" for each in descriptions), [
                each["indexed_rows"] for each in descriptions
            ]

        def loaded() -> tuple[bool, Any]:
            state = self.call("get_load_state", collection, seconds=WRITING)
            return state["state"].name == "Loaded", state.get("progress")

        wanted = MilvusClient.prepare_index_params()
        for name, facts in indexes.items():
            wanted.add_index(name, **facts)
        self._follow(flush, collection, ended)
        # Milvus Lite returns when the index is made, however long that takes.
        self.call("create_index", collection, wanted, sync=False, seconds=_STANDING)
        self._follow(indexed, collection, ended)
        self.call("load_collection", collection, replica_number=self.address.replicas, _async=True, seconds=WRITING)
        self._follow(loaded, collection, ended)

    def _follow(self, look: Callable[[], tuple[bool, Any]], collection: str, ended: threading.Event) -> None:
        """Repeat a check until it says that the work is done, or `ended` is set; no answer counts as no progress."""
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
                    f"The server at {self.address} made no progress with {collection} for ten minutes: "
                    "check its log, then build again."
                )
            ended.wait(_STEP)
        raise StoreError("The build ended: build again.")

    def until_loaded(self, collection: str, enough: Callable[[int], bool], seconds: float = READING) -> None:
        """Return once the number of loaded rows of a collection is `enough`. Raises UnreachableError.

        A lost node is replaced part by part, and Milvus does not say which parts a result lacks.
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
        """The number of rows of a loaded collection, once everything written is visible."""
        rows = self.call(
            "query", collection, filter="", output_fields=["count(*)"], consistency_level="Strong", seconds=WRITING
        )
        return int(rows[0]["count(*)"])

    def _connected(self, seconds: float) -> MilvusClient:
        if self._client is None:
            if not self._connecting.acquire(timeout=seconds):  # another thread connects
                raise Incomplete("there is no connection yet")
            try:
                self._client = self._client or connect(self.address)
            finally:
                self._connecting.release()
        return self._client

    @contextmanager
    def _until(self, seconds: float) -> Iterator[float]:
        """The time at which a call of `seconds` must end: no later than the question or call that it is part of.

        Raises StoreError if no time is left, or if the server is known to be unreachable.
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
        """Raise StoreError while the server is unreachable, except for one caller after each pause, which tries it.

        A call that may take longer than a question waits for its turn.
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
        return self._unreachable(message_of(error))

    def _unreachable(self, reason: str) -> StoreError:
        problem = f"The index cannot be reached at {self.address} ({reason})"
        return UnreachableError(f"{problem}: check that the server is running.")
