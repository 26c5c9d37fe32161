"""An unreachable server is reported soon and in one sentence, and is found again without a restart."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import servers
from conftest import TinyEncoder
from corpora import article, write
from waiting import take_time, wait_until

from qa.build import build
from qa.config import Address, Config
from qa.engine import Engine
from qa.errors import ConfigError, ModelError, StoreError
from qa.index.milvus import client as milvus_client
from qa.index.milvus.client import Server
from qa.index.milvus.connection import connect
from qa.ui.page.chat import Chat

UNREACHABLE = r"The index cannot be reached at milvus://.*: check that the server is running\.$"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("http://host/name", "not the address of a Milvus server"),
        ("milvus://host:port/name", "not a valid address"),
        ("milvus:///name", "not the address of a Milvus server"),
        ("milvus://host", "Index name .* is not valid"),
        ("milvus://host/a-b", "Index name .* is not valid"),
        ("milvus://host/a/b", "Index name .* is not valid"),
        ("milvus://host/ä", "Index name .* is not valid"),
        ("milvus://user:secret@host/name", "QA_MILVUS_PASSWORD"),
        ("milvus://host/name?x=1", "not the address of a Milvus server"),
    ],
)
def test_an_address_that_is_none_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        Address.parse(text, {})
    assert "secret" not in str(caught.value)


def test_an_address_is_combined_with_the_environment(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text("")
    names = {"QA_MILVUS_USER": "u", "QA_MILVUS_PASSWORD": "secret", "QA_MILVUS_TLS": str(authority)}
    address = Config.from_env({"QA_STORE": "milvus://[::1]/name", **names}).store
    assert address == Address("::1", 19530, "name", "u", "secret", str(authority))
    assert str(address) == "milvus://[::1]:19530/name"
    assert "secret" not in repr(address)
    assert Config.from_env({"QA_STORE": "milvus://a/b"}, store="milvus://c:1/d").store == Address("c", 1, "d")
    assert Config.from_env({}).store is None
    assert Address.parse("milvus://a/b", {"QA_MILVUS_REPLICAS": "2"}).replicas == 2
    with pytest.raises(ConfigError, match="QA_MILVUS_REPLICAS"):
        Address.parse("milvus://a/b", {"QA_MILVUS_REPLICAS": "0"})
    with pytest.raises(ConfigError, match="QA_MILVUS_TLS"):
        Address.parse("milvus://a/b", {"QA_MILVUS_TLS": "nowhere.pem"})


@pytest.mark.parametrize("host", ["milvus.example", "10.0.0.7", "[2001:db8::1]"])
def test_a_password_does_not_leave_this_machine_without_tls(host: str) -> None:
    login = {"QA_MILVUS_USER": "u", "QA_MILVUS_PASSWORD": "secret"}
    with pytest.raises(ConfigError, match=r"QA_MILVUS_PASSWORD .* set QA_MILVUS_TLS to on") as caught:
        Address.parse(f"milvus://{host}/name", login)
    assert "secret" not in str(caught.value)
    assert Address.parse(f"milvus://{host}/name", {**login, "QA_MILVUS_TLS": "on"}).password == "secret"
    for here in ("localhost", "127.0.0.1", "[::1]"):
        assert Address.parse(f"milvus://{here}/name", login).password == "secret"


def test_a_client_that_is_not_installed_is_named(tmp_path: Path) -> None:
    program = """
import sys
sys.modules["pymilvus"] = None
from qa.cli import main
sys.exit(main(["status", "--store", "milvus://127.0.0.1:1/name"]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "qa: An index in Milvus needs its client: run `pip install 'qa-articles[milvus]'`.\n"


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port that accepts no call."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_a_connection_that_is_closed_is_ended_once() -> None:
    class Client:
        closed = 0

        def close(self) -> None:
            self.closed += 1

    client, server = Client(), Server(Address.parse("milvus://127.0.0.1:19530/articles", {}))
    server.close()  # before there is a connection
    server._client = client
    server.close()
    server.close()
    assert client.closed == 1


@pytest.mark.clock
@pytest.mark.milvus_lite
def test_an_unreachable_address_is_reported_within_two_seconds_and_then_at_once(nobody: int) -> None:
    pytest.importorskip("pymilvus", reason="pymilvus is not installed (CONTRIBUTING.md)")
    server = Server(Address("127.0.0.1", nobody, "name"))
    started = time.monotonic()
    with pytest.raises(StoreError, match=UNREACHABLE):
        server.version()
    assert time.monotonic() - started < 2.2
    started = time.monotonic()
    with pytest.raises(StoreError, match=UNREACHABLE):
        server.version()
    assert time.monotonic() - started < 0.1


class Client:
    """A client whose calls follow a script: each returns, raises, or takes some seconds."""

    def __init__(self, *deeds: object) -> None:
        self.deeds = list(deeds)
        self.called: list[str] = []

    def __getattr__(self, method: str) -> Callable[..., object]:
        def call(*_: object, timeout: float, **__: object) -> object:
            self.called.append(method)
            deed = self.deeds.pop(0) if len(self.deeds) > 1 else self.deeds[0]
            if isinstance(deed, float):
                take_time(min(deed, timeout))
                if deed > timeout:
                    raise milvus_error(2, "it takes too long")
            if isinstance(deed, Exception):
                raise deed
            return deed

        return call


def milvus_error(code: int, words: str) -> Exception:
    from pymilvus import MilvusException

    error: Exception = MilvusException(code, words)
    return error


@pytest.fixture
def talking(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Server, Client]]:
    """A connection to a scripted client."""
    pytest.importorskip("pymilvus", reason="pymilvus is not installed (CONTRIBUTING.md)")

    def connected(*deeds: object) -> tuple[Server, Client]:
        client = Client(*deeds)
        monkeypatch.setattr(milvus_client, "connect", lambda *_: client)
        return Server(Address("127.0.0.1", 1, "name")), client

    return connected


Talking = Callable[..., tuple[Server, Client]]


@pytest.mark.clock
@pytest.mark.milvus_lite
def test_the_calls_of_a_question_share_its_time(talking: Talking) -> None:
    server, client = talking(0.5)
    started = time.monotonic()
    with pytest.raises(StoreError, match=UNREACHABLE), server.question():
        for _ in range(10):
            with server.question():  # the same one
                server.call("query", "things", seconds=60.0)
    assert time.monotonic() - started < 2.2
    assert len(client.called) > 3
    server._closed_until = 0.0  # as if half a second had passed: it is tried again
    with server.question():
        assert server.call("query", "things") == 0.5


@pytest.mark.clock
@pytest.mark.milvus_lite
def test_a_call_that_looks_whether_another_is_whole_shares_its_time(talking: Talking) -> None:
    server, _ = talking(0.7)
    started = time.monotonic()
    with pytest.raises(StoreError, match=UNREACHABLE), server.question():
        server.call("search", whole=lambda _: not server.call("query", seconds=60.0))
    assert time.monotonic() - started < 2.2


@pytest.mark.milvus_lite
@pytest.mark.parametrize(
    ("code", "words"),
    [(1100, "limit is too large"), (65_535, "offset and limit are too large"), (1, "collection exists")],
)
def test_a_refusal_is_reported_at_once_and_stops_nobody_else(talking: Talking, code: int, words: str) -> None:
    server, client = talking(milvus_error(code, words), "right")
    with pytest.raises(StoreError, match=rf"^The server at milvus://.* refused .*\({words}\): "):
        server.call("query", "things", seconds=60.0)
    assert client.called == ["query"]
    assert server.call("query", "things") == "right"


@pytest.mark.milvus_lite
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (2, "Fail connecting"),
        (503, "channel not available"),
        (65_535, f"failed to {'search ' * 20}: node not found"),
        (8, ""),
        (1, "proxy TaskCondition context Done"),
    ],
)
def test_a_temporary_error_is_retried(talking: Talking, code: int, words: str) -> None:
    server, client = talking(milvus_error(code, words), "right")
    assert server.call("query", "things") == "right"
    assert client.called == ["query", "query"]


@pytest.mark.milvus_lite
def test_grpc_messages_are_shortened(talking: Talking) -> None:
    import grpc

    class Late(grpc.RpcError):  # type: ignore[misc]
        def code(self) -> grpc.StatusCode:
            return grpc.StatusCode.DEADLINE_EXCEEDED

        def details(self) -> str:
            return "Deadline Exceeded"

        def __str__(self) -> str:
            return "<_InactiveRpcError of RPC that terminated with:\n\tstatus = StatusCode.DEADLINE_EXCEEDED …>"

    server, _ = talking(Late())
    with pytest.raises(StoreError, match=r"cannot be reached at \S+ \(Deadline Exceeded\): check that"):
        server.call("query", "things", seconds=0.1)


@pytest.mark.milvus_lite
def test_a_change_whose_answer_was_lost_is_not_repeated(talking: Talking) -> None:
    server, _ = talking(milvus_error(2, "lost"), milvus_error(65_535, "index already exists"))
    assert server.call("create_index", "things", seconds=3_600.0) is None
    server, _ = talking(milvus_error(65_535, "index already exists"))
    with pytest.raises(StoreError, match="refused"):
        server.call("create_index", "things", seconds=3_600.0)


@pytest.mark.milvus_lite
def test_a_collection_is_loaded_again_by_the_first_call_after_a_loss(talking: Talking) -> None:
    server, client = talking(milvus_error(2, "lost"))
    with pytest.raises(StoreError, match=UNREACHABLE):
        server.call("query", "things", seconds=0.1)
    server._closed_until = 0.0  # as if half a second had passed
    client.deeds, client.called = [milvus_error(101, "collection not loaded"), None, "right"], []
    assert server.call("query", "things") == "right"
    assert client.called == ["query", "load_collection", "query"]


@pytest.mark.clock
@pytest.mark.milvus_lite
def test_pymilvus_does_not_sleep_past_the_time_of_a_call() -> None:
    grpc = pytest.importorskip("grpc", reason="pymilvus is not installed (CONTRIBUTING.md)")
    tried = []

    def refuse(request: bytes, context: Any) -> bytes:
        tried.append(time.monotonic())
        context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
        return b""

    class Answers(grpc.GenericRpcHandler):  # type: ignore[misc, name-defined]
        def service(self, details: Any) -> Any:
            connecting = details.method.endswith("/Connect")
            return grpc.unary_unary_rpc_method_handler((lambda *_: b"") if connecting else refuse)

    unready = grpc.server(ThreadPoolExecutor(2), handlers=[Answers()])
    port = unready.add_insecure_port("127.0.0.1:0")
    unready.start()
    try:
        server = Server(Address("127.0.0.1", port, "name"))
        started = time.monotonic()
        with pytest.raises(StoreError, match=UNREACHABLE):
            server.version()
        assert time.monotonic() - started < 2.1
        assert len(tried) > 2
    finally:
        unready.stop(None).wait()


@pytest.mark.milvus_lite
def test_a_chat_server_without_the_articles_answers_and_only_reads(tmp_path: Path, milvus_lite: servers.Server) -> None:
    (tmp_path / "corpus").mkdir()
    write(tmp_path / "corpus", {"a.md": article("A", "anchor", "beacon")})
    address = Address.parse(f"milvus://{milvus_lite.address}/elsewhere", {})
    config = Config(corpus=tmp_path / "corpus", index=tmp_path / "index", reader="off", store=address)
    build(config, TinyEncoder())
    engine = Engine.open(replace(config, corpus=tmp_path / "none", index=tmp_path / "other"), TinyEncoder())
    answer = engine.ask("anchor")
    assert answer.citations
    assert not any(citation.changed for citation in answer.citations)
    assert not engine.changed("a.md")
    status = engine.status()
    assert (status.counts["indexed"], status.counts["removed"], status.counts["files"]) == (1, 0, 1)
    assert status.as_json()["store"] == {
        "address": str(address), "server": "milvus_lite-3.2.2", "words": "engine",
    }  # fmt: skip


@pytest.mark.milvus_lite
def test_a_chat_that_only_reads_does_not_compare_a_folder_that_is_another(
    tmp_path: Path, milvus_lite: servers.Server
) -> None:
    for name, text in (("corpus", article("A", "anchor", "beacon")), ("foreign", article("A", "pigeon"))):
        (tmp_path / name).mkdir()
        write(tmp_path / name, {"a.md": text})
    write(tmp_path / "foreign", {"b.md": article("B", "lantern")})
    address = Address.parse(f"milvus://{milvus_lite.address}/foreign", {})
    config = Config(corpus=tmp_path / "corpus", index=tmp_path / "index", reader="off", store=address)
    there = replace(config, corpus=tmp_path / "foreign", index=tmp_path / "other")
    chat = Chat(Engine.open(there, TinyEncoder(), can_build=False))
    assert chat.refresh().empty  # nothing was built before, and this chat builds nothing
    assert not chat.job.start() and chat.job.state.number == 0
    report = build(config, TinyEncoder())
    wait_until(lambda: chat.refresh().generation == report.generation, 15, every=0.1)
    answer = chat.engine.ask("anchor")
    assert answer.citations and not any(citation.changed for citation in answer.citations)
    assert [(file.record.path, file.pending) for file in chat.status().files] == [("a.md", "")]
    assert not chat.job.start(full=True) and chat.engine.generation.id == report.generation
    assert chat.close(30)


@pytest.mark.clock
@pytest.mark.milvus_lite
def test_a_question_to_a_slow_server_is_refused_in_two_seconds(
    tmp_path: Path, milvus_lite: servers.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "corpus").mkdir()
    write(tmp_path / "corpus", {"a.md": article("A", "anchor", "beacon")})
    address = Address.parse(f"milvus://{milvus_lite.address}/slow", {})
    config = Config(corpus=tmp_path / "corpus", index=tmp_path / "index", reader="off", store=address)
    build(config, TinyEncoder())

    class Slow:
        def __init__(self, address: Address) -> None:
            self.client = connect(address)

        def __getattr__(self, method: str) -> object:
            take_time(0.4)
            return getattr(self.client, method)

    monkeypatch.setattr(milvus_client, "connect", Slow)
    for ask in (Engine.ask, Engine.search):
        engine = Engine.open(config, TinyEncoder())
        started = time.monotonic()
        with pytest.raises(StoreError, match="cannot be reached"):
            ask(engine, "anchor")
        assert time.monotonic() - started < 2.5


@pytest.mark.model
@pytest.mark.milvus_lite
def test_a_chat_server_needs_nothing_of_the_index_that_was_built_elsewhere_and_refuses_another_encoder(
    tmp_path: Path, milvus_lite: servers.Server, encoder: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "corpus").mkdir()
    write(tmp_path / "corpus", {"a.md": article("A", "anchor")})
    address = Address.parse(f"milvus://{milvus_lite.address}/ready", {})
    config = Config(corpus=tmp_path / "corpus", index=tmp_path / "index", reader="off", store=address)
    build(config, encoder)  # type: ignore[arg-type]
    elsewhere = replace(config, index=tmp_path / "other")
    assert Engine.open(elsewhere).ask("Where is the anchor?").citations[0].document == "a.md"
    assert not (tmp_path / "other" / "encoders").exists()
    with pytest.raises(StoreError, match="was built with the encoder"):
        Engine.open(elsewhere, TinyEncoder()).ask("Where is the anchor?")

    def unready(*_: object) -> None:
        raise ModelError("It was not made ready for this index yet: run `qa build`.")

    made_ready: list[object] = []

    def make_ready(*given: object) -> object:
        made_ready.append(given[-1])
        return encoder

    monkeypatch.setattr("qa.engine.open_encoder", unready)
    monkeypatch.setattr("qa.engine.load_encoder", make_ready)
    assert Engine.open(elsewhere).ask("Where is the anchor?").citations[0].document == "a.md"
    assert made_ready == [elsewhere.index]


SECRET = "Only-the-server-and-this-test-know-it"


def certificate(folder: Path, name: str) -> Path:
    """A certificate for this machine that is its own authority; its key is in the file that ends in `.key`."""
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    path = folder / f"{name}.pem"
    key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        str(path.with_suffix(".key")),
    ]
    subprocess.run(
        ["openssl", "req", "-x509", "-days", "2", *subject, *key, "-out", path], check=True, capture_output=True
    )
    return path


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[tuple[servers.Server, Path]]:
    """A server that wants a password and accepts only TLS, and the file of its authority."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed (CONTRIBUTING.md)")
    authority, folder = certificate(tmp_path, "authority"), tmp_path / "server"
    folder.mkdir()
    settings: dict[str, dict[str, object]] = {
        "common": {"security": {"authorizationEnabled": True, "tlsMode": 1}},
        "tls": {"serverPemPath": str(authority), "serverKeyPath": str(authority.with_suffix(".key"))},
    }
    with servers.milvus(folder, settings) as server:
        from pymilvus import MilvusClient

        root = MilvusClient(
            uri=f"https://{server.address}", user="root", password="Milvus", server_pem_path=str(authority)
        )
        root.create_user("articles", SECRET)
        root.grant_role("articles", "admin")
        root.close()
        yield server, authority


@pytest.mark.milvus
def test_a_server_with_a_password_and_tls_is_built_on_and_asked_and_keeps_others_out(
    closed: tuple[servers.Server, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server, authority = closed
    login = {"QA_MILVUS_USER": "articles", "QA_MILVUS_PASSWORD": SECRET, "QA_MILVUS_TLS": str(authority)}
    place = f"milvus://{server.address}/closed"
    write(tmp_path / "corpus", {"a.md": article("A", "anchor", "beacon")})
    config = replace(Config.from_env(login, tmp_path / "corpus", tmp_path / "index", place), reader="off")
    build(config, TinyEncoder())
    assert Engine.open(config, TinyEncoder()).ask("anchor").citations[0].document == "a.md"

    def verify(**changed: str) -> tuple[int, str]:
        """Exit code and words of a separate process, since one process shares an open connection."""
        done = subprocess.run(
            [sys.executable, "-m", "qa", "verify", "--store", place, "--index", str(tmp_path / "other")],
            env={**os.environ, **login, **changed},
            capture_output=True,
            text=True,
        )
        assert SECRET not in done.stdout + done.stderr
        return done.returncode, done.stdout + done.stderr

    with ThreadPoolExecutor(2) as pool:
        right, unknown, wrong, foreign, public, no_authority = pool.map(
            lambda changed: verify(**changed),
            [
                {},
                {"QA_MILVUS_USER": "nobody"},
                {"QA_MILVUS_PASSWORD": f"not-{SECRET}"},
                {"QA_MILVUS_TLS": str(certificate(tmp_path, "foreign"))},
                {"QA_MILVUS_TLS": "on"},
                {"QA_MILVUS_TLS": str(authority.with_suffix(".key"))},
            ],
        )
    assert right[0] == 0 and "is whole: 1 articles, 2 passages" in right[1]
    wanted = "set QA_MILVUS_USER and QA_MILVUS_PASSWORD"
    stranger = (1, f"qa: The server at {place} rejected the user name or password: {wanted}.\n")
    assert unknown == wrong == stranger
    untrusted = (
        f"qa: The server at {place} presented a certificate that is not trusted: set QA_MILVUS_TLS to the file of its "
        "authority, and name the server as its certificate does.\n"
    )
    assert foreign == public == no_authority == (1, untrusted)
    assert SECRET not in caplog.text
    assert not any(SECRET in path.read_text(errors="replace") for path in tmp_path.rglob("*.log"))
