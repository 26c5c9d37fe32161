"""Nothing leaves the machine, as the kernel sees it: no process of the program tries to reach anything else.

`test_offline.py` watches Python's sockets, which native libraries do not use; here strace watches every process.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import servers
import traffic
from browsers import executable
from corpora import write
from traffic import ROOT, Run, Started, StraceFailed, outside, repeated, watch, watch_without_network, without_network

MINUTE = 60.0  # ONNX Runtime 1.32.0 sends its first events some nine seconds after its import

# --- reading strace's record ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        'connect(3, {sa_family=AF_UNIX, sun_path="/run/user/0/bus"}, 17) = -1 ENOENT (No such file or directory)',
        '812   connect(3, {sa_family=AF_UNIX, sun_path=@"abstract"}, 11) = 0',
        '812   connect(3, {sa_family=AF_INET, sin_port=htons(7860), sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
        '812   connect(3, {sa_family=AF_INET, sin_port=htons(7860), sin_addr=inet_addr("127.8.9.1")}, 16) = 0',
        '812   connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), '
        'inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0',
        '812   connect(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), '
        'inet_pton(AF_INET6, "::ffff:127.0.0.1", &sin6_addr), sin6_scope_id=0}, 28) = 0',
        "812   connect(3, {sa_family=AF_UNSPEC, sa_data=\"\\0\"...}, 16) = 0",
        '812   sendto(5, [{nlmsg_len=20, nlmsg_type=RTM_GETADDR}, {ifa_family=AF_UNSPEC}], 20, 0, '
        "{sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 20",
        '812   sendto(7, "HTTP/1.1 200 OK\\r\\n"..., 128, 0, NULL, 0) = 128',
        '812   sendto(7, "inet_addr(\\"192.0.2.1\\")", 22, 0, NULL, 0 <unfinished ...>',
        '812   sendmsg(7, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="x", iov_len=1}], msg_iovlen=1}, 0) = 1',
        "812   <... connect resumed>)            = -1 ENETUNREACH (Network is unreachable)",
        '812   bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0',
        '812   getpeername(3, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("192.0.2.1")}, [16]) = 0',
        "812   --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=813, si_uid=0} ---",
        "812   +++ exited with 0 +++",
    ],
)  # fmt: skip
def test_local_traffic_is_allowed(line: str) -> None:
    assert outside([line]) == []


@pytest.mark.parametrize(
    "line",
    [
        'connect(8, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.255.255.53")}, 16) = 0',
        '812 connect(8, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.5")}, 16 <unfinished ...>',
        # A resolver of this machine, which asks others.
        '812   connect(8, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.53")}, 16) = 0',
        '812   connect(8, {sa_family=AF_UNIX, sun_path="/run/systemd/resolve/io.systemd.Resolve"}, 42) = 0',
        '812   connect(8, {sa_family=AF_UNIX, sun_path="/var/run/avahi-daemon/socket"}, 110) = 0',
        '812   connect(8, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("0.0.0.0")}, 16) = 0',
        '812   sendto(8, "\\1\\0", 2, MSG_NOSIGNAL, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), '
        'inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = -1 ENETUNREACH (…)',
        '812   connect(8, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), '
        'inet_pton(AF_INET6, "::ffff:192.0.2.1", &sin6_addr), sin6_scope_id=0}, 28) = 0',
        '812   sendmmsg(8, [{msg_hdr={msg_name={sa_family=AF_INET, sin_port=htons(5353), '
        'sin_addr=inet_addr("224.0.0.251")}, msg_namelen=16, msg_iov=[{iov_base="x", iov_len=1}]}}], 1, 0) = 1',
        '812   sendmmsg(8, [{msg_hdr={msg_name={sa_family=AF_UNIX, sun_path="/run/a"}}}, {msg_hdr={msg_name='
        '{sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("192.0.2.1")}}}], 2, 0) = 2',
        '812   <... sendmmsg resumed>[{msg_hdr={msg_name={sa_family=AF_INET, sin_port=htons(9), '
        'sin_addr=inet_addr("192.0.2.1")}}}], 1, 0) = 1',
        '812   sendmsg(8, {msg_name={sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("192.0.2.1")}, '
        "msg_namelen=16}, 0) = 1",
        "812   connect(8, {sa_family=AF_PACKET, sll_protocol=htons(ETH_P_ALL), sll_ifindex=2}, 20) = 0",
        "812   connect(8, 0x7ffd1c2a9f10, 16)    = -1 EFAULT (Bad address)",
        "812   io_uring_setup(64, {flags=0}) = 9",
    ],
)  # fmt: skip
def test_traffic_that_would_leave_is_shown_with_its_line(line: str) -> None:
    inside = 'connect(3, {sa_family=AF_UNIX, sun_path="/run/x"}, 9) = 0'
    assert outside([inside + "\n", line + "\n"]) == [line]


# --- the program ------------------------------------------------------------------------------------------------------

BEACON = "Where is the beacon kept?"
BEACONS = "The beacon is kept in the old stone tower by the sea."
# Addresses in pages and articles are not fetched when these are read.
PAGE = f"""<!DOCTYPE html SYSTEM "http://dtd.example/page.dtd"><html><head><title>Beacons</title>
<link rel="stylesheet" href="https://style.example/a.css"><script src="https://script.example/a.js"></script></head>
<body><article><h1>Beacons</h1><p>{BEACONS}</p><img src="https://image.example/a.png"></article></body></html>"""
ARTICLE = f"# Lights\n\n![a light](https://image.example/b.png)\n\n{BEACONS.replace('beacon', 'lantern')}\n"
SET = {
    "corpus.jsonl": '{"_id": "a", "title": "Zoo", "text": "The zebra is called Bruno."}\n'
    '{"_id": "b", "title": "", "text": "Bread rises."}\n',
    "queries.jsonl": '{"_id": "1", "text": "What is the zebra called?", "answers": ["Bruno"], "answerable": true}\n',
    "qrels.tsv": "query-id\tcorpus-id\tscore\n1\ta\t1\n",
}
# A name that native code looks up, and an address that it connects to, both in a thread of a child.
NATIVE = """
import ctypes, threading
libc = ctypes.CDLL(None)
def leave():
    libc.getaddrinfo(b"hub.example", b"443", None, ctypes.byref(ctypes.c_void_p()))
    address = bytes([2, 0, 1, 187, 192, 0, 2, 1]) + bytes(8)  # AF_INET, port 443, 192.0.2.1
    libc.connect(libc.socket(2, 1, 0), address, len(address))
thread = threading.Thread(target=leave)
thread.start()
thread.join()
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus of many formats, which name other hosts, and a set of questions."""
    traffic.require_tools()
    folder = tmp_path_factory.mktemp("place")
    shutil.copytree(ROOT / "corpus", folder / "corpus")
    for name in ("office/bees.docx", "office/bees.epub", "office/bees.rtf", "pdf/hives.pdf", "html/news.html"):
        shutil.copy(ROOT / "tests" / "files" / name, folder / "corpus")
    write(folder / "corpus", {"beacons.html": PAGE, "lights.md": ARTICLE})
    write(folder / "set", SET)
    return folder


def places(folder: Path) -> list[str]:
    return ["--corpus", str(folder / "corpus"), "--index", str(folder / "index")]


@pytest.fixture(scope="module")
def built(place: Path) -> Run:
    """A first build."""
    return watch_without_network(place / "build", "-m", "qa", "build", *places(place), makes=place / "index")


class Visit:
    """A minute of the chat, on a copy of the index. It runs in parallel with the tests that request it."""

    def __init__(self, place: Path) -> None:
        self._place, self._running = place, ExitStack()
        self._first = self._start(place / "visit")

    def ended(self) -> Run:
        try:
            return self._first.ended()
        except StraceFailed:
            return repeated(lambda folder: self._start(folder).ended(), self._place / "again")

    def close(self) -> None:
        self._running.close()

    def _start(self, folder: Path) -> Started:
        for part in ("corpus", "index"):
            shutil.copytree(self._place / part, folder / part)
        served = [sys.executable, "app.py", *places(folder), "--port", "0"]
        command = [sys.executable, "tests/visit.py", str(folder / "record"), str(MINUTE), *served]
        return self._running.enter_context(Started(folder, without_network(command)))


@pytest.fixture(scope="module")
def visit(place: Path, built: Run) -> Iterator[Visit]:
    if executable() is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    visit = Visit(place)
    yield visit
    visit.close()


# Fails as the real one did once: no record, and a status that is not the program's. Then it runs the program.
FAKE_STRACE = """#!/bin/sh
while [ "$1" != -o ]; do shift; done
record=$2
shift 2
echo run >> "$RUNS"
if [ "$(wc -l < "$RUNS")" -le {failures} ]; then
  echo "strace: {words}" >&2
  exit 1
fi
: > "$record"
exec "$@"
"""
GAVE_UP = "ptrace(PTRACE_LISTEN,pid:339,sig:0): Input/output error"


@pytest.fixture
def fake_strace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, str], Callable[[], int]]:
    """Replaces the real strace by one that fails so many times, with these words; counts its runs."""

    def install(failures: int, words: str) -> Callable[[], int]:
        runs, program = tmp_path / "runs", tmp_path / "bin" / "strace"
        program.parent.mkdir()
        program.write_text(FAKE_STRACE.format(failures=failures, words=words).replace('"$RUNS"', f'"{runs}"'))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
        return lambda: len(runs.read_text().splitlines())

    return install


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
class TestStraceThatFailsItself:
    @pytest.mark.parametrize("failures", [0, 1, 3])
    def test_the_command_runs_again_in_a_fresh_folder(
        self, tmp_path: Path, fake_strace: Callable[[int, str], Callable[[], int]], failures: int
    ) -> None:
        runs = fake_strace(failures, GAVE_UP)
        folder = tmp_path / "made"
        program = f"import pathlib; pathlib.Path({str(folder)!r}).mkdir(); print('here')"
        if failures:
            folder.mkdir()  # as an aborted run might leave it
        done = watch(tmp_path / "watched", "-c", program, makes=folder)
        assert (done.out, done.outside, runs()) == ("here\n", [], failures + 1)
        assert done.home.parent.name == f"run-{failures}"
        assert len(list((tmp_path / "watched").iterdir())) == failures + 1

    def test_it_is_given_up_after_three_more(
        self, tmp_path: Path, fake_strace: Callable[[int, str], Callable[[], int]]
    ) -> None:
        runs = fake_strace(9, GAVE_UP)
        with pytest.raises(StraceFailed, match="PTRACE_LISTEN"):
            watch(tmp_path / "watched", "-c", "pass")
        assert runs() == 4

    @pytest.mark.parametrize("words", ["Can't stat 'nothing': No such file or directory", "exec: Permission denied"])
    def test_any_other_failure_is_one(
        self, tmp_path: Path, fake_strace: Callable[[int, str], Callable[[], int]], words: str
    ) -> None:
        runs = fake_strace(1, words)
        with pytest.raises(AssertionError, match=re.escape(words)):
            watch(tmp_path / "watched", "-c", "pass")
        assert runs() == 1

    def test_a_program_that_fails_is_not_run_again(
        self, tmp_path: Path, fake_strace: Callable[[int, str], Callable[[], int]]
    ) -> None:
        runs = fake_strace(0, GAVE_UP)
        with pytest.raises(AssertionError, match="ZeroDivisionError"):
            watch(tmp_path / "watched", "-c", "1 / 0")
        assert runs() == 1


@pytest.mark.strace
def test_lookups_and_connections_by_native_code_of_a_child_are_seen(tmp_path: Path) -> None:
    traffic.require_tools()
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {NATIVE!r}], check=True)"
    seen = watch_without_network(tmp_path, "-c", program).outside
    assert any('"192.0.2.1"' in line for line in seen), seen
    assert any('"192.0.2.1"' not in line for line in seen), seen  # a resolver, whichever there is


@pytest.mark.strace
@pytest.mark.model
def test_a_first_build_tries_to_reach_nothing(built: Run) -> None:
    assert built.outside == []
    assert "10 articles" in built.out


EXPORT = """
import sys
from pathlib import Path
from qa.models.encoders import load_encoder
print(load_encoder(sys.argv[1], index=Path(sys.argv[2])).identity.runtime)
"""


@pytest.mark.strace
@pytest.mark.model
def test_the_export_of_another_encoder_tries_to_reach_nothing(tmp_path: Path, one_layer: Path) -> None:
    traffic.require_tools()
    done = watch_without_network(tmp_path, "-c", EXPORT, str(one_layer), str(tmp_path / "index"))
    assert done.outside == []
    assert done.out.startswith("onnx")
    assert [path for path in done.home.rglob("*") if path.is_file()] == []


@pytest.mark.strace
@pytest.mark.model
@pytest.mark.parametrize(
    ("command", "said"),
    [(["ask", BEACON], "stone tower"), (["verify"], "is whole"), (["eval", "--limit", "1"], "ndcg@10")],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_command_tries_to_reach_nothing(
    place: Path, visit: Visit, tmp_path: Path, command: list[str], said: str
) -> None:
    folder = [str(place / "set")] if command[0] == "eval" else []
    done = watch_without_network(tmp_path, "-m", "qa", *command, *folder, *places(place))
    assert done.outside == []
    assert said in done.out


@pytest.mark.strace
@pytest.mark.model
@pytest.mark.browser
def test_a_minute_of_the_chat_with_a_browser_and_programs_tries_to_reach_nothing(visit: Visit) -> None:
    done = visit.ended()
    seen = json.loads(done.out.splitlines()[-1])
    assert done.outside == []
    assert (seen["away"], seen["ended"]) == ([], 0)
    assert seen["served"] >= MINUTE
    assert "United Nations" in seen["page"] and "eleven metres" in seen["pdf"] and "Ivo Lachner" in seen["changed"]
    assert seen["api"] == seen["mcp"] == seen["model"] == "india-russia-anti-terrorism-summit.md"
    assert seen["found"] > 0 and seen["status"] > 0


@pytest.mark.strace
@pytest.mark.model
def test_no_library_keeps_events_to_send_them_later(built: Run) -> None:
    assert [path for path in built.home.rglob("*") if path.is_file()] == []


# --- optional parts ---------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> list[str]:
    """The options for two articles and their index."""
    traffic.require_tools()
    write(tmp_path / "corpus", {"beacons.html": PAGE, "lights.md": ARTICLE})
    return places(tmp_path)


@pytest.mark.ray
@pytest.mark.model
def test_a_build_on_a_ray_cluster_of_this_machine_tries_to_reach_nothing(tmp_path: Path, small: list[str]) -> None:
    pytest.importorskip("ray")
    done = watch_without_network(tmp_path / "ray", "-m", "qa", "build", "--ray", "local", *small)
    assert done.outside == []
    assert "2 articles" in done.out


@pytest.mark.milvus_lite
@pytest.mark.model
def test_an_index_on_a_server_of_this_machine_needs_no_other(
    tmp_path: Path, small: list[str], milvus_lite: servers.Server
) -> None:
    """The server is not in an empty namespace; what its client tries is seen all the same."""
    store = [*small, "--store", f"milvus://{milvus_lite.address}/beacons"]
    built = watch(tmp_path / "build", "-m", "qa", "build", *store)
    asked = watch(tmp_path / "ask", "-m", "qa", "ask", BEACON, *store)
    assert built.outside == asked.outside == []
    assert "stone tower" in asked.out
