"""Starts, kills and stops real search servers: Milvus Lite, Milvus, and a cluster of Milvus nodes.

A test gets an address and the processes behind it; nothing here imports the program under test.

Milvus 2.3.5 listens on every interface, whatever address it is told to announce; the other processes listen on the
loopback address only. Each server writes only to the folder that it is given. A process ends at the latest with the
thread that started it, so start servers from the main thread.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pytest
from filelock import FileLock
from ports import free_port
from waiting import holds_within

READY = 90.0  # seconds that a server may take to start
SESSION = 10  # seconds after which the rest of Milvus gives up a node that was killed (30 in Milvus's own settings)
PYTHON = "QA_TEST_MILVUS_PYTHON"  # the Python of an environment that contains milvus==2.3.5

# Milliseconds between two checks of Milvus for what has to be flushed or loaded. A build takes 7 s with these, and 10 s
# with Milvus's own of 500 to 2,000.
PACE: Mapping[str, Mapping[str, object]] = {
    "dataCoord": {"segment": {"assignmentExpiration": 200}},
    "queryCoord": {"checkSegmentInterval": 100, "checkChannelInterval": 100, "distPullInterval": 100},
}
# Milvus unpacks itself once, next to the environment that it is installed in.
UNPACK = "import milvus, sys; milvus._initialize_data_files(sys.prefix); print(sys.prefix)"
BROKER = """
import sys, time
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1})
(broker,) = producer.list_topics(timeout=30).brokers.values()
print(f"{broker.host}:{broker.port}", flush=True)
sys.stdin.read()
"""


@dataclass
class Process:
    """One process of a server, which can be stopped and started again."""

    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    is_ready: Callable[[], bool] = lambda: True
    running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.running is not None
        return self.running.pid

    def start(self) -> None:
        """Start it and wait until it is ready."""
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self.command],
                env={**os.environ, **self.environment},
                cwd=self.log.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        assert holds_within(self._is_up, READY, every=0.1), f"{self.command[0]} is not ready: {self._last_lines()}"

    def _is_up(self) -> bool:
        assert self.running is not None
        assert self.running.poll() is None, f"{self.command[0]} ended: {self._last_lines()}"
        return self.is_ready()

    def kill(self) -> None:
        """Kill it at once, like a loss of power."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop it from answering while its connections stay open; `kill` or `thaw` ends that."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        assert self.running is not None
        self.running.send_signal(how)
        self.running.wait(30)
        self.running = None

    def _last_lines(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


@dataclass(frozen=True)
class Server:
    """A server: its address for clients, and its processes by name."""

    address: str  # host:port
    processes: Mapping[str, Process]

    @property
    def uri(self) -> str:
        return f"http://{self.address}"

    def start(self) -> None:
        for process in self.processes.values():
            if process.running is None:
                process.start()

    def kill(self) -> None:
        for process in reversed([*self.processes.values()]):
            if process.running is not None:
                process.kill()


@contextmanager
def milvus_lite(folder: Path) -> Iterator[Server]:
    """Milvus Lite, one Python process (package milvus-lite, the extra `test-scale`)."""
    _require("pymilvus", "milvus_lite")
    port = free_port()
    command = [
        sys.executable, "-m", "milvus_lite", "server",
        "--data-dir", str(folder / "data"), "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    process = Process(command, folder / "server.log", is_ready=lambda: _listens(port))
    with _running(Server(f"127.0.0.1:{port}", {"server": process})) as server:
        yield server


@contextmanager
def milvus(folder: Path, more: Mapping[str, Mapping[str, object]] = MappingProxyType({})) -> Iterator[Server]:
    """Milvus 2.3.5 in one process; settings in `more` override those that all servers here have."""
    milvus_home = _unpacked()
    etcd, etcd_file = _etcd_settings(folder)
    port, settings = _settings(folder, etcd)
    settings["etcd"] |= {"use": {"embed": True}, "config": {"path": str(etcd_file)}}
    settings["mq"] = {"type": "rocksmq"}
    settings["rocksmq"] = {"path": str(folder / "queue")}
    settings |= {part: {**settings.get(part, {}), **given} for part, given in more.items()}
    process = _milvus_process(folder, "server", milvus_home, settings, ["standalone"])
    process.environment = {**process.environment, "DEPLOY_MODE": "STANDALONE"}
    with _running(Server(f"127.0.0.1:{port}", {"server": process})) as server:
        yield server


@contextmanager
def cluster(folder: Path) -> Iterator[Server]:
    """Milvus 2.3.5 as a cluster: two query nodes, one process for its other roles, etcd and a Kafka broker.

    The broker is librdkafka's mock. It keeps its messages in memory and loses rows that arrive faster than about 1,000
    a second, so fill a collection slowly and count it.
    """
    milvus_home = _unpacked()
    if shutil.which("etcd") is None:
        pytest.skip("etcd is not installed (CONTRIBUTING.md)")
    _require("confluent_kafka")
    with ExitStack() as stack:
        broker = stack.enter_context(_broker(folder))
        etcd, etcd_file = _etcd_settings(folder)
        port, settings = _settings(folder, etcd)
        settings["etcd"] |= {"use": {"embed": False}}
        settings["mq"] = {"type": "kafka"}
        settings["kafka"] = {"brokerList": broker}
        roles = ("rootcoord", "querycoord", "datacoord", "indexcoord", "datanode", "indexnode", "proxy")
        processes = {
            "etcd": Process(
                ["etcd", "--config-file", str(etcd_file)],
                folder / "etcd.log",
                is_ready=lambda: _answers(f"http://{etcd}/health", "true"),
            ),
            "mixture": _milvus_process(
                folder, "mixture", milvus_home, settings, ["mixture", *(f"-{role}=true" for role in roles)]
            ),
            "query 1": _milvus_process(folder, "query1", milvus_home, settings, ["querynode"]),
            "query 2": _milvus_process(folder, "query2", milvus_home, settings, ["querynode"]),
        }
        yield stack.enter_context(_running(Server(f"127.0.0.1:{port}", processes)))


@contextmanager
def _running(server: Server) -> Iterator[Server]:
    try:
        server.start()
        yield server
    finally:
        server.kill()


@contextmanager
def _broker(folder: Path) -> Iterator[str]:
    """The address of a Kafka broker in a separate process."""
    with (
        (folder / "broker.log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-c", BROKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def _milvus_process(
    folder: Path, name: str, milvus_home: Path, settings: Mapping[str, object], roles: Sequence[str]
) -> Process:
    """One process of Milvus with its own folder, settings and health port."""
    home = folder / name
    (home / "configs").mkdir(parents=True)
    own = {**settings, "queryNode": {"ip": "127.0.0.1", "port": free_port()}}
    (home / "configs" / "milvus.yaml").write_text(json.dumps(own))  # JSON is YAML
    (home / "configs" / "glog.conf").write_text("--logtostderr=true\n--minloglevel=2\n")
    health = free_port()
    libraries = f"{milvus_home / 'bin'}:{os.environ.get('LD_LIBRARY_PATH', '')}"
    return Process(
        [str(milvus_home / "bin" / "milvus"), "run", *roles],
        home / "server.log",
        {"MILVUSCONF": str(home / "configs"), "METRICS_PORT": str(health), "LD_LIBRARY_PATH": libraries},
        lambda: _answers(f"http://127.0.0.1:{health}/healthz", "OK"),
    )


def _settings(folder: Path, etcd: str) -> tuple[int, dict[str, dict[str, object]]]:
    """(port that clients connect to, settings that all processes of one Milvus share)."""
    port = free_port()
    parts = ("rootCoord", "queryCoord", "indexCoord", "dataCoord", "dataNode", "indexNode")
    own_ports: dict[str, dict[str, object]] = {
        part: {"ip": "127.0.0.1", "port": free_port(), **PACE.get(part, {})} for part in parts
    }
    return port, own_ports | {
        "etcd": {"endpoints": etcd, "rootPath": "test"},
        "localStorage": {"path": str(folder / "storage")},
        "common": {"storageType": "local", "session": {"ttl": SESSION}},
        "proxy": {"ip": "127.0.0.1", "port": port, "internalPort": free_port()},
        "log": {"level": "warn", "file": {"rootPath": ""}},
    }


def _etcd_settings(folder: Path) -> tuple[str, Path]:
    """(address, file of settings) of an etcd that is to be started."""
    client, peers = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    settings = {
        "name": "etcd",
        "data-dir": str(folder / "etcd"),
        "listen-client-urls": f"http://{client}",
        "advertise-client-urls": f"http://{client}",
        "listen-peer-urls": f"http://{peers}",
        "initial-advertise-peer-urls": f"http://{peers}",
        "initial-cluster": f"etcd=http://{peers}",
    }
    path = folder / "etcd.json"
    path.write_text(json.dumps(settings))
    return client, path


def _unpacked() -> Path:
    """The folder whose `bin` contains Milvus and its libraries."""
    _require("pymilvus")
    python = os.environ.get(PYTHON)
    if not python:
        pytest.skip(f"{PYTHON} names no environment with Milvus (CONTRIBUTING.md)")
    with FileLock(f"{python}.lock"):  # tests may run in parallel
        done = subprocess.run([python, "-c", UNPACK], check=True, capture_output=True, text=True)
    return Path(done.stdout.strip())


def _require(*modules: str) -> None:
    for module in modules:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed (CONTRIBUTING.md)")


def _listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def _answers(url: str, word: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return word in response.read().decode()
    except (urllib.error.URLError, OSError):
        return False
