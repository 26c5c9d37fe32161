"""Joins a Ray cluster, or starts one on this machine; a failure is an error with a one-sentence reason."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from .. import formats
from ..errors import ClusterError, ConfigError
from ..system import offline

LOCAL = "local"
MAX_BLOCK = 16_000_000  # bytes that a stage passes on at once, unless a single file is larger
NODE_ID = "ray.io/node-id"  # the label of each machine
_CONNECT_SECONDS = 5.0
_SETTINGS = b"\x04"  # the type of the first frame of either side of HTTP/2
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + _SETTINGS + bytes(5)
_HINT = "start it with `ray start` on this machine too, or name `local`."


def start(address: str, stack: ExitStack) -> None:
    """Connect to the Ray cluster at `address`, or start one on the loopback address; `stack` ends the connection."""
    os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"  # or a thread that still runs at the end would start another cluster
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # its log on standard error; problems are raised anyway
    if address == LOCAL:
        # Read when Ray is imported: they make it listen on the loopback address only, and require a secret of this run.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        os.environ["RAY_AUTH_MODE"], os.environ["RAY_AUTH_TOKEN"] = "token", secrets.token_hex(32)
    elif address != "auto":
        _reach(address)
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ConfigError("Ray is not installed: run `pip install 'qa-articles[ray]'` on each machine.") from error
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR, "include_dashboard": None}
    if address == LOCAL:
        folder = tempfile.mkdtemp(prefix="qa-ray-")
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        options |= {"include_dashboard": False, "_temp_dir": folder, "_node_ip_address": "127.0.0.1"}
    stack.callback(ray.shutdown)
    try:
        # Ray's core reports its log settings on standard error, and one of its processes queries cloud metadata.
        with _without_standard_error(), offline.proxies_closed() if address == LOCAL else nullcontext():
            ray.init(address, **options)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError, OSError) as error:
        raise ClusterError(f"The Ray cluster at {address!r} cannot be used ({reason_for(error)}): {_HINT}") from error
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    context.execution_options.preserve_order = True
    context.target_max_block_size = MAX_BLOCK
    context.max_errored_blocks = -1  # the driver prepares what was lost
    check_versions()


def _reach(address: str) -> None:
    """Check that a gRPC server (HTTP/2, RFC 9113, 3.4) answers at `address`: Ray itself would wait for minutes."""
    host, _, port = address.rpartition(":")
    try:
        with closing(socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS)) as connection:
            connection.sendall(_GREETING)
            is_ray = connection.recv(4)[3:] == _SETTINGS
    except ValueError:
        raise ConfigError(f"{address!r} is not the address of a Ray cluster: name host:port, auto or local.") from None
    except OSError as error:
        raise ClusterError(f"There is no Ray cluster at {address} ({error.strerror or error}): {_HINT}") from error
    if not is_ray:
        raise ClusterError(f"The server at {address} is not a Ray cluster: {_HINT}")


@contextmanager
def _without_standard_error() -> Iterator[None]:
    saved = os.dup(2)
    with Path(os.devnull).open("wb") as null:
        os.dup2(null.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def _version() -> list[Any]:
    from ..system.version import __version__

    return [__version__, formats.VERSION, formats.plugin_versions()]


def check_versions() -> None:
    """Raise ClusterError unless each machine of the cluster has the same version of this program."""
    import ray

    answers = []
    for node in ray.nodes():
        if node["Alive"]:
            labels = {NODE_ID: node["NodeID"]}
            answer = ray.remote(_version).options(num_cpus=0, label_selector=labels).remote()
            answers.append((node["NodeManagerHostname"], answer))
    for name, answer in answers:
        try:
            version = ray.get(answer, timeout=60)
        except ray.exceptions.TaskUnschedulableError:
            continue  # this machine has just left the cluster
        except (ray.exceptions.RayError, ModuleNotFoundError) as error:
            raise ClusterError(
                f"The machine {name} cannot run this program ({reason_for(error)}): install it there."
            ) from error
        if version != _version():
            raise ClusterError(
                f"The machine {name} has another version of this program: install {_version()[0]} there."
            )


def reason_for(error: BaseException) -> str:
    """The last line of an error's message, at most 160 characters, without its final punctuation."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:160].rstrip(".:")
