"""The address at which visitors reach the chat through a reverse proxy, and what its requests really are."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from ...config.chat import HOST
from ...errors import ConfigError

_HOST = re.compile(HOST)
_ORIGIN = re.compile(rf"(https?)://({_HOST.pattern})")
_PATH = re.compile(r"(?:/[\w.~-]+)*")
# The first parts of the chat's own addresses: below such a path, only the proxy can tell its part from the chat's.
_OWN = ("api", "articles", "assets", "config", "gradio_api", "login", "logout", "mcp", "static", "v1")
_FORM = "write it as https://host or https://host/path."
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class PublicUrl:
    """The address of a chat behind a proxy; `host` has the port unless it is the scheme's own, `path` may be ""."""

    scheme: str
    host: str
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> PublicUrl:
        """Parse `https://host/path`. Raises ConfigError."""
        try:
            parts = urlsplit(text.strip())
            origin = origin_of(f"{parts.scheme}://{parts.netloc}")
        except ValueError as error:
            raise ConfigError(f"--public-url {text!r} is not a valid address ({error}): {_FORM}") from error
        path = parts.path.rstrip("/")
        if origin is None or parts.query or parts.fragment or not _PATH.fullmatch(path):
            raise ConfigError(f"--public-url {text!r} is not the address of a chat: {_FORM}")
        return cls(*origin, path)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}{self.path}"

    @property
    def cookie_path(self) -> str:
        """The path for which a browser sends the chat's cookies."""
        return f"{self.path}/"

    def seen(self, scope: Scope) -> Scope:
        """Return a request as its sender made it: without the path of the proxy, and from the sender's own address.

        That is the last one of X-Forwarded-For, which the proxy has added, if the proxy is in a private network.
        """
        seen = dict(scope)
        seen["scheme"] = self.scheme
        path = scope["path"]
        is_kept = path == self.path or path.startswith(f"{self.path}/")
        if is_kept and self.path.split("/")[1:2] and self.path.split("/")[1] not in _OWN:
            seen["path"] = path[len(self.path) :]
            seen["raw_path"] = seen["path"].encode()
        client = scope.get("client")
        forwarded = Headers(scope=scope).getlist("x-forwarded-for")
        if client and forwarded and is_near(client[0]):
            seen["client"] = (forwarded[-1].rpartition(",")[2].strip(), client[1])
        return seen


def reached_at(usual: str, scope: Scope) -> str:
    """Return the address of a chat without a proxy, as a request names it; `usual` if it names none."""
    host = host_of(Headers(scope=scope).get("host", ""))
    return f"{scope['scheme']}://{host}/" if host else f"{usual}/"


def without_forwarded(scope: Scope) -> Scope:
    """Return a request without the headers by which anyone can claim another host, scheme or sender."""
    kept = [
        (name, value)
        for name, value in scope["headers"]
        if not name.startswith((b"x-forwarded", b"forwarded", b"x-gradio-server"))
    ]
    return {**scope, "headers": kept}


def host_of(header: str) -> str | None:
    """Return the host, with its port, of a Host header; None if it is not one."""
    if not _HOST.fullmatch(header):
        return None
    name = host_name(header)
    if header.startswith("["):
        try:
            ipaddress.IPv6Address(name)
        except ValueError:
            return None
    return header.lower()


def host_name(host: str) -> str:
    """Return a host without its port and brackets."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def origin_of(header: str) -> tuple[str, str] | None:
    """Return the scheme and host of an Origin header, without the scheme's usual port; None if it is not one."""
    found = _ORIGIN.fullmatch(header.lower())
    host = host_of(found[2]) if found else None
    if not found or host is None:
        return None
    return found[1], host.removesuffix(_DEFAULT_PORTS[found[1]])


def is_near(address: str) -> bool:
    """Return whether an address is of this machine or of a private network, as that of a proxy is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed.is_loopback or parsed.is_private


def network_of(address: str) -> str:
    """Return what one visitor holds: an IPv4 address, or the 64 bits that a network of IPv6 begins with."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:100]
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped or ipaddress.IPv6Network((parsed, 64), strict=False))
    return str(parsed)
