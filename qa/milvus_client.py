"""A Milvus server: its address, the connection to it with time-outs and retries, and what it can do.

The only home of pymilvus. A server that cannot be reached is said to be so at once, and is tried again by itself. It
knows nothing about generations.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .config import Address
from .errors import StoreError, UnreachableError

if TYPE_CHECKING:
    from pymilvus import MilvusClient

READING, WRITING, PREPARING = 1.8, 60.0, 3_600.0  # seconds that a call may take: a question, a batch, an index
_LEAST_PAUSE, _MOST_PAUSE = 0.25, 4.0  # seconds without a try after one that failed: doubled each time
_FIRST_WAIT = 0.05  # seconds before a call is tried again: doubled each time
_NOT_THERE, _RELEASED = (100, 1600), 101  # codes of Milvus: no such collection or alias, one that is not loaded
_VERSION = re.compile(r"v?(\d+)\.(\d+)")


class _Incomplete(Exception):
    """The server answered without what it holds."""


class _Lost(threading.local):
    """What a thread has lost lately on calls that had to be tried again: a question makes several."""

    seconds, until = 0.0, 0.0

    def left(self, seconds: float) -> float:
        """Of the seconds for a call what is left, where it may take no longer than a question."""
        if seconds > READING or time.monotonic() > self.until + READING:
            return seconds
        return max(_FIRST_WAIT, seconds - self.seconds)

    def add(self, begun: float) -> None:
        now = time.monotonic()
        self.seconds = now - begun + (self.seconds if begun <= self.until + READING else 0.0)
        self.until = now


class MissingError(StoreError):
    """There is no such collection or alias on the server."""


class Server:
    """A connection that is made when it is needed. Safe to use from several threads."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._client: MilvusClient | None = None
        self._pause = _LEAST_PAUSE
        self._closed_until = 0.0
        self._lost = _Lost()

    def call(
        self,
        method: str,
        *arguments: Any,
        seconds: float = READING,
        whole: Callable[[Any], bool] = lambda result: True,
        **named: Any,
    ) -> Any:
        """What this method of a MilvusClient returns, tried again within so many seconds where it fails.

        The calls of one question lose no more than that together. A result that is not `whole` is a failure too: a
        cluster that has lost a node finds nothing for some seconds, and says of that nothing. Raises MissingError, or
        StoreError: at once while the server is known to be out of reach.
        """
        failures = _failures()
        self._check(seconds)
        begun, wait = time.monotonic(), _FIRST_WAIT
        end, failed = begun + self._lost.left(seconds), False
        while True:
            try:
                # Where other nodes hold the same, one of them is to be asked too: calls to a lost one hang.
                left = max(_FIRST_WAIT, (end - time.monotonic()) / min(2, self.address.replicas))
                result = getattr(self._connected(left), method)(*arguments, timeout=left, **named)
                if not whole(result):
                    raise _Incomplete("a part of it is not loaded")
            except failures as error:
                failed = True
                code = getattr(error, "code", None)
                if code in _NOT_THERE:
                    raise MissingError(
                        f"The index at {self.address} lacks a part ({_words(error)}): run `qa build`."
                    ) from error
                if time.monotonic() + wait >= end:
                    self._lost.until = -READING
                    raise self._failed(error) from error
                if code == _RELEASED and method != "load_collection":  # the server was started again
                    replicas = self.address.replicas
                    self.call("load_collection", arguments[0], replica_number=replicas, seconds=end - time.monotonic())
            else:
                self._pause, self._closed_until = _LEAST_PAUSE, 0.0
                if failed:
                    self._lost.add(begun)
                return result
            if method == "insert":
                method = "upsert"  # a part of the rows may be there: none must be there twice
            time.sleep(wait)
            wait = min(2 * wait, _MOST_PAUSE)

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

    def prepare(self, collection: str, indexes: Mapping[str, Mapping[str, Any]]) -> None:
        """Index the vectors of a collection that was written whole, and load it; takes a while."""
        from pymilvus import MilvusClient

        wanted = MilvusClient.prepare_index_params()
        for name, facts in indexes.items():
            wanted.add_index(name, **facts)
        self.call("flush", collection, seconds=PREPARING)
        self.call("create_index", collection, wanted, seconds=PREPARING)
        self.call("load_collection", collection, replica_number=self.address.replicas, seconds=PREPARING)

    def count(self, collection: str) -> int:
        """How many rows a loaded collection holds, once all that was written is seen."""
        rows = self.call(
            "query", collection, filter="", output_fields=["count(*)"], consistency_level="Strong", seconds=WRITING
        )
        return int(rows[0]["count(*)"])

    def _connected(self, seconds: float) -> MilvusClient:
        with self._lock:
            if self._client is None:
                self._client = _connect(self.address, seconds)
            return self._client

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

    def _failed(self, error: Exception) -> StoreError:
        with self._lock:
            self._pause = min(2 * self._pause, _MOST_PAUSE)
            self._closed_until = time.monotonic() + self._pause
        return self._unreachable(_words(error))

    def _unreachable(self, reason: str) -> StoreError:
        return UnreachableError(f"The index cannot be reached at {self.address} ({reason}): see that the server runs.")


def _failures() -> tuple[type[Exception], ...]:
    """What a call raises where the server refuses it or does not answer."""
    try:
        import grpc
        from pymilvus.exceptions import MilvusException
    except ModuleNotFoundError as error:
        raise StoreError("An index in Milvus needs its client: run `pip install 'qa-articles[milvus]'`.") from error
    return MilvusException, grpc.RpcError, _Incomplete


def _connect(address: Address, seconds: float) -> MilvusClient:
    from pymilvus import MilvusClient

    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)  # what fails is said in one sentence
    host = f"[{address.host}]" if ":" in address.host else address.host
    tls = {"server_pem_path": address.tls} if address.tls not in ("", "on") else {}
    return MilvusClient(
        uri=f"{'https' if address.tls else 'http'}://{host}:{address.port}",
        user=address.user,
        password=address.password,
        timeout=seconds,
        **tls,
    )


def _words(error: Exception) -> str:
    """What an error says, on one short line."""
    said = str(getattr(error, "message", "") or error)
    return " ".join(said.split())[:120].rstrip(" .:(")
