"""A real web server on the loopback address, for tests of what fetches pages."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, Mapping[str, str], bytes]


@dataclass
class Website:
    """What it answers by path, and what it was asked, as method and path."""

    pages: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    no_head: bool = False
    port: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, path: str, data: bytes | str, kind: str = "text/html", **headers: str) -> None:
        """Answer a path with this content; `content_encoding="gzip"` is a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = (200, {"Content-Type": kind, **named}, data.encode() if isinstance(data, str) else data)

    def redirect(self, path: str, target: str, status: int = 302) -> None:
        self.pages[path] = (status, {"Location": target}, b"")


@contextmanager
def website() -> Iterator[Website]:
    site = Website()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(f"{self.command} {self.path}")
            site.headers.append(dict(self.headers))
            status, headers, data = site.pages.get(self.path, (404, {}, b"not here"))
            if self.command == "HEAD" and site.no_head:
                status, headers, data = 405, {}, b""
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if not {"Content-Length", "Connection"} & headers.keys():  # else it ends with the connection
                self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command == "GET":
                try:
                    self.wfile.write(data)
                except OSError:
                    return  # the client has read enough

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
