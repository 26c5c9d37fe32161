"""Libraries: names for folders of articles with their index, in a file of the user's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa.cli import main
from qa.config import add_library, library_named, read_libraries, remove_library, resolve
from qa.config.libraries import libraries_file
from qa.errors import ConfigError
from qa.system.folders import config_folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three folders of articles; the user's settings are in `settings`."""
    for name in ("notes", "papers", "old/notes"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "bees.md").write_text("# Bees\n\nBees hum all day long.\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.delenv("QA_LIBRARY", raising=False)
    return tmp_path


def test_the_folder_of_settings_is_where_each_system_has_it(tmp_path: Path) -> None:
    assert config_folder({}, "linux", tmp_path) == tmp_path / ".config" / "qa-articles"
    assert config_folder({"XDG_CONFIG_HOME": "/x"}, "linux", tmp_path) == Path("/x/qa-articles")
    assert config_folder({"XDG_CONFIG_HOME": "x"}, "linux", tmp_path) == tmp_path / ".config" / "qa-articles"
    assert config_folder({}, "darwin", tmp_path) == tmp_path / "Library" / "Application Support" / "qa-articles"


def test_libraries_are_added_listed_used_and_taken_off(home: Path) -> None:
    assert read_libraries() == {}
    add_library("work", "papers:old=old/notes", Path("index of work"))
    add_library("Home", "notes", None)
    assert list(read_libraries()) == ["Home", "work"]
    own = {"XDG_CONFIG_HOME": str(home / "settings")}
    config = resolve(own, {"library": "work"}).config()
    assert config.folders == (("papers", home / "papers"), ("old", home / "old/notes"))
    assert config.index == home / "index of work"
    of_home = resolve({**own, "QA_LIBRARY": "Home", "QA_CORPUS": "elsewhere"}, {}).config()
    assert (of_home.corpus, of_home.folders) == (home / "notes", ())
    assert of_home.index == home / "settings" / "qa-articles" / "indexes" / "Home"
    assert resolve({**own, "QA_LIBRARY": "Home"}, {"corpus": Path("papers")}).config().corpus == Path("papers")
    remove_library("work")
    assert list(read_libraries()) == ["Home"] and (home / "papers").is_dir()


@pytest.mark.parametrize(
    ("name", "corpus", "index", "says"),
    [
        ("a/b", "notes", None, "'a/b' cannot be the name of a library"),
        ("", "notes", None, "'' cannot be the name"),
        ("other", "nowhere", None, r"There is no folder '.*nowhere': make it"),
        ("work", "notes", None, "There is a library 'work' already: remove it first"),
        ("other", "notes", Path("built"), r"The index '.*built' is that of the library 'work': name another"),
    ],
)
def test_what_cannot_be_added(home: Path, name: str, corpus: str, index: Path | None, says: str) -> None:
    add_library("work", "papers", Path("built"))
    with pytest.raises(ConfigError, match=says):
        add_library(name, corpus, index)
    assert list(read_libraries()) == ["work"]


def test_what_is_not_there_is_said_with_what_is(home: Path) -> None:
    with pytest.raises(ConfigError, match="There is no library 'work': add it with `qa libraries add`"):
        library_named("work")
    add_library("home", "notes", None)
    with pytest.raises(ConfigError, match="There is no library 'work': name one of home"):
        remove_library("work")
    with pytest.raises(ConfigError, match="--library names the articles and the index: leave out --corpus"):
        resolve({}, {"library": "home", "index": Path("x")})


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', '{"a": {"corpus": "x"}}'])
def test_a_damaged_list_is_named_and_not_overwritten(home: Path, text: str) -> None:
    libraries_file().parent.mkdir(parents=True)
    libraries_file().write_text(text)
    with pytest.raises(ConfigError, match=r"libraries\.json' cannot be read: correct it, or delete it"):
        add_library("home", "notes", None)
    assert libraries_file().read_text() == text


def test_the_command_line_names_libraries(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["libraries"]) == 0
    assert "There is no library yet: add one with `qa libraries add NAME --corpus DIR`." in capsys.readouterr().out
    assert main(["libraries", "add", "work", "--corpus", "papers", "--corpus", "notes", "--index", "built"]) == 0
    assert main(["libraries", "--json"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert json.loads(out[-1]) == {
        "libraries": [
            {"name": "work", "folders": [str(home / "papers"), str(home / "notes")], "index": str(home / "built")}
        ]
    }
    assert main(["status", "--library", "work"]) == 0
    assert "papers/bees.md" in capsys.readouterr().out
    assert main(["status", "--library", "none"]) == 2
    assert capsys.readouterr().err == "qa: There is no library 'none': name one of work.\n"
    assert main(["libraries", "remove", "work"]) == 0
    assert "its index is still in" in capsys.readouterr().out
