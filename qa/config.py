"""The configuration: small, frozen, and read from the environment once, by the command line or the chat."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from urllib.parse import urlsplit

from .errors import ConfigError
from .system.machine import is_loopback

_NAME = re.compile(r"[A-Za-z]\w{0,99}", re.ASCII)
# The suffixes of an index's parts.
_RESERVED = re.compile(r"_(building(_[0-9a-f]{8}_[ab])?|\d{6,}_[0-9a-f]{8}(_facts)?)$")
_FORM = "write it as milvus://host:port/name."
_STORES = "qa.stores"  # the group of entry points
_EXTENSION = re.compile(r"\.?([\w+#-]{1,20})")
_FIELDS = ("title", "text", "url", "date", "author")


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
        return cls(host, port, name, user, password, tls, int(_number(environ, "QA_MILVUS_REPLICAS", 1, 1, 100)))

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


@dataclass(frozen=True, slots=True)
class Config:
    """The locations of articles and index, and the settings.

    `encoder` names a SentenceTransformer folder (or a model already on this machine); empty is the shipped one. The
    prompts are put before queries and passages; None is the model's own. `threshold` is the confidence below which the
    program abstains, unless `risk` is given: the share of the answers it shows that may be wrong. `keep` is the number
    of generations that are kept. `fields` are pairs of title, text, url, date or author and the name of that field in
    JSON and CSV files; `text_files` are the extensions, in lower case with their dot, of further files that are read as
    text or source code. `reader` is empty for the shipped reader, or "off"; `reader_ms` is its time limit in
    milliseconds, after which it starts no further passage. With `store`, the index is on that server, and `index`
    contains only what belongs to this machine.
    """

    corpus: Path = Path("corpus")
    index: Path = Path("index")
    encoder: str = ""
    query_prompt: str | None = None
    passage_prompt: str | None = None
    max_file_bytes: int = 20_000_000
    fields: tuple[tuple[str, str], ...] = ()
    text_files: tuple[str, ...] = ()
    threshold: float = 0.5
    risk: float | None = None
    keep: int = 3
    reader: str = ""
    reader_ms: float = 2_000.0
    store: Address | PluginAddress | None = None

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str],
        corpus: str | Path | None = None,
        index: str | Path | None = None,
        store: str | None = None,
    ) -> Config:
        """The configuration of this process; arguments take precedence over the environment.

        Reads QA_CORPUS, QA_INDEX, QA_ENCODER, QA_QUERY_PROMPT, QA_PASSAGE_PROMPT, QA_MAX_FILE_MB, QA_FIELDS
        (`title=headline,text=story`), QA_TEXT_FILES (`py,js,sql`), QA_THRESHOLD, QA_RISK, QA_READER, QA_READER_MS and
        QA_STORE (`milvus://host:port/name`), for which there are QA_MILVUS_USER, QA_MILVUS_PASSWORD and QA_MILVUS_TLS.
        Raises ConfigError for an invalid value.
        """
        address = store if store is not None else environ.get("QA_STORE", "")
        return cls(
            corpus=Path(corpus or environ.get("QA_CORPUS") or "corpus"),
            index=Path(index or environ.get("QA_INDEX") or "index"),
            encoder=environ.get("QA_ENCODER", ""),
            query_prompt=environ.get("QA_QUERY_PROMPT"),
            passage_prompt=environ.get("QA_PASSAGE_PROMPT"),
            max_file_bytes=int(_number(environ, "QA_MAX_FILE_MB", 20, 0.001, 2_000) * 1_000_000),
            fields=_fields(environ.get("QA_FIELDS", "")),
            text_files=_text_files(environ.get("QA_TEXT_FILES", "")),
            threshold=_number(environ, "QA_THRESHOLD", 0.5, 0, 1),
            risk=_number(environ, "QA_RISK", 0, 0.01, 0.4) if environ.get("QA_RISK") else None,
            reader=_reader(environ.get("QA_READER", "")),
            reader_ms=_number(environ, "QA_READER_MS", 2_000, 0, 60_000),
            store=_store(address, environ) if address else None,
        )


def _store(url: str, environ: Mapping[str, str]) -> Address | PluginAddress:
    address = PluginAddress(url)
    if address.scheme not in ("milvus", url) and address.scheme in store_plugins():
        return address
    return Address.parse(url, environ)


def _fields(raw: str) -> tuple[tuple[str, str], ...]:
    pairs = [
        (name.strip(), field_name.strip())
        for name, _, field_name in (pair.partition("=") for pair in raw.split(",") if pair)
    ]
    for name, field_name in pairs:
        if name not in _FIELDS or not field_name:
            raise ConfigError(
                f"QA_FIELDS={raw!r} does not name fields: write it as text=story,title=headline "
                f"(of {', '.join(_FIELDS)})."
            )
    return tuple(sorted(dict(pairs).items()))


def _text_files(raw: str) -> tuple[str, ...]:
    names = [name.strip() for name in raw.split(",") if name.strip()]
    found = [_EXTENSION.fullmatch(name) for name in names]
    if None in found:
        raise ConfigError(f"QA_TEXT_FILES={raw!r} does not name file extensions: write it as py,js,sql.")
    return tuple(sorted({f".{each[1].lower()}" for each in found if each}))


def _reader(raw: str) -> str:
    if raw not in ("", "off"):
        raise ConfigError(f"QA_READER={raw!r} is not valid: set it to off, or unset it for the shipped reader.")
    return raw


def _number(environ: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    raw = environ.get(name)
    if not raw:
        return default
    try:
        value = float(raw)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise ConfigError(f"{name}={raw!r} is not a number from {low:g} to {high:g}: change or unset it.")
    return value
