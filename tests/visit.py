"""A minute of a chat, as a program: `python tests/visit.py RECORD SECONDS COMMAND …`.

It starts the server under strace, talks to it with a browser and over HTTP, changes an article, and watches it for the
rest of the time. Run it without a network. The last line of its output is JSON: what the visitor saw. Neither the
visitor nor its browser is traced; for requests of the page, see `away`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from browsers import chromium
from playwright.sync_api import Page, Request, expect
from traffic import under_strace

FORUMS = "Which forums do India and Russia work together in?"
HEIGHT = "How high is the roof above the market square?"
FERRY = "# The ferry\n\nThe ferryman Ivo Lachner crosses the lake at noon.\n"
BUILT = 120_000  # milliseconds that a build may take


def called(url: str, data: dict[str, Any] | None = None) -> Any:
    """The response of the server's own HTTP interface."""
    request = urllib.request.Request(
        url,
        json.dumps(data).encode() if data else None,
        {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def asked(page: Page, question: str) -> str:
    """The sentence that the page shows for a question."""
    before = page.locator(".qa-turn").count()
    box = page.get_by_role("textbox", name="Your question")
    box.fill(question)
    box.press("Enter")
    lead = page.locator(".qa-turn").nth(before).locator(".qa-lead")
    expect(lead).to_be_visible(timeout=30_000)
    return lead.inner_text()


def visited(page: Page, url: str, corpus: Path) -> dict[str, Any]:
    """What a person and a program see who use every part of the chat."""
    page.goto(url)
    headline = page.locator("#qa-headline")
    count = len(list(corpus.iterdir()))
    expect(headline).to_contain_text(f"{count} articles", timeout=BUILT)
    seen: dict[str, Any] = {"page": asked(page, FORUMS)}
    page.locator(".qa-card .qa-open").first.click()
    expect(page.locator("#qa-source h2")).to_be_visible()
    seen["pdf"] = asked(page, HEIGHT)
    expect(page.get_by_alt_text("Page 1 of hives.pdf")).to_be_visible(timeout=30_000)
    seen["api"] = called(f"{url}/api/ask", {"question": FORUMS})["citations"][0]["document"]
    seen["found"] = len(called(f"{url}/api/search", {"query": FORUMS})["hits"])
    tool = {"name": "ask", "arguments": {"question": FORUMS}}
    told = called(f"{url}/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": tool})
    seen["mcp"] = told["result"]["structuredContent"]["citations"][0]["document"]
    messages = [{"role": "user", "content": FORUMS}]
    said = called(f"{url}/v1/chat/completions", {"model": "articles", "messages": messages})
    seen["model"] = said["answer"]["citations"][0]["document"]
    (corpus / "ferry.md").write_text(FERRY, "utf-8")
    expect(headline).to_contain_text(f"{count + 1} articles", timeout=BUILT)
    seen["changed"] = asked(page, "When does the ferryman cross the lake?")
    page.get_by_role("link", name="Library").click()
    expect(page.locator("#qa-files")).to_contain_text("ferry.md")
    seen["status"] = called(f"{url}/api/status")["passages"]
    return seen


def main(record: str, seconds: str, *command: str) -> None:
    corpus = Path(command[command.index("--corpus") + 1])
    away: list[str] = []

    def requested(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            away.append(request.url)

    server = subprocess.Popen(
        under_strace(Path(record), command), stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        assert line.startswith("Chat: http://127.0.0.1:"), line
        began = time.monotonic()
        with chromium() as browser:
            page = browser.new_page()
            page.on("request", requested)
            seen = visited(page, line.split()[1], corpus)
            try:
                server.wait(max(0.0, float(seconds) - (time.monotonic() - began)))
            except subprocess.TimeoutExpired:
                seen["served"] = time.monotonic() - began  # it still runs, as it should
    finally:
        # strace itself ignores an interrupt, and ends with the last process that it follows.
        os.killpg(server.pid, signal.SIGINT)
        ended = server.wait(30)
    print(json.dumps({**seen, "away": away, "ended": ended}))


if __name__ == "__main__":
    main(*sys.argv[1:])
