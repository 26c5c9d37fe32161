"""A small reverse proxy on the loopback address: rewrites the head of each request and passes all else through."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass


@dataclass(frozen=True)
class Proxy:
    """What a proxy does: the path that it serves, whether it removes that path, and whether it keeps the host."""

    prefix: str = ""
    strips: bool = True
    keeps_host: bool = True


@contextlib.contextmanager
def proxied(port: int, proxy: Proxy) -> Iterator[int]:
    """Run a proxy in front of a port of this machine; yields its own port."""
    started: Future[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    handling: set[asyncio.Task[None] | None] = set()  # the loop itself would let them be collected

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handling.add(asyncio.current_task())
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await _pass_on(reader, writer, port, proxy)
        finally:
            handling.discard(asyncio.current_task())
            writer.close()

    async def run() -> None:
        listening = await asyncio.start_server(handle, "127.0.0.1", 0)
        ended = asyncio.Event()
        started.set_result((listening.sockets[0].getsockname()[1], asyncio.get_running_loop(), ended))
        await ended.wait()
        listening.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    own_port, loop, ended = started.result(10)
    try:
        yield own_port
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, proxy: Proxy) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, version = head[0].split(" ")
    if not path.startswith(f"{proxy.prefix}/"):
        writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        return
    if proxy.strips:
        path = path[len(proxy.prefix) :]
    lines = [line for line in head[1:-2] if not line.lower().startswith(("connection:", "host:", "x-forwarded"))]
    host = next(line.partition(":")[2].strip() for line in head if line.lower().startswith("host:"))
    lines += [
        f"host: {host if proxy.keeps_host else f'127.0.0.1:{port}'}",
        *(
            f"x-forwarded-host: {host}",
            "x-forwarded-proto: https",
            "x-forwarded-for: 198.51.100.7",
            "connection: close",
        ),
    ]
    inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
    inner_writer.write("\r\n".join([f"{method} {path} {version}", *lines, "", ""]).encode("latin-1"))
    sending = asyncio.create_task(_copy(reader, inner_writer))
    try:
        await _copy(inner_reader, writer)
    finally:
        sending.cancel()
        inner_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
