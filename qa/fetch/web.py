"""Asks for addresses of the web: what is there, and then its bytes, within limits and with each redirect confirmed."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from types import TracebackType
from urllib.parse import quote, urldefrag, urljoin, urlsplit

import httpcore

from ..errors import ConfigError, FetchError
from ..system.version import __version__
from ..text.web_address import server_of, web_address
from .connections import Connections, names_private

_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_HEADERS = [
    ("User-Agent", f"qa-articles/{__version__} (one page, for its reader)"),
    ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    ("Accept-Encoding", "identity"),
]
_SAFE = "%/:?#[]@!$&'()*+,;=-._~"  # what stays as it is in an address
_KIND = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")
_CHARSET = re.compile(r"[\w.:+-]{0,40}", re.ASCII)
_ELSE = "save it in your browser and add that file"
MayFollow = Callable[[str, str, bool], bool]


@dataclass(frozen=True, slots=True)
class Found:
    """What is at an address, after redirects: its media type, in lower case, and its size in bytes if that is known.

    `charset` and `name` are what the server calls its encoding and its file; empty if it does not say.
    """

    address: str
    kind: str
    size: int | None
    charset: str = ""
    name: str = ""

    @property
    def is_page(self) -> bool:
        return self.kind in ("text/html", "application/xhtml+xml")


def checked(address: str) -> str:
    """An address as it can be asked for, without its fragment. Raises ConfigError."""
    asked = quote(urldefrag(address.strip())[0], safe=_SAFE)
    parts = urlsplit(asked) if web_address(asked) else None
    try:
        if parts is None or parts.port == 0:
            raise ValueError("it is no address of the web")
        (parts.hostname or "").encode("idna")
    except (ValueError, UnicodeError) as error:
        raise ConfigError(f"{address!r} cannot be fetched ({error}): write it as https://host/page.") from error
    if parts.username is not None or parts.password is not None:
        raise ConfigError("The address contains a user name or password: save the page in your browser instead.")
    return asked if parts.path else f"{asked}/"


class Web:
    """Connections for one page or file and what belongs to it; `with` closes them.

    A request may last `seconds`. `may_follow(old, new, is_other_server)` is asked before a redirect is followed. Of
    private networks, only the host of `named`, the address that the user has typed, is asked: if it is written as an IP
    address or as localhost, or with `private`.
    """

    def __init__(self, named: str, may_follow: MayFollow, seconds: float, private: bool = False) -> None:
        host = urlsplit(named).hostname or ""
        self._may_follow = may_follow
        allowed = frozenset({host}) if private or names_private(host) else frozenset()
        self._connections = Connections(allowed, seconds)
        context = httpcore.default_ssl_context()
        self._pool = httpcore.ConnectionPool(context, max_connections=4, network_backend=self._connections)

    def __enter__(self) -> Web:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close()

    def look(self, address: str) -> Found:
        """What is at an address, without its content. Raises FetchError."""
        with self._asked("HEAD", address) as (found, response):
            if response.status == 200:
                return found
        with self._asked("GET", found.address) as (found, response):  # some servers answer no HEAD
            _check(found.address, response.status)
            return found

    def get(self, address: str, most: int) -> tuple[Found, bytes]:
        """The content of an address, at most `most` bytes. Raises FetchError."""
        with self._asked("GET", address) as (found, response):
            _check(found.address, response.status)
            if found.size is not None and found.size > most:
                raise _too_large(found.address, most)
            data = bytearray()
            for chunk in _decoded(response, found.address, most):
                data += chunk
                if len(data) > most:
                    raise _too_large(found.address, most)
        return found, bytes(data)

    @contextmanager
    def _asked(self, method: str, address: str) -> Iterator[tuple[Found, httpcore.Response]]:
        """The response to a request, after redirects, of which only the headers are read."""
        for _ in range(_MOST_REDIRECTS + 1):
            self._connections.begin()
            try:
                with self._pool.stream(method, address, headers=_HEADERS) as response:
                    target = _target(address, response)
                    if target is None:
                        yield _found(address, response), response
                        return
            except (httpcore.ProtocolError, httpcore.NetworkError, httpcore.TimeoutException) as error:
                raise FetchError(f"{address} could not be fetched ({_words(error)}): try again, or {_ELSE}.") from error
            is_other = server_of(address) != server_of(target)
            if urlsplit(address).scheme == "https" and urlsplit(target).scheme == "http":
                raise FetchError(f"{address} leads to the unencrypted {target}: if you trust it, add that address.")
            if not self._may_follow(address, target, is_other):
                raise FetchError(f"{address} leads to {target}, which was not confirmed: add that address instead.")
            address = target
        raise FetchError(f"{address} is redirected more than {_MOST_REDIRECTS} times: {_ELSE}.")


def _target(address: str, response: httpcore.Response) -> str | None:
    """Where a response redirects to; None if it does not."""
    location = _header(response, b"location")
    if response.status not in _REDIRECTS or not location:
        return None
    try:
        return checked(urljoin(address, location))
    except ConfigError as error:
        raise FetchError(f"{address} leads to {location[:200]!r}, which is no address: {_ELSE}.") from error


def _found(address: str, response: httpcore.Response) -> Found:
    given = Message()  # parses the parameters of a header
    given["content-type"] = _header(response, b"content-type") or "application/octet-stream"
    given["content-disposition"] = _header(response, b"content-disposition") or "inline"
    length = _header(response, b"content-length")
    size = int(length) if re.fullmatch(r"\d{1,15}", length) else None
    charset = str(given.get_param("charset", "") or "")
    kind = given.get_content_type()
    kind = kind if _KIND.fullmatch(kind) else "application/octet-stream"  # it is shown on a terminal, and stored
    return Found(address, kind, size, charset if _CHARSET.fullmatch(charset) else "", given.get_filename() or "")


def _header(response: httpcore.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), "")


def _decoded(response: httpcore.Response, address: str, most: int) -> Iterable[bytes]:
    """The body, also if the server compresses it unasked; a chunk never grows much beyond `most` bytes."""
    coding = _header(response, b"content-encoding").strip().lower()
    if coding in ("", "identity"):
        yield from response.iter_stream()
    elif coding in ("gzip", "x-gzip", "deflate"):
        unpacked = zlib.decompressobj(32 + zlib.MAX_WBITS)
        try:
            for chunk in response.iter_stream():
                yield unpacked.decompress(chunk, most + 1)
                if unpacked.unconsumed_tail:
                    raise _too_large(address, most)
        except zlib.error as error:
            raise FetchError(f"{address} arrived damaged ({error}): try again, or {_ELSE}.") from error
    else:
        raise FetchError(f"{address} is sent in the encoding {coding[:20]!r}, which was not asked for: {_ELSE}.")


def _check(address: str, status: int) -> None:
    if status >= 400:
        what = {401: "needs a log-in", 403: "is refused", 404: "does not exist", 410: "is gone", 429: "is busy"}
        raise FetchError(f"{address} {what.get(status, 'fails')} (status {status}): check it, or {_ELSE}.")
    if status != 200:
        raise FetchError(f"{address} answers with status {status} and no content: {_ELSE}.")


def _too_large(address: str, most: int) -> FetchError:
    return FetchError(f"{address} is over the limit of {most / 1e6:g} MB (QA_MAX_FILE_MB): raise it to add this.")


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
