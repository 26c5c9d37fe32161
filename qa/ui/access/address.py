"""The address that the chat is served at, and who may reach it."""

from __future__ import annotations

import socket
from pathlib import Path

from ...errors import ConfigError
from ...system.machine import is_loopback
from .accounts import Accounts, credentials


def check_access(host: str, auth: str | None, auth_file: Path | None = None) -> None:
    """Raise ConfigError if others could enter without a log-in, or a log-in cannot be used."""
    if auth is not None:
        credentials(auth)
    if auth_file is not None:
        Accounts.read(auth_file)
    if auth is None and auth_file is None and not is_loopback(host):
        raise ConfigError(
            f"{host} can be reached from other computers: add --auth user:password or --auth-file FILE, or leave "
            "--host out."
        )


def bind(host: str, port: int) -> socket.socket:
    """Bind a socket to an address; port 0 takes a free one. Raises ConfigError if that is impossible."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is given because asyncio switches Nagle's algorithm off only if it is TCP.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if socket.has_ipv6 and family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host.strip("[]"), port))
        bound.listen(128)  # so that a second server cannot bind it too
    except (OSError, OverflowError) as error:
        bound.close()
        if isinstance(error, socket.gaierror):
            raise ConfigError(f"This machine has no address {host!r}: choose another with --host.") from error
        raise ConfigError(f"Port {port} of {host} cannot be used ({error}): choose another with --port.") from error
    return bound
