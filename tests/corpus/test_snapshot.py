"""A page as one file: what was written is read again, whatever its title and address are."""

from __future__ import annotations

from datetime import datetime, timezone
from email import message_from_bytes
from email.header import decode_header, make_header

import pytest

from qa.corpus.snapshot import snapshot, snapshot_name
from qa.formats.web.page import parse_mhtml

SAVED = datetime(2026, 5, 17, 12, 30, tzinfo=timezone.utc)
PAGE = "<title>Käse</title><article><h1>Käse</h1><p>Der Käse reift im Keller neun Wochen bei acht Grad.</p></article>"


@pytest.mark.parametrize(("encoding", "declared"), [("utf-8", ""), ("utf-8", "utf-8"), ("latin-1", "iso-8859-1")])
def test_a_page_is_read_again_with_its_title_address_and_day(encoding: str, declared: str) -> None:
    data = snapshot("https://example.org/käse?a=1", "Käse", PAGE.encode(encoding), declared, SAVED)
    document = parse_mhtml("a.mhtml", data)
    assert (document.title, document.metadata["url"]) == ("Käse", "https://example.org/k%C3%A4se?a=1")
    assert document.metadata["saved"] == "2026-05-17"
    assert "Der Käse reift im Keller" in document.text


@pytest.mark.parametrize("title", ["A\r\nSubject: other\n\nbody", "日本語" * 200, "", "=?utf-8?q?x?="])
def test_neither_title_nor_address_can_add_a_header_or_a_part(title: str) -> None:
    data = snapshot(
        "https://example.org/\r\nX-Own: 1\n\n<p>",
        title,
        PAGE.encode(),
        "utf-8",
        SAVED,
        [("a\r\nb", "image/png", b"\0")],
    )
    message = message_from_bytes(data)
    assert set(message.keys()) == {
        "Content-Type", "MIME-Version", "From", "Snapshot-Content-Location", "Subject", "Date",
    }  # fmt: skip
    assert [part.get_content_type() for part in message.walk()] == ["multipart/related", "text/html", "image/png"]
    assert str(make_header(decode_header(str(message["Subject"])))) == " ".join(title.split())[:300]
    assert parse_mhtml("a.mhtml", data).text


def test_a_file_is_named_by_the_title_or_the_address() -> None:
    assert snapshot_name("Bees / Wasps: a guide?", "https://example.org/") == "Bees - Wasps_ a guide_.mhtml"
    assert snapshot_name("", "https://example.org/news/ferry/") == "ferry.mhtml"
    assert snapshot_name(" .. ", "https://example.org/") == "example.org.mhtml"
    assert snapshot_name("", "") == "page.mhtml"
