"""A Milvus server: its address, the connection to it with time-outs and retries, and what it can do.

The only home of pymilvus. A server that cannot be reached is said to be so at once, and is tried again by itself. It
knows nothing about generations.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .errors import ConfigError, StoreError

if TYPE_CHECKING:
    from pymilvus import CollectionSchema, MilvusClient

READING, WRITING, PREPARING = 1.8, 60.0, 3_600.0  # seconds that a call may take: a question, a batch, an index
_LEAST_PAUSE, _MOST_PAUSE = 0.25, 4.0  # seconds without a try after one that failed: doubled each time
_FIRST_WAIT = 0.05  # seconds before a call is tried again: doubled each time
_NOT_THERE, _RELEASED = (100, 1600), 101  # codes of Milvus: no such collection or alias, one that is not loaded
_NAME = re.compile(r"[A-Za-z]\w{0,99}", re.ASCII)
_VERSION = re.compile(r"v?(\d+)\.(\d+)")
_FORM = "write it as milvus://host:port/name."


@dataclass(frozen=True, slots=True)
class Address:
    """Where an index is: a server, and the name under which it answers there.

    `tls` is empty, "on", or the file of the certificate authority that the server's certificate must be from.
    """

    host: str
    port: int
    name: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = ""

    @classmethod
    def parse(cls, text: str, environ: Mapping[str, str]) -> Address:
        """From `milvus://host:port/name`, with QA_MILVUS_USER, _PASSWORD and _TLS. Raises ConfigError."""
        try:
            parts = urlsplit(text)
            host, port, name = parts.hostname, parts.port or 19530, parts.path.strip("/")
        except ValueError as error:
            raise ConfigError(f"The store {text!r} is no address ({error}): {_FORM}") from error
        if parts.scheme != "milvus" or not host or parts.query or parts.fragment:
            raise ConfigError(f"The store {text!r} is no address of a Milvus server: {_FORM}")
        if parts.username is not None or parts.password is not None:
            raise ConfigError("The store's address holds a password: set QA_MILVUS_USER and QA_MILVUS_PASSWORD.")
        if not _NAME.fullmatch(name):
            raise ConfigError(f"{name!r} cannot be an index's name: use letters, digits and _, a letter first.")
        tls = environ.get("QA_MILVUS_TLS", "")
        if tls not in ("", "on") and not os.path.isfile(tls):  # noqa: PTH113 (a text, as it is handed on)
            raise ConfigError(f"QA_MILVUS_TLS={tls!r} is neither on nor a file: name that of the authority.")
        return cls(host, port, name, environ.get("QA_MILVUS_USER", ""), environ.get("QA_MILVUS_PASSWORD", ""), tls)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"milvus://{host}:{self.port}/{self.name}"


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

    def call(self, method: str, *arguments: Any, seconds: float = READING, **named: Any) -> Any:
        """What this method of a MilvusClient returns, tried again within so many seconds where it fails.

        Raises MissingError, or StoreError: at once while the server is known to be out of reach.
        """
        failures = _failures()
        self._check()
        end, wait = time.monotonic() + seconds, _FIRST_WAIT
        while True:
            try:
                left = max(_FIRST_WAIT, end - time.monotonic())
                result = getattr(self._connected(left), method)(*arguments, timeout=left, **named)
            except failures as error:
                code = getattr(error, "code", None)
                if code in _NOT_THERE:
                    raise MissingError(
                        f"The index at {self.address} lacks a part ({_words(error)}): run `qa build`."
                    ) from error
                if time.monotonic() + wait >= end:
                    raise self._failed(error) from error
                if code == _RELEASED and method != "load_collection":  # the server was started again
                    self.call("load_collection", arguments[0], seconds=end - time.monotonic())
            else:
                self._pause = _LEAST_PAUSE
                return result
            if method == "insert":
                method = "upsert"  # a part of the rows may be there: none must be there twice
            time.sleep(wait)
            wait *= 2

    def version(self) -> str:
        """What the server calls itself. Raises StoreError."""
        return str(self.call("get_server_version"))

    def searches_words(self) -> bool:
        """Whether it has BM25: Milvus 2.5 and newer, and Milvus Lite."""
        version = self.version()
        found = _VERSION.match(version)
        return _is_lite(version) or (found is not None and (int(found[1]), int(found[2])) >= (2, 5))

    def word_tokenizer(self) -> str:
        """The name of what splits a text at its spaces there."""
        return "standard" if _is_lite(self.version()) else "whitespace"

    def schema(self) -> CollectionSchema:
        """An empty one."""
        from pymilvus import MilvusClient

        return MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)

    def _connected(self, seconds: float) -> MilvusClient:
        with self._lock:
            if self._client is None:
                self._client = _connect(self.address, seconds)
            return self._client

    def _check(self) -> None:
        """Raises StoreError while the server is not to be tried; one caller tries it, and the others wait for that."""
        with self._lock:
            now = time.monotonic()
            if now < self._closed_until:
                raise self._unreachable("it did not answer a moment ago")
            if self._pause > _LEAST_PAUSE:
                self._closed_until = now + READING

    def _failed(self, error: Exception) -> StoreError:
        with self._lock:
            self._pause = min(2 * self._pause, _MOST_PAUSE)
            self._closed_until = time.monotonic() + self._pause
        return self._unreachable(_words(error))

    def _unreachable(self, reason: str) -> StoreError:
        return StoreError(f"The index cannot be reached at {self.address} ({reason}): see that the server runs.")


def _failures() -> tuple[type[Exception], ...]:
    """What a call raises where the server refuses it or does not answer."""
    try:
        import grpc
        from pymilvus.exceptions import MilvusException
    except ModuleNotFoundError as error:
        raise StoreError("An index in Milvus needs its client: run `pip install 'qa-articles[milvus]'`.") from error
    return MilvusException, grpc.RpcError


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


def _is_lite(version: str) -> bool:
    return version.startswith("milvus_lite")


def _words(error: Exception) -> str:
    """What an error says, on one short line."""
    said = str(getattr(error, "message", "") or error)
    return " ".join(said.split())[:120].rstrip(" .:(")
