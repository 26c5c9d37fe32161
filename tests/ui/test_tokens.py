"""Tokens for programs: the file, the commands, what each may do, and all of it over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import Running, about_cats, serve

from qa.cli import main
from qa.config import Config
from qa.errors import ConfigError, StoreError
from qa.ui.access.callers import Caller, Callers
from qa.ui.access.login import Cookie, Members
from qa.ui.access.tokens import Tokens
from qa.ui.web.refusals import Refused

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # gradio's use of pandas, in a separate thread

DAY = 86_400


def test_a_token_is_stored_as_a_hash_that_only_its_owner_can_read(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    secret = tokens.add("notebook", ["ask"])
    path = tmp_path / "tokens.sqlite"
    assert secret.startswith("qa_") and len(secret) == 46
    assert secret[3:].encode() not in path.read_bytes()
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = tokens.find(secret)
    assert found is not None and (found.name, found.scopes) == ("notebook", ("ask",))
    for wrong in ("", "qa_", secret[:-1], secret + "x", secret.upper(), f"{secret} ", "notebook", "qa_\udcff"):
        assert tokens.find(wrong) is None


def test_no_file_is_made_by_looking_for_a_token(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    assert tokens.find("qa_x") is None and tokens.all() == []
    with pytest.raises(ConfigError, match="no token 'x': see `qa token list`"):
        tokens.revoke("x")
    assert list(tmp_path.iterdir()) == []


def test_a_token_expires_is_revoked_and_says_when_it_was_used(tmp_path: Path) -> None:
    now = [1_000_000.0]
    tokens, other = Tokens(tmp_path, lambda: now[0]), Tokens(tmp_path)
    brief, lasting = tokens.add("brief", ["add", "ask"], days=1), tokens.add("lasting", ["metrics"])
    assert [(each.name, each.scopes, each.used) for each in other.all()] == [
        ("brief", ("ask", "add"), None),
        ("lasting", ("metrics",), None),
    ]
    now[0] += DAY - 1
    assert tokens.find(brief) and tokens.find(lasting)
    assert {each.used for each in other.all()} == {now[0]}
    now[0] += 2
    assert tokens.find(brief) is None and tokens.find(lasting)
    other.revoke("lasting")
    assert tokens.find(lasting) is None


@pytest.mark.parametrize(
    ("name", "scopes", "words"),
    [
        ("", ["ask"], "not valid"),
        ("a\nb", ["ask"], "not valid"),
        ("x" * 101, ["ask"], "not valid"),
        ("a", ["all"], "cannot be given"),
        ("a", [], "no scope"),
        ("taken", ["ask"], "already: choose another name"),
    ],
)
def test_what_cannot_be_a_token_is_refused(tmp_path: Path, name: str, scopes: list[str], words: str) -> None:
    tokens = Tokens(tmp_path)
    tokens.add("taken")
    with pytest.raises(ConfigError, match=words):
        tokens.add(name, scopes)
    assert [each.name for each in tokens.all()] == ["taken"]


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "tokens.sqlite").write_bytes(b"not a database" * 100)
    tokens = Tokens(tmp_path)
    for call in (lambda: tokens.add("a"), lambda: tokens.revoke("a"), tokens.all, lambda: tokens.find("qa_x")):
        with pytest.raises(StoreError, match=r"tokens in .* cannot be (read|written) .*: check the file"):
            call()


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--index", str(tmp_path)]
    assert main(["token", "list", *place]) == 0 and "make one with `qa token add" in capsys.readouterr().out
    assert main(["token", "add", "clipper", "--scope", "add", "--scope", "ask", "--days", "30", *place]) == 0
    secret, note = capsys.readouterr()
    assert "is not shown again" in note and secret.strip() not in note
    found = Tokens(tmp_path).find(secret.strip())
    assert found is not None and found.scopes == ("ask", "add")
    assert main(["token", "list", *place]) == 0
    listed = capsys.readouterr().out
    assert listed.startswith("clipper: ask, add; made 20") and secret.strip() not in listed
    assert main(["token", "list", "--json", *place]) == 0
    (only,) = json.loads(capsys.readouterr().out)["tokens"]
    assert set(only) == {"name", "scopes", "created", "expires", "used"} and only["scopes"] == ["ask", "add"]
    assert main(["token", "add", "clipper", *place]) == 2 and "already" in capsys.readouterr().err
    assert main(["token", "add", "other", "--scope", "all", *place]) == 2
    assert main(["token", "revoke", "clipper", *place]) == 0
    assert main(["token", "revoke", "clipper", *place]) == 2
    assert Tokens(tmp_path).all() == []


# --- what a caller may do ---------------------------------------------------------------------------------------------


def scope(authorization: str = "", cookie: str = "") -> dict[str, Any]:
    sent = {"authorization": authorization, "cookie": cookie}
    headers = [(name.encode(), value.encode()) for name, value in sent.items() if value]
    return {"type": "http", "headers": headers, "client": ("192.0.2.1", 1)}


def admitted(callers: Callers, authorization: str, needs: str) -> Caller | int:
    try:
        return asyncio.run(callers.admit(scope(authorization), needs))
    except Refused as refused:
        assert ": " in str(refused)
        assert refused.status != 401 or "Bearer" in refused.headers["www-authenticate"]
        return refused.status


def test_without_accounts_anyone_may_ask_and_only_a_token_may_add(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    adds, asks = tokens.add("clipper", ["add"]), tokens.add("notebook")
    callers = Callers(tokens)
    anyone = Caller("anyone", "", ("ask", "metrics"))
    assert admitted(callers, "", "ask") == admitted(callers, "Bearer sk-of-another-program", "ask") == anyone
    assert admitted(callers, "", "add") == admitted(callers, "Bearer sk-of-another-program", "add") == 401
    assert admitted(callers, f"bearer  {adds}", "add") == Caller("token", "clipper", ("add",))
    assert admitted(callers, f"Bearer {adds}", "ask") == admitted(callers, f"Bearer {asks}", "add") == 403
    assert admitted(callers, "Bearer qa_wrong", "ask") == 401


def test_with_accounts_each_request_needs_a_log_in_or_a_token(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    asks = tokens.add("notebook")
    members = Members(tmp_path, Cookie("c"), "me:secret")
    callers = Callers(tokens, members)
    try:
        user = Caller("user", "me", ("ask", "add", "metrics"))
        basic = "Basic bWU6c2VjcmV0"
        assert callers.known(scope(basic)) is None  # no password was checked yet
        assert admitted(callers, basic, "add") == admitted(callers, basic.replace("B", "b", 1), "metrics") == user
        assert callers.known(scope(basic)) == user
        token = members.sessions.begin("me", members.gate.accounts)
        assert callers.known(scope(cookie=f"c={token}")) == user
        assert admitted(callers, f"Bearer {asks}", "ask") == callers.known(scope(f"Bearer {asks}"))
        for wrong in ("", "Bearer", "Bearer qa_wrong", "Bearer sk-x", f"Basic {asks}", f"Token {asks}"):
            assert admitted(callers, wrong, "ask") == 401, wrong
            assert callers.known(scope(wrong)) is None
        assert admitted(callers, f"Bearer {asks}", "metrics") == 403
        tokens.revoke("notebook")
        assert admitted(callers, f"Bearer {asks}", "ask") == 401
    finally:
        members.close()


def test_where_only_a_token_counts_no_password_is_checked(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    adds, asks = tokens.add("clipper", ["add"]), tokens.add("notebook")
    members = Members(tmp_path, Cookie("c"), "me:secret")
    callers = Callers(tokens, members)

    def status(authorization: str) -> int:
        with pytest.raises(Refused) as caught:
            callers.holder(scope(authorization), "add")
        assert caught.value.headers["www-authenticate"].startswith("Bearer")
        return caught.value.status

    try:
        assert callers.holder(scope(f"Bearer {adds}"), "add") == Caller("token", "clipper", ("add",))
        assert status(f"Bearer {asks}") == 403
        guesses = [f"Basic {b64encode(f'me:{word}'.encode()).decode()}" for word in ["wrong"] * 10 + ["secret"]]
        assert {status(each) for each in (*guesses, "", "Bearer qa_wrong", "Bearer sk-x")} == {401}
        assert admitted(callers, guesses[-1], "ask") == Caller("user", "me", ("ask", "add", "metrics"))  # no brake
    finally:
        members.close()


def test_tokens_that_cannot_be_read_admit_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "tokens.sqlite").write_bytes(b"not a database" * 100)
    assert admitted(Callers(Tokens(tmp_path)), "Bearer qa_x", "ask") == 503
    assert "cannot be read" in caplog.text


# --- over HTTP --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return about_cats(tmp_path_factory.mktemp("tokens"))


@pytest.fixture(scope="module")
def running(config: Config) -> Iterator[Running]:
    with serve(config, auth="me:secret word") as running:
        yield running


@pytest.mark.server
def test_a_program_asks_with_its_token_until_that_is_revoked(running: Running) -> None:
    tokens = Tokens(running.config.index)
    asks, adds = ({"authorization": f"Bearer {tokens.add(name, [name])}"} for name in ("ask", "add"))
    question = {"question": "How long do cats sleep?"}
    assert running.http.post("/api/ask", json=question).status_code == 401
    assert running.http.post("/api/ask", json=question, headers=asks).json()["citations"]
    assert running.http.get("/openapi.json", headers=asks).json()["security"] == [{"basic": []}, {"bearer": []}]
    refused = running.http.post("/api/ask", json=question, headers=adds)
    assert refused.status_code == 403 and "insufficient_scope" in refused.headers["www-authenticate"]
    assert "qa token add NAME --scope ask" in refused.json()["error"]
    assert running.http.get("/config", headers=asks).status_code == 401  # the page is for people
    tokens.revoke("ask")
    assert running.http.post("/api/ask", json=question, headers=asks).status_code == 401
