"""Runs a program without a network, and reports what it tried to reach.

The kernel keeps the record: strace logs each call that sends or connects, of the process and of all its child
processes, so native code is seen too. The network namespace is empty except for a loopback interface.
"""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# io_uring is not seen call by call, so a program that sets it up cannot be judged.
_CALLS = ("connect", "sendto", "sendmsg", "sendmmsg", "io_uring_setup")
_CALL = re.compile(rf"^(?:\d+ +)?(?:<\.\.\. )?(?P<name>{'|'.join(_CALLS)})(?P<rest>\(| resumed>)")
_SOCKADDR = re.compile(r"\{sa_family=(?P<family>\w+)(?P<fields>[^}]*)\}")
_HOST = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
_PORT = re.compile(r"sin6?_port=htons\((\d+)\)")
# Ports and sockets of this machine that ask others: a lookup through them leaves it (DNS, DNS over TLS, mDNS).
_RESOLVER_PORTS = {"53", "853", "5353"}
_RESOLVER_SOCKETS = ("/systemd/resolve/", "/avahi-daemon/")
# strace's words when the kernel does not let it continue to follow: its record is then incomplete.
_GAVE_UP = re.compile(r"^strace: .*ptrace\(PTRACE_.*\): .*$", re.MULTILINE)
_REPEATS = 3
_CACHE = Path("/var/run/nscd/socket")  # answers lookups of both users and hosts


def outside(trace: Iterable[str]) -> list[str]:
    """The lines of strace's record that try to reach anything but this machine, or do not say what they reach.

    Unix sockets, netlink (which asks the kernel) and loopback addresses are this machine; a resolver behind one of
    them is not.
    """
    return [line.rstrip("\n") for line in trace if (call := _CALL.match(line)) and _leaves(call, line)]


def _leaves(call: re.Match[str], line: str) -> bool:
    if call["name"] == "io_uring_setup":
        return True
    addresses = list(_SOCKADDR.finditer(line))
    if not addresses:  # of a socket that was connected before, or printed in the other half of the call
        return call["name"] == "connect" and call["rest"] == "("
    return any(_is_outside(address["family"], address["fields"]) for address in addresses)


def _is_outside(family: str, fields: str) -> bool:
    if family in ("AF_NETLINK", "AF_UNSPEC"):  # AF_UNSPEC undoes a connect
        return False
    if family in ("AF_UNIX", "AF_LOCAL"):
        return any(name in fields for name in _RESOLVER_SOCKETS)
    host, port = _HOST.search(fields), _PORT.search(fields)
    if family not in ("AF_INET", "AF_INET6") or host is None or port is None:
        return True
    number = ipaddress.ip_address(host[1] or host[2])
    here = (getattr(number, "ipv4_mapped", None) or number).is_loopback
    return not here or port[1] in _RESOLVER_PORTS


def under_strace(record: Path, command: Sequence[str]) -> list[str]:
    """The command that runs `command` and writes what it sends and connects to `record`."""
    return ["strace", "-f", "-qq", "--seccomp-bpf", f"--trace={','.join(_CALLS)}", "-o", str(record), *command]


def without_network(command: Sequence[str]) -> list[str]:
    """The command that runs `command` with a loopback interface and nothing else.

    Its child processes end with it, and all of them when the returned command is killed.
    """
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    alone = ["--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    return ["unshare", *user, *alone, "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command]


class StraceFailed(Exception):
    """strace itself gave up, so nothing is known about the program that it followed."""


@dataclass(frozen=True)
class Run:
    """A command that has ended: its output, the lines of what it tried to reach, and its home folder."""

    out: str
    outside: list[str]
    home: Path


class Started:
    """A command that runs, and is stopped at the end of the block if it still does."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        """It writes to `folder`: its home, its output, and strace's record (`record`)."""
        self._home, self._record, self._said = folder / "home", folder / "record", folder / "said"
        self._home.mkdir(parents=True)
        with self._said.open("w") as said:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=bare_environment(self._home),
                stdout=subprocess.PIPE, stderr=said, text=True, start_new_session=True,
            )  # fmt: skip

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def ended(self) -> Run:
        """Wait for its end. Raises StraceFailed, and AssertionError if the command failed."""
        out, _ = self._process.communicate(timeout=280)
        said = self._said.read_text()
        if failure := _GAVE_UP.search(said):
            raise StraceFailed(failure[0])
        assert self._process.returncode == 0, said
        return Run(out, outside(self._record.read_text(errors="replace").splitlines()), self._home)


def repeated(run: Callable[[Path], Run], folder: Path, makes: Path | None = None) -> Run:
    """`run` in a fresh folder below `folder`; again, at most three times, if strace itself gave up.

    `makes` is a folder that the command creates; it is removed before the command runs again.
    """
    for number in range(_REPEATS + 1):
        try:
            return run(folder / f"run-{number}")
        except StraceFailed as error:
            if number == _REPEATS:
                raise
            print(f"Run again, since {error}")
            if makes is not None:
                shutil.rmtree(makes, ignore_errors=True)
    raise AssertionError("not reached")


def watch(folder: Path, *command: str, makes: Path | None = None) -> Run:
    """Run Python under strace to its end."""
    return repeated(lambda place: _watched(place, under_strace(place / "record", _python(command))), folder, makes)


def watch_without_network(folder: Path, *command: str, makes: Path | None = None) -> Run:
    """Run Python under strace, without a network, to its end."""
    return repeated(
        lambda place: _watched(place, without_network(under_strace(place / "record", _python(command)))), folder, makes
    )


def _python(command: Sequence[str]) -> list[str]:
    return [sys.executable, *command]


def _watched(folder: Path, command: Sequence[str]) -> Run:
    with Started(folder, command) as started:
        return started.ended()


def bare_environment(home: Path) -> dict[str, str]:
    """The variables that a process needs to start, without this process's switches.

    It must not look like CI either, where ONNX Runtime stays quiet by itself.
    """
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "PYTHONPATH": path}


def require_tools() -> None:
    """Skip the test if a program cannot be traced, with what is missing."""
    if sys.platform != "linux":
        pytest.skip("only Linux has network namespaces and strace")
    for tool in ("strace", "unshare", "ip"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed (apt-get install strace iproute2 util-linux)")
    if _CACHE.exists():
        pytest.skip("nscd runs here: it looks names up for others, which strace does not see")
    tried = subprocess.run(without_network(under_strace(Path(os.devnull), ["true"])), capture_output=True, text=True)
    if tried.returncode != 0:
        pytest.skip(f"a network namespace or strace is not permitted here: {tried.stderr.strip()}")
