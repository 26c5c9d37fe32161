"""Many, slow and idle connections, with real sockets: they are ended in time, and everybody else is answered."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import ROOT
from starlette.types import Receive, Scope, Send
from waiting import holds_within, wait_until

from qa.system.logs import Throttled
from qa.ui.access.address import bind
from qa.ui.web.connections import Connections, Listener, Patience, room_for_connections

MUCH = 50_000_000  # bytes of an answer: more than the buffers of two sockets hold
REQUEST = b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the size of the body; with much at /much; at /hold once it is released."""
    if scope["type"] == "lifespan":
        for _ in range(2):
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
        return
    size, more = 0, True
    while more and scope["path"] != "/hold":
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/hold":
        await send({"type": "http.response.body", "body": b"held", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    body = b"x" * MUCH if scope["path"] == "/much" else str(size).encode()
    await send({"type": "http.response.body", "body": body})


@dataclass
class Listening:
    port: int
    connections: Connections

    def open(self, *pieces: bytes, address: str = "127.0.0.1") -> socket.socket:
        connected = socket.create_connection(("127.0.0.1", self.port), 20, (address, 0))
        for piece in pieces:
            connected.sendall(piece)
        return connected

    def answer(self) -> int:
        """The status of a request of somebody else."""
        return httpx.get(f"http://127.0.0.1:{self.port}/", trust_env=False, timeout=10).status_code


@contextlib.contextmanager
def listening(most: int = 100, each: int = 100, patience: Patience | None = None, **more: Any) -> Iterator[Listening]:
    connections = Connections(most, each, patience=patience, **more)
    bound = bind("127.0.0.1", 0)
    listener, ready = Listener(app, connections), threading.Event()
    listener.ready = ready.set
    thread = threading.Thread(target=listener.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        assert ready.wait(20)
        yield Listening(bound.getsockname()[1], connections)
    finally:
        holds_within(lambda: not len(connections), 5)  # a socket that is still being closed would be reported
        listener.should_exit = True
        thread.join(20)
        bound.close()
    assert not thread.is_alive()


def received(connected: socket.socket) -> bytes:
    """All that comes until the other end closes the connection."""
    pieces = []
    with contextlib.suppress(ConnectionResetError):
        while piece := connected.recv(65_536):
            pieces.append(piece)
    connected.close()
    return b"".join(pieces)


QUICK = Patience(head=0.3, body=0.3, rate=1_000_000, reader=0.3)


@pytest.mark.server
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ((), b""),  # it never says anything
        ((b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ",), b"408"),
        ((b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000\r\n\r\n", b"x"), b"408"),
        ((b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n",), b"408"),
        ((REQUEST, b"GET /again HTTP/1.1\r\n"), b"200"),  # the second request is slow, the first was answered
        ((REQUEST,), b"200"),
    ],
)
def test_what_does_not_come_in_time_is_not_waited_for(sent: tuple[bytes, ...], status: bytes) -> None:
    with listening(patience=QUICK) as server:
        answer = received(server.open(*sent))
        assert answer.startswith(b"HTTP/1.1 " + status) if status else answer == b""
        assert b"408" not in answer or answer.endswith(b"send it again over a faster connection.")
        assert server.answer() == 200
        wait_until(lambda: not len(server.connections))


@pytest.mark.server
def test_a_trickle_does_not_keep_a_connection_open() -> None:
    with listening(patience=Patience(head=0.5, body=0.5, rate=1_000_000)) as server:
        heads, bodies = server.open(b"GET / HTTP/1.1\r\n"), server.open()
        bodies.sendall(b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100000\r\n\r\n")
        counts = {heads: 0, bodies: 0}

        def is_ended(connected: socket.socket, piece: bytes) -> bool:
            try:
                connected.sendall(piece)
            except OSError:
                return True
            counts[connected] += 1
            return False

        wait_until(lambda: is_ended(heads, b"x: y\r\n"), every=0.05)
        wait_until(lambda: is_ended(bodies, b"x"), every=0.05)
        assert all(count < 100 for count in counts.values())
        heads.close()
        bodies.close()
        assert server.connections.slow == 2


@pytest.mark.server
def test_whoever_takes_nothing_of_an_answer_is_not_waited_for() -> None:
    with listening(patience=QUICK) as server:
        stuck = server.open(REQUEST.replace(b"/ ", b"/much ", 1))
        wait_until(lambda: server.connections.slow == 1)
        wait_until(lambda: not len(server.connections))
        assert len(received(stuck)) < MUCH


@pytest.mark.server
def test_a_steady_sender_a_used_connection_and_an_open_stream_stay() -> None:
    with listening(patience=Patience(head=0.4, body=0.4, rate=100, reader=0.4)) as server:
        stream = server.open(REQUEST.replace(b"/ ", b"/hold ", 1))
        assert b"200" in stream.recv(1_000)
        steady = server.open(b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 2000\r\n\r\n")
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as used:
            for _ in range(20):  # twice as long as a head may take
                steady.sendall(b"x" * 100)
                before = server.connections.slow
                wait_until(lambda: used.get("/").status_code == 200)
                threading.Event().wait(0.05)
                assert server.connections.slow == before == 0
        assert b"2000" in steady.recv(1_000)
        steady.close()
        stream.close()


@pytest.mark.server
def test_beyond_the_cap_the_one_that_is_idle_for_longest_has_to_go() -> None:
    with listening(most=5) as server:
        idle = []
        for count in range(1, 9):
            idle.append(server.open())
            wait_until(lambda count=count: len(server.connections) + server.connections.dropped == count)  # type: ignore[misc]
        assert server.answer() == 200
        assert server.connections.dropped == 4
        assert [received(each) for each in idle[:4]] == [b""] * 4
        for each in idle[4:]:
            each.sendall(REQUEST)
            assert b"200" in each.recv(1_000)
            each.close()


@pytest.mark.server
def test_if_none_is_idle_the_new_one_is_refused_in_one_sentence(caplog: pytest.LogCaptureFixture) -> None:
    hold = REQUEST.replace(b"/ ", b"/hold ", 1)
    with listening(most=3) as server:
        held = [server.open(hold) for _ in range(3)]
        for each in held:
            assert b"200" in each.recv(1_000)
        for _ in range(20):
            refused = received(server.open())
            assert refused.startswith(b"HTTP/1.1 503") and refused.endswith(b"close some, then try again.")
        held.pop().close()
        wait_until(lambda: len(server.connections) == 2)
        assert server.answer() == 200
        for each in held:
            each.close()
    assert caplog.text.count("Connections are refused") == 1


@pytest.mark.server
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has one loopback address until others are added")
def test_one_address_does_not_take_what_others_need() -> None:
    hold = REQUEST.replace(b"/ ", b"/hold ", 1)
    with listening(most=20, each=3) as server:
        held = [server.open(hold, address="127.0.0.2") for _ in range(3)]
        for each in held:
            assert b"200" in each.recv(1_000)
        assert received(server.open(address="127.0.0.2")).startswith(b"HTTP/1.1 503")
        assert server.answer() == 200
        for each in held:
            each.close()
    with listening(most=20, each=3, is_shared=lambda address: address == "127.0.0.2") as server:
        held = [server.open(hold, address="127.0.0.2") for _ in range(6)]
        for each in held:
            assert b"200" in each.recv(1_000)
            each.close()


def test_lines_of_one_kind_are_counted_between_two_that_are_written(caplog: pytest.LogCaptureFixture) -> None:
    import logging

    now = [0.0]
    log = Throttled(logging.getLogger("x"), 60, lambda: now[0])
    for number in range(1_000):
        log.warning("refused %s", number)
        log.warning("other %s", number)
        now[0] += 0.1
    lines = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
    assert lines == ["refused 0", "refused 600 (and 599 times since the last such line)"]
    assert len(caplog.records) == 4


# --- a whole chat with few descriptors --------------------------------------------------------------------------------

PROGRAM = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[1])))
sys.path[:0] = [sys.argv[3]]
from served import about_cats, serve
if len(sys.argv) > 4:  # a server that counts on more descriptors than it gets
    import qa.ui.server
    qa.ui.server.room_for_connections = lambda: int(sys.argv[4])
with serve(about_cats(Path(sys.argv[2]))) as running:
    print(running.http.base_url, flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def chat_with(descriptors: int, folder: Path, *more: str) -> Iterator[tuple[str, Callable[[], str]]]:
    """A chat in a process of its own with so many descriptors; yields its address, and what returns its log."""
    log = folder / "log"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM, str(descriptors), str(folder), str(ROOT / "tests"), *more]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=environment, text=True
        )
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            assert url, log.read_text()
            yield url, log.read_text
            assert process.poll() is None, log.read_text()
        finally:
            process.communicate("", 60)


@pytest.mark.server
@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no descriptors")
@pytest.mark.parametrize(("descriptors", "more"), [(256, ()), (96, ("1000",))], ids=["256", "96, counting on more"])
def test_1200_idle_connections_stop_nobody(descriptors: int, more: tuple[str, ...], tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2_000:
        pytest.skip("this test needs 1,200 descriptors of its own, and may not have them")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2_000), hard))
    try:
        with chat_with(descriptors, tmp_path, *more) as (url, log), contextlib.ExitStack() as idle:
            port = int(url.rstrip("/").rpartition(":")[2])
            for number in range(1_200):
                connected = socket.socket()
                connected.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    connected.connect(("127.0.0.1", port))
                idle.callback(connected.close)
                if number % 400 == 399:
                    answer = httpx.post(
                        f"{url}/api/ask", json={"question": "How long do cats sleep?"}, trust_env=False, timeout=30
                    )
                    assert answer.status_code == 200 and answer.json()["citations"], f"{answer.text}\n{log()}"
            assert len(log()) < 20_000
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_the_limit_is_raised_as_far_as_it_may_be() -> None:
    assert 8 <= room_for_connections() <= 1_000
