"""Clients that a chat has to bear: strangers who want in, and connections that are idle or slow."""

from __future__ import annotations

import contextlib
import random
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

from .asking import client
from .chats import Chat, bearer
from .report import Tally

_IDLE = 60  # connections that are held at once
_REFUSALS = (400, 401, 403, 404, 405, 413, 415, 421, 422, 429, 503)

Try = tuple[str, str, Mapping[str, str], object]  # method, address, headers, JSON


class Strangers:
    """Tries each door of a chat with what should not open it."""

    def __init__(self, tokens: Mapping[str, str], corpus: Path, secret: Path, tally: Tally) -> None:
        """`tokens`: "ask", "add" and "revoked"."""
        self._tokens = tokens
        self._corpus = corpus
        self._secret = secret
        self._word = secret.read_bytes().split()[-1]
        self._tally = tally

    def knock(self, chat: Chat, draw: random.Random) -> None:
        """Try all doors once, from an address of its own."""
        epoch = chat.epoch
        if not chat.is_up:
            return
        with client(chat, f"127.0.0.{draw.randint(10, 19)}") as http:
            for method, path, headers, body in self._tries(chat):
                try:
                    reply = http.request(method, path, headers=dict(headers), json=body)
                except httpx.HTTPError as error:
                    if chat.epoch != epoch:
                        return
                    self._tally.add("strangers cut off", f"{method} {path} {dict(headers)}: {error!r}")
                    continue
                self._count(f"{method} {path} {dict(headers)}", reply)

    def _count(self, what: str, reply: httpx.Response) -> None:
        if self._word in reply.content:
            self._tally.add("leaked", what)
        if reply.status_code in _REFUSALS:
            self._tally.add("strangers refused")
        elif reply.is_redirect and reply.headers.get("location", "").startswith("/"):
            self._tally.add("strangers sent to the log-in")
        elif reply.status_code >= 500:
            self._tally.add("lost", f"{what}: status {reply.status_code}: {reply.text[:100]}")
        else:
            self._tally.add("in", f"{what}: status {reply.status_code}")

    def _tries(self, chat: Chat) -> Iterator[Try]:
        question = {"question": "How many times was the Harwick beacon painted?"}
        unknown: list[Mapping[str, str]] = [
            {}, bearer("qa_" + "x" * 43), bearer(self._tokens["revoked"]), bearer("x"),
            {"Authorization": "Basic YWRhOndyb25n"}, {"Authorization": "basic x"},
            {"Cookie": f"qa-session-{chat.port}=x"},
        ]  # fmt: skip
        for headers in unknown:
            yield "POST", "/api/ask", headers, question
        for path in ("/config", "/events", "/api/status", "/metrics", "/v1/models", "/articles/text?path=harwick.md"):
            yield "GET", path, {}, None
        yield "POST", "/gradio_api/queue/join", {}, {"fn_index": 0, "data": [], "session_hash": "x"}
        yield "POST", "/mcp", {}, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        yield "POST", "/api/ask", bearer(self._tokens["add"]), question
        yield (
            "POST",
            "/api/pages",
            bearer(self._tokens["ask"]),
            {"address": "https://example.org", "title": "", "html": ""},
        )
        mine = bearer(self._tokens["ask"])
        for host in ("evil.example", "evil.example@127.0.0.1", f"127.0.0.1:{chat.port}.evil.example", "[::1"):
            yield "POST", "/api/ask", {**mine, "Host": host}, question
        for origin in ("https://evil.example", "null", f"http://127.0.0.1:{chat.port + 1}", "[::1"):
            yield "POST", "/api/ask", {**mine, "Origin": origin}, question
        for path in self._outside():
            yield "POST", "/api/read", mine, {"document": path}
            yield "GET", f"/articles/file?path={path}", mine, None
            yield "GET", f"/gradio_api/file={path}", mine, None

    def _outside(self) -> Iterator[str]:
        yield str(self._secret)
        yield f"../{self._secret.name}"
        yield f"harwick.md/../../{self._secret.name}"
        yield f"..%2f{self._secret.name}"
        yield f"{self._corpus}/../{self._secret.name}"


def idle(chat: Chat, draw: random.Random, tally: Tally, seconds: float) -> None:
    """Hold many connections from many addresses that say nothing, or half a request."""
    pieces = (b"", b"GET / HT", b"POST /api/ask HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 900\r\n\r\n{")
    opened: list[socket.socket] = []
    try:
        for number in range(_IDLE):
            with contextlib.suppress(OSError):
                opened.append(_connected(chat, f"127.0.0.{20 + number % 40}"))
                opened[-1].sendall(draw.choice(pieces))
        tally.add("idle clients")
        time.sleep(seconds)
    finally:
        for each in opened:
            each.close()


def slow(chat: Chat, draw: random.Random, tally: Tally, seconds: float) -> None:
    """Send a request byte by byte, and take a large answer in small sips."""
    with contextlib.suppress(OSError), contextlib.ExitStack() as opened:
        sender, reader = (opened.enter_context(_connected(chat, f"127.0.0.{number}")) for number in (70, 71))
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        reader.sendall(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
        end = time.monotonic() + seconds
        for byte in b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: " + draw.randbytes(40).hex().encode():
            sender.sendall(bytes([byte]))
            reader.recv(64)
            if time.monotonic() > end:
                break
            time.sleep(0.2)
    tally.add("slow clients")


def _connected(chat: Chat, address: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", chat.port), 20, (address, 0))
