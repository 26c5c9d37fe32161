"""The Containerfile, as far as it can be tried without a container engine."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from conftest import ROOT

from qa.cli.entry import cli
from qa.config import SETTINGS, resolve

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TEXT = re.sub(r"\\\n\s*", "", (ROOT / "Containerfile").read_text("utf-8"))
STEPS = [tuple(line.split(maxsplit=1)) for line in TEXT.splitlines() if line and not line.startswith("#")]


def arguments(name: str) -> list[str]:
    return [rest for step, rest in STEPS if step == name]


def test_what_is_built_is_there_and_complete() -> None:
    copied = {word for rest in arguments("COPY") if "--from" not in rest for word in rest.split()[:-1]}
    assert all((ROOT / name).exists() for name in copied)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    needed = {project["project"]["readme"], *project["project"]["license-files"], "pyproject.toml"}
    assert needed | set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= copied
    assert any("--no-deps ." in rest for rest in arguments("RUN"))


def test_it_runs_as_nobody_in_particular_with_settings_that_are_valid() -> None:
    (user,) = arguments("USER")
    assert all(int(number) >= 1_000 for number in user.split(":"))
    environment = dict(word.split("=", 1) for rest in arguments("ENV") for word in shlex.split(rest))
    named = {name for name in environment if name.startswith("QA_")}
    assert named <= {setting.variable for setting in SETTINGS.values()}
    settings = resolve(environment, {})
    assert (settings["host"], settings["port"]) == ("0.0.0.0", int(arguments("EXPOSE")[0]))
    assert str(settings["corpus"]) in json.loads(arguments("VOLUME")[0])
    assert json.loads(arguments("ENTRYPOINT")[0]) == ["qa"] and json.loads(arguments("CMD")[0])[0] in cli.commands
    for option in ("--read-only", "--tmpfs /tmp", "--cap-drop all", "no-new-privileges", ":/data/accounts:ro"):
        assert option in (ROOT / "Containerfile").read_text("utf-8")


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_its_health_check_succeeds_for_a_chat_that_lives(status: int, code: int) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *values: object) -> None:
            pass

    (check,) = arguments("HEALTHCHECK")
    program, *options = json.loads(check.partition("CMD ")[2])
    assert program == "python"
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        command = [sys.executable, *(option.replace("7860", str(server.server_port)) for option in options)]
        assert subprocess.run(command, capture_output=True).returncode == code
        thread.join(10)
