"""Which hosts may be connected to, and for how long."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpcore
import pytest

from qa.errors import ConfigError, FetchError
from qa.fetch.connections import Connections, is_private, names_private
from qa.fetch.web import Web, checked


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.251", "255.255.255.255", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::fb",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b:1::1", "no address",
        "::127.0.0.1", "::10.0.0.1", "fec0::1", "::2",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_private(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"])
def test_an_address_of_the_public_network_is_not(address: str) -> None:
    assert not is_private(address)


def test_a_host_names_a_private_one_if_everyone_sees_that() -> None:
    assert all(map(names_private, ["127.0.0.1", "[::1]", "localhost", "LocalHost", "nas.local", "wiki.internal"]))
    assert not any(map(names_private, ["example.org", "localhost.example.org", "1.1.1.1", "10.example"]))


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        (" https://example.org ", "https://example.org/"),
        ("https://example.org/a b?c=ä#d", "https://example.org/a%20b?c=%C3%A4"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("https://example.org/%2F", "https://example.org/%2F"),
    ],
)
def test_an_address_is_asked_for_without_its_fragment_and_in_ascii(typed: str, asked: str) -> None:
    assert checked(typed) == asked


@pytest.mark.parametrize(
    "typed", ["", "example.org", "file:///etc/passwd", "http://", "http://a:b@c/", "http://x:0/", f"http://{'a' * 70}/"]
)
def test_what_is_no_address_of_the_web_is_refused(typed: str) -> None:
    with pytest.raises(ConfigError):
        checked(typed)


def test_a_name_that_leads_to_one_private_address_among_others_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in ("1.1.1.1", "10.0.0.7")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(FetchError, match=r"news\.example is in a private network \(1\.1\.1\.1, 10\.0\.0\.7\)"):
        Connections(frozenset(), 9).connect_tcp("news.example", 80)


def test_what_is_connected_to_is_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[str] = []

    def connect(_: object, host: str, *__: object) -> httpcore.NetworkStream:
        connected.append(host)
        raise httpcore.ConnectError("not here")

    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in ("1.1.1.1", "1.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    with pytest.raises(FetchError, match="does not answer"):
        Connections(frozenset(), 9).connect_tcp("news.example", 80)
    assert connected == ["1.1.1.1", "1.0.0.1"]


@pytest.fixture
def dripping() -> Iterator[socket.socket]:
    """A server that accepts, and then sends a byte whenever it is asked for more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_request_ends_when_its_time_is_over_however_slowly_bytes_arrive(dripping: socket.socket) -> None:
    times = iter(range(1_000))
    connections = Connections(frozenset({"127.0.0.1"}), 10.0, clock=lambda: float(next(times)))
    stream = connections.connect_tcp("127.0.0.1", dripping.getsockname()[1])
    peer, _ = dripping.accept()
    with peer, pytest.raises(FetchError, match="takes too long"):
        for _ in range(20):
            peer.send(b"x")
            assert stream.read(1) == b"x"
    stream.close()


def test_an_encrypted_address_does_not_lead_to_an_unencrypted_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pool:
        def __init__(self, *_: object, **__: object) -> None: ...

        def stream(self, *_: object, **__: object) -> Pool:
            return self

        def __enter__(self) -> httpcore.Response:
            return httpcore.Response(302, headers=[(b"Location", b"http://example.org/")])

        def __exit__(self, *_: object) -> None: ...

        def close(self) -> None: ...

    monkeypatch.setattr(httpcore, "ConnectionPool", Pool)
    with Web("https://example.org/", lambda *_: True, 9) as web, pytest.raises(FetchError, match="unencrypted"):
        web.look("https://example.org/")
