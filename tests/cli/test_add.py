"""`qa add`: files, folders and pages of the web get into the corpus whole, and never over another file."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from email import message_from_bytes
from pathlib import Path

import pytest
from blocked_sockets import attempts, environment
from conftest import ROOT, TinyEncoder
from websites import Website, website

from qa.cli import main
from qa.formats import ReadingSettings, parse
from qa.text.document import Document
from qa.text.properties import with_properties

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c63f8cfc0f01f0005000201a5f645400000000049454e44ae426082"
)
FERRY = """<!DOCTYPE html><html><head><title>The ferry returns — Courier</title>
<link rel="stylesheet" href="/style.css"></head><body><article><h1>The ferry returns</h1>
<p>The ferry between the two shores sails again from Monday, at six in the morning and at eight in the evening.</p>
<img src="boat.png" alt="A boat"><img src="data:image/png;base64,AAAA"><img data-src="/lazy.png" src="data:,">
</article></body></html>"""


Add = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an empty corpus."""
    monkeypatch.chdir(tmp_path)
    for name in ("QA_CORPUS", "QA_INDEX", "QA_MAX_FILE_MB"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "mine").mkdir()
    return tmp_path


@pytest.fixture
def site() -> Iterator[Website]:
    with website() as site:
        site.put("/news/ferry", FERRY)
        site.put("/style.css", "p { color: green }", "text/css")
        site.put("/news/boat.png", PNG, "image/png")
        site.put("/lazy.png", PNG, "image/png")
        yield site


@pytest.fixture
def add(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Runs the command with what is typed; returns the exit code and both outputs."""

    def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        capsys.readouterr()
        code = main(["add", *arguments])
        return code, *capsys.readouterr()

    return run


def corpus_of(folder: Path) -> dict[str, bytes]:
    root = folder / "corpus"
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def read(path: Path) -> Document:
    (document,) = parse(path.name, path.read_bytes(), ReadingSettings()).documents
    return document


# --- files and folders ------------------------------------------------------------------------------------------------


def test_a_file_is_copied_with_its_time_and_it_says_where_it_went(folder: Path, add: Add) -> None:
    (folder / "mine" / "a.md").write_text("# A\n\nText.\n")
    os.utime(folder / "mine" / "a.md", ns=(10**18, 10**18))
    code, out, _ = add("mine/a.md", "--to", "notes/2024")
    assert (code, out.splitlines()[0]) == (0, "added  corpus/notes/2024/a.md")
    assert "qa build" in out
    assert corpus_of(folder) == {"notes/2024/a.md": b"# A\n\nText.\n"}
    assert (folder / "corpus/notes/2024/a.md").stat().st_mtime_ns == 10**18
    assert add("mine/a.md", "--to", "notes/2024")[:2] == (0, "present  corpus/notes/2024/a.md\n")


def test_another_file_of_that_name_stays_unless_the_user_wants_it_replaced(
    folder: Path, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "corpus" / "a.md").write_text("old")
    (folder / "mine" / "a.md").write_text("new")
    code, out, _ = add("mine/a.md")
    assert (code, out.splitlines()[0]) == (
        0, "added  corpus/a (2).md (saved under this name because a.md exists already)"
    )  # fmt: skip
    assert corpus_of(folder) == {"a.md": b"old", "a (2).md": b"new"}
    (folder / "corpus" / "a (2).md").unlink()

    code, out, _ = add("mine/a.md", "--replace")
    assert code == 0 and "added  corpus/a.md" in out
    assert corpus_of(folder) == {"a.md": b"new"}
    (removed,) = (folder / "index" / "removed").iterdir()
    assert removed.read_bytes() == b"old" and str(removed.name) in out

    (folder / "mine" / "a.md").write_text("newer")
    for typed, expected in (("n\n", {"a.md": b"new", "a (2).md": b"newer"}), ("y\n", {"a.md": b"newer"})):
        monkeypatch.setattr("qa.cli.adding._is_asked", lambda: True)
        add("mine/a.md", typed=typed)
        assert corpus_of(folder) == expected
        (folder / "corpus" / "a (2).md").unlink(missing_ok=True)


def test_a_folder_is_copied_with_all_below_it_but_what_is_not_an_article(folder: Path, add: Add) -> None:
    for name in ("a.md", "deep/er/b.txt", "c.exe", ".hidden.md"):
        place = folder / "mine" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"Text of {name}.")
    (folder / "secret.md").write_text("secret")
    (folder / "mine" / "link.md").symlink_to(folder / "secret.md")
    code, out, _ = add("mine")
    assert code == 0
    assert set(corpus_of(folder)) == {"mine/a.md", "mine/deep/er/b.txt"}
    assert "1 file in mine not added: .exe files are not read" in out
    assert "1 file in mine not added: is a link that leads out of the folder" in out


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("nothing.md", "There is no file or folder"),
        ("corpus", "is in the folder of articles already"),
        (".", "contains the folder of articles itself"),
        ("ftp://host/a.md", "There is no file or folder"),
        ("https://user:secret@host/a", "contains a user name or password"),
        ("https://[bad", "cannot be fetched"),
        ("http://host:99999/", "cannot be fetched"),
    ],
)
def test_what_cannot_be_added_is_one_sentence_and_the_others_are_added(
    folder: Path, add: Add, source: str, problem: str
) -> None:
    (folder / "mine" / "a.md").write_text("Text.")
    code, out, err = add(source, "mine/a.md")
    assert code == 2 and out.startswith("added  corpus/a.md")
    assert err.count("\n") == 1 and err.startswith("qa: ") and problem in err
    assert "secret" not in err


def test_of_several_folders_the_one_that_is_named_or_the_first_gets_the_file(folder: Path, add: Add) -> None:
    (folder / "mine" / "a.md").write_text("Text.")
    for name in ("one", "two"):
        (folder / name).mkdir()
    both = ("--corpus", "work=one", "--corpus", "home=two")
    assert add("mine/a.md", *both)[1].startswith("added  one/a.md")
    assert add("mine/a.md", *both, "--to", "home/deep")[1].startswith("added  two/deep/a.md")
    (folder / "mine" / "a.md").write_text("Other.")
    code, out, _ = add("mine/a.md", *both, "--to", "home/deep", "--replace", "--json")
    assert (code, json.loads(out)["document"]) == (0, "home/deep/a.md")
    assert (folder / "two/deep/a.md").read_text() == "Other."


@pytest.mark.parametrize("folder_name", ["../out", "/tmp", "a/../../b", "link", "con"])
def test_no_folder_leads_out_of_the_corpus(folder: Path, add: Add, folder_name: str) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "corpus" / "link").symlink_to(folder / "elsewhere")
    (folder / "mine" / "a.md").write_text("Text.")
    code, out, err = add("mine/a.md", "--to", folder_name)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1 and err.startswith("qa: ")
    assert list((folder / "elsewhere").iterdir()) == [] and corpus_of(folder) == {}


def test_what_is_added_is_indexed_if_that_is_wanted(folder: Path, add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.models.encoders.load_encoder", lambda *_: TinyEncoder())
    (folder / "mine" / "a.md").write_text("# A\n\nText of the article.\n")
    code, out, _ = add("mine/a.md", "--build", "--json")
    first, second = map(json.loads, out.splitlines())
    assert (code, first) == (
        0, {"source": "mine/a.md", "document": "a.md", "added": True, "words": "saved"}
    )  # fmt: skip
    assert second["added"] == ["a.md"]


# --- pages of the web -------------------------------------------------------------------------------------------------


def test_a_page_is_shown_confirmed_and_stored_whole_with_its_address_and_date(
    folder: Path, add: Add, site: Website
) -> None:
    code, out, err = add(f"{site.address}/news/ferry#top", typed="y\n")
    assert code == 0, err
    address = f"{site.address}/news/ferry"
    assert out.splitlines()[:3] == [
        address,
        f"  web page, {max(1, round(len(FERRY.encode()) / 1000))} kB",
        "  3 pictures and styles",
    ]
    assert "Fetch it into corpus? [y/N]" in err
    assert out.splitlines()[3] == "added  corpus/The ferry returns — Courier.mhtml"
    assert site.asked == [
        "HEAD /news/ferry", "GET /news/ferry", "GET /style.css", "GET /news/boat.png", "GET /lazy.png",
    ]  # fmt: skip
    (data,) = corpus_of(folder).values()
    message = message_from_bytes(data)
    parts = {str(part["Content-Location"]): part for part in message.walk() if part["Content-Location"]}
    assert set(parts) == {address, *(f"{site.address}{path}" for path in ("/style.css", "/news/boat.png", "/lazy.png"))}
    assert parts[address].get_payload(decode=True) == FERRY.encode()
    assert parts[f"{site.address}/news/boat.png"].get_payload(decode=True) == PNG
    document = with_properties(read(next((folder / "corpus").iterdir())))
    assert document.metadata["url"] == address
    assert f"Saved: {datetime.now().year}" in document.text
    assert document.title == "The ferry returns" or document.title.startswith("The ferry returns")
    assert "sails again from Monday" in document.text


def test_nothing_is_fetched_without_a_yes(folder: Path, add: Add, site: Website) -> None:
    code, _, err = add(f"{site.address}/news/ferry", typed="n\n")
    assert (code, site.asked) == (1, ["HEAD /news/ferry"])
    assert "not confirmed" in err
    code, _, err = add(f"{site.address}/news/ferry")  # nobody is there to answer
    assert code == 2 and "add --yes" in err.splitlines()[-1]
    assert not any(each.startswith("GET") for each in site.asked)
    assert corpus_of(folder) == {}


def test_a_script_says_yes_beforehand_and_may_leave_the_pictures_out(folder: Path, add: Add, site: Website) -> None:
    code, _, err = add(f"{site.address}/news/ferry", "--yes", "--no-pictures")
    assert (code, err, site.asked) == (0, "", ["HEAD /news/ferry", "GET /news/ferry"])
    assert add(f"{site.address}/news/ferry", "--yes", "--no-pictures")[0] == 0
    assert len(corpus_of(folder)) == 2 or len(corpus_of(folder)) == 1  # the same second gives the same file


def test_a_file_that_is_no_page_is_stored_as_it_is(folder: Path, add: Add, site: Website) -> None:
    site.put("/paper", b"%PDF-1.4 rest", "application/pdf")
    site.put(
        "/download?id=3",
        "name,price\nbread,2\n",
        "text/csv",
        Content_Disposition='attachment; filename="../prices.csv"',
    )
    site.put("/program.exe", b"MZ", "application/x-msdownload")
    assert add(f"{site.address}/paper", "--yes")[0] == 0
    assert add(f"{site.address}/download?id=3", "--yes")[0] == 0
    code, _, err = add(f"{site.address}/program.exe", "--yes")
    assert code == 1 and "is not read" in err and "GET /program.exe" not in site.asked
    assert corpus_of(folder) == {"paper.pdf": b"%PDF-1.4 rest", "prices.csv": b"name,price\nbread,2\n"}


def test_a_redirect_is_shown_and_one_to_another_host_is_confirmed(folder: Path, add: Add, site: Website) -> None:
    site.redirect("/old", "/news/ferry")
    site.redirect("/away", f"http://127.0.0.2:{site.port}/news/ferry")
    site.redirect("/loop", "/loop")
    site.redirect("/beside", f"http://127.0.0.1:{site.port + 1}/news/ferry")
    site.redirect("/file", "file:///etc/passwd")
    code, out, _ = add(f"{site.address}/old", "--no-pictures", typed="y\n")
    assert code == 0 and f"  leads to {site.address}/news/ferry" in out
    code, _, err = add(f"{site.address}/away", typed="n\n")
    assert (
        code == 1 and f"That is another host, 127.0.0.2:{site.port}. Follow it?" in err and "was not confirmed" in err
    )
    code, _, err = add(f"{site.address}/away", "--yes")
    assert code == 1 and "127.0.0.2 is in a private network" in err  # the user has named another one
    assert (
        f"That is another host, 127.0.0.1:{site.port + 1}. Follow it?" in add(f"{site.address}/beside", typed="n\n")[2]
    )
    assert "redirected more than" in add(f"{site.address}/loop", "--yes")[2]
    assert "is no address" in add(f"{site.address}/file", "--yes")[2]
    assert len(corpus_of(folder)) == 1


def test_a_host_in_a_private_network_is_refused_unless_the_user_has_named_it(
    folder: Path, add: Add, site: Website, monkeypatch: pytest.MonkeyPatch
) -> None:

    known = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: known("127.0.0.1" if host == "news.example" else host, *rest, **more),
    )
    address = f"http://news.example:{site.port}/news/ferry"
    code, _, err = add(address, "--yes")
    assert code == 1 and "news.example is in a private network (127.0.0.1)" in err and site.asked == []
    assert add(address, "--yes", "--private", "--no-pictures")[0] == 0


def test_pictures_of_other_hosts_are_confirmed_and_those_in_a_private_network_left_out(
    folder: Path, add: Add, site: Website
) -> None:
    site.put(
        "/mixed", f'<p>Text of the page.</p><img src="/lazy.png"><img src="http://127.0.0.3:{site.port}/lazy.png">'
    )
    code, out, err = add(f"{site.address}/mixed", typed="y\nn\n")
    assert code == 0 and "2 pictures and styles, also from 127.0.0.3" in out and "Fetch them from there too?" in err
    assert site.asked.count("GET /lazy.png") == 1
    code, out, _ = add(f"{site.address}/mixed", "--yes")
    assert code == 0 and "left out: 127.0.0.3 is in a private network" in out


@pytest.mark.parametrize(
    ("kind", "headers", "data"),
    [
        ("text/html", {}, b"x" * 3_000_000),
        ("text/html", {"Content-Length": "3000000"}, b"x" * 3_000_000),
        ("text/html", {"Content-Encoding": "gzip"}, gzip.compress(b"x" * 50_000_000)),
        ("text/html", {"Connection": "close"}, b"x" * 3_000_000),
    ],
)
def test_no_more_than_the_limit_is_fetched(
    folder: Path,
    add: Add,
    site: Website,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    headers: dict[str, str],
    data: bytes,
) -> None:
    monkeypatch.setenv("QA_MAX_FILE_MB", "2")
    site.pages["/large"] = (200, {"Content-Type": kind, **headers}, data)
    code, _, err = add(f"{site.address}/large", "--yes")
    assert code == 1 and "over the limit of 2 MB" in err
    assert corpus_of(folder) == {}


@pytest.mark.parametrize(
    ("status", "headers", "problem"),
    [
        (404, {}, "does not exist"), (401, {}, "needs a log-in"), (500, {}, "fails"), (204, {}, "no content"),
        (200, {"Content-Encoding": "br"}, "which was not asked for"),
        (200, {"Content-Encoding": "gzip"}, "arrived damaged"),
    ],
)  # fmt: skip
def test_what_a_server_refuses_is_one_sentence(
    folder: Path, add: Add, site: Website, status: int, headers: dict[str, str], problem: str
) -> None:
    site.pages["/page"] = (status, {"Content-Type": "text/html", **headers}, b"<p>no</p>" if status != 204 else b"")
    code, _, err = add(f"{site.address}/page", "--yes")
    assert code == 1 and problem in err and err.startswith("qa: ") and err.count("\n") == 1


@pytest.mark.parametrize("charset", ["undefined", "idna", "zlib_codec", "no-such", "u\x9bf"])
def test_an_encoding_that_is_none_of_texts_stops_nothing(folder: Path, add: Add, site: Website, charset: str) -> None:
    site.put("/page", "<title>Bees</title><p>Bees sleep at night in the old hive.</p>", f"text/html; charset={charset}")
    code, said, _ = add(f"{site.address}/page", "--yes")
    assert code == 0 and "added" in said
    assert "Bees sleep" in read(folder / "corpus" / "Bees.mhtml").text


def test_a_media_type_cannot_write_to_the_terminal(folder: Path, add: Add, site: Website) -> None:
    site.put("/x.bin", b"x", "a\x9b31m/b")  # begins a command of terminals
    code, said, problem = add(f"{site.address}/x.bin", "--yes")
    assert code != 0 and "\x9b" not in said + problem and "application/octet-stream" in said + problem


def test_a_page_without_pictures_that_answer_is_stored_all_the_same(folder: Path, add: Add, site: Website) -> None:
    site.put("/page", '<title>Bees</title><p>Bees sleep.</p><img src="/gone.png"><img src="/page">')
    code, out, _ = add(f"{site.address}/page", "--yes")
    assert code == 0 and "gone.png does not exist" in out and "neither a picture nor a style" in out
    assert list(corpus_of(folder)) == ["Bees.mhtml"]


def test_a_server_that_answers_no_head_is_asked_for_the_page_and_left_before_its_content(
    folder: Path, add: Add, site: Website
) -> None:
    site.no_head = True
    assert add(f"{site.address}/news/ferry", typed="n\n")[0] == 1
    assert site.asked == ["HEAD /news/ferry", "GET /news/ferry"]
    assert corpus_of(folder) == {}


def test_a_request_tells_no_more_than_it_must(folder: Path, add: Add, site: Website) -> None:
    add(f"{site.address}/news/ferry", "--yes")
    for headers in site.headers:
        assert set(headers) <= {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}


def test_only_adding_an_address_opens_a_connection(folder: Path, tmp_path: Path) -> None:
    (folder / "mine" / "a.md").write_text("# Beacons\n\nThe beacon is kept in the old stone tower by the sea.\n")

    def tried(name: str, *arguments: str) -> list[str]:
        variables = environment(tmp_path / name, PYTHONPATH=str(ROOT), QA_READER="off")
        variables["PYTHONPATH"] = os.pathsep.join((str(tmp_path / name), str(ROOT)))
        subprocess.run([sys.executable, "-m", "qa", *arguments], cwd=folder, env=variables, capture_output=True)
        return [line.partition(" by ")[0] for line in attempts(tmp_path / name)]

    assert tried("file", "add", "mine/a.md") == tried("folder", "add", "mine") == []
    assert set(corpus_of(folder)) == {"a.md", "mine/a.md"}
    assert tried("address", "add", "https://articles.example/page", "--yes") == [
        "socket.getaddrinfo 'articles.example'"
    ]
