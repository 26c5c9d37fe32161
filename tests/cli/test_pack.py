"""A pack moves articles with their index; one that is damaged, hostile or from elsewhere unpacks nothing."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import TinyEncoder
from corpora import is_whole

from qa.build import build
from qa.cli import main
from qa.cli.packing import LIST, PackError, read_pack, write_pack
from qa.config import SETTINGS, Config
from qa.engine import Engine


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny: TinyEncoder) -> Path:
    """The current folder: two articles, their index, and what must stay on this machine."""
    for setting in SETTINGS.values():
        monkeypatch.delenv(setting.variable, raising=False)
    (tmp_path / "here" / "corpus" / "more").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    Path("corpus/bees.md").write_text("# Bees\n\nThe queen lays two thousand eggs a day.\n", "utf-8")
    Path("corpus/more/Käse.md").write_text("# Cheese\n\nIt ripens for nine months.\n", "utf-8")
    Path("corpus/film.mp4").write_bytes(b"\0" * 2_000)
    build(Config(reader="off"), tiny)
    for name in ("sessions.sqlite", "conversations.sqlite", "feedback.sqlite", "tokens.sqlite"):
        Path("index", name).write_bytes(b"secret")
    Path("index/recognised.sqlite").write_bytes(b"read")
    Path("qa.toml").write_text('threshold = 0.25\nport = 8000\nquery_prompt = ""\nmilvus_password = "secret"\n')
    return tmp_path


def test_a_pack_is_unpacked_elsewhere_and_answers_there(
    library: Path, tiny: TinyEncoder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pack", str(library / "bees.zip")]) == 0
    names = set(zipfile.ZipFile(library / "bees.zip").namelist())
    generation = "index/generations/000001/"
    assert {name for name in names if not name.startswith(generation)} == {
        LIST, "corpus/bees.md", "corpus/more/Käse.md", "corpus/film.mp4", "index/CURRENT", "index/recognised.sqlite",
        "qa.toml",
    }  # fmt: skip
    assert b"secret" not in zipfile.ZipFile(library / "bees.zip").read("qa.toml")
    capsys.readouterr()
    assert main(["unpack", str(library / "bees.zip"), str(library / "there"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == len(names) - 1
    there = library / "there"
    assert (there / "qa.toml").read_text("utf-8") == 'query_prompt = ""\nthreshold = 0.25\n'
    assert is_whole(there / "index")
    config = Config(there / "corpus", there / "index", reader="off")
    assert build(config, tiny).passages_encoded == 0
    with Engine.open(config, tiny) as engine:
        assert engine.ask("How many eggs does the queen lay a day?").citations[0].document == "bees.md"
    assert sorted(path.name for path in library.iterdir()) == ["bees.zip", "here", "there"]


def test_what_exists_is_not_overwritten_and_a_missing_index_is_reported(
    library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (library / "there.zip").write_bytes(b"mine")
    assert main(["pack", str(library / "there.zip")]) == 1
    assert "already: name another, or delete it." in capsys.readouterr().err
    assert main(["pack", str(library / "a.zip")]) == 0
    assert main(["unpack", str(library / "a.zip"), str(library / "here")]) == 1
    assert "is not empty: name another." in capsys.readouterr().err
    assert main(["pack", str(library / "b.zip"), "--index", str(library / "none")]) == 1
    assert "No index was built yet: run `qa build`." in capsys.readouterr().err
    assert main(["pack", str(library / "b.zip"), "--store", "milvus://127.0.0.1/a"]) == 2
    vectors = library / "here" / "index" / "generations" / "000001" / "vectors.faiss"
    vectors.write_bytes(b"\0" * vectors.stat().st_size)
    assert main(["pack", str(library / "b.zip")]) == 1
    assert "run `qa build --full`" in capsys.readouterr().err
    assert not (library / "b.zip").exists()


class Opened(type(Path())):  # type: ignore[misc]
    """A file; `opened` counts how often it is read, and `text` is written to it when it is."""

    opened = 0
    text = b""

    def open(self, *options: Any, **more: Any) -> Any:
        Opened.opened += 1
        if self.text:
            Path(str(self)).write_bytes(self.text)
        return super().open(*options, **more)


def test_each_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Opened, "opened", 0)
    (tmp_path / "a.md").write_text("one")
    assert write_pack(tmp_path / "a.zip", {"corpus/a.md": Opened(tmp_path / "a.md")}).size == 3
    assert Opened.opened == 1
    assert read_pack(tmp_path / "a.zip", tmp_path / "there").files == 1


def test_a_file_that_changes_while_it_is_packed_makes_no_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.md").write_text("one")
    monkeypatch.setattr(Opened, "text", b"another")
    with pytest.raises(PackError, match="changed while it was packed"):
        write_pack(tmp_path / "a.zip", {"corpus/a.md": Opened(tmp_path / "a.md")})
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]


# --- hostile packs ----------------------------------------------------------------------------------------------------


def hostile(place: Path, files: Mapping[str, bytes], /, **changes: object) -> Path:
    """A pack with these files, listed as they are, except for `changes` of the list's head."""
    listed = {name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()}
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(LIST, json.dumps({"format": 1, "version": "0.2.0", "files": listed, **changes}))
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return place


def refused(place: Path) -> str:
    with pytest.raises(PackError) as caught:
        read_pack(place, place.parent / "out" / "of" / "here")
    left = {path.name for path in place.parent.rglob("*")} - {place.name, "out", "of"}
    assert left == set()
    return str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "../evil", "corpus/../../evil", "/etc/evil", "corpus//a", "./a", "C:/evil", "corpus\\..\\evil", "corpus/a:b",
        "corpus/nul", "corpus/CON.md", "corpus/.", "",
    ],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    words = refused(hostile(tmp_path / "a.zip", {name: b"x"}))
    assert "nothing was unpacked" in words or "is no whole pack" in words


@pytest.mark.parametrize(
    "name",
    [
        "index/tokens.sqlite", "index/sessions.sqlite", "index/feedback.sqlite", "index/removed/a.md", "accounts",
        ".envrc", "corpus", "index", "index/generations", "Corpus/a.md", "index/CURRENT/a", "qa.toml/a",
        "corpus/.git/config",
        "corpus/a/.b",
    ],
)  # fmt: skip
def test_only_what_a_pack_is_made_of_is_unpacked(tmp_path: Path, name: str) -> None:
    """A token, a session or an account that comes with a pack would let its author in."""
    assert "nothing was unpacked" in refused(hostile(tmp_path / "a.zip", {name: b"x"}))


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('host = "0.0.0.0"', "sets host"),
        ('auth_file = "index/encoders/accounts"', "sets auth_file"),
        ('corpus = "/"', "sets corpus"),
        ('store = "milvus://192.0.2.1/a"', "sets store"),
        ('milvus_user = "me"', "sets milvus_user"),
        ('public_url = "https://example.org"', "sets public_url"),
        ("log_questions = true", "sets log_questions"),
        ('metrics = "open"', "sets metrics"),
        ("thresold = 0.5", "sets thresold"),
        ("= 1", "is no whole pack"),
    ],
)
def test_settings_of_a_machine_are_taken_from_no_pack(tmp_path: Path, written: str, problem: str) -> None:
    """They would say what is read, and who may reach it, when the chat is started there as the command advises."""
    words = refused(
        hostile(tmp_path / "a.zip", {"corpus/a.md": b"x", "qa.toml": f"threshold = 0.4\n{written}".encode()})
    )
    assert problem in words


def test_a_link_is_unpacked_as_the_text_that_it_is(tmp_path: Path) -> None:
    data = b"/etc/passwd"
    listed = {"corpus/link": {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}}
    link = zipfile.ZipInfo("corpus/link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(LIST, json.dumps({"format": 1, "files": listed}))
        archive.writestr(link, data)
    read_pack(tmp_path / "a.zip", tmp_path / "out")
    assert not os.path.islink(tmp_path / "out" / "corpus" / "link")
    assert (tmp_path / "out" / "corpus" / "link").read_bytes() == data


def test_files_that_cannot_be_beside_each_other_and_other_compression_are_refused(tmp_path: Path) -> None:
    assert "is no whole pack" in refused(hostile(tmp_path / "a.zip", {"corpus/a": b"x", "corpus/a/b": b"y"}))
    hostile(tmp_path / "a.zip", {"corpus/a": b"x"})
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        head = archive.read(LIST)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(LIST, head)
        archive.writestr("corpus/a", b"x", zipfile.ZIP_LZMA)  # whose head may ask for gigabytes of memory
    assert "no pack of this program" in refused(tmp_path / "a.zip")


def test_a_bomb_is_refused_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.cli.packing._ALLOWED", 1_000_000)
    assert "would swell to 0.0 GB" in refused(hostile(tmp_path / "a.zip", {"corpus/a": b"\0" * 20_000_000}))


def test_a_pack_that_the_disk_has_no_room_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = hostile(tmp_path / "a.zip", {"corpus/a": os.urandom(2_000)})
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("usage", (), {"free": 1_000}))
    assert "free space there" in refused(place)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"files": {}}, "contains other files than it lists"),
        ({"files": {"corpus/a": {"size": 5, "sha256": ""}}}, "with another size than it lists"),
        ({"files": {"corpus/a": {"size": 1, "sha256": "0" * 64}}}, "differs from its checksum"),
        ({"files": {"corpus/a": {"size": 1}}}, "with another size than it lists"),
        ({"files": ["corpus/a"]}, "has no list of its files"),
        ({"format": 2, "version": "9.0.0"}, "was written by version 9.0.0: install that version or a newer one"),
    ],
)
def test_a_list_that_does_not_fit_its_files_is_refused(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    assert words in refused(hostile(tmp_path / "a.zip", {"corpus/a": b"x"}, **changes))


def test_names_that_are_one_on_other_systems_are_refused(tmp_path: Path) -> None:
    assert "other files than it lists" in refused(hostile(tmp_path / "a.zip", {"corpus/a": b"x", "corpus/A": b"y"}))


def test_what_is_no_pack_or_was_cut_off_or_altered_is_refused(tmp_path: Path) -> None:
    place = hostile(tmp_path / "a.zip", {"corpus/a": os.urandom(5_000)})
    data = place.read_bytes()
    for bad in (b"", b"text", data[: len(data) // 2], data[:2_500] + bytes([data[2_500] ^ 1]) + data[2_501:]):
        place.write_bytes(bad)
        assert "is no whole pack" in refused(place)
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("a.md", "text")
    assert "is no pack of this program" in refused(place)
