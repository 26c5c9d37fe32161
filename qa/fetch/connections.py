"""Connections that are made only to addresses of the public network, and end in time.

A name is looked up once, and what is connected to is what was checked: a name cannot point elsewhere in between.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpcore

from ..errors import FetchError

Clock = Callable[[], float]
_NEXT_PATIENCE = 15.0  # seconds for one connection, or for the next bytes
_NAT64, _LOCAL_NAT64 = ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48")
_OWN_NAMES = ("localhost", ".localhost", ".local", ".internal", ".home.arpa")


class Connections(httpcore.NetworkBackend):
    """Opens connections; the hosts in `named` may be private, as the user has named them.

    Nothing lasts longer than `seconds` from the last `begin`.
    """

    def __init__(self, named: frozenset[str], seconds: float, clock: Clock = time.monotonic) -> None:
        self._named = named
        self._seconds = seconds
        self._clock = clock
        self._inner = httpcore.SyncBackend()
        self.begin()

    def begin(self) -> None:
        """Give the next request its time."""
        self._end = self._clock() + self._seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of a host that answers. Raises FetchError for a private or unknown one."""
        failure: Exception | None = None
        for address in self._addresses(host, port):
            try:
                return _Timed(self._inner.connect_tcp(address, port, self._left(timeout)), self._left)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise FetchError(f"{host} does not answer ({failure}): check the address and your connection.") from failure

    def sleep(self, seconds: float) -> None:
        """Wait before another try; none is made, so this is never called."""
        raise NotImplementedError

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise FetchError(f"There is no host {host!r}, or no connection to look it up: check both.") from error
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        if host not in self._named and any(map(is_private, addresses)):
            raise FetchError(
                f"{host} is in a private network ({', '.join(addresses)}), and you have not named it by that address: "
                "if you mean it, add --private."
            )
        return addresses

    def _left(self, timeout: float | None) -> float:
        left = self._end - self._clock()
        if left <= 0:
            raise FetchError("It takes too long: try again later, or save the page in your browser and add that file.")
        return min(left, timeout or _NEXT_PATIENCE, _NEXT_PATIENCE)


class _Timed(httpcore.NetworkStream):
    """A connection of which no read or write lasts longer than the time that is left."""

    def __init__(self, inner: httpcore.NetworkStream, left: Callable[[float | None], float]) -> None:
        self._inner, self._left = inner, left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(self._inner.start_tls(ssl_context, server_hostname, self._left(timeout)), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def is_private(address: str) -> bool:
    """Whether an IP address is not one of the public network; True for what is no address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return True
    if found in _LOCAL_NAT64:
        return True
    led_to: Sequence[ipaddress.IPv4Address | ipaddress.IPv6Address] = _inner(found) or [found]
    return any(not each.is_global or each.is_multicast or _is_old(each) for each in led_to)


def _is_old(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an IPv6 address is of a form that was given up, which some networks still take inside."""
    return isinstance(address, ipaddress.IPv6Address) and (address.is_site_local or address.is_reserved)


def _inner(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that an IPv6 address leads to, by whichever way."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    nat64 = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
    teredo = address.teredo[1] if address.teredo else None
    return [each for each in (address.ipv4_mapped, address.sixtofour, teredo, nat64) if each is not None]


def names_private(host: str) -> bool:
    """Whether a host is written so that everyone sees that it is private: as an IP address, or as localhost."""
    name = host.strip("[]").lower()
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.endswith(_OWN_NAMES) or name in _OWN_NAMES
    return is_private(name)
