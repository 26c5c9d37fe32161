"""`qa demo` puts articles into a folder, indexes them, asks a question and starts the chat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qa.cli import main
from qa.config import Config


@pytest.mark.model
def test_one_command_makes_a_library_asks_it_and_starts_the_chat(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[Any, ...]] = []
    monkeypatch.setattr("qa.ui.app.serve", lambda *given: started.append(given))
    assert main(["demo", str(tmp_path / "demo"), "--port", "0"]) == 0
    printed = capsys.readouterr().out
    assert "Indexed 3 articles" in printed and "two thousand eggs a day" in printed and "honey-bees.md" in printed
    config = Config(tmp_path / "demo" / "corpus", tmp_path / "demo" / "index")
    assert started == [(config, "127.0.0.1", 0, None, None, None, False, None)]
    for article in config.corpus.iterdir():
        assert "license: Apache-2.0" in article.read_text("utf-8")

    edited = config.corpus / "compost.md"
    edited.write_text("# Mine\n\nThis text is mine.\n", "utf-8")
    assert main(["demo", str(tmp_path / "demo"), "--no-serve"]) == 0
    assert edited.read_text("utf-8").startswith("# Mine") and len(started) == 1


def test_a_folder_with_other_articles_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "mine.md").write_text("# Mine\n")
    assert main(["demo", str(tmp_path)]) == 2
    assert "There are other files in" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "corpus").iterdir()] == ["mine.md"]
