"""Options count before the environment, that before `qa.toml`, and each value says where it comes from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from qa.cli import main
from qa.config import SETTINGS, Config, Effective, resolve
from qa.config.reference import reference
from qa.errors import ConfigError
from qa.system.folders import data_folder

ALL = """\
corpus = "articles"
index = "built"
encoder = "multilingual-e5-small"
query_prompt = ""
passage_prompt = "passage: "
max_file_mb = 1.5
text_files = ["py", "SQL"]
ocr_languages = ["eng", "deu"]
threshold = 1
risk = 0.05
keep = 5
as_of_days = 90
reader = "off"
reader_ms = 60
gaps = true
history = false
store = "milvus://127.0.0.1/articles"
milvus_user = "ada"
milvus_password = "secret"
milvus_tls = "on"
milvus_replicas = 2
host = "127.0.0.2"
port = 8000
auth_file = "accounts"
public_url = "https://example.org/notes"
watch = false
browser = true
rate_limit = 60
metrics = "open"
log = "json"
log_questions = true

[fields]
title = "headline"
text = "story"
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder is no library, and the user's data folder is empty."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("sys.platform", "linux")
    for setting in SETTINGS.values():
        monkeypatch.delenv(setting.variable, raising=False)
    monkeypatch.delenv("QA_CONFIG", raising=False)


def written(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "qa.toml").write_text(text, "utf-8")
    return folder / "qa.toml"


def sources(settings: Effective, *names: str) -> list[tuple[object, str]]:
    return [(settings[name], settings.values[name].source) for name in names]


def test_every_setting_can_be_in_the_file(tmp_path: Path) -> None:
    file = written(tmp_path / "library", ALL)
    settings = resolve({}, {}, file)
    assert {name for name, value in settings.values.items() if value.source != "file"} == set()
    config = settings.config()
    assert (config.corpus, config.index) == (file.parent / "articles", file.parent / "built")
    assert config.fields == (("text", "story"), ("title", "headline"))
    assert (config.text_files, config.max_file_bytes, config.keep) == ((".py", ".sql"), 1_500_000, 5)
    assert config.as_of_days == 90
    assert (config.query_prompt, config.passage_prompt, config.reader, config.reader_ms) == ("", "passage: ", "off", 60)
    assert (config.threshold, config.risk, config.gaps, config.history) == (1, 0.05, True, False)
    assert (str(config.store), getattr(config.store, "password", ""), getattr(config.store, "replicas", 0)) == (
        "milvus://127.0.0.1:19530/articles", "secret", 2,
    )  # fmt: skip
    assert (settings["auth_file"], settings["port"], settings["watch"]) == (file.parent / "accounts", 8000, False)
    line = ALL.splitlines().index("port = 8000") + 1
    assert settings.values["port"].origin == f"{file}, line {line}"
    assert settings.values["fields"].origin == f"{file}, line {ALL.splitlines().index('[fields]') + 1}"


def test_an_option_counts_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "threshold = 0.6\nport = 1\nkeep = 2\n")
    settings = resolve({"QA_THRESHOLD": "0.7", "QA_PORT": "2"}, {"port": 3, "host": None}, file)
    assert sources(settings, "port", "threshold", "keep", "host") == [
        (3, "option"), (0.7, "environment"), (2, "file"), ("127.0.0.1", "default"),
    ]  # fmt: skip
    assert [settings.values[name].origin for name in ("port", "threshold", "host")] == [
        "--port", "QA_THRESHOLD", "default",
    ]  # fmt: skip


def test_without_anything_the_settings_are_those_of_a_config() -> None:
    Path("corpus").mkdir()
    assert resolve({}, {}).config() == Config() == Config.from_env({})


def test_the_file_is_found_beside_the_articles_and_the_index_is_beside_it(tmp_path: Path) -> None:
    file = written(tmp_path / "library", "keep = 7\n")
    assert resolve({}, {"corpus": tmp_path / "library" / "notes"})["keep"] == 7
    assert resolve({"QA_CORPUS": str(tmp_path / "library" / "notes")}, {}).config().index == tmp_path / "library/index"
    assert resolve({"QA_CONFIG": str(file)}, {}).config().corpus == tmp_path / "library" / "corpus"
    assert resolve({}, {"corpus": tmp_path / "notes"}).config().index == Path("index")
    written(Path(), 'corpus = "notes"\n')
    assert (resolve({}, {}).config().corpus, resolve({}, {}).file) == (Path("notes"), Path("qa.toml"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\ntreshold = 1", r"Line 2 of .*qa\.toml': treshold is not a setting: write threshold, or remove it\."),
        ("QA_GAPS = true", r"Line 1 of .*: QA_GAPS is not a setting: write gaps, or remove it\."),
        ("# x\n[xyzzy]\na = 1", r"Line 2 of .*: xyzzy is not a setting: remove it; `qa config` lists all settings\."),
        ("threshold = 7", r"Line 1 of .*: threshold = 7 is not a number from 0 to 1: change or remove it\."),
        ('threshold = "high"', r"Line 1 of .*: threshold must be a number: write threshold = 1\."),
        ("threshold = true", r"threshold must be a number"),
        ("keep = 1.5", r"keep = 1.5 is not a whole number from 1 to 100: change or remove it\."),
        ("gaps = 1", r"gaps must be true or false: write gaps = true\."),
        ('text_files = "py"', r'text_files must be a list of texts: write text_files = \["…"\]\.'),
        ('text_files = ["*.py"]', r"does not name file extensions: write it as py,js,sql\."),
        ('fields = "x"', r'fields must be a table: write fields = { text = "story" }\.'),
        ('fields = { body = "x" }', r"does not name fields"),
        ('reader = "on"', r'reader = "on" is not valid: set it to off, or remove it for the shipped reader\.'),
        ("milvus_password = 5", r"Line 1 of .*: milvus_password must be a text in quotes"),
        ("a = \n", r"is not valid TOML \(.*line 1.*\): correct it there\."),
    ],
)
def test_what_is_wrong_in_the_file_is_named_with_its_line_and_what_to_do(
    tmp_path: Path, text: str, message: str
) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ConfigError, match=message):
        resolve({}, {}, file)


def test_a_file_that_is_named_must_be_there_and_be_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no file .*: name another with --config or QA_CONFIG\."):
        resolve({}, {}, tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"reader = '\xff'")
    with pytest.raises(ConfigError, match="is not UTF-8 text: save it as UTF-8"):
        resolve({}, {}, tmp_path / "bad.toml")


def test_outside_a_library_the_articles_are_in_the_users_data_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "data" / "qa-articles"
    settings = resolve({"XDG_DATA_HOME": str(tmp_path / "data")}, {})
    assert (settings.home, settings.config().corpus, settings.config().index) == (home, home / "corpus", home / "index")
    assert main(["ask", "Where?"]) == 1
    assert f"There is no folder corpus here: your articles are in {home / 'corpus'}." in capsys.readouterr().err
    written(home, "keep = 9\n")
    assert resolve({"XDG_DATA_HOME": str(tmp_path / "data")}, {})["keep"] == 9
    for named in ({"store": "milvus://127.0.0.1/a"}, {"index": Path("x")}, {"corpus": Path("y")}):
        assert resolve({}, named).home is None
    Path("index").mkdir()
    assert resolve({}, {}).home is None


def test_the_data_folder_is_that_of_each_system(tmp_path: Path) -> None:
    assert data_folder({}, "linux", tmp_path) == tmp_path / ".local/share/qa-articles"
    assert data_folder({"XDG_DATA_HOME": "relative"}, "linux", tmp_path) == tmp_path / ".local/share/qa-articles"
    assert data_folder({"XDG_DATA_HOME": "/x"}, "linux", tmp_path) == Path("/x/qa-articles")
    assert data_folder({}, "darwin", tmp_path) == tmp_path / "Library/Application Support/qa-articles"
    assert data_folder({}, "win32", tmp_path) == tmp_path / "AppData/Local/qa-articles"
    assert data_folder({"LOCALAPPDATA": "/local"}, "win32", tmp_path) == Path("/local/qa-articles")


def test_the_command_shows_each_value_and_where_it_comes_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "library", 'threshold = 0.6\nmilvus_password = "secret"\ntext_files = ["py"]\n')
    monkeypatch.setenv("QA_KEEP", "4")
    assert main(["config", "--config", str(file), "--index", "built"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == str(file)
    shown = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[1:]}
    assert list(shown) == list(SETTINGS)
    assert shown["threshold"] == f"0.6  ({file}, line 1)"
    assert shown["milvus_password"] == f'"(secret)"  ({file}, line 2)'
    assert shown["text_files"] == f'[".py"]  ({file}, line 3)'
    assert (shown["keep"], shown["index"]) == ("4  (QA_KEEP)", '"built"  (--index)')
    assert shown["corpus"] == f'"{tmp_path / "library" / "corpus"}"  (default)'
    assert main(["config", "--config", str(file), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert set(data) == {"file", "home", "settings"} and data["file"] == str(file)
    (threshold,) = [each for each in data["settings"] if each["name"] == "threshold"]
    assert threshold == {
        "name": "threshold", "value": 0.6, "source": "file", "origin": f"{file}, line 1", "variable": "QA_THRESHOLD",
        "option": "--threshold", "help": SETTINGS["threshold"].help,
    }  # fmt: skip


def test_the_languages_for_images_reach_the_processes_that_read_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QA_OCR_LANGUAGES", "")  # restored afterwards
    file = written(tmp_path / "library", 'ocr_languages = ["deu"]\n')
    assert main(["config", "--config", str(file)]) == 0
    done = [sys.executable, "-c", "import os; print(os.environ['QA_OCR_LANGUAGES'])"]
    assert subprocess.run(done, capture_output=True, text=True, check=True).stdout == "deu\n"


def test_the_reference_in_the_documents_is_that_of_the_declarations() -> None:
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == reference()
    assert all(setting.help.endswith(".") and setting.help.count(". ") == 0 for setting in SETTINGS.values())


def test_what_an_option_offers_is_declared() -> None:
    from qa.cli.entry import cli

    offered = {option for command in cli.commands.values() for one in command.params for option in one.opts}
    wanted = {setting.option.partition("/")[0] for setting in SETTINGS.values() if setting.option}
    assert wanted <= offered
