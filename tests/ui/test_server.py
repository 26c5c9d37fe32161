"""A real server on the loopback address: its three endpoints, its headers, its log-in, and what it refuses."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import ROOT, TinyEncoder
from served import Running, serve
from waiting import wait_until

from qa.build import build
from qa.cli import main
from qa.config import Config
from qa.ui.access.address import bind
from qa.ui.web.readers import VARIES

pytestmark = [
    pytest.mark.server,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]

CATS = "# Cats\n\n## How long do cats sleep?\n\nCats sleep all day long on the warm red sofa.\n"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Config:
    root = tmp_path_factory.mktemp("server")
    (root / "corpus").mkdir()
    (root / "corpus" / "cats.md").write_text(CATS, "utf-8")
    config = Config(corpus=root / "corpus", index=root / "index")
    build(config, TinyEncoder())
    return config


@pytest.fixture(scope="module")
def running(folders: Config) -> Iterator[Running]:
    with serve(folders) as running:
        yield running


def without_times(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "timings_ms"}


def test_ask_returns_what_the_engine_says(running: Running) -> None:
    event, (answer,) = running.call("ask", "How long do cats sleep?", 3)
    assert event == "complete"
    said = replace(running.engine.ask("How long do cats sleep?", 3), chat=f"{str(running.http.base_url).rstrip('/')}/")
    wanted = json.loads(json.dumps(said.as_json()))
    assert without_times(answer) == without_times(wanted)
    assert answer["citations"][0]["document"] == "cats.md"


def test_ask_has_a_default_for_top_k(running: Running) -> None:
    client = client_of(running)
    answer = client.predict("How long do cats sleep?", api_name="/ask")
    client.close()
    assert without_times(answer) == without_times(running.call("ask", "How long do cats sleep?", 5)[1][0])


def client_of(running: Running) -> Any:
    """Gradio's own client, whose import takes a second."""
    from gradio_client import Client

    return Client(str(running.http.base_url), verbose=False)


SAID = [{"speaker": "user", "text": "Where do cats sleep?"}, {"speaker": "agent", "text": "On the warm red sofa."}]


def test_ask_takes_the_conversation_before_the_question(running: Running) -> None:
    event, (answer,) = running.call("ask", "And how long do they?", 3, SAID)
    assert event == "complete"
    assert "cats sleep" in answer["carried"]
    client = client_of(running)
    again = client.predict("And how long do they?", 3, SAID, api_name="/ask")
    client.close()
    assert without_times(again) == without_times(answer)
    assert running.call("ask", "And how long do they?", 3)[1][0]["carried"] == []  # nobody else's conversation


def test_search_returns_the_ranked_passages(running: Running) -> None:
    event, (hits,) = running.call("search", "cats sleep", 10)
    assert event == "complete"
    (hit,) = hits["hits"]
    assert (hits["query"], hits["generation"]) == ("cats sleep", "000001")
    assert set(hit) == {"rank", "score", "document", "title", "section", "page", "start", "end", "text", "link"}
    assert CATS[hit["start"] : hit["end"]] == hit["text"]


def test_status_returns_what_the_engine_says(running: Running) -> None:
    event, (status,) = running.call("status")
    assert event == "complete"
    assert status == json.loads(json.dumps(running.engine.status().as_json()))


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("ask", ["  ", 5], "empty"),
        ("ask", ["Who?", 0], "top_k"),
        ("search", ["?!", 5], "no words"),
        ("ask", ["x" * 2001, 5], "2,001"),
        ("ask", ["Why?", 5, [{"speaker": "robot", "text": "I"}]], "Turn 1"),
        ("ask", ["Why?", 5, [{"speaker": "user", "text": "x"}] * 201], "too long"),
    ],
)
def test_a_question_that_cannot_be_asked_is_an_error_of_one_sentence(
    running: Running, name: str, data: list[Any], words: str
) -> None:
    event, answer = running.call(name, *data)
    assert event == "error"
    assert words in answer["error"]
    assert "Traceback" not in answer["error"] and "\n" not in answer["error"]


def test_only_the_three_endpoints_are_offered(running: Running) -> None:
    info = running.http.get("/gradio_api/info").json()
    assert sorted(info["named_endpoints"]) == ["/ask", "/search", "/status"]
    assert info["unnamed_endpoints"] == {}


def test_many_may_ask_at_once(running: Running) -> None:
    answers: list[str] = []

    def ask() -> None:
        answers.append(running.call("ask", "How long do cats sleep?", 5)[0])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == ["complete"] * 8


_PATHS = ["/", "/config", "/gradio_api/info", "/no-such-page", "/favicon.ico", "/login"]
_API = ["/api", "/api/ask", "/api/search", "/api/status", "/api/no-such-call"]


@pytest.mark.parametrize("path", _PATHS + _API)
def test_every_response_carries_the_headers(running: Running, path: str) -> None:
    headers = running.http.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
    script = next(part for part in policy.split(";") if "script-src" in part)
    assert re.fullmatch(r" script-src ('none'|'sha256-[\w+/=]+')", script)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_only_the_script_of_the_page_runs_on_it(running: Running) -> None:
    page = running.http.get("/")
    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in page.headers["content-security-policy"]
    assert page.text.count("<script") == 1


def test_the_page_is_compressed_for_those_who_can_read_it(running: Running) -> None:
    plain = running.http.get("/", headers={"accept-encoding": "identity"})
    compressed = running.http.get("/", headers={"accept-encoding": "br, gzip"})
    assert "content-encoding" not in plain.headers and compressed.headers["content-encoding"] == "gzip"
    assert plain.text == compressed.text and plain.headers["vary"] == compressed.headers["vary"] == VARIES
    assert int(compressed.headers["content-length"]) < len(plain.content) / 3
    head = running.http.head("/")
    assert head.status_code == 200 and not head.content


def test_the_page_names_no_other_host_to_load_from(running: Running) -> None:
    page = running.http.get("/").text
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//[^"'> ]+""", page)


@pytest.mark.parametrize("route", ["/gradio_api/file=", "/file=", "/gradio_api/file/"])
def test_no_file_is_served(running: Running, route: str) -> None:
    for path in (
        running.config.corpus / "cats.md",
        running.config.index / "CURRENT",
        Path("/etc/passwd"),
        ROOT / "app.py",
    ):
        assert path.exists()
        answer = running.http.get(f"{route}{path}")
        assert answer.status_code == 404
        assert "sofa" not in answer.text and "root:" not in answer.text


def test_the_page_of_another_site_is_refused(running: Running) -> None:
    body = {"data": ["How long do cats sleep?"]}
    for headers in ({"origin": "https://example.org"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert running.http.post("/gradio_api/call/ask", json=body, headers=headers).status_code == 403
    own = {"origin": str(running.http.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    assert running.http.post("/gradio_api/call/ask", json=body, headers=own).status_code == 200


@pytest.mark.parametrize(
    "path", ["/gradio_api/call/ask", "/gradio_api/queue/join", "/gradio_api/upload", *_PATHS, *_API]
)
def test_every_address_is_guarded(running: Running, path: str) -> None:
    assert running.http.get(path, headers={"host": "example.org"}).status_code == 403
    for headers in ({"origin": "https://example.org"}, {"sec-fetch-site": "same-site"}):
        assert running.http.post(path, json={}, headers=headers).status_code == 403


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1.example.org", "rebind.example.org:7860", ""])
def test_another_name_for_this_address_is_refused(running: Running, host: str) -> None:
    assert running.http.get("/", headers={"host": host}).status_code == 403


def test_this_machines_names_are_answered(running: Running) -> None:
    for host in ("localhost", "127.0.0.1:1", "[::1]:7860"):
        assert running.http.get("/", headers={"host": host}).status_code == 200


def test_a_file_that_is_added_is_answered_from_without_a_rebuild_by_hand(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "cats.md").write_text(CATS, "utf-8")
    config = Config(corpus=tmp_path / "corpus", index=tmp_path / "index")
    build(config, TinyEncoder())
    question = "What do dogs bark at?"
    with serve(config, follow=True) as running:
        assert running.call("ask", question, 1)[1][0]["citations"][0]["document"] == "cats.md"
        (config.corpus / "dogs.md").write_text("# Dogs\n\nDogs bark at the postman.\n", "utf-8")
        wait_until(lambda: running.call("ask", question, 1)[1][0]["citations"][0]["document"] == "dogs.md", 60)


def test_small_packets_are_sent_at_once() -> None:
    async def is_undelayed() -> bool:
        connected = asyncio.get_running_loop().create_future()
        taken = bind("127.0.0.1", 0)
        protocol = type(
            "Heard", (asyncio.Protocol,), {"connection_made": lambda _, connection: connected.set_result(connection)}
        )
        async with await asyncio.get_running_loop().create_server(protocol, sock=taken):
            with socket.create_connection(taken.getsockname()):
                transport = await connected
                undelayed = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                transport.abort()
        return bool(undelayed)

    # If they are held back, each answer over a kept-open connection takes 40 ms longer.
    assert asyncio.run(is_undelayed())


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`python app.py` and the line that it prints when it is ready."""
    command = [sys.executable, "app.py", "--port", "0", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline()
        finally:
            process.kill()


def places(root: Path) -> list[str]:
    return ["--corpus", str(root / "corpus"), "--index", str(root / "index")]


def test_the_program_prints_one_line_and_ends_quietly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with started(*places(tmp_path)) as (process, line):
        match = re.fullmatch(r"Chat: (http://127\.0\.0\.1:(\d+))\n", line)
        assert match, line + process.communicate()[1]
        assert httpx.get(match[1], trust_env=False).status_code == 200
        assert main(["serve", *places(tmp_path), "--port", match[2]]) == 2
        printed = capsys.readouterr()
        assert printed.out == "" and printed.err.count("\n") == 1 and "--port" in printed.err
        process.send_signal(signal.SIGINT)
        assert (*process.communicate(timeout=60), process.returncode) == ("", "", 0)
    assert not (tmp_path / "index" / "CURRENT").exists()


@pytest.mark.model
def test_an_interrupt_while_the_encoder_is_loaded_for_the_first_build_ends_quietly(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "cats.md").write_text(CATS, "utf-8")
    with started(*places(tmp_path)) as (process, line):
        assert line.startswith("Chat: ")
        process.send_signal(signal.SIGINT)
        assert (*process.communicate(timeout=120), process.returncode) == ("", "", 0)


def test_the_program_refuses_to_be_open_to_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--host", "0.0.0.0", "--port", "0"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and "add --auth user:password or --auth-file FILE, or leave --host out" in printed.err
