"""Who may send requests, by which names and through which proxies: the guard alone, and behind a real proxy."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from ports import free_port
from proxied import Proxy, proxied
from served import about_cats, serve
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from qa.cli import main
from qa.config import Config
from qa.errors import ConfigError
from qa.ui.web.public import PublicUrl
from qa.ui.web.security import Guard

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # gradio's use of pandas, in a separate thread

PUBLIC = PublicUrl.parse("https://Notes.example.org:443/articles/")


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("https://notes.example.org", "https://notes.example.org"),
        ("https://Notes.example.org:443/articles/", "https://notes.example.org/articles"),
        ("http://notes:8080/a/b-c.d", "http://notes:8080/a/b-c.d"),
        ("http://[2001:db8::1]:80/", "http://[2001:db8::1]"),
    ],
)
def test_an_address_is_parsed(text: str, parsed: str) -> None:
    assert str(PublicUrl.parse(text)) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "", "notes.example.org", "ftp://notes.example.org", "https://", "https://me@notes.example.org", "https://[::1",
        "https://notes.example.org/?q=1", "https://notes.example.org/#x", "https://notes.example.org/a b",
        "https://notes.example.org/a//b",
        "https://notes.example.org:port", "https://notes.example.org/<b>",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--public-url .*: write it as https://host"):
        PublicUrl.parse(text)


def test_the_command_line_refuses_it_before_anything_is_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--public-url", "notes.example.org"]) == 2
    assert "write it as https://host" in capsys.readouterr().err


# --- the guard alone --------------------------------------------------------------------------------------------------


async def _told(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what the guard passes on."""
    names = [name.decode() for name, _ in scope["headers"]]
    told = {"path": scope["path"], "client": scope["client"][0], "scheme": scope["scheme"], "headers": names}
    await JSONResponse(told)(scope, receive, send)


def ask(guard: Guard, path: str = "/", method: str = "GET", client: str = "127.0.0.1", **headers: str | bytes) -> Any:
    async def answered() -> httpx.Response:
        transport = httpx.ASGITransport(app=guard, client=(client, 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:7860") as http:
            sent = [
                (name.replace("_", "-").encode(), value if isinstance(value, bytes) else value.encode())
                for name, value in headers.items()
            ]
            return await http.request(method, path, headers=sent)

    return asyncio.run(answered())


HERE, THERE = Guard(_told), Guard(_told, public=PUBLIC)


@pytest.mark.parametrize(
    "host",
    [
        "evil.com@127.0.0.1", "127.0.0.1#evil.com", "127.0.0.1/evil.com", "[::1", "::1", "127.0.0.1:x", "127.0.0.1:1:2",
        "127.0.0.1 evil.com", "[::1]evil.com", "[:::::1]", "127.0.0.1:123456", "127.0.0.1?", "[127.0.0.1]", "\xe9",
    ],
)  # fmt: skip
def test_a_malformed_host_is_refused_in_one_sentence(host: str) -> None:
    for guard in (HERE, THERE, Guard(_told, only_local=False)):
        answer = ask(guard, host=host.encode("latin-1"))
        assert answer.status_code == 400 and answer.text.count("\n") == 0


def test_two_hosts_are_refused() -> None:
    async def answered() -> int:
        transport = httpx.ASGITransport(app=HERE)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            return (await http.get("/", headers=[("host", "127.0.0.1"), ("host", "evil.com")])).status_code

    assert asyncio.run(answered()) == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:7860", "localhost", "LOCALHOST:1", "[::1]:7860", "127.9.9.9"])
def test_the_names_of_this_machine_are_answered(host: str) -> None:
    assert ask(HERE, host=host).status_code == 200 and ask(THERE, host=host).status_code == 200


@pytest.mark.parametrize("host", ["notes.example.org", "notes.example.org:443", "NOTES.example.org"])
def test_the_public_name_is_answered_if_it_was_given(host: str) -> None:
    assert ask(THERE, host=host).status_code == 200
    refused = ask(HERE, host=host)
    assert refused.status_code == 403 and "only as 127.0.0.1 or localhost" in refused.text


@pytest.mark.parametrize("host", ["example.org", "notes.example.org.evil.com", "evil-notes.example.org", ""])
def test_other_names_are_refused(host: str) -> None:
    assert ask(HERE, host=host).status_code == 403 and ask(THERE, host=host).status_code == 403


@pytest.mark.parametrize(
    ("origin", "here", "there"),
    [
        ("http://127.0.0.1:7860", 200, 200),
        ("https://notes.example.org", 403, 200),
        ("http://notes.example.org", 403, 403),
        ("https://notes.example.org:8443", 403, 403),
        ("http://127.0.0.1:7861", 403, 403),
        ("https://example.org", 403, 403),
        ("null", 403, 403),
        ("http://[::1", 400, 400),
        ("https://notes.example.org/", 400, 400),
        ("https://evil.com@notes.example.org", 400, 400),
        ("file://", 400, 400),
        ("", 400, 400),
    ],
)
def test_only_pages_of_the_chat_send_requests(origin: str, here: int, there: int) -> None:
    for guard, status in ((HERE, here), (THERE, there)):
        assert ask(guard, method="POST", host="127.0.0.1:7860", origin=origin).status_code == status


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_sites_page_can_only_link_to_the_chat(site: str) -> None:
    opened = {"sec_fetch_site": site, "sec_fetch_mode": "navigate"}
    assert ask(HERE, sec_fetch_dest="document", **opened).status_code == 200
    assert ask(HERE, sec_fetch_dest="iframe", **opened).status_code == 403
    assert ask(HERE, method="POST", sec_fetch_dest="document", **opened).status_code == 403
    for mode in ("cors", "no-cors"):
        assert ask(HERE, "/config", sec_fetch_site=site, sec_fetch_mode=mode).status_code == 403
    assert ask(HERE, sec_fetch_site=site).status_code == 403


def test_what_a_proxy_says_counts_only_with_a_public_address() -> None:
    claims = {
        "x_forwarded_for": "203.0.113.9, 198.51.100.7", "x_forwarded_proto": "https", "x_forwarded_host": "evil.com",
        "x_forwarded_prefix": "/x", "forwarded": "for=1.2.3.4", "x_gradio_server": "http://evil.com",
    }  # fmt: skip
    told = ask(HERE, **claims).json()
    assert (told["client"], told["scheme"]) == ("127.0.0.1", "http")
    assert not [name for name in told["headers"] if "forwarded" in name or "gradio" in name]
    told = ask(THERE, **claims).json()
    assert (told["client"], told["scheme"]) == ("198.51.100.7", "https")
    assert not [name for name in told["headers"] if "forwarded" in name or "gradio" in name]
    told = ask(THERE, client="8.8.4.4", **claims).json()
    assert told["client"] == "8.8.4.4"  # a stranger is no proxy


def test_the_path_of_the_proxy_is_removed_if_it_was_kept() -> None:
    guard = Guard(_told, public=PublicUrl.parse("https://notes.example.org/my/notes"))
    for path, seen in (("/my/notes/api/ask", "/api/ask"), ("/my/notes/", "/"), ("/api/ask", "/api/ask"), ("/", "/")):
        assert ask(guard, path).json()["path"] == seen
    assert ask(guard, "/my/notesx").json()["path"] == "/my/notesx"
    bare = ask(guard, "/my/notes")
    assert (bare.status_code, bare.headers["location"]) == (308, "https://notes.example.org/my/notes/")


def test_a_path_that_is_the_chats_own_is_left_to_the_proxy() -> None:
    for path in ("/articles/cats.md", "/articles/", "/articles"):
        assert ask(THERE, path).json()["path"] == path


# --- behind a real proxy ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return about_cats(tmp_path_factory.mktemp("public"))


@contextmanager
def behind(config: Config, proxy: Proxy, name: str) -> Iterator[httpx.Client]:
    """A client that reaches a chat through a proxy, by a name."""
    port = free_port()
    with proxied(port, proxy) as outer:
        url = f"http://{name}:{outer}{proxy.prefix}"
        with serve(config, port=port, auth="me:secret", public=PublicUrl.parse(url)):
            headers = {"host": f"{name}:{outer}", "origin": f"http://{name}:{outer}"}
            with httpx.Client(
                base_url=f"http://127.0.0.1:{outer}{proxy.prefix}/", headers=headers, trust_env=False, timeout=30
            ) as http:
                yield http


@pytest.mark.server
@pytest.mark.parametrize(
    ("proxy", "name"),
    [
        (Proxy(), "127.0.0.1"),
        (Proxy(), "notes.example.org"),
        (Proxy(keeps_host=False), "127.0.0.1"),
        (Proxy(keeps_host=False), "notes.example.org"),
        (Proxy("/articles"), "127.0.0.1"),
        (Proxy("/articles", keeps_host=False), "notes.example.org"),
        (Proxy("/notes", strips=False, keeps_host=False), "notes.example.org"),
    ],
    ids=str,
)
def test_the_chat_works_behind_a_proxy(config: Config, proxy: Proxy, name: str) -> None:
    with behind(config, proxy, name) as http:
        entered = http.post("login", data={"username": "me", "password": "secret"})
        assert entered.status_code == 200
        assert f"path={proxy.prefix}/" in entered.headers["set-cookie"].lower()
        for cookie in http.cookies.jar:  # of the name, which this client reaches by its number
            http.headers["cookie"] = f"{cookie.name}={cookie.value}"
        assert 'id="qa-shell"' in http.get("./").text
        assert http.get("config").json()["root"] == f"http://{http.headers['host']}{proxy.prefix}"
        begun = http.post("gradio_api/call/ask", json={"data": ["How long do cats sleep?", 1]})
        assert begun.status_code == 200, begun.text
        events = http.get(f"gradio_api/call/ask/{begun.json()['event_id']}").text
        (answer,) = json.loads(re.findall(r"event: complete\ndata: (.*)\n", events)[0])
        assert answer["citations"][0]["document"] == "cats.md"
        assert http.post("api/ask", json={"question": "Cats?"}, auth=("me", "secret")).status_code == 200
        foreign = {"origin": "https://example.org"}
        assert http.post("gradio_api/queue/join", json={}, headers=foreign).status_code == 403


@pytest.mark.server
def test_the_brake_counts_the_visitor_and_not_the_proxy(config: Config) -> None:
    with behind(config, Proxy(), "notes.example.org") as http:
        waits = [0]
        while waits[-1] < 15:  # until a slow test machine does not matter
            answer = http.post("login", data={"username": f"user {len(waits)}", "password": "no"})
            waits.append(int(answer.headers.get("retry-after", 0)))
        # The proxy names the visitor; what a visitor claims is dropped.
        claims = {"x-forwarded-for": "192.0.2.77"}
        for name in ("me", "you"):
            right = http.post("login", data={"username": name, "password": "secret"}, headers=claims)
            assert right.status_code == 429
