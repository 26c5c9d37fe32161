"""The systemd unit that `qa service` prints: what it runs, what it may not do, and that the chat needs no more."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from conftest import ROOT
from ports import free_port
from served import about_cats
from waiting import wait_until

from qa.cli import main


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a corpus and an index, whose names need quoting."""
    for name in ("my notes", "in%dex $1"):
        (tmp_path / name).mkdir()
    (tmp_path / "accounts").touch()
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("QA_"):
            monkeypatch.delenv(name)
    return tmp_path


def unit(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["service", "--run-as", "articles", *options]) == 0
    return capsys.readouterr().out


def lines(text: str, name: str) -> list[str]:
    """The values of a directive, as systemd reads them."""
    found = re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)
    return [" ".join(shlex.split(each)).replace("%%", "%") for each in found]


def test_it_runs_the_chat_with_the_settings_of_this_moment(
    library: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QA_TEXT_FILES", "py,sql")
    monkeypatch.setenv("QA_HISTORY", "no")
    options = (
        "--corpus",
        "my notes",
        "--index",
        "in%dex $1",
        "--port",
        "8000",
        "--public-url",
        "https://example.org/notes",
    )
    text = unit(capsys, *options)
    assert lines(text, "ExecStart") == [f"{sys.executable} -m qa serve --no-browser --log json"]
    assert set(lines(text, "Environment")) == {
        f"QA_CORPUS={library / 'my notes'}", f"QA_INDEX={library / 'in%dex $1'}", "QA_PORT=8000",
        "QA_PUBLIC_URL=https://example.org/notes", "QA_TEXT_FILES=.py,.sql", "QA_HISTORY=no",
    }  # fmt: skip
    assert set(lines(text, "ReadWritePaths")) == {str(library / "my notes"), str(library / "in%dex $1")}
    assert "in%%dex $1" in text and lines(text, "User") == ["articles"]
    assert "IPAddressDeny=any\nIPAddressAllow=localhost\n" in text
    for name, value in re.findall(r'^Environment="?(QA_\w+)=(.*?)"?$', text, re.MULTILINE):
        monkeypatch.setenv(name, value.replace("%%", "%"))
    assert main(["config"]) == 0  # what it sets is valid
    assert "8000" in capsys.readouterr().out


def test_a_file_of_settings_is_named_and_not_copied(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (library / "qa.toml").write_text('corpus = "my notes"\nindex = "in%dex $1"\nlog = "text"\nport = 8000\n', "utf-8")
    text = unit(capsys, "--config", "qa.toml")
    assert lines(text, "ExecStart") == [f"{sys.executable} -m qa serve --no-browser --config {library / 'qa.toml'}"]
    assert lines(text, "Environment") == []
    assert set(lines(text, "ReadWritePaths")) == {str(library / "my notes"), str(library / "in%dex $1")}


def test_a_chat_for_others_may_use_the_network_and_needs_accounts(
    library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ("--corpus", "my notes", "--index", "in%dex $1", "--host", "0.0.0.0")
    assert main(["service", "--run-as", "articles", *place]) == 2
    assert "add --auth user:password or --auth-file FILE" in capsys.readouterr().err
    (library / "accounts").write_text("anna:scrypt:16384:8:5$" + "0" * 32 + "$" + "0" * 64 + "\n", "utf-8")
    text = unit(capsys, *place, "--auth-file", "accounts")
    assert "IPAddressDeny" not in text and f"QA_AUTH_FILE={library / 'accounts'}" in lines(text, "Environment")


def test_nothing_secret_and_nothing_of_root_is_in_a_unit(
    library: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = ["service", "--corpus", "my notes", "--index", "in%dex $1"]
    assert main([*place, "--run-as", "root"]) == 2
    assert "name another user with --run-as USER." in capsys.readouterr().err
    monkeypatch.setenv("QA_MILVUS_PASSWORD", "hidden")
    assert main([*place, "--run-as", "articles"]) == 2
    said = capsys.readouterr()
    assert "EnvironmentFile=" in said.err and "hidden" not in said.out + said.err


def test_systemd_finds_it_right_and_little_exposed(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    path = library / "qa.service"
    path.write_text(unit(capsys, "--corpus", "my notes", "--index", "in%dex $1"), "utf-8")
    verified = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True)
    problems = [line for line in verified.stderr.splitlines() if "qa.service" in line]
    assert (verified.returncode, problems) == (0, [])
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", "--threshold=20", str(path)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert rated.returncode == 0, rated.stdout[-300:]  # at most 2.0 of 10


# Makes every mount read-only but those named, and runs the rest of the line without any capability.
ALONE = """
mount --make-rprivate /
for place in "$1" "$2" "$3"; do mount --bind "$place" "$place"; done
findmnt -rno TARGET | while read -r place; do
  case "$place" in
    "$1"|"$2"|"$3"|/proc*|/sys*|/dev*) ;;
    *) mount -o remount,bind,ro "$place" 2>/dev/null || true ;;
  esac
done
if touch "$4/x" 2>/dev/null; then echo "$4 can be written" >&2; exit 9; fi
shift 4
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@"
"""


@contextlib.contextmanager
def running_alone(folder: Path, command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    places = [str(folder / name) for name in ("corpus", "index", "tmp")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", ALONE, "sh", *places, str(folder), *command],
            env=environment, stdout=log, stderr=log, cwd="/",
        )  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


@pytest.mark.strace
@pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux's")
def test_the_chat_writes_nowhere_but_where_the_unit_lets_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As in the unit and the container: a read-only system, no capability, and only its own folders to write to."""
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("this user may not make a mount namespace")
    config = about_cats(tmp_path)
    shutil.rmtree(config.index)
    for name in ("index", "tmp"):
        (tmp_path / name).mkdir()
    port = free_port()
    text = unit(capsys, "--corpus", str(config.corpus), "--index", str(config.index), "--port", str(port))
    (start,) = lines(text, "ExecStart")
    set_by_unit = dict(each.split("=", 1) for each in lines(text, "Environment"))
    environment = {**set_by_unit, "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "tmp")}
    with running_alone(tmp_path, start.split(" "), environment) as process:

        def is_ready() -> bool:
            assert process.poll() is None, (tmp_path / "log").read_text()
            with contextlib.suppress(httpx.TransportError):
                return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).status_code == 200
            return False

        wait_until(is_ready, 120, every=0.2)
        asked = {"question": "How long do cats sleep?"}
        answer = httpx.post(f"http://127.0.0.1:{port}/api/ask", json=asked, trust_env=False, timeout=60).json()
        assert answer["citations"][0]["document"] == "cats.md"
    log = (tmp_path / "log").read_text()
    assert '"event": "build"' in log and '"outcome": "done"' in log and "Read-only" not in log, log
