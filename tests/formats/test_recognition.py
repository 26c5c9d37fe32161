"""What a file is, is told by its first bytes."""

from __future__ import annotations

import gzip

import pytest
from conftest import FILES

from qa.formats import parse
from qa.formats.recognition import is_temporary, recognised

OFFICE = FILES / "office"
PAGE = b"<html><body><p>The cellar is dry.</p></body></html>"
SAVED = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n boundary=x\r\n\r\n--x\r\n"
    b"Content-Type: text/html\r\n\r\n" + PAGE + b"\r\n--x--\r\n"
)


def office(name: str) -> bytes:
    data = (OFFICE / name).read_bytes()
    return gzip.decompress(data) if name.endswith(".gz") else data


@pytest.mark.parametrize(
    ("extension", "data", "expected"),
    [
        (".doc", b"{\\rtf1 x}", ".rtf"),
        (".doc", PAGE, ".html"),
        (".doc", b"\xff\xfe" + PAGE.decode().encode("utf-16-le"), ".html"),
        (".doc", b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x -->\n<!DOCTYPE html><html>", ".html"),
        (".doc", SAVED, ".mhtml"),
        (".doc", b"Dear keeper,\nthe hive is full.", ".txt"),
        (".doc", office("bees.docx"), ".docx"),
        (".docx", office("bees-libreoffice.doc"), ".doc"),
        (".pps", office("slides.ppt.gz"), ".ppt"),
        (".dotx", office("bees.docx"), ".docx"),
        (".txt", office("slides.pptx"), ".pptx"),
        (".docx", office("bees.odt"), ".odt"),
        (".zip", office("bees.epub"), ".epub"),
        (".txt", (FILES / "pdf" / "hives.pdf").read_bytes(), ".pdf"),
        (".txt", b"<!DOCTYPE html><title>x</title>", ".html"),
        (".txt", b"<html> is the first tag of a page.", ".txt"),
        (".md", PAGE, ".md"),
        (".docx", b"plain words", ".docx"),
        (".doc", b"\x00\x01\x02", ".doc"),
        (".docx", b"PK\x03\x04 and no more", ".docx"),
        (".doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and no more", ".doc"),
    ],
)
def test_the_first_bytes_tell(extension: str, data: bytes, expected: str) -> None:
    assert recognised(extension, data) == expected


def test_a_misnamed_file_is_read_as_what_it_is() -> None:
    assert parse("x.doc", PAGE).documents[0].text.strip() == "The cellar is dry."
    assert "Bees do not sleep" in parse("x.txt", office("bees-libreoffice.doc")).documents[0].text


@pytest.mark.parametrize(
    "name", ["~$report.docx", "~WRL0001.tmp", ".~lock.a.odt#", "a.md~", "a.pdf.part", "b.CRDOWNLOAD", "a.swp"]
)
def test_lock_and_temporary_files_are_known_by_name(name: str) -> None:
    assert is_temporary(name)
    assert not is_temporary("report.docx")
