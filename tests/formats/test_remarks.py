"""What is said about how a file was read, though nothing of it is missing."""

from __future__ import annotations

import io
import zipfile

import pytest

from qa.formats import parse

TURKISH = "Başvuru formunu girişteki kutuya atınız; müdür iki gün içinde yanıt verir. Şimdi yağmur yağıyor."
RUSSIAN = "Библиотека открыта с понедельника по пятницу. Плата за опоздание составляет два рубля в день."


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        (TURKISH, "cp1254", "Windows-1254"),
        (RUSSIAN, "cp866", "DOS 866"),
        (RUSSIAN, "koi8_r", "KOI8-R"),
        (RUSSIAN, "iso8859_5", "ISO 8859-5"),
        ("Die Bücherei öffnet um neun, und jeder Leser ist willkommen.", "utf-16-le", "UTF-16LE"),
    ],
)
@pytest.mark.parametrize("path", ["a.txt", "a.md", "a.csv", "a.html"])
def test_a_guessed_encoding_is_noted(text: str, encoding: str, name: str, path: str) -> None:
    contents = parse(path, f"{text}\n".encode(encoding) * 3)
    assert contents.problems == ()
    (said,) = contents.notes
    assert said.startswith(f"read as {name}, a guess")


def test_bytes_that_are_no_utf8_among_many_that_are_are_noted() -> None:
    data = TURKISH.encode() + b" caf\xe9 " + TURKISH.encode()
    assert parse("a.txt", data).notes == ("read as UTF-8, a guess: 1 of its bytes is not UTF-8",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_certain_encoding_is_not_noted(encoding: str) -> None:
    assert parse("a.txt", TURKISH.encode(encoding)).notes == ()


def test_a_declared_encoding_is_not_noted() -> None:
    page = f'<html><head><meta charset="windows-1254"></head><body><p>{TURKISH}</p></body></html>'
    assert parse("a.html", page.encode("cp1254")).notes == ()


def test_notes_on_files_inside_a_file_name_them_and_the_next_file_has_none() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("old.txt", TURKISH.encode("cp1254"))
        file.writestr("new.txt", TURKISH)
    assert [said.partition(",")[0] for said in parse("a.zip", archive.getvalue()).notes] == [
        "old.txt: read as Windows-1254"
    ]
    assert parse("a.txt", TURKISH.encode()).notes == ()


def test_the_first_notes_are_listed_and_the_others_counted() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(9):
            file.writestr(f"{number}.txt", TURKISH.encode("cp1254"))
    *listed, last = parse("a.zip", archive.getvalue()).notes
    assert (len(listed), last) == (5, "4 more notes")
