"""What was once wrong with signing in, each as a stranger or a user meets it over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from served import about_cats, serve

from qa.ui.access.accounts import remove_user, set_password

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # gradio's use of pandas, in a separate thread

FORM = {"username": "anna", "password": "secret word"}


@pytest.mark.server
def test_log_ins_outlive_a_restart_end_one_by_one_and_cannot_be_guessed(tmp_path: Path) -> None:
    config = about_cats(tmp_path)
    path = tmp_path / "accounts"
    set_password(path, "anna", "secret word")
    with serve(config, auth_file=path) as running:
        url = str(running.http.base_url)
        port = int(url.rpartition(":")[2].rstrip("/"))
        browsers = [httpx.Client(base_url=url, trust_env=False, timeout=30) for _ in range(2)]
        cookies: list[str] = []
        for browser in browsers:
            answers = (browser.get("/"), browser.post("/login", data=FORM), browser.get("/"), browser.get("/config"))
            cookies += [cookie.lower() for answer in answers for cookie in answer.headers.get_list("set-cookie")]
        assert cookies and all("samesite=strict" in each or "samesite=lax" in each for each in cookies)
        assert all("httponly" in each for each in cookies)
    with serve(config, port=port, auth_file=path) as running:
        one, other = browsers
        assert [each.get("/gradio_api/info").status_code for each in browsers] == [200, 200]
        assert one.get("/logout").status_code == 405  # a picture on another site could do that
        assert one.get("/gradio_api/info").status_code == 200
        assert one.post("/logout").status_code == 200
        assert [each.get("/gradio_api/info").status_code for each in browsers] == [401, 200]
        remove_user(path, "anna")
        assert other.get("/gradio_api/info").status_code == 401
        for browser in browsers:
            browser.close()
        guesses = [{"username": "anna", "password": f"guess {number}"} for number in range(100)]
        statuses = [running.http.post("/login", data=guess).status_code for guess in guesses]
        assert set(statuses) == {401, 429}
        assert statuses[:5] == [401] * 5 and statuses.count(401) <= 12  # a slow machine lets in a few more
        basic = running.http.get("/api/status", auth=("anna", "guess"))
        assert basic.status_code == 429 and int(basic.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("host", "public", "has_accounts", "words"),
    [
        ("0.0.0.0", None, True, "cross the network unencrypted: put a reverse proxy"),
        ("127.0.0.1", "https://example.org/notes", False, "can read the articles: add --auth-file"),
        ("127.0.0.1", "https://example.org/notes", True, ""),
        ("127.0.0.1", None, True, ""),
    ],
)
def test_the_start_warns_of_what_others_could_read(
    host: str,
    public: str | None,
    has_accounts: bool,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import qa.ui.app
    import qa.ui.libraries  # it would keep the server of this test if it were loaded later
    import qa.ui.server

    class Started:
        """A server that is ready and ends at once."""

        url = "http://127.0.0.1:1"

        def __init__(self, *values: Any, **named: Any) -> None:
            pass

        def run(self, ready: Callable[[], None]) -> None:
            ready()

    monkeypatch.setattr(qa.ui.server, "Server", Started)
    config = about_cats(tmp_path)
    path = tmp_path / "accounts"
    set_password(path, "anna", "secret word")
    qa.ui.app.serve(config, host, 0, None, path if has_accounts else None, public, False, False)
    said = capsys.readouterr()
    assert said.out.startswith("Chat: http")
    assert words in said.err if words else said.err == ""
