"""The documentation as a site builds strictly and loads nothing from elsewhere; its generated pages are current."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import ROOT
from documented import files_on

from qa.cli.reference import reference
from qa.evaluate.run import evaluate, read_dataset
from qa.models.protocols import Encoder

# What a browser would load at once: scripts, styles, pictures and fonts.
LOADED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"([^\"]+)"
    r"|<link\b[^>]*\brel=\"(?:stylesheet|preload|icon)\"[^>]*\bhref=\"([^\"]+)"
)


def test_the_reference_of_commands_is_current() -> None:
    """If not: `python -m qa.cli.reference > docs/commands.md`."""
    assert (ROOT / "docs" / "commands.md").read_text("utf-8") == reference()


@pytest.mark.site
def test_the_site_is_built_strictly_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    if find_spec("mkdocs") is None:
        pytest.skip("mkdocs-material is not installed (CONTRIBUTING.md)")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    built = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    )
    assert built.returncode == 0, built.stderr
    pages = sorted(tmp_path.rglob("*.html"))
    assert tmp_path / "docs" / "first-five-minutes.html" in pages
    loaded = {name for page in pages for pair in LOADED.findall(page.read_text("utf-8")) for name in pair if name}
    assert loaded
    assert [name for name in loaded if name.startswith(("http:", "https:", "//"))] == []


@pytest.mark.model
def test_the_set_of_questions_on_the_page_about_benchmarks_is_measured(tmp_path: Path, encoder: Encoder) -> None:
    files = files_on(ROOT / "docs" / "own-benchmark.md")
    assert sorted(files) == ["corpus.jsonl", "qrels.tsv", "queries.jsonl"]
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    dataset = read_dataset(tmp_path)
    assert (len(dataset.passages), len(dataset.queries), len(dataset.qrels)) == (2, 3, 2)
    measured = evaluate(tmp_path, encoder)
    assert measured["recall@1"] == 1.0
