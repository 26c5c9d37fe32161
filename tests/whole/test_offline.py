"""Nothing leaves the machine: loading the encoder, building and asking open no connection and look up no name."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from blocked_sockets import attempts, environment, is_here
from conftest import ROOT
from corpora import article, write

from qa.models.onnx_encoder import runtime
from qa.system import offline


def run(folder: Path, program: str, *arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Run Python code in a fresh process that can reach nothing but this machine."""
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
def test_local_traffic_is_allowed(address: object) -> None:
    assert is_here(address)


@pytest.mark.parametrize(
    "address",
    ["example.org", "192.0.2.1", "0.0.0.0", "10.0.0.1", "169.254.169.254", "::", "2001:db8::1", "fe80::1%eth0",
     b"example.org", ("192.0.2.1", 80), ("localhost.example.org", 80), 5],
)  # fmt: skip
def test_traffic_that_would_leave_is_refused(address: object) -> None:
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


SWITCHED_ON = {
    "ORT_DISABLE_TELEMETRY": "0", "HF_HUB_DISABLE_TELEMETRY": "0", "HF_HUB_DISABLE_UPDATE_CHECK": "0",
    "DISABLE_TELEMETRY": "0", "DO_NOT_TRACK": "0", "GRADIO_ANALYTICS_ENABLED": "True", "RAY_USAGE_STATS_ENABLED": "1",
    "FASTAPI_OTEL_AUTO_CONFIGURE": "true", "HAYSTACK_TELEMETRY_ENABLED": "True",
}  # fmt: skip
SWITCHES = """
import json, os, subprocess, sys
import qa
from gradio.analytics import analytics_enabled
from huggingface_hub import constants
program = "import json, os; print(json.dumps(dict(os.environ)))"
child = subprocess.run([sys.executable, "-c", program], capture_output=True)
said = [analytics_enabled(), constants.HF_HUB_DISABLE_TELEMETRY, constants.HF_HUB_DISABLE_UPDATE_CHECK]
print(json.dumps({"said": said, "child": json.loads(child.stdout), "offline": constants.HF_HUB_OFFLINE}))
"""


def test_importing_the_package_turns_all_telemetry_off_here_and_in_child_processes_whatever_was_set(
    tmp_path: Path,
) -> None:
    done = run(tmp_path, SWITCHES, **SWITCHED_ON, HF_HUB_OFFLINE=None, TRANSFORMERS_OFFLINE=None)
    assert done.returncode == 0, done.stderr
    reported = json.loads(done.stdout)
    assert reported["said"] == [False, True, True]
    assert {name: reported["child"][name] for name in SWITCHED_ON} == {
        "ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "GRADIO_ANALYTICS_ENABLED": "False",
        "RAY_USAGE_STATS_ENABLED": "0", "FASTAPI_OTEL_AUTO_CONFIGURE": "false",
        "HAYSTACK_TELEMETRY_ENABLED": "False",
    }  # fmt: skip
    assert reported["offline"] is False  # another program may download what it wants


def test_the_command_line_forbids_downloads_to_all_libraries(tmp_path: Path) -> None:
    program = """
import contextlib, io, os
from qa.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    main(["--version"])
from huggingface_hub import constants
print(constants.HF_HUB_OFFLINE, os.environ["TRANSFORMERS_OFFLINE"])
"""
    done = run(tmp_path, program, HF_HUB_OFFLINE="0", TRANSFORMERS_OFFLINE="0")
    assert done.stdout == "True 1\n", done.stderr


def test_the_switch_of_the_runtimes_own_interface_is_used_too(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr("onnxruntime.disable_telemetry_events", lambda: calls.append("off"))
    assert runtime().__name__ == "onnxruntime"
    assert calls == ["off"]


def test_proxies_are_closed_for_a_while_and_then_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    with offline.proxies_closed():
        assert os.environ["http_proxy"] == os.environ["HTTPS_PROXY"] == "http://127.0.0.1:9"
        assert "127.0.0.1" in os.environ["no_proxy"]
    assert os.environ["http_proxy"] == "http://proxy.example:3128"
    assert "HTTPS_PROXY" not in os.environ


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
    """From the first import on, without a cache of models, and without a variable that forbids downloads."""
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
    reported = json.loads(done.stdout.splitlines()[-1])
    assert reported["encoded"] == 2
    assert reported["answer"]["citations"][0]["document"] == "b.md"
    assert (reported["verify"], reported["files"], reported["codes"]) == ([], 2, [0, 0, 0, 0])
    assert "set QA_ENCODER to the folder" in reported["missing"]
