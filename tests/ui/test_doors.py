"""What a visitor sends: no path, no address and no large body passes the doors, whichever event it is sent to."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from blocked_sockets import is_here
from conftest import ROOT, TinyEncoder
from served import Running, screen_of, serve
from waiting import wait_until

from qa.build import build
from qa.config import Config
from qa.corpus.storing import store_file
from qa.engine import Engine
from qa.ui.page.chat import Chat
from qa.ui.page.session import Session
from qa.ui.web.doors import file_places, routes

pytestmark = [
    pytest.mark.server,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]

CANARY = "the canary sings of saffron at midnight"
CATS = "# Cats\n\nCats sleep all day long on the warm red sofa.\n"
META = {"_type": "gradio.FileData"}


@dataclass(frozen=True)
class Place:
    """A corpus with its index, a private file next to them, and the folder in which gradio stores files."""

    config: Config
    canary: Path
    stored: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("doors")
    (root / "corpus").mkdir()
    (root / "corpus" / "cats.md").write_text(CATS, "utf-8")
    (root / "secret.md").write_text(f"# Canary\n\n{CANARY}.\n", "utf-8")
    config = Config(corpus=root / "corpus", index=root / "index", reader="off")
    build(config, TinyEncoder())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(root / "stored"))
        yield Place(config, root / "secret.md", root / "stored")


@pytest.fixture(scope="module")
def running(place: Place) -> Iterator[Running]:
    with serve(place.config) as running:
        running.http.get("/").raise_for_status()  # like a browser, which is given a cookie
        yield running


def events(running: Running) -> list[tuple[int, list[str]]]:
    """Every event of the page and of programs: its number, and the kind of each of its values, or its channel."""
    config = running.http.get("/config").json()
    kinds = {each["id"]: each["props"].get("elem_id") or each["type"] for each in config["components"]}
    return [(each["id"], [kinds[number] for number in each["inputs"]]) for each in config["dependencies"]]


UPLOAD = "upload"  # the channel that takes files


def upload_event(running: Running) -> int:
    (number,) = (number for number, kinds in events(running) if f"qa-channel-{UPLOAD}" in kinds)
    return number


def join(running: Running, event: int, data: list[Any], event_data: Any = None, session: str = "s") -> httpx.Response:
    body = {"fn_index": event, "data": data, "event_data": event_data, "session_hash": session, "trigger_id": None}
    return running.http.post("/gradio_api/queue/join", json=body)


def outcome(running: Running, session: str = "s") -> str:
    """Everything that the server replies to a joined event."""
    return running.http.get("/gradio_api/queue/data", params={"session_hash": session}).text


def untouched(place: Place) -> None:
    """Nothing of the private file has come into the corpus, or to where gradio stores files."""
    assert [path.name for path in place.config.corpus.iterdir()] == ["cats.md"]
    for path in place.stored.rglob("*"):
        assert path.is_dir() or path.is_symlink() or CANARY not in path.read_text("utf-8", "replace"), path
    assert CANARY in place.canary.read_text("utf-8")


def ways(path: str) -> list[Any]:
    """Values that name a file in every way that gradio, in any version, accepts."""
    file = {"path": path, "meta": META}
    full = {**file, "url": path, "orig_name": "a.md", "size": 1, "mime_type": "text/plain", "is_stream": False}
    return [
        file, [file], full, [full], {"path": path}, {"url": path}, {"path": "a.md", "url": path, "meta": META},
        {**full, "is_stream": True}, {"files": [[file]], "text": "x"}, [{"speaker": "user", "text": file}],
        {"value": file}, {"root": [file]}, [[[{"a": {"b": file}}]]],
    ]  # fmt: skip


def paths(place: Place) -> list[str]:
    link = place.canary.with_name("link.md")
    if not link.is_symlink():
        link.symlink_to(place.canary)
    inside = place.stored / "inside"
    inside.mkdir(parents=True, exist_ok=True)
    if not (inside / "link.md").is_symlink():
        (inside / "link.md").symlink_to(place.canary)
    return [
        str(place.canary), os.path.relpath(place.canary), f"{place.config.corpus}/../secret.md", str(link),
        str(inside / "link.md"), f"{place.stored}/../secret.md", f"{inside}/../../secret.md", "../secret.md",
        str(place.config.corpus / "cats.md"), str(place.config.index / "CURRENT"), str(ROOT / "app.py"),
        "/etc/passwd", "/proc/self/environ", f"file://{place.canary}", f"/gradio_api/file={place.canary}", "",
    ]  # fmt: skip


def refused_everywhere(running: Running, place: Place, names: list[str]) -> None:
    """The first of the names, in every way, as any value of every event, and the others in the usual way."""
    usual = [[{"path": name, "url": name, "meta": META}] for name in names]
    for number, kinds in events(running):
        requests: list[tuple[list[Any], Any]] = [([value] * max(1, len(kinds)), None) for value in usual]
        for value in ways(names[0]):
            requests += [([*([None] * len(kinds)), value], None), ([value] * max(1, len(kinds)), None)]
            # Of an upload, what the page says about it besides the files is ignored.
            requests += [] if f"qa-channel-{UPLOAD}" in kinds else [(["Who?"] * len(kinds), value)]
        for data, event_data in requests:
            answer = join(running, number, data, event_data)
            assert answer.status_code == 400, (number, data, event_data, answer.text)
            assert CANARY not in answer.text and "root:" not in answer.text
    untouched(place)


def test_no_event_takes_a_path_that_was_not_sent(running: Running, place: Place) -> None:
    assert len(events(running)) >= 15
    refused_everywhere(running, place, paths(place))


def test_no_call_of_a_program_takes_a_path(running: Running, place: Place) -> None:
    known = running.http.get("/config").json()["dependencies"]
    for name in {each["api_name"] for each in known}:
        for value in ways(str(place.canary)):
            for address in (f"call/{name}", f"call/v2/{name}", f"run/{name}", f"api/{name}"):
                body = {"data": [value, value], "question": value, "query": value}
                answer = running.http.post(f"/gradio_api/{address}", json=body)
                assert answer.status_code in (400, 404), (address, body, answer.text)
                assert CANARY not in answer.text
    for name in ("ask", "search"):
        for value in ways(str(place.canary)):
            answer = running.http.post(f"/api/{name}", json={"question": value, "query": value})
            assert answer.status_code == 400
    untouched(place)


def test_no_other_body_takes_a_path(running: Running, place: Place) -> None:
    for address in ("cancel", "reset", "component_server", "stream/x", "process_recording", "vibe-edit"):
        for value in ways(str(place.canary)):
            body = {"data": value, "event_id": value, "session_hash": "s", "fn_index": 0, "component_id": 1}
            answer = running.http.post(f"/gradio_api/{address}", json=body)
            assert answer.status_code in (400, 404), (address, answer.text)
    untouched(place)


# --- legitimate requests ----------------------------------------------------------------------------------------------


def sent(running: Running, name: str, text: str) -> str:
    """Where gradio has stored a file that was sent as a browser sends it."""
    answer = running.http.post("/gradio_api/upload", files=[("files", (name, text.encode()))])
    (path,) = answer.raise_for_status().json()
    return str(path)


def as_page(path: str, name: str) -> dict[str, Any]:
    url = f"/gradio_api/file={path}"
    return {"path": path, "url": url, "orig_name": name, "size": 9, "mime_type": "", "meta": META}


def test_a_file_that_was_sent_becomes_an_article_once(running: Running, place: Place) -> None:
    event = upload_event(running)
    path = sent(running, "bees.md", "Bees dance in the dark hive.")
    assert Path(path).is_relative_to(place.stored)
    files = [as_page(path, "bees.md")]
    assert join(running, event, [None, files], event_data=files, session="real").status_code == 200
    assert "bees.md" in outcome(running, "real")
    article = place.config.corpus / "bees.md"
    assert article.read_text("utf-8") == "Bees dance in the dark hive."
    article.unlink()
    assert not Path(path).exists()
    assert join(running, event, [None, files]).status_code == 400
    untouched(place)


def test_no_visitor_can_name_the_file_of_another(running: Running, place: Place) -> None:
    path = sent(running, "wasps.md", "Wasps build with paper.")
    file = [as_page(path, "wasps.md")]
    body = {"fn_index": upload_event(running), "data": [None, file], "session_hash": "s", "trigger_id": None}
    with httpx.Client(base_url=running.http.base_url, trust_env=False) as other:
        assert other.post("/gradio_api/queue/join", json=body).status_code == 400
        other.get("/")
        assert other.cookies.get("qa-visitor") not in (None, running.http.cookies.get("qa-visitor"))
        assert other.post("/gradio_api/queue/join", json=body).status_code == 400
    assert Path(path).exists()
    untouched(place)


def test_a_file_that_was_sent_is_named_in_no_other_event(running: Running) -> None:
    path = sent(running, "moths.md", "Moths fly to lamps.")
    for number, kinds in events(running):
        if f"qa-channel-{UPLOAD}" not in kinds:
            assert join(running, number, [as_page(path, "moths.md")] * max(1, len(kinds))).status_code == 400


def test_a_name_that_is_sent_leads_nowhere(running: Running, place: Place) -> None:
    for name in ("../../secret.md", "/etc/passwd", "..", "a/../../b.md", "\\..\\x.md"):
        answer = running.http.post("/gradio_api/upload", files=[("files", (name, b"Ants march."))])
        if answer.status_code == 200:
            assert all(Path(path).resolve().is_relative_to(place.stored.resolve()) for path in answer.json())
    untouched(place)


def test_gradios_client_may_send_a_file_and_ask(running: Running, tmp_path: Path) -> None:
    from gradio_client import Client, handle_file

    (tmp_path / "a.md").write_text("Ants march.", "utf-8")
    client = Client(str(running.http.base_url), verbose=False)
    try:
        assert client.predict("Where do cats sleep?", api_name="/ask")["answerable"] in (True, False)
        assert client.predict("cats", api_name="/search")["hits"]
        with pytest.raises(Exception, match="400"):  # a path in place of a question: nothing here takes files
            client.predict(handle_file(str(tmp_path / "a.md")), api_name="/ask")
    finally:
        client.close()


# --- each layer behind the doors, by itself ---------------------------------------------------------------------------


def test_gradio_itself_refuses_a_path_if_the_doors_are_open(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.ui.server.Doors", lambda app, *_: app)
    with serve(place.config) as running:
        event = upload_event(running)
        for path in [*paths(place)[:4], *paths(place)[5:8], "/dev/zero"]:
            join(running, event, [None, [{"path": path, "meta": META}]], session="open").raise_for_status()
            events = outcome(running, "open")
            assert '"success":false' in events.replace(" ", "") and CANARY not in events
    untouched(place)


def test_the_page_itself_adds_only_what_gradio_stored(place: Place) -> None:
    screen = screen_of(Chat(Engine.open(place.config, TinyEncoder())))
    for path in paths(place)[:11]:
        html = screen.upload(Session(), [{"path": path}])[1]
        assert "refused" in html and CANARY not in html
    untouched(place)


@contextmanager
def odd_files(folder: Path) -> Iterator[list[Path]]:
    """Everything that is not a regular file: a device, a pipe, a folder, a socket, a link."""
    folder.mkdir(exist_ok=True)
    os.mkfifo(folder / "pipe.md")
    (folder / "folder.md").mkdir()
    (folder / "real.txt").write_text("Real.", "utf-8")
    (folder / "link.md").symlink_to(folder / "real.txt")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(folder)  # the path of a socket must be short
        listener.bind("socket.md")
        os.chdir(here)
        yield [Path("/dev/zero"), *(folder / f"{name}.md" for name in ("pipe", "folder", "socket", "link", "gone"))]


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    with odd_files(tmp_path / "odd") as odd:
        assert stat.S_ISFIFO(odd[1].stat().st_mode) and stat.S_ISSOCK(odd[3].stat().st_mode)
        for path in odd:
            saved = store_file(path, "a.md", tmp_path / "corpus", 1_000)
            assert not saved.saved and saved.words.startswith("refused: ")
    assert not (tmp_path / "corpus").exists()


# --- addresses of other hosts

_watching: list[str] | None = None
_port = 0


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching is None or event not in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        return
    address = arguments[1] if event == "socket.connect" else arguments[0]
    is_canary = event == "socket.connect" and isinstance(address, tuple) and address[1] == _port
    if is_canary or not is_here(address):
        _watching.append(f"{event} {address}")
        raise OSError("Refused by the test")


@contextmanager
def watched() -> Iterator[tuple[int, list[str]]]:
    """A port of this machine that nobody may call, and what was tried: calls of it, of other hosts, lookups."""
    global _watching, _port
    if not getattr(sys, "_doors_hook", False):
        sys.addaudithook(_hook)
        sys._doors_hook = True  # type: ignore[attr-defined]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        _port = listener.getsockname()[1]
        tried: list[str] = []
        _watching = tried
        try:
            yield _port, tried
        finally:
            _watching = None


def urls(port: int, canary: Path) -> list[str]:
    return [
        f"http://127.0.0.1:{port}/a.md", f"http://localhost:{port}/a.md", "http://canary.example/a.md",
        "https://canary.example/a.md", "https://huggingface.co/a.md", "http://192.0.2.1/a.md", "//canary.example/a.md",
        "ftp://canary.example/a.md", f"file://{canary}", "data:text/plain;base64,Q2FuYXJ5", "HTTPS://CANARY.EXAMPLE/a.md",
    ]  # fmt: skip


def test_no_event_fetches_an_address(running: Running, place: Place) -> None:
    with watched() as (port, tried):
        refused_everywhere(running, place, urls(port, place.canary))
        for url in urls(port, place.canary):
            for route in ("file=", "proxy=", "file/", "stream/", "deep_link?x="):
                for prefix in ("/gradio_api/", "/"):
                    assert running.http.get(f"{prefix}{route}{url}").status_code == 404
            running.http.post("/api/ask", json={"question": url}).raise_for_status()
            assert running.call("search", url, 3)[0] == "complete"
    assert tried == []


def test_gradio_itself_fetches_nothing_if_the_doors_are_open(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.ui.server.Doors", lambda app, *_: app)
    with serve(place.config) as running, watched() as (port, tried):
        for url in urls(port, place.canary):
            for number, kinds in ((number, kinds) for number, kinds in events(running) if set(kinds) - {"state"}):
                for value in ({"path": url, "meta": META}, {"path": "a.md", "url": url, "meta": META}):
                    if join(running, number, [[value]] * len(kinds), session="open").is_success:
                        outcome(running, "open")
            for route in ("file=", "proxy="):
                assert not running.http.get(f"/gradio_api/{route}{url}").is_success
        assert tried == []
    untouched(place)


# --- the allow-list ---------------------------------------------------------------------------------------------------

OPEN = {
    "/", "/favicon.ico", "/config", "/config/", "/gradio_api/info", "/gradio_api/info/", "/gradio_api/app_id",
    "/gradio_api/startup-events", "/gradio_api/queue/data", "/gradio_api/heartbeat/{session_hash}",
    "/gradio_api/queue/join", "/gradio_api/cancel", "/gradio_api/reset", "/gradio_api/call/{api_name}",
    "/gradio_api/call/v2/{api_name}", "/gradio_api/call/{api_name}/{event_id}",
    "/gradio_api/call/v2/{api_name}/{event_id}", "/gradio_api/upload",
}  # fmt: skip


@pytest.mark.parametrize(("most", "closed"), [(1, set()), (0, {"/gradio_api/upload"})])
def test_of_gradios_addresses_only_those_are_open(place: Place, most: int, closed: set[str]) -> None:
    from gradio.routes import App

    from qa.ui.page.channels import build_app

    async def made() -> tuple[Any, list[str]]:
        page = build_app(Engine.open(place.config, TinyEncoder()))
        reachable = App.create_app(page).routes
        nested = [
            each for route in reachable if hasattr(route, "original_router") for each in route.original_router.routes
        ]
        return page, [route.path for route in (*reachable, *nested) if hasattr(route, "path")]

    page, known = asyncio.run(made())
    patterns = [re.compile(route.path) for route in routes(["ask"], most)]
    filled = {path: re.sub(r"\{[^}]*\}", "ask", path) for path in known}
    assert len(filled) > 60
    reachable = {path for path, full in filled.items() if any(pattern.fullmatch(full) for pattern in patterns)}
    assert reachable == OPEN - closed
    assert file_places(page.fns, UPLOAD) == {number: (1,) if number == max(page.fns) else () for number in page.fns}


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/run/ask", "/gradio_api/api/ask", "/gradio_api/call/tick", "/gradio_api/call/ask_1",
        "/gradio_api/call/upload", "/gradio_api/component_server", "/gradio_api/dev/reload", "/monitoring",
        "/gradio_api/vibe-edit", "/gradio_api/openapi.json", "/gradio_api/mcp/", "/gradio_api/token",
        "/gradio_api/queue/status", "/gradio_api/upload_progress", "/theme.css", "/gradio_api/theme.css",
        "/svelte/x.js", "/assets/index.js", "/static/img/logo.svg", "/assets/../../app.py", "/assets/%2e%2e/app.py",
        "/static/.env",
        "//gradio_api/queue/join", "/gradio_api//queue/join", "/manifest.json", "/pwa_icon", "/robots.txt", "/api",
    ],
)  # fmt: skip
def test_an_address_that_nobody_needs_is_not_there(running: Running, path: str) -> None:
    url = str(running.http.base_url).rstrip("/")
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        assert running.http.build_request(method, f"{url}{path}")
        assert running.http.request(method, f"{url}{path}").status_code == 404, (method, path)


@pytest.mark.parametrize(("path", "allowed"), [("/config", "GET, HEAD"), ("/gradio_api/upload", "POST")])
def test_another_method_is_refused_by_naming_those_that_are_answered(running: Running, path: str, allowed: str) -> None:
    answer = running.http.put(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


# --- bodies


@contextmanager
def started(root: Path, *options: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    """`python app.py`, its address and its port."""
    (root / "corpus").mkdir(exist_ok=True)
    command = [sys.executable, "app.py", "--corpus", str(root / "corpus"), "--index", str(root / "index")]
    environ = {**os.environ, "GRADIO_TEMP_DIR": str(root / "stored"), **environment}
    with subprocess.Popen(
        [*command, "--port", "0", "--no-watch", *options], cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[1]
            yield process, url, int(url.rpartition(":")[2])
        finally:
            process.kill()


def resident(process: subprocess.Popen[str], name: str = "VmHWM") -> float:
    """Megabytes of memory that the program uses (VmRSS), or has used at most (VmHWM)."""
    status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
    return int(re.findall(rf"{name}:\s+(\d+) kB", status)[0]) / 1_000


def pour(port: int, head: str, is_chunked: bool, most: int = 400_000_000) -> tuple[int, int]:
    """The status of the response, and how many bytes of a body could be sent before it."""
    piece = b"x" * 65_536
    sent = 0
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        connection.sendall(head.encode())
        try:
            while sent < most:
                connection.sendall(b"10000\r\n" + piece + b"\r\n" if is_chunked else piece)
                sent += len(piece)
        except OSError:
            pass  # the connection was closed
        response = b""
        try:
            while more := connection.recv(65_536):
                response += more
        except OSError:
            pass
    return int(response.split()[1]), sent


KINDS = {
    "/gradio_api/queue/join": "application/json",
    "/gradio_api/call/ask": "application/json",
    "/gradio_api/upload": "multipart/form-data; boundary=x",
    "/login": "application/x-www-form-urlencoded",
    "/api/ask": "application/json",
    "/nowhere": "application/json",
    "/": "text/plain",
    "/config": "application/json",
}
_PART = '--x\r\ncontent-disposition: form-data; name="files"; filename="a.md"\r\n\r\n'
needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")


def head(port: int, path: str, is_chunked: bool, *more: str) -> str:
    size = "transfer-encoding: chunked" if is_chunked else "content-length: 400000000"
    lines = [f"POST {path} HTTP/1.1", f"host: 127.0.0.1:{port}", f"content-type: {KINDS[path]}", size, *more]
    return "\r\n".join(lines) + "\r\n\r\n"


@needs_proc
def test_a_large_body_is_not_read_before_the_log_in(tmp_path: Path) -> None:
    with started(tmp_path, "--auth", "me:secret") as (process, url, port):
        assert httpx.get(url, trust_env=False).status_code == 200
        before = resident(process)
        for path in KINDS:
            for is_chunked in (False, True):
                status, count = pour(port, head(port, path, is_chunked), is_chunked)
                wanted = {"/login": 413, "/nowhere": 404, "/": 405, "/config": 405}.get(path, 401)
                assert (status, count < 20_000_000) == (wanted, True), (path, is_chunked, count)
        assert resident(process) - before < 20
        for headers in (["host: example.org"], ["origin: https://example.org"]):
            lines = head(port, "/gradio_api/queue/join", True, *headers)
            lines = lines.replace(f"host: 127.0.0.1:{port}\r\n", "", 1) if "host" in headers[0] else lines
            assert pour(port, lines, True)[0] == 403
        assert resident(process) - before < 20


@needs_proc
def test_a_large_body_is_cut_off_at_the_limit(tmp_path: Path) -> None:
    with started(tmp_path, QA_MAX_FILE_MB="0.05") as (process, url, port):
        assert httpx.get(url, trust_env=False).status_code == 200
        before = resident(process)
        for path in ("/gradio_api/queue/join", "/gradio_api/call/ask", "/gradio_api/upload", "/api/ask"):
            for is_chunked in (False, True):
                lines = head(port, path, is_chunked)
                if path == "/gradio_api/upload" and is_chunked:
                    lines += f"{len(_PART):x}\r\n{_PART}\r\n"
                status, count = pour(port, lines, is_chunked)
                assert (status, count < 30_000_000) == (413, True), (path, is_chunked, count)
        assert resident(process) - before < 20
        stored = tmp_path / "stored"
        assert [path for path in stored.rglob("*") if path.is_file()] == []


def test_an_upload_that_is_broken_off_leaves_nothing_behind(running: Running, place: Place) -> None:
    kept = {path for path in place.stored.rglob("*") if path.is_file()}
    port = running.http.base_url.port
    assert port
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        connection.sendall(head(port, "/gradio_api/upload", False).encode() + _PART.encode() + b"x" * 200_000)
        wait_until(lambda: {path for path in place.stored.rglob("*") if path.is_file()} > kept)
    wait_until(lambda: {path for path in place.stored.rglob("*") if path.is_file()} == kept)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_json_needs_its_content_type(running: Running, kind: str) -> None:
    content = json.dumps({"data": ["Who?"]})
    for path in ("/gradio_api/call/ask", "/gradio_api/queue/join", "/gradio_api/cancel"):
        assert running.http.post(path, content=content, headers={"content-type": kind}).status_code == 415


@pytest.mark.parametrize("body", [b"", b"[", b"[]", b"null", b"\xff", b"[" * 200_000, b'{"a":' * 5_000, b"9" * 5_000])
def test_a_body_that_is_not_a_json_object_is_refused(running: Running, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = running.http.post("/gradio_api/queue/join", content=body, headers=headers)
    problem = "not a JSON object" if body in (b"[]", b"null") else "not valid JSON"
    assert answer.status_code == 400 and answer.json()["error"].startswith(f"The request body is {problem}")


# --- the server keeps answering, and ends -----------------------------------------------------------------------------


def test_a_device_or_a_pipe_stops_nothing(tmp_path: Path) -> None:
    """It delays neither the answers to others, nor the end of the server."""
    with odd_files(tmp_path / "odd") as odd, started(tmp_path) as (process, url, _):
        with httpx.Client(base_url=url, trust_env=False, timeout=5) as http:
            http.get("/")
            config = http.get("/config").json()
            kinds = {each["id"]: each["props"].get("elem_id") for each in config["components"]}
            body: dict[str, Any] = {"session_hash": "s", "trigger_id": None}
            for event in config["dependencies"]:
                for path in odd:
                    file = {"path": str(path), "meta": META}
                    data = [[file] if kinds[each] == f"qa-channel-{UPLOAD}" else file for each in event["inputs"]] or [
                        file
                    ]
                    answer = http.post("/gradio_api/queue/join", json={**body, "fn_index": event["id"], "data": data})
                    assert answer.status_code == 400
            assert http.get("/api/status").status_code == 200
        process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        process.wait(10)
        assert time.monotonic() - begun < 4


def test_a_large_upload_is_stored_while_others_are_answered(running: Running, place: Place) -> None:
    waits: list[float] = []
    ended = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=running.http.base_url, trust_env=False) as http:
            while not ended.is_set():
                begun = time.monotonic()
                http.get("/api/status").raise_for_status()
                waits.append(time.monotonic() - begun)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        path = sent(running, "large.txt", "large " * 20_000_000)  # 120 MB: over the limit, which the page says
        files = [as_page(path, "large.txt")]
        assert join(running, upload_event(running), [None, files], session="large").status_code == 200
        assert "over the limit" in outcome(running, "large")
    finally:
        ended.set()
        thread.join()
    assert len(waits) > 20 and max(waits) < 2
    untouched(place)


def test_an_upload_that_the_disk_for_temporary_files_cannot_take_is_one_sentence(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lowest layer refuses it, as on a full disk: Gradio would answer with a bare 500."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("gradio.route_utils.NamedTemporaryFile", full)
    answer = running.http.post("/gradio_api/upload", files={"files": ("a.md", b"# Bees\n", "text/markdown")})
    assert answer.status_code == 503
    assert answer.text == "No space left on device: free some space there. After that, upload it again."
