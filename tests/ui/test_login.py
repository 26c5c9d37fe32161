"""Log-in and log-out: accounts and their file, sessions, the brake on wrong tries, and all of it over HTTP."""

from __future__ import annotations

import asyncio
import io
import os
import re
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from served import Running, about_cats, serve

from qa.cli import main
from qa.config import Config
from qa.errors import ConfigError, StoreError
from qa.ui.access import accounts as accounts_module
from qa.ui.access.accounts import Accounts, CurrentAccounts, credentials, remove_user, set_password
from qa.ui.access.brake import Brake
from qa.ui.access.gate import Gate
from qa.ui.access.sessions import LASTS, Sessions
from qa.ui.web.refusals import Refused

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # gradio's use of pandas, in a separate thread

HASH = "scrypt:16384:8:5$" + "0" * 32 + "$" + "0" * 64

# --- accounts ---------------------------------------------------------------------------------------------------------


def test_only_the_right_password_is_admitted() -> None:
    accounts = Accounts.of("mé:a:secret ", b"salt of 16 bytes")
    assert accounts.admit("mé", "a:secret ")
    assert accounts.admit("me\u0301", "a:secret ")  # the same letter, as another system types it
    for name, password in (("mé", "a:secret"), ("mé", ""), ("Mé", "a:secret "), ("", ""), ("nobody", "a:secret ")):
        assert not accounts.admit(name, password)
    assert "secret" not in str(accounts)


def test_a_password_can_contain_a_colon() -> None:
    assert credentials("me:a:b") == ("me", "a:b")


def test_the_file_holds_hashes_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "accounts"
    path.write_text("# who may log in\n", "utf-8")
    set_password(path, "anna", "first one")
    set_password(path, "bob", "first one")
    set_password(path, "anna", "second one")
    text = path.read_text("utf-8")
    assert text.startswith("# who may log in\nanna:scrypt:") and text.count("\n") == 3
    assert "one" not in text and len(set(re.findall(r"\$(\w+)", text))) == 4  # each with a salt of its own
    accounts = Accounts.read(path)
    assert accounts.admit("anna", "second one") and accounts.admit("bob", "first one")
    assert not accounts.admit("anna", "first one")
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == [".accounts.lock", "accounts"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no account"),
        ("# nobody\n\n", "has no account"),
        ("anna:secret\n", "Line 1 of"),
        ("anna\n", "Line 1 of"),
        ("# x\n:scrypt:16384:8:5$" + "0" * 32 + "$" + "0" * 64, "Line 2 of"),
        (("anna:scrypt:16384:8:5$" + "0" * 32 + "$" + "0" * 64 + "\n") * 2, "Line 2 of .* repeats"),
    ],
)
def test_a_file_that_is_no_list_of_accounts_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "accounts").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=words):
        Accounts.read(tmp_path / "accounts")


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read .*: write it with `qa user add NAME"):
        Accounts.read(tmp_path / "none")


@pytest.mark.parametrize(("name", "password"), [("", "x"), ("a:b", "x"), ("a\nb", "x"), ("#a", "x"), ("a", " ")])
def test_an_account_that_cannot_be_stored_is_refused(tmp_path: Path, name: str, password: str) -> None:
    with pytest.raises(ConfigError):
        set_password(tmp_path / "accounts", name, password)
    assert not (tmp_path / "accounts").exists()


def test_the_command_reads_a_password_from_standard_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "accounts"
    monkeypatch.setattr("sys.stdin", io.StringIO("open sesame\n"))
    assert main(["password", "anna", "--auth-file", str(path)]) == 0
    assert "anna can log in" in capsys.readouterr().out
    assert Accounts.read(path).admit("anna", "open sesame")
    monkeypatch.delenv("QA_AUTH_FILE", raising=False)
    assert main(["password", "anna"]) == 2
    assert "add --auth-file FILE, or set QA_AUTH_FILE" in capsys.readouterr().err


def test_users_are_added_listed_and_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, secret = tmp_path / "accounts", tmp_path / "secret"
    secret.write_text("open sesame\nmore\n", "utf-8")
    monkeypatch.setenv("QA_AUTH_FILE", str(path))
    assert main(["user", "add", "anna", "--password-file", str(secret)]) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("another\n"))
    assert main(["user", "add", "bob"]) == 0
    accounts = Accounts.read(path)
    assert accounts.admit("anna", "open sesame") and accounts.admit("bob", "another")
    assert main(["user", "add", "anna", "--password-file", str(secret)]) == 2
    assert "already has the user 'anna': change the password with `qa password`" in capsys.readouterr().err
    assert main(["user", "list"]) == 0 and capsys.readouterr().out == "anna\nbob\n"
    assert main(["user", "remove", "anna"]) == 0 and main(["user", "remove", "bob"]) == 0
    assert main(["user", "remove", "bob"]) == 2 and "has no user 'bob'" in capsys.readouterr().err
    assert main(["user", "list", "--json"]) == 0 and capsys.readouterr().out == '{"users": []}\n'
    assert main(["user", "add", "anna", "--password-file", str(tmp_path / "none")]) == 2
    monkeypatch.delenv("QA_AUTH_FILE")
    for call in (["add", "anna"], ["remove", "anna"], ["list"]):
        assert main(["user", *call]) == 2
        assert "add --auth-file FILE, or set QA_AUTH_FILE" in capsys.readouterr().err


def test_a_running_chat_sees_each_change_of_its_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "accounts"
    path.write_text(f"anna:{HASH}\nbob:{HASH}\n", "utf-8")
    current = CurrentAccounts(path, {"me": HASH})
    assert set(current.now().hashes) == {"anna", "bob", "me"}
    remove_user(path, "anna")
    assert set(current.now().hashes) == {"bob", "me"}
    path.write_text("half of a li", "utf-8")
    assert set(current.now().hashes) == set(current.now().hashes) == {"bob", "me"}
    assert caplog.text.count("those who could log in before still can") == 1
    path.write_text("", "utf-8")  # also the last one can be removed
    assert set(current.now().hashes) == {"me"}


@pytest.mark.parametrize("options", [["--auth", "anna"], ["--auth", "anna:open sesame"]])
def test_a_password_need_not_be_in_the_list_of_processes(options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    monkeypatch.setattr("qa.ui.app.serve", lambda *arguments: given.extend(arguments))
    monkeypatch.setattr("sys.stdin", io.StringIO("open sesame\n"))
    monkeypatch.setenv("QA_AUTH_FILE", "accounts")
    assert main(["serve", *options]) == 0
    assert given[3:5] == ["anna:open sesame", Path("accounts")]


# --- the brake --------------------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def tries(brake: Brake, clock: Clock, seconds: float, address: str = "192.0.2.1", name: str = "anna") -> int:
    """How many wrong tries can be made in a time, ten a second."""
    count = 0
    for _ in range(int(seconds * 10)):
        count += brake.begin(address, name) == 0
        clock.now += 0.1
    return count


def test_wrong_tries_wait_longer_and_longer() -> None:
    clock = Clock()
    brake = Brake(clock)
    assert tries(brake, clock, 5) == 7  # 5 at once, then after 1 and 2 seconds
    assert tries(brake, clock, 3_600) < 30
    assert 1 < brake.begin("192.0.2.1", "anna") <= 300


def test_many_addresses_do_not_help_to_guess_at_one_name() -> None:
    clock = Clock()
    brake = Brake(clock)
    count = 0
    for number in range(36_000):
        count += brake.begin(f"192.0.{number // 250 % 250}.{number % 250}", "anna") == 0
        clock.now += 0.1
    assert count < 150
    assert brake.begin("192.0.2.1", "bob") == 0


def test_strangers_do_not_keep_an_owner_out() -> None:
    clock = Clock()
    brake = Brake(clock)
    brake.succeeded("203.0.113.5", "anna")
    tries(brake, clock, 60)
    assert brake.begin("192.0.2.1", "anna") > 0
    assert brake.begin("203.0.113.5", "anna") == 0


def test_a_network_of_ipv6_is_one_address() -> None:
    clock = Clock()
    brake = Brake(clock)
    admitted = [brake.begin(f"2001:db8::{number:x}", f"user {number}") == 0 for number in range(20)]
    assert sum(admitted) == 5
    assert brake.begin("2001:db8:0:1::1", "user") == 0


def test_success_and_time_release_the_brake() -> None:
    clock = Clock()
    brake = Brake(clock)
    tries(brake, clock, 5)
    brake.succeeded("192.0.2.1", "anna")
    assert tries(brake, clock, 0.5) == 5
    clock.now += 3_700
    assert tries(brake, clock, 0.5) == 5


def test_the_brake_does_not_grow_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.ui.access.brake._MOST", 50)
    brake = Brake(Clock())
    for number in range(500):
        brake.begin(f"192.0.{number // 250}.{number % 250}", f"user {number}")
        brake.succeeded(f"198.51.{number // 250}.{number % 250}", f"user {number}")
    assert len(brake._tries) <= 50 and len(brake._owners) <= 50


def test_many_tries_at_once_do_not_get_around_the_brake() -> None:
    async def all_at_once() -> list[int]:
        accounts = Accounts.of("anna:secret", b"salt of 16 bytes")
        gate = Gate(lambda: accounts)

        async def one(number: int) -> int:
            try:
                await gate.admit({"client": ("192.0.2.1", 1)}, "anna", f"guess {number}")
            except Refused as refused:
                return refused.status
            return 200

        statuses = await asyncio.gather(*(one(number) for number in range(100)))
        gate.close()
        return statuses

    statuses = asyncio.run(all_at_once())
    assert (statuses.count(401), statuses.count(429)) == (5, 95)


# --- sessions ---------------------------------------------------------------------------------------------------------

ANNA = Accounts({"anna": "hash of anna", "bob": "hash of bob"})


def test_a_session_outlives_a_restart_and_ends_alone(tmp_path: Path) -> None:
    path = tmp_path / "index" / "sessions.sqlite"
    first = Sessions(path)
    one, other, bobs = (first.begin(name, ANNA) for name in ("anna", "anna", "bob"))
    salt = first.salt
    first.close()
    again = Sessions(path)
    assert again.salt == salt
    again.end(one)
    assert [again.name_of(token, ANNA) for token in (one, other, bobs, "made up")] == [None, "anna", "bob", None]
    assert one not in path.read_bytes().decode("latin-1") and other not in path.read_bytes().decode("latin-1")
    again.close()


def test_a_changed_password_ends_the_sessions_of_its_user(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "sessions.sqlite")
    anna, bob = sessions.begin("anna", ANNA), sessions.begin("bob", ANNA)
    changed = Accounts({"anna": "another hash", "bob": "hash of bob"})
    assert (sessions.name_of(anna, changed), sessions.name_of(bob, changed)) == (None, "bob")
    assert sessions.name_of(bob, Accounts({"anna": "hash of anna"})) is None
    sessions.close()


def test_a_session_expires_and_their_number_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.ui.access.sessions._MOST", 3)
    clock = Clock()
    sessions = Sessions(tmp_path / "sessions.sqlite", clock)
    tokens = []
    for _ in range(5):
        tokens.append(sessions.begin("anna", ANNA))
        clock.now += 1
    assert [sessions.name_of(token, ANNA) for token in tokens] == [None, None, "anna", "anna", "anna"]
    clock.now += LASTS
    assert {sessions.name_of(token, ANNA) for token in tokens} == {None}
    sessions.close()


def test_a_damaged_file_is_reported_and_sessions_last_until_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "sessions.sqlite"
    path.write_bytes(b"not a database" * 100)
    sessions = Sessions(path)
    assert "a restart will log everyone out" in caplog.text
    assert sessions.name_of(sessions.begin("anna", ANNA), ANNA) == "anna"
    sessions.close()
    assert path.read_bytes() == b"not a database" * 100


def test_a_file_that_fails_later_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "sessions.sqlite"
    sessions = Sessions(path)
    token = sessions.begin("anna", ANNA)
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE sessions")
    database.close()
    assert sessions.name_of(token, ANNA) is None
    with pytest.raises(StoreError, match="log-out could not be stored"):
        sessions.end(token)
    assert sessions.name_of(sessions.begin("anna", ANNA), ANNA) == "anna"
    assert caplog.text.count("a restart will log everyone out") == 1
    sessions.close()


def test_two_servers_share_the_sessions_of_one_index(tmp_path: Path) -> None:
    one, other = Sessions(tmp_path / "sessions.sqlite"), Sessions(tmp_path / "sessions.sqlite")
    with ThreadPoolExecutor(4) as pool:
        tokens = list(pool.map(lambda number: (one, other)[number % 2].begin("anna", ANNA), range(40)))
    assert {each.name_of(token, ANNA) for each in (one, other) for token in tokens} == {"anna"}
    one.close()
    other.close()


# --- over HTTP --------------------------------------------------------------------------------------------------------

PERSON = {"accept": "text/html,application/xhtml+xml", "sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return about_cats(tmp_path_factory.mktemp("login"))


@pytest.fixture(scope="module")
def server(config: Config) -> Iterator[Running]:
    with serve(config, auth="me:secret word") as running:
        yield running


@pytest.fixture
def running(server: Running) -> Running:
    """The server as a new visitor meets it; a right password has made it forget the wrong ones of the last test."""
    log_in(server)
    server.http.cookies.clear()
    return server


def log_in(running: Running, password: str = "secret word", name: str = "me", **more: str) -> httpx.Response:
    return running.http.post("/login", data={"username": name, "password": password, **more}, headers=PERSON)


@pytest.mark.server
def test_nothing_is_answered_without_the_log_in(running: Running) -> None:
    page = running.http.get("/", headers=PERSON)
    assert page.status_code == 200 and 'action="login"' in page.text and "gradio" not in page.text
    assert running.http.post("/gradio_api/call/ask", json={"data": ["Who?"]}).status_code == 401
    for path in ("/config", "/gradio_api/info", "/gradio_api/queue/data?session_hash=x"):
        assert running.http.get(path).status_code == 401
    assert log_in(running).status_code == 303
    assert 'id="qa-shell"' in running.http.get("/", headers=PERSON).text
    assert running.call("ask", "How long do cats sleep?", 5)[0] == "complete"


@pytest.mark.server
def test_a_wrong_password_is_one_sentence_on_the_same_page(running: Running) -> None:
    page = log_in(running, "wrong", '"><script>x', query="q=Who%3F&x=<b>")
    assert page.status_code == 401
    assert "The name or the password is wrong" in page.text and 'role="alert"' in page.text
    assert 'value="&#34;&gt;&lt;script&gt;x"' in page.text and 'value="q=Who%3F&amp;x=&lt;b&gt;"' in page.text
    assert "wrong" not in re.sub("is wrong", "", page.text)  # the password is not repeated
    program = running.http.post("/login", data={"username": "me", "password": "no"})
    assert (program.status_code, program.json()) == (
        401,
        {"error": "The name or the password is wrong: check both and try again."},
    )


@pytest.mark.server
def test_a_log_in_leads_to_the_page_that_was_wanted(running: Running) -> None:
    page = running.http.get("/?q=Who%3F", headers=PERSON)
    assert 'name="query" value="q=Who%3F"' in page.text
    answer = log_in(running, query="q=Who%3F")
    assert (answer.status_code, answer.headers["location"]) == (303, "./?q=Who%3F")
    for odd in ("https://example.org", "//example.org", "/x\r\nset-cookie: a=b"):
        place = log_in(running, query=odd).headers["location"]
        assert place.startswith("./?") and "\n" not in place
        assert running.http.base_url.join(place).host == "127.0.0.1"


@pytest.mark.server
def test_the_cookie_is_for_this_site_alone(running: Running) -> None:
    (cookie,) = log_in(running).headers.get_list("set-cookie")
    words = {word.strip().lower() for word in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/", f"max-age={LASTS}"} <= words
    assert cookie.startswith(f"qa-session-{running.http.base_url.port}=")


@pytest.mark.server
def test_a_link_on_another_site_opens_the_page_once_more(running: Running) -> None:
    opened = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    linked = running.http.get("/", headers={**PERSON, **opened}).text
    assert '<meta http-equiv="refresh" content="0">' in linked
    assert "http-equiv" not in running.http.get("/", headers=PERSON).text


@pytest.mark.server
def test_a_log_out_ends_one_session_and_needs_a_post_of_this_site(running: Running) -> None:
    log_in(running)
    mine = dict(running.http.cookies)
    running.http.cookies.clear()
    log_in(running)
    assert running.http.get("/logout").status_code == 405
    assert running.http.post("/logout", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert running.http.get("/config").status_code == 200
    gone = dict(running.http.cookies)
    out = running.http.post("/logout", headers=PERSON)
    assert (out.status_code, out.headers["location"]) == (303, "./")
    assert not [name for name in running.http.cookies if name.startswith("qa-session")]
    for cookies, status in ((gone, 401), (mine, 200)):
        running.http.cookies.clear()
        header = "; ".join(f"{name}={value}" for name, value in cookies.items())
        assert running.http.get("/config", headers={"cookie": header}).status_code == status


@pytest.mark.server
def test_a_restart_logs_nobody_out_and_another_password_does(config: Config) -> None:
    with serve(config, auth="me:secret word") as running:
        log_in(running)
        (token,) = (value for name, value in running.http.cookies.items() if name.startswith("qa-session"))
    for auth, status in (("me:secret word", 200), ("me:another", 401)):
        with serve(config, auth=auth) as running:
            cookie = f"qa-session-{running.http.base_url.port}={token}"
            assert running.http.get("/config", headers={"cookie": cookie}).status_code == status


@pytest.mark.server
def test_guessing_is_slowed_down_on_the_page_and_in_the_api(config: Config) -> None:
    with serve(config, auth="me:secret word") as running:
        begun = time.monotonic()
        statuses = [log_in(running, f"guess {number}").status_code for number in range(60)]
        assert statuses.count(401) <= 5 + (time.monotonic() - begun) and statuses[-1] == 429
        right = log_in(running)
        assert right.status_code == 429 and 0 < int(right.headers["retry-after"]) <= 300
        assert "Too many wrong log-ins: wait" in right.text
        api = running.http.get("/api/status", auth=("me", "secret word"))
        assert api.status_code == 429 and int(api.headers["retry-after"]) > 0
        assert "Too many wrong log-ins" in api.json()["error"]


@pytest.mark.server
@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_name_of_the_scheme_is_in_any_case(running: Running, scheme: str) -> None:
    given = httpx.BasicAuth("me", "secret word")._auth_header.partition(" ")[2]
    assert running.http.get("/api/status", headers={"authorization": f"{scheme} {given}"}).status_code == 200
    for odd in ("", scheme, f"{scheme} !", f"{scheme} bWU=", f"{scheme} /w==", f"Bearer {given}"):
        answer = running.http.get("/api/status", headers={"authorization": odd})
        assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.server
def test_gradios_client_logs_in(running: Running) -> None:
    from gradio_client import Client
    from gradio_client.exceptions import AuthenticationError

    url = str(running.http.base_url)
    client = Client(url, auth=("me", "secret word"), verbose=False)
    assert client.predict("How long do cats sleep?", api_name="/ask")["citations"]
    client.close()
    with pytest.raises(AuthenticationError):
        Client(url, auth=("me", "wrong"), verbose=False)


@pytest.mark.server
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 415),
        (b"\xff=\xff", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a=b" for _ in range(50)), "application/x-www-form-urlencoded", 400),
        (b"", "application/x-www-form-urlencoded", 401),
        (b"username=me&password=%ff%00", "application/x-www-form-urlencoded", 401),
    ],
)
def test_an_odd_form_is_refused(running: Running, body: bytes, kind: str, status: int) -> None:
    assert running.http.post("/login", content=body, headers={"content-type": kind}).status_code == status


@pytest.mark.server
def test_without_accounts_there_is_nothing_to_log_in_to(config: Config) -> None:
    with serve(config) as running:
        assert log_in(running).status_code == 404
        assert running.http.post("/logout").status_code == 404
        assert 'id="qa-shell"' in running.http.get("/").text


def test_two_commands_at_once_lose_no_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, both = tmp_path / "accounts", threading.Barrier(2)
    really = accounts_module._lines

    def together(path: Path) -> list[str]:
        found = really(path)
        with suppress(threading.BrokenBarrierError):  # without the lock both have read before either writes
            both.wait(0.3)
        return found

    set_password(path, "anna", "first one")
    monkeypatch.setattr(accounts_module, "_lines", together)
    with ThreadPoolExecutor(2) as threads:
        for adding in [threads.submit(set_password, path, name, "a word", True) for name in ("bob", "eve")]:
            adding.result(20)
    assert sorted(Accounts.parse(path).hashes) == ["anna", "bob", "eve"]
