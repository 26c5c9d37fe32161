"""Pages that a browser sends: only with a token that was made for it, of limited size, and from any site."""

from __future__ import annotations

import errno
import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from served import Running, about_cats, serve

from qa.corpus.snapshot import snapshot
from qa.engine import Engine
from qa.formats.web.page import parse_mhtml
from qa.ui.access.tokens import Tokens
from qa.ui.library.uploaded import Uploads

pytestmark = [
    pytest.mark.server,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]
HTML = "<title>Bees</title><article><h1>Bees</h1><p>Bees sleep at night in the old hive by the wall.</p></article>"
PAGE = {"address": "https://example.org/bees", "title": "Bees", "html": HTML}
FROM = {"origin": "https://example.org", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    config = about_cats(tmp_path_factory.mktemp("pages"), reader="off", max_file_bytes=100_000)
    with serve(config) as running:
        yield running


@pytest.fixture
def token(running: Running, request: pytest.FixtureRequest) -> str:
    return Tokens(running.config.index).add(f"browser of {request.node.name}"[:100], ["add"])


def bearing(token: str, **headers: str) -> dict[str, str]:
    return {**FROM, "authorization": f"Bearer {token}", **headers}


def test_a_page_is_stored_whole_with_its_address_and_the_day(running: Running, token: str) -> None:
    answer = running.http.post("/api/pages", json=PAGE, headers=bearing(token))
    assert (answer.status_code, answer.json()) == (201, {"document": "Bees.mhtml", "added": True, "words": "saved"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    document = parse_mhtml("Bees.mhtml", (running.config.corpus / "Bees.mhtml").read_bytes())
    assert document.metadata["url"] == "https://example.org/bees"
    assert document.metadata["saved"] == datetime.now().date().isoformat()
    assert "Bees sleep at night" in document.text
    assert "Bees.mhtml" in Uploads(running.config.corpus, running.config.index).present()


def test_another_page_of_that_title_gets_another_name(running: Running, token: str) -> None:
    for number in (1, 2):
        page = {**PAGE, "title": "Wasps", "html": f"{HTML}{number}"}
        assert running.http.post("/api/pages", json=page, headers=bearing(token)).status_code == 201
    assert {path.name for path in running.config.corpus.glob("Wasps*")} == {"Wasps.mhtml", "Wasps (2).mhtml"}


def test_what_a_browser_has_saved_is_stored_as_it_is(running: Running, token: str) -> None:
    saved = snapshot("https://example.org/käse", "Käse / Brot", HTML.encode(), "utf-8", datetime.now(timezone.utc))
    headers = bearing(token, **{"content-type": "multipart/related"})
    answer = running.http.post("/api/pages", content=saved, headers=headers)
    assert (answer.status_code, answer.json()["document"]) == (201, "Käse - Brot.mhtml")
    assert (running.config.corpus / "Käse - Brot.mhtml").read_bytes() == saved
    again = running.http.post("/api/pages", content=saved, headers=headers)
    assert (again.status_code, again.json()["added"]) == (200, False)


@pytest.mark.parametrize("scopes", [(), ("ask",), ("metrics", "ask")])
def test_without_a_token_for_adding_nothing_is_stored(running: Running, scopes: tuple[str, ...]) -> None:
    tokens = Tokens(running.config.index)
    headers = bearing(tokens.add(f"other {scopes}", scopes)) if scopes else FROM
    answer = running.http.post("/api/pages", json={**PAGE, "title": "Never"}, headers=headers)
    assert answer.status_code == (403 if scopes else 401)
    assert "qa token add NAME --scope add" in answer.json()["error"]
    assert answer.headers["access-control-allow-origin"] == "*"  # so that the browser may say why
    assert not (running.config.corpus / "Never.mhtml").exists()


@pytest.mark.parametrize("given", ["Bearer qa_wrong", "Bearer", "Basic dXNlcjpwYXNzd29yZA==", "qa_"])
def test_a_wrong_token_is_refused(running: Running, given: str) -> None:
    answer = running.http.post("/api/pages", json=PAGE, headers={**FROM, "authorization": given})
    assert answer.status_code == 401


def test_a_revoked_token_ends_at_once(running: Running) -> None:
    tokens = Tokens(running.config.index)
    token = tokens.add("brief", ["add"])
    tokens.revoke("brief")
    assert running.http.post("/api/pages", json=PAGE, headers=bearing(token)).status_code == 401


def test_a_browser_may_ask_beforehand_and_only_here(running: Running) -> None:
    asks = {**FROM, "access-control-request-method": "POST", "access-control-request-private-network": "true"}
    answer = running.http.options("/api/pages", headers=asks)
    assert answer.status_code == 204
    assert {name: value for name, value in answer.headers.items() if name.startswith("access-control-")} == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "authorization, content-type",
        "access-control-max-age": "600",
        "access-control-allow-private-network": "true",
    }
    for path in ("/api/ask", "/api/pages/", "/api/pages/x", "/", "/gradio_api/upload"):
        refused = running.http.options(path, headers=asks)
        assert not [name for name in refused.headers if name.startswith("access-control-")], path
        assert running.http.post(path, json={}, headers=FROM).status_code == 403, path


def test_a_host_that_is_not_ours_is_refused_here_too(running: Running, token: str) -> None:
    headers = bearing(token, host="evil.example")
    assert running.http.post("/api/pages", json=PAGE, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("body", "kind", "status", "problem"),
    [
        (b"{", "application/json", 400, "not valid JSON"),
        (b"[" * 90_000, "application/json", 400, "not valid JSON"),
        (b"[]", "application/json", 400, "address, title, html"),
        (json.dumps({**PAGE, "html": 3}).encode(), "application/json", 400, "address, title, html"),
        (json.dumps({**PAGE, "address": "file:///etc/passwd"}).encode(), "application/json", 400, "pages of the web"),
        (json.dumps({**PAGE, "address": "javascript:alert(1)"}).encode(), "application/json", 400, "pages of the web"),
        (json.dumps({**PAGE, "html": "x" * 190_000}).encode(), "application/json", 400, "over the limit"),
        (json.dumps({**PAGE, "html": "x" * 250_000}).encode(), "application/json", 413, "too large"),
        (b"x" * 100_001, "multipart/related", 413, "too large"),
        (b"Hello", "multipart/related", 400, "MHTML"),
        (b"Content-Type: multipart/related\n\n", "multipart/related", 400, "pages of the web"),
        (b"{}", "text/plain", 415, "not declared as JSON"),
    ],
)  # fmt: skip
def test_what_is_no_page_is_refused_with_a_sentence(
    running: Running, token: str, body: bytes, kind: str, status: int, problem: str
) -> None:
    before = set(running.config.corpus.iterdir())
    answer = running.http.post("/api/pages", content=body, headers=bearing(token, **{"content-type": kind}))
    assert answer.status_code == status, answer.text
    assert problem in answer.json()["error"]
    assert set(running.config.corpus.iterdir()) == before


def test_other_methods_are_refused(running: Running, token: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = running.http.request(method, "/api/pages", headers=bearing(token))
        assert (answer.status_code, answer.headers["allow"]) == (405, "OPTIONS, POST")


def test_where_nothing_can_be_added_no_page_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = about_cats(tmp_path, reader="off")
    opened = Engine.open
    monkeypatch.setattr("served.Engine.open", lambda *given: opened(*given, can_build=False))
    token = Tokens(config.index).add("browser", ["add"])
    with serve(config) as running:
        answer = running.http.post("/api/pages", json=PAGE, headers=bearing(token))
    assert answer.status_code == 403 and "add them where its index is built" in answer.json()["error"]
    assert [path.name for path in config.corpus.iterdir()] == ["cats.md"]


def test_with_accounts_a_token_is_enough_and_a_log_in_is_not(tmp_path: Path) -> None:
    config = about_cats(tmp_path, reader="off")
    token = Tokens(config.index).add("browser", ["add"])
    page: dict[str, Any] = {"json": PAGE}
    with serve(config, auth="anna:secret") as running:
        assert running.http.post("/api/pages", **page, headers=bearing(token)).status_code == 201
        # A page of any site can send these, so it must not learn whether a password is right, or use up the tries.
        refused = [
            running.http.post("/api/pages", **page, headers=FROM, auth=("anna", word))
            for word in [*map(str, range(8)), "secret"]
        ]
        assert {each.status_code for each in refused} == {401} and len({each.text for each in refused}) == 1
        assert running.http.get("/api/status", auth=("anna", "secret")).status_code == 200
    assert "token" in refused[0].json()["error"] and "Basic" not in refused[0].headers["www-authenticate"]


def test_slow_senders_keep_nobody_else_from_adding(running: Running, token: str) -> None:
    """Two were enough: each kept one of the two places for bodies in memory."""
    slow = Tokens(running.config.index).add("slow sender", ["add"])
    at = running.http.base_url
    head = f"POST /api/pages HTTP/1.1\r\nHost: {at.host}:{at.port}\r\nAuthorization: Bearer {slow}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"
    with ExitStack() as stack:
        for _ in range(6):
            sender = stack.enter_context(socket.create_connection((at.host, at.port or 80)))
            sender.sendall(head.encode())
        page = {**PAGE, "title": "In between"}
        assert running.http.post("/api/pages", json=page, headers=bearing(token)).status_code == 201


def test_a_full_disk_for_what_is_received_is_one_sentence(
    running: Running, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("qa.ui.web.bodies.SpooledTemporaryFile", full)
    answer = running.http.post("/api/pages", json=PAGE, headers=bearing(token))
    assert (answer.status_code, answer.json()["error"]) == (
        503, "No space left on device: free some space there. After that, add it again.",
    )  # fmt: skip
