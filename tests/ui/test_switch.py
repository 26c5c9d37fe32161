"""A chat opens those of the user's other libraries, each with its own index and conversations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import TinyEncoder
from starlette.testclient import TestClient
from waiting import wait_until

from qa.config import add_library, resolve
from qa.engine import Engine
from qa.errors import ConfigError
from qa.ui.page.shell import shell_html
from qa.ui.page.switch import Switch


def client(opened: Any) -> TestClient:
    return TestClient(Switch(("home", "work"), "home", opened), follow_redirects=False)


def test_the_chat_of_a_library_is_opened_by_a_post_alone() -> None:
    opened: list[str] = []

    def start(name: str) -> str:
        opened.append(name)
        return f"http://127.0.0.1:1/{name}"

    page = client(start)
    assert page.get("/libraries?name=work").status_code == 405 and not opened
    answer = page.post("/libraries?name=work")
    assert (answer.status_code, answer.json()) == (200, {"url": "http://127.0.0.1:1/work"}) and opened == ["work"]


def test_what_cannot_be_opened_is_one_sentence() -> None:
    def fails(_: str) -> str:
        raise ConfigError("There is no folder 'x': make it.")

    def breaks(_: str) -> str:
        raise RuntimeError("x")

    def get(opened: Any, name: str = "work", **headers: str) -> tuple[int, str]:
        answer = client(opened).post("/libraries", params={"name": name}, headers=headers)
        return answer.status_code, answer.text

    assert get(str, "none")[0] == 404
    assert get(fails) == (503, "There is no folder 'x': make it.")
    assert get(breaks)[0] == 500 and "Traceback" not in get(breaks)[1]
    assert get(str, **{"sec-fetch-site": "cross-site"}) == (
        403,
        "Another site cannot open a library: choose it in the chat.",
    )


def test_the_page_offers_the_others_and_escapes_their_names() -> None:
    html = shell_html(True, switch=Switch(("home", "wörk & <x>"), "home", str))
    assert 'data-name="wörk &amp; &lt;x&gt;"><bdi>wörk &amp; &lt;x&gt;</bdi></button>' in html
    assert 'data-name="home"' not in html
    assert 'id="qa-libraries"' not in shell_html(True)


@pytest.mark.server
def test_each_library_has_a_chat_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qa.ui.libraries import Libraries

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setenv("QA_READER", "off")
    for name, word in (("home", "Cats purr on the sofa."), ("work", "The budget grew.")):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.md").write_text(word)
        add_library(name, str(tmp_path / name), None)
    opened = Engine.open
    monkeypatch.setattr("qa.ui.libraries.Engine.open", lambda config, **more: opened(config, TinyEncoder(), **more))
    libraries = Libraries(resolve({**_environ(tmp_path)}, {"library": "home"}).config(), "127.0.0.1")
    try:
        assert libraries.current == "home"
        switch = libraries.switch("home")
        assert switch is not None and list(switch.names) == ["home", "work"]
        libraries.is_at("http://127.0.0.1:9/")
        url = libraries.open("work")
        assert libraries.open("work") == url and libraries.open("home") == "http://127.0.0.1:9/"
        with httpx.Client(base_url=url, trust_env=False, timeout=30) as http:
            wait_until(lambda: http.get("api/status").json()["documents"] == 1)
            assert [file["document"] for file in http.get("api/status").json()["files"]] == ["work.md"]
            assert 'data-name="home"' in http.get("").text
            assert http.post("libraries?name=home").json() == {"url": "http://127.0.0.1:9/"}
            for headers in ({"origin": "https://example.org"}, {"sec-fetch-site": "cross-site"}):
                assert http.post("libraries?name=home", headers=headers).status_code == 403
        assert (tmp_path / "settings" / "qa-articles" / "indexes" / "work" / "CURRENT").exists()
    finally:
        libraries.close(30)


def _environ(root: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(root / "settings"), "QA_READER": "off"}
