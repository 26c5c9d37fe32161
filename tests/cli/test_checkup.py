"""`qa doctor` checks each part with a small piece of work, and says what to do about what fails."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.build import build
from qa.cli import check_models as models
from qa.cli import check_place as place
from qa.cli import checkup as checks
from qa.cli import main
from qa.cli.check import Check
from qa.config import SETTINGS, Config, Effective, resolve
from qa.engine import Engine
from qa.errors import ModelError
from qa.formats.decoding import Unreadable
from qa.models.protocols import Encoder

NAMES = ["program", "settings", "articles", "disk", "port", "encoder", "reader", "sandbox", "pandoc", "ocr", "index"]


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with an article."""
    for setting in SETTINGS.values():
        monkeypatch.delenv(setting.variable, raising=False)
    monkeypatch.setenv("QA_PORT", "0")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "bees.md").write_text("# Bees -queen\n\nThe queen lays two thousand eggs a day.\n", "utf-8")
    return tmp_path


def settings(**environ: str) -> Effective:
    return resolve({"QA_PORT": "0", **environ}, {})


def only(checks: Iterator[Check], name: str) -> Check:
    (found,) = [check for check in checks if check.name == name]
    return found


@pytest.mark.model
def test_everything_is_fine_after_a_build_and_nothing_was_written(
    library: Path, encoder: Encoder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert set(data) == {"ok", "checks"} and data["ok"] is False
    assert [check["name"] for check in data["checks"]] == NAMES
    assert data["checks"][-1] == {
        "name": "index", "state": "failed", "words": "No index was built yet: run `qa build`.",
    }  # fmt: skip
    assert {path.name for path in library.iterdir()} == {"corpus"}

    build(Config(reader="off"), encoder)
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1].rstrip(":") for line in lines[:-1]] == [*NAMES, "question"]
    assert not [line for line in lines if line.split()[0] == "FAILED"]
    assert "“Bees queen” is answered from bees.md in" in lines[-2] and lines[-1] == "Everything works."


def test_the_index_is_compared_with_the_folder_and_damage_is_found(library: Path, tiny: Encoder) -> None:
    config = Config(reader="off")
    build(config, tiny)
    with Engine.open(config, tiny) as engine:
        assert [check.state for check in checks.index(engine)] == ["fine", "fine"]
        (library / "corpus" / "more.md").write_text("# More\n\nA text.\n", "utf-8")
        outdated = only(checks.index(engine), "index")
        assert (outdated.state, outdated.words) == (
            "advice", "1 article, 1 passage; the folder has changed since: run `qa build`",
        )  # fmt: skip
    (library / "index" / "generations" / "000001" / "vectors.faiss").write_bytes(b"")
    with Engine.open(config, tiny) as engine:
        assert only(checks.index(engine), "index").state == "failed"


def test_a_folder_without_articles_and_one_that_is_not_there_are_named(library: Path) -> None:
    assert place.articles(Config()).state == "fine"
    (library / "corpus" / "bees.md").unlink()
    assert "0 files to index in corpus: put your articles there" in place.articles(Config()).words
    gone = place.articles(Config(corpus=library / "gone"))
    assert gone.state == "failed" and gone.words.startswith("There is no folder")


def test_a_disk_that_is_full_or_not_to_be_written_is_named(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert place.disk(Config(index=library / "a" / "b")).state == "fine"
    usage = type("usage", (), {"free": 1_000_000})
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda _: usage)
        assert place.disk(Config()).words == (
            "0.0 GB are free for the index, of which a build may need 0.5 GB: free space there"
        )
    monkeypatch.setattr("os.access", lambda *_: False)
    assert "cannot be written: give this account leave" in place.disk(Config()).words


def test_a_port_that_is_taken_is_advice_and_one_that_cannot_be_used_a_failure(library: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = other.getsockname()[1]
        taken = place.port(settings(QA_PORT=str(number)))
        assert (taken.state, taken.words) == (
            "advice", f"port {number} of 127.0.0.1 is taken: unless that is your chat, end that program, or start the "
            "chat with --port 0",
        )  # fmt: skip
    assert place.port(settings(QA_PORT=str(number))).words == f"port {number} of 127.0.0.1 is free"
    assert place.port(settings(QA_HOST="192.0.2.1")).state == "failed"


def test_secrets_that_others_can_read_and_variables_that_are_misspelt_are_named(library: Path) -> None:
    accounts = library / "accounts"
    accounts.write_text("ada:x\n")
    accounts.chmod(0o644)
    with_file = settings(QA_AUTH_FILE=str(accounts), QA_TRESHOLD="0.9", QA_CONFIG="", QA_HOME="x")
    (permission,) = place.permissions(with_file)
    assert (permission.state, permission.words.split(": ")[1]) == ("advice", f"run `chmod 600 {accounts}`")
    accounts.chmod(0o600)
    assert [check.state for check in place.permissions(with_file)] == ["fine"]
    accounts.unlink()
    assert [check.state for check in place.permissions(with_file)] == ["failed"]
    assert [check.words for check in place.settings(with_file)][1:] == [
        "QA_TRESHOLD is not a setting: set QA_THRESHOLD instead, or unset it"
    ]
    (library / "qa.toml").write_text('milvus_password = "secret"\n')
    (library / "qa.toml").chmod(0o644)
    assert "which contains a password" in only(place.permissions(settings()), "permissions").words


def test_models_that_are_missing_or_off_are_named(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert models.reader(Config(reader="off")).state == "advice"

    def missing(*_: object, **__: object) -> None:
        raise ModelError("The model is missing: install the program again.")

    monkeypatch.setattr(models, "shipped_reader", missing)
    monkeypatch.setattr(models, "load_encoder", missing)
    assert models.reader(Config()) == Check("reader", "failed", "The model is missing: install the program again.")
    assert models.encoder(Config())[0].state == "failed"
    waiting, opened = models.encoder(Config(encoder="multilingual-e5-small"))
    assert (waiting.state, opened) == ("advice", None)
    assert waiting.words == "multilingual-e5-small is not prepared for this index yet: run `qa build`"


def test_a_parser_that_fails_or_is_not_installed_is_named(tiny: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise Unreadable("needs pandoc: install the package pypandoc_binary")

    monkeypatch.setattr("qa.sandbox.pool.SandboxProcess.parse_file", failing)
    monkeypatch.setattr("qa.formats.ocr.is_installed", lambda: False)
    found = {check.name: check for check in models.formats(tiny)}
    assert {name: check.state for name, check in found.items()} == {
        "sandbox": "failed", "pandoc": "failed", "ocr": "advice",
    }  # fmt: skip
    assert "pip install 'qa-articles[ocr]'" in found["ocr"].words
