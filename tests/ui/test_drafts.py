"""Files that the page checks: as large as an article may be, with a text of a length that can be waited for."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from conftest import TinyEncoder
from served import Running, serve

from qa.build import build
from qa.config import Config

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

BEES = Path(__file__).parent.parent / "files" / "office" / "bees.docx"
BYTES = {"content-type": "application/octet-stream"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("drafts")
    (root / "corpus").mkdir()
    (root / "corpus" / "bees.docx").write_bytes(BEES.read_bytes())
    config = replace(Config(corpus=root / "corpus", index=root / "index", reader="off"), max_file_bytes=3_000_000)
    build(config, TinyEncoder())
    with serve(config) as running:
        yield running


def with_picture(size: int) -> bytes:
    """A Word file with a picture of so many bytes."""
    made = io.BytesIO(BEES.read_bytes())
    with zipfile.ZipFile(made, "a") as packed:
        packed.writestr("word/media/photo.jpg", random.Random(1).randbytes(size))
    return made.getvalue()


def checked(running: Running, data: bytes, name: str = "draft.docx", **headers: str) -> httpx.Response:
    return running.http.post("/draft", params={"name": name}, content=data, headers=BYTES | headers)


def test_a_word_file_with_pictures_is_checked(running: Running) -> None:
    html = checked(running, with_picture(2_000_000)).raise_for_status().json()["html"]
    assert "literal" in html and "qa-problem" not in html
    german = running.http.post("/draft?name=draft.docx&language=de", content=BEES.read_bytes(), headers=BYTES)
    assert "wörtlich" in german.json()["html"]


def test_a_file_beyond_the_limits_is_refused_before_it_is_read(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = checked(running, with_picture(3_100_000))
    assert large.status_code == 413 and "3,000,000 bytes" in large.json()["error"]
    monkeypatch.setattr("qa.ui.page.drafts._MOST_OF_FILE", 100)
    assert "This draft is too long" in checked(running, BEES.read_bytes()).json()["html"]


def test_what_is_no_draft_says_so(running: Running) -> None:
    assert "it cannot be opened" in checked(running, b"PK no archive").json()["html"]
    assert "is in no format that is read" in checked(running, b"x", "draft.bin").json()["html"]
    assert running.http.get("/draft").status_code == 405
    assert running.http.post("/draft", content=b"x", headers={"content-type": "text/plain"}).status_code == 415
    assert checked(running, b"x", origin="https://example.org").status_code == 403
