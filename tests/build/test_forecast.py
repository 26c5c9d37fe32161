"""What a build is said to take is what it takes, as far as a sample can tell; and saying it writes nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from conftest import TinyEncoder
from corpora import article, snapshot, write

from qa import formats
from qa.build import build
from qa.build.forecast import Forecast, forecast
from qa.cli import main
from qa.config import Config
from qa.errors import CorpusError
from qa.sandbox.parsing import parse_file

WORDS = ("amber", "birch", "cedar", "dune", "elm", "fern", "grove", "heath")


def files(number: int, first: int = 0) -> dict[str, str]:
    """Articles of one to eight passages, no two of which are alike."""
    return {
        f"{n:03}.md": article(f"Article {n}", *(f"{word}{n}" for word in WORDS[: 1 + n % len(WORDS)]))
        for n in range(first, first + number)
    }


def estimated(config: Config, encoder: TinyEncoder, full: bool = False) -> Forecast:
    return forecast(config, encoder, partial(parse_file, parse=formats.parse), full=full)


def test_all_files_are_read_if_they_are_few_and_then_the_passages_are_exact(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, {**files(5), "empty.txt": "", "film.mp4": b"\0"})
    said = estimated(config, tiny)
    assert not config.index.exists()
    report = build(config, tiny)
    assert (said.added, said.read, said.sampled) == (6, 5, 5)
    assert (said.passages, said.encoded) == (report.passages, report.passages_encoded)
    assert said.seconds > 0 and said.memory > 100_000_000
    again = estimated(config, tiny)
    assert (again.added, again.unchanged, again.read, again.encoded) == (0, 6, 0, 0)
    assert (again.seconds, again.disk, again.memory) == (0, 0, 0)
    assert again.passages == report.passages


def test_of_many_files_a_sample_is_read_that_is_spread_over_their_sizes(
    config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(config.corpus, files(120))
    monkeypatch.setattr("qa.build.forecast._SECONDS", 0.0)
    monkeypatch.setattr("qa.build.forecast._LEAST_FILES", 15)
    said = estimated(config, tiny)
    report = build(config, tiny)
    assert said.sampled == 15
    assert said.encoded == pytest.approx(report.passages_encoded, rel=0.15)
    assert said.passages == pytest.approx(report.passages, rel=0.15)


def test_what_changed_alone_is_read_and_what_is_known_is_not_encoded(config: Config, tiny: TinyEncoder) -> None:
    write(config.corpus, files(20))
    build(config, tiny)
    before = snapshot(config.index)
    write(config.corpus, files(2, first=20))
    changed = config.corpus / "007.md"
    changed.write_text(changed.read_text("utf-8").replace("amber7 report", "amber report", 1), "utf-8")
    (config.corpus / "001.md").rename(config.corpus / "other.md")
    (config.corpus / "002.md").unlink()
    said = estimated(config, tiny)
    assert snapshot(config.index) == before
    report = build(config, tiny)
    assert (said.added, said.changed, said.renamed, said.removed, said.unchanged) == (2, 1, 1, 1, 17)
    assert (said.read, said.encoded, said.passages) == (3, report.passages_encoded, report.passages)
    everything = estimated(config, tiny, full=True)
    assert (everything.read, everything.encoded) == (21, report.passages)


def test_each_kind_is_sampled(config: Config, tiny: TinyEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.build.forecast._SECONDS", 0.0)
    monkeypatch.setattr("qa.build.forecast._LEAST_FILES", 1)
    rows = "".join(f"Title {n},{article('', f'word{n}')!r}\n" for n in range(50))
    write(config.corpus, {**files(30), "rows.csv": f"title,text\n{rows}", "page.html": "<p>One page.</p>"})
    assert estimated(config, tiny).sampled == 3


def test_a_folder_that_is_not_there_is_reported(config: Config, tiny: TinyEncoder) -> None:
    with pytest.raises(CorpusError, match="There is no folder"):
        estimated(replace(config, corpus=config.corpus / "gone"), tiny)


@pytest.mark.model
def test_the_command_says_it_in_words_and_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("QA_ENCODER", raising=False)
    write(tmp_path / "corpus", files(3))
    assert main(["build", "--dry-run"]) == 0
    words = capsys.readouterr().out
    assert words.startswith("3 added: 3 files to read, about 6 passages to encode.\nAbout ")
    assert main(["estimate", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert set(said) == {
        "added", "changed", "renamed", "removed", "unchanged", "read", "sampled", "passages", "encoded", "seconds",
        "disk", "memory",
    }  # fmt: skip
    assert not (tmp_path / "index").exists()
