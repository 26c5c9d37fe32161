"""Nothing leaves the machine: loading the encoder, building and asking open no connection and look up no name."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from blocked_sockets import attempts, environment, is_here
from corpora import article, write

ROOT = Path(__file__).resolve().parent.parent


def run(folder: Path, program: str, *arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Run a Python text in a fresh process that can reach nothing but this machine."""
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environment(folder, **changes),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "localhost", "/tmp/socket", "", None, b"127.0.0.1",
     ("127.0.0.1", 80), ("::1", 80, 0, 0), "\0abstract"],
)  # fmt: skip
def test_what_stays_on_this_machine_is_let_through(address: object) -> None:
    assert is_here(address)


@pytest.mark.parametrize(
    "address",
    ["example.org", "192.0.2.1", "0.0.0.0", "10.0.0.1", "169.254.169.254", "::", "2001:db8::1", "fe80::1%eth0",
     b"example.org", ("192.0.2.1", 80), ("localhost.example.org", 80), 5],
)  # fmt: skip
def test_what_would_leave_is_not(address: object) -> None:
    assert not is_here(address)


ATTEMPTS = """
import socket, subprocess, sys, urllib.request
def refused(call):
    try:
        call()
    except OSError as error:
        assert "Refused by the test" in str(error), error
        return True
    return False
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
assert refused(lambda: socket.create_connection(("192.0.2.1", 80), 1))
assert refused(lambda: socket.socket().connect(("192.0.2.1", 80)))
assert refused(lambda: socket.socket().connect_ex(("192.0.2.1", 80)))
assert refused(lambda: udp.sendto(b"x", ("192.0.2.1", 53)))
assert refused(lambda: udp.connect(("192.0.2.1", 53)))
assert refused(lambda: socket.getaddrinfo("hub.example", 443))
assert refused(lambda: socket.gethostbyname("hub.example"))
assert refused(lambda: urllib.request.urlopen("https://hub.example", timeout=1))
import asyncio
assert refused(lambda: asyncio.run(asyncio.open_connection("192.0.2.1", 80)))
with socket.create_connection(("localhost", int(sys.argv[1]))) as connection:
    assert connection.recv(5) == b"hello"
child = "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
assert b"Refused by the test" in subprocess.run([sys.executable, "-c", child], capture_output=True).stderr
"""


def test_refusal_reaches_every_way_out_and_child_processes_and_no_loopback(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"hello")

        thread = threading.Thread(target=greet)
        thread.start()
        done = run(tmp_path, ATTEMPTS, str(server.getsockname()[1]), PYTHONWARNINGS="ignore")
        assert done.returncode == 0, done.stderr
        thread.join()
    refused = attempts(tmp_path)
    assert [line.split()[0] for line in refused] == [
        "socket.getaddrinfo", "socket.connect", "socket.connect", "socket.sendto", "socket.connect",
        "socket.getaddrinfo", "socket.gethostbyname", "socket.getaddrinfo", "socket.connect", "socket.getaddrinfo",
    ]  # fmt: skip
    assert "192.0.2.1" in refused[-1]


PROGRAM = """
import contextlib, io, json, sys
import huggingface_hub.constants  # as gradio does, before anything could have been set
from pathlib import Path
from qa.build import build
from qa.cli import main
from qa.config import Config
from qa.models.encoders import load_encoder
from qa.engine import Engine
from qa.errors import ModelError

config = Config(Path(sys.argv[1]), Path(sys.argv[2]))
encoder = load_encoder()
report = build(config, encoder)
engine = Engine.open(config, encoder)
said = {"encoded": report.passages_encoded, "answer": engine.ask("Where is the beacon kept?").as_json()}
said["verify"], said["files"] = engine.verify(), len(engine.status().files)
places = ["--corpus", sys.argv[1], "--index", sys.argv[2]]
with contextlib.redirect_stdout(io.StringIO()):
    said["codes"] = [
        main(["build", *places, "--full", "--json"]), main(["ask", *places, "Where is the beacon kept?"]),
        main(["status", *places]), main(["verify", *places]),
    ]
try:
    load_encoder("sentence-transformers/all-MiniLM-L12-v2")
except ModelError as error:
    said["missing"] = str(error)
print(json.dumps(said))
"""


@pytest.mark.model
def test_encoder_build_and_questions_attempt_no_connection(tmp_path: Path) -> None:
    """From the first import on, with no cache of a hub and nothing in the environment that forbids it."""
    corpus, home = tmp_path / "corpus", tmp_path / "home"
    home.mkdir()
    write(corpus, {"a.md": article("A", "anchor"), "b.md": "The beacon is kept in the old stone tower by the sea."})
    hub = ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "TRANSFORMERS_OFFLINE", "DISABLE_TELEMETRY", "DO_NOT_TRACK")
    done = run(
        tmp_path / "log", PROGRAM, str(corpus), str(tmp_path / "index"),
        **dict.fromkeys(("HOME", "HF_HOME", "XDG_CACHE_HOME"), str(home)), **dict.fromkeys(hub),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert attempts(tmp_path / "log") == []
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["encoded"] == 2
    assert said["answer"]["citations"][0]["document"] == "b.md"
    assert (said["verify"], said["files"], said["codes"]) == ([], 2, [0, 0, 0, 0])
    assert "set QA_ENCODER to the folder" in said["missing"]
