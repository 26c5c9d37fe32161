"""The chat behind nginx and Caddy, with the configurations of docs/team.md as they stand there."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from conftest import ROOT
from ports import free_port
from served import about_cats, serve
from waiting import wait_until

from qa.config import Config
from qa.ui.access.accounts import set_password
from qa.ui.web.public import PublicUrl

pytestmark = [
    pytest.mark.server,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # gradio's use of pandas, in a separate thread
]

PAGE = (ROOT / "docs" / "team.md").read_text("utf-8")
ADDRESSES = re.findall(r"--public-url (https://\S+)", PAGE)
PROXIES = ("nginx", "caddy")
NGINX = """daemon off; pid {folder}/pid; error_log {folder}/log; {user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
{block}
}}
"""
CADDY = "{{\n    admin off\n    auto_https off\n    log {{\n        output file {folder}/log\n    }}\n}}\n{block}"


def program(name: str) -> str:
    """Where a proxy is installed; the test is skipped if it is not."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_has_both_proxies_with_and_without_a_path() -> None:
    assert ADDRESSES == ["https://notes.example.org", "https://example.org/notes"]
    assert [len(blocks(name)) for name in PROXIES] == [2, 2]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a certificate for this machine's address, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(folder / "key"), "-out", str(folder / "certificate")),
        ],
        check=True,
        capture_output=True,
    )
    return folder


@contextlib.contextmanager
def running(name: str, block: str, port: int, chat: int, tls: Path, folder: Path) -> Iterator[None]:
    """Run a proxy with a block of the page, changed only in its name, ports and certificate."""
    path = program(name)
    block = block.replace("127.0.0.1:7860", f"127.0.0.1:{chat}")
    if name == "nginx":
        block = block.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")
        block = re.sub(r"server_name \S+;", "server_name 127.0.0.1;", block)
        block = block.replace("/etc/ssl/notes.pem", str(tls / "certificate"))
        block = block.replace("/etc/ssl/private/notes.key", str(tls / "key"))
        user = "user root;" if os.getuid() == 0 else ""  # its workers must be able to write to the folder
        text, options = NGINX.format(folder=folder, user=user, block=block), ["-e", str(folder / "log"), "-c"]
    else:
        pair = f"tls {tls / 'certificate'} {tls / 'key'}"
        block = re.sub(r"^\S+ \{", f"https://127.0.0.1:{port} {{\n    {pair}", block, count=1)
        text, options = CADDY.format(folder=folder, block=block), ["run", "--adapter", "caddyfile", "--config"]
    (folder / "config").write_text(text, "utf-8")
    environment = {**os.environ, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [path, *options, str(folder / "config")], env=environment, stdout=output, stderr=output
        )
    try:
        wait_until(lambda: process.poll() is not None or is_open(port))
        assert process.poll() is None, (folder / "output").read_text() + (folder / "config").read_text()
        yield
    finally:
        process.terminate()
        process.wait(20)


def is_open(port: int) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{port}/", trust_env=False, timeout=2)
    except httpx.ConnectError:
        return False
    except httpx.TransportError:
        return True
    return True


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    config = about_cats(tmp_path_factory.mktemp("proxies"))
    set_password(config.index / "accounts", "anna", "secret")
    return config


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("name", PROXIES)
def test_the_chat_works_behind_it(name: str, address: str, config: Config, certificate: Path, tmp_path: Path) -> None:
    program(name)
    port, chat = free_port(), free_port()
    path = PublicUrl.parse(address).path
    url = f"https://127.0.0.1:{port}{path}"
    block = blocks(name)[ADDRESSES.index(address)]
    trusted = ssl.create_default_context(cafile=str(certificate / "certificate"))
    with (
        running(name, block, port, chat, certificate, tmp_path),
        serve(config, port=chat, auth_file=config.index / "accounts", public=PublicUrl.parse(url)),
        httpx.Client(base_url=f"{url}/", verify=trusted, trust_env=False, timeout=30) as http,
    ):
        if path:
            assert httpx.get(url, verify=trusted, trust_env=False).headers["location"].endswith(f"{path}/")
        check(http, f"https://127.0.0.1:{port}", path)


def check(http: httpx.Client, origin: str, path: str) -> None:
    """A person logs in, opens the page, asks, adds a file; a program asks; a stranger and another site get nothing."""
    person = {"accept": "text/html", "origin": origin, "sec-fetch-site": "same-origin"}
    assert http.get("healthz").json() == {"status": "ok"}
    assert 'action="login"' in http.get("./", headers=person).text
    entered = http.post("login", data={"username": "anna", "password": "secret"}, headers=person)
    assert (entered.status_code, entered.headers["location"]) == (303, "./")
    assert (
        f"path={path}/;" in entered.headers["set-cookie"].lower()
        and "; secure" in entered.headers["set-cookie"].lower()
    )
    assert 'id="qa-shell"' in http.get("./", headers=person).text
    with http.stream("GET", "events") as news:  # nothing on the way keeps back what was sent
        lines = news.iter_lines()
        assert next(line for line in lines if line.startswith("data: "))
    begun = http.post("gradio_api/call/ask", json={"data": ["How long do cats sleep?", 1]}, headers=person)
    answer = http.get(f"gradio_api/call/ask/{begun.json()['event_id']}").text
    assert "event: complete" in answer and "cats.md" in answer
    files = {"files": ("more.md", b"x" * 3_000_000)}
    assert http.post("gradio_api/upload", files=files, headers=person).status_code == 200
    assert "Cats" in http.get("articles/text", params={"path": "cats.md"}).text
    assert http.post("api/ask", json={"question": "Cats?"}, auth=("anna", "secret")).status_code == 200
    foreign = {"origin": "https://example.com", "sec-fetch-site": "cross-site"}
    assert http.post("gradio_api/queue/join", json={}, headers=foreign).status_code == 403
    assert http.post("logout", headers=person).status_code == 303
    assert 'action="login"' in http.get("./", headers=person).text
    assert http.get("events").status_code == 401
