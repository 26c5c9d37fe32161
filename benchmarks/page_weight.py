"""Measures how soon the page can be typed into, and what it costs a browser, beside a static page and bare Gradio.

`python -m benchmarks.page_weight URL STATIC` prints the table in docs/design.md: URL is a running chat with an
index, STATIC an HTML file with a question box. The visits alternate, each in a fresh profile, so that what else the
machine does affects all of them; of the main thread, only the time counts that it had a processor.
"""

from __future__ import annotations

import argparse
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from playwright.sync_api import Browser, CDPSession, Request, sync_playwright

_VISITS = 9
_SETTLED = 2_500  # milliseconds after which nothing is loaded any more
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
# Milliseconds until the question box is on the page with a size and takes what is typed.
_READY = """
window.readyAt = new Promise((resolve) => {
  const look = () => {
    const box = document.querySelector('textarea');
    if (box && box.offsetHeight && !box.disabled && window.qa !== null) resolve(performance.now());
    else requestAnimationFrame(look);
  };
  look();
});
"""
_GRADIO = ("/assets/", "/static/", "/theme.css", "/gradio_api/", "/config")  # its own page, and its queue


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit: milliseconds until the box is ready, and of the main thread; requests and kilobytes, own and all."""

    ready: float
    main: float
    own: tuple[int, float]
    all: tuple[int, float]


def visit(browser: Browser, url: str) -> Visit:
    """Open a page in a fresh profile, and let it settle."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    sizes, paths = _watch(devtools)
    page.on("request", partial(_local, urlsplit(url).hostname))
    page.add_init_script(_READY)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(url, wait_until="commit")
    ready = page.evaluate("window.readyAt")
    page.wait_for_timeout(_SETTLED)
    metrics = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
    context.close()
    by_path = [(path, sizes.get(number, 0.0)) for number, path in paths.items()]
    own = [size for path, size in by_path if not path.startswith(_GRADIO)]
    return Visit(
        ready,
        1000 * metrics["TaskDuration"],
        (len(own), sum(own) / 1000),
        (len(by_path), sum(size for _, size in by_path) / 1000),
    )


def _watch(devtools: CDPSession) -> tuple[dict[str, float], dict[str, str]]:
    sizes: dict[str, float] = {}
    paths: dict[str, str] = {}
    devtools.send("Network.enable")
    devtools.on("Network.requestWillBeSent", lambda event: paths.update({event["requestId"]: _path(event)}))
    devtools.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    return sizes, paths


def _path(event: dict[str, dict[str, str]]) -> str:
    return urlsplit(event["request"]["url"]).path


def _local(host: str | None, request: Request) -> None:
    parts = urlsplit(request.url)
    if parts.scheme not in ("data", "blob") and parts.hostname != host:
        raise RuntimeError(f"the page asks another host: {request.url}")


@contextmanager
def static(file: Path) -> Iterator[str]:
    """The address of an HTML file on a server of its own."""
    handler = partial(_Silent, directory=str(file.parent))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{file.name}"
    finally:
        server.shutdown()


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *values: object) -> None:
        """Print nothing."""


@contextmanager
def bare_gradio() -> Iterator[str]:
    """The address of a Gradio page with nothing but a question box."""
    import gradio as gr

    with gr.Blocks(analytics_enabled=False) as page:
        gr.Textbox(lines=2)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    page.launch(server_port=port, prevent_thread_lock=True, quiet=True, ssr_mode=False)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        page.close()


def table(urls: dict[str, str]) -> Iterator[str]:
    """The lines of the table: the median of the visits of each page."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=_ARGUMENTS)
        visits: dict[str, list[Visit]] = {name: [] for name in urls}
        for url in urls.values():
            visit(browser, url)  # warms the server up
        for _ in range(_VISITS):
            for name, url in urls.items():
                visits[name].append(visit(browser, url))
        browser.close()
    yield "| page | box ready (ms) | main thread (ms) | own requests | own kB | all requests | all kB |"
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for name, each in visits.items():
        columns = zip(*((one.ready, one.main, *one.own, *one.all) for one in each), strict=True)
        yield f"| {name} | {' | '.join(f'{median(column):.0f}' for column in columns)} |"


def _chromium() -> str | None:
    import shutil

    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="a running chat")
    parser.add_argument("static", type=Path, help="an HTML file with a question box")
    arguments = parser.parse_args()
    with static(arguments.static) as still, bare_gradio() as bare:
        for line in table({"static": still, "this chat": arguments.url, "bare Gradio": bare}):
            print(line)


if __name__ == "__main__":
    main()
