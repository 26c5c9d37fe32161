"""Refuses and logs whatever would leave this machine: connections, datagrams and name lookups.

    subprocess.run([sys.executable, "-m", "qa", …], env=environment(tmp_path))
    assert attempts(tmp_path) == []

`environment` makes every Python process that is started with it, and its child processes, refuse from before the first
import, through `sitecustomize`. It is an audit hook, which Python code can neither remove nor bypass. Native code that
opens sockets itself is not seen; `traffic` sees that too.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import sys
from pathlib import Path
from typing import Any

_LOG = "attempts.txt"
# The position of the address in the arguments of outgoing events (docs.python.org/3/library/audit_events.html).
_ADDRESS = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
    "socket.getnameinfo": 0,
}


def environment(folder: Path, **changes: str | None) -> dict[str, str]:
    """The variables of this process, changed (None: removed), with the refusal; attempts are logged in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(
        f"import sys\nsys.path.append({str(Path(__file__).parent)!r})\n"
        f"from blocked_sockets import block\nblock({str(folder / _LOG)!r})\nsys.path.pop()\n",
        "utf-8",
    )
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))
    wanted = {**os.environ, **changes, "PYTHONPATH": path}
    return {name: value for name, value in wanted.items() if value is not None}


def attempts(folder: Path) -> list[str]:
    """What was refused, one line per attempt, in order."""
    log = folder / _LOG
    return log.read_text("utf-8").splitlines() if log.exists() else []


def block(log: str) -> None:
    """Refuse from now on whatever is not for this machine, and append it to the file `log`."""

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        place = _ADDRESS.get(event)
        if place is None or is_here(arguments[place]):
            return
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, f"{event} {arguments[place]!r} by {sys.argv[:3]}\n".encode())
        os.close(handle)
        raise OSError(errno.ENETUNREACH, "Refused by the test: it would leave this machine")

    sys.addaudithook(refuse)


def is_here(address: object) -> bool:
    """Whether an address (a host, or an argument of a socket call) is loopback, a Unix socket or missing."""
    if isinstance(address, tuple):
        address = address[0] if address else None
    if isinstance(address, bytes):
        address = os.fsdecode(address)
    if not isinstance(address, str):
        return address is None  # None: this machine (getaddrinfo), or a socket that is already connected
    if address in ("localhost", "") or address.startswith(("/", "\0")):
        return True
    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return (getattr(number, "ipv4_mapped", None) or number).is_loopback
