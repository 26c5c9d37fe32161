"""What was read from pictures is kept for each file and its settings, within bounds, and can be lost without harm."""

from __future__ import annotations

import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from qa.sandbox.read_pages import NAME, PagesOfFile, ReadPages

PAGE = {"words": [["Brücke", 1.5, 2, 3.25, 4, 5, 0.9]], "width": 10}


def test_a_page_is_kept_for_its_picture_and_the_bytes_of_its_file(tmp_path: Path) -> None:
    PagesOfFile(ReadPages(tmp_path / "index"), b"file").keep("picture", PAGE)
    again = ReadPages(tmp_path / "index")
    assert again.added == 0
    assert PagesOfFile(again, b"file").recall("picture") == PAGE
    assert PagesOfFile(again, b"file").recall("other picture") is None
    assert PagesOfFile(again, b"other file").recall("picture") is None


def test_nothing_is_written_before_there_is_a_page(tmp_path: Path) -> None:
    assert PagesOfFile(ReadPages(tmp_path / "index"), b"file").recall("picture") is None
    assert PagesOfFile(None, b"file").recall("picture") is None
    PagesOfFile(None, b"file").keep("picture", PAGE)
    assert list(tmp_path.iterdir()) == []


def test_the_pages_that_were_not_used_for_longest_make_room(tmp_path: Path) -> None:
    pages = ReadPages(tmp_path, most_bytes=20_000)
    names = [b"%d" % number for number in range(400)]
    for number, name in enumerate(names):
        assert pages.added == number
        pages.put(name, {"words": [[json.dumps([hash((name, n)) for n in range(20)])]]})
    with sqlite3.connect(tmp_path / NAME) as database:
        (size,) = database.execute("SELECT TOTAL(LENGTH(page)) FROM pages").fetchone()
    assert 0 < size < 30_000
    assert pages.get(names[-1]) is not None
    assert pages.get(names[0]) is None


def test_a_page_that_is_recalled_counts_as_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = ReadPages(tmp_path)
    pages.put(b"a", PAGE)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 200_000)
    assert pages.get(b"a") == PAGE
    with sqlite3.connect(tmp_path / NAME) as database:
        assert database.execute("SELECT used FROM pages").fetchone() == (int(now + 200_000),)


@pytest.mark.parametrize("damage", [b"no database at all", b"", "SELECT 1", "UPDATE pages SET page = x'00'"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, damage: bytes | str) -> None:
    pages = ReadPages(tmp_path)
    pages.put(b"a", PAGE)
    if isinstance(damage, bytes):
        (tmp_path / NAME).write_bytes(damage)
    else:
        with sqlite3.connect(tmp_path / NAME) as database:
            database.execute(damage)
    assert pages.get(b"a") in (None, PAGE)
    pages.put(b"b", PAGE)
    assert pages.get(b"b") == PAGE


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "index").write_text("a file")
    pages = ReadPages(tmp_path / "index")
    pages.put(b"a", PAGE)
    assert pages.get(b"a") is None
    assert "they are read again" in caplog.text


def test_a_very_large_page_is_not_kept(tmp_path: Path) -> None:
    pages = ReadPages(tmp_path)
    pages.put(b"a", {"words": ["x" * 5_000_000]})
    assert pages.get(b"a") is None


def test_one_file_cannot_crowd_out_the_pages_of_all_others(tmp_path: Path) -> None:
    pages = ReadPages(tmp_path)
    hostile = PagesOfFile(pages, b"hostile")
    for number in range(40):
        hostile.keep(f"{number}", {"words": ["x" * 3_000_000]})
    assert 10 < pages.added < 15
    PagesOfFile(pages, b"other").keep("picture", PAGE)
    assert PagesOfFile(pages, b"other").recall("picture") == PAGE


def test_several_threads_can_keep_pages_at_once(tmp_path: Path) -> None:
    def keep(number: int) -> Any:
        pages = ReadPages(tmp_path)
        pages.put(b"%d" % number, [number])
        return pages.get(b"%d" % number)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(keep, range(64))) == [[number] for number in range(64)]
