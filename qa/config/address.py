"""The address of an index on a server, and of one in a store that another package provides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import ConfigError
from ..system.machine import is_loopback
from .settings import from_environment

_NAME = re.compile(r"[A-Za-z]\w{0,99}", re.ASCII)
# The suffixes of an index's parts.
_RESERVED = re.compile(r"_(building(_[0-9a-f]{8}_[ab])?|\d{6,}_[0-9a-f]{8}(_facts)?)$")
_FORM = "write it as milvus://host:port/name."
_STORES = "qa.stores"  # the group of entry points


@dataclass(frozen=True, slots=True)
class Address:
    """The address of an index on a server: host, port, and the name of the index.

    `tls` is empty, "on", or the file of the certificate authority that must have issued the server's certificate;
    `replicas` is the number of copies of each passage in a cluster.
    """

    host: str
    port: int
    name: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = ""
    replicas: int = 1

    @classmethod
    def parse(cls, text: str, environ: Mapping[str, str]) -> Address:
        """Parse `milvus://host:port/name`, with QA_MILVUS_USER, _PASSWORD, _TLS and _REPLICAS. Raises ConfigError."""
        try:
            parts = urlsplit(text)
            host, port, name = parts.hostname, parts.port or 19530, parts.path.strip("/")
        except ValueError as error:
            raise ConfigError(f"The store {text!r} is not a valid address ({error}): {_FORM}") from error
        if parts.scheme != "milvus" or not host or parts.query or parts.fragment:
            raise ConfigError(f"The store {text!r} is not the address of a Milvus server: {_FORM}")
        if parts.username is not None or parts.password is not None:
            raise ConfigError(
                "The store's address contains a user name or password: set QA_MILVUS_USER and QA_MILVUS_PASSWORD."
            )
        if not _NAME.fullmatch(name):
            raise ConfigError(f"Index name {name!r} is not valid: use letters, digits and _, beginning with a letter.")
        if reserved := _RESERVED.search(name):
            raise ConfigError(f"Index name {name!r} ends in the reserved suffix {reserved[0]!r}: choose another.")
        tls = environ.get("QA_MILVUS_TLS", "")
        if tls not in ("", "on") and not Path(tls).is_file():
            raise ConfigError(
                f"QA_MILVUS_TLS={tls!r} is neither on nor a file: name the certificate file of the authority."
            )
        user, password = environ.get("QA_MILVUS_USER", ""), environ.get("QA_MILVUS_PASSWORD", "")
        if password and not tls and not is_loopback(host):
            raise ConfigError(
                f"QA_MILVUS_PASSWORD would be sent to {host} unencrypted: set QA_MILVUS_TLS to on, or to the "
                "certificate file of the authority."
            )
        replicas: int = from_environment("milvus_replicas", environ)
        return cls(host, port, name, user, password, tls, replicas)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"milvus://{host}:{self.port}/{self.name}"


@dataclass(frozen=True, slots=True)
class PluginAddress:
    """The URL of an index in a store that another package provides."""

    url: str

    @property
    def scheme(self) -> str:
        """The name of the entry point that opens it."""
        return self.url.partition("://")[0]

    def __str__(self) -> str:
        return self.url


def store_plugins() -> dict[str, EntryPoint]:
    """The stores that other installed packages provide, by the scheme of their URLs."""
    return {plugin.name: plugin for plugin in entry_points(group=_STORES)}


def address_of(url: str, environ: Mapping[str, str]) -> Address | PluginAddress:
    """The address that a URL names, of a store of another package if one has its scheme. Raises ConfigError."""
    address = PluginAddress(url)
    if address.scheme not in ("milvus", url) and address.scheme in store_plugins():
        return address
    return Address.parse(url, environ)
