"""What the documents say is checked: commands, settings, modules, limits, version."""

from __future__ import annotations

import re
import sys

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT

import qa
from qa.ask.words import confidence_words
from qa.cli.entry import cli
from qa.config import SETTINGS, Config
from qa.formats import extensions

README = (ROOT / "README.md").read_text("utf-8")
DESIGN = (ROOT / "docs" / "design.md").read_text("utf-8")
GUIDE = (ROOT / "corpus" / "guide-to-this-program.md").read_text("utf-8")


def test_there_is_one_command_to_start_and_one_to_test_and_ci_runs_the_latter() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    (start,) = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    (test,) = [line for line in contributing.splitlines() if line.startswith("python3 -m venv")]
    assert start.endswith("app.py")
    assert test.endswith("-m pytest")
    assert re.search(r"command that runs the tests\]\(CONTRIBUTING\.md\)", README)
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    (pattern,) = re.findall(r"sed -n 's/(.*)/\\1/p' CONTRIBUTING\.md", ci)
    assert re.search(pattern.replace("\\(", "(").replace("\\)", ")"), test)


def test_the_hooks_run_what_the_tests_need_and_the_public_workflow_runs_every_check() -> None:
    def read(path: str) -> Any:
        return yaml.load((ROOT / path).read_text("utf-8"), Loader=yaml.BaseLoader)

    hooks = read(".pre-commit-config.yaml")["repos"][0]["hooks"]
    assert [hook["entry"].split(" --")[0] for hook in hooks] == ["ruff check", "ruff format", "lint-imports"]
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["test"]
    assert {"ruff", "import-linter"} <= {re.split("[=>]", each)[0] for each in extra}
    assert read(".github/workflows/ci.yml")["jobs"]["checks"]["steps"][-1] == {"run": "bash .ci/run"}
    for template in (ROOT / ".github" / "ISSUE_TEMPLATE").iterdir():
        front = yaml.load(template.read_text("utf-8").split("---")[1], Loader=yaml.BaseLoader)
        assert front["name"] and front["about"]


@pytest.mark.parametrize("text", [README, DESIGN, GUIDE], ids=["README", "design", "guide"])
def test_the_commands_that_are_documented_are_those_that_exist(text: str) -> None:
    named = set(re.findall(r"`qa ([\w-]+)", text))
    assert named == set(cli.commands)


def test_the_settings_that_are_documented_are_those_that_are_read() -> None:
    read = {setting.variable for setting in SETTINGS.values()} | {"QA_CONFIG", "QA_LIBRARY"}
    assert set(re.findall(r"QA_[A-Z_]+", README + DESIGN + GUIDE)) <= read


def test_the_design_lists_every_room_in_the_order_of_the_contract() -> None:
    table = DESIGN.partition("| room |")[2].partition("\n\n")[0]
    listed = re.findall(r"`(\w+)/?`", "\n".join(re.findall(r"^\|([^|]*)\|", table, re.MULTILINE)))
    entries = [path for path in (ROOT / "qa").iterdir() if not path.name.startswith("_")]
    assert set(listed) == {path.stem for path in entries if path.is_dir() or path.suffix == ".py"}
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    level = {
        room: number
        for number, rooms in enumerate(reversed(contracts[0]["layers"]))
        for room in re.findall(r"\w+", rooms)
    }
    levels = [level[room] for room in listed]
    assert levels == sorted(levels)


def test_the_guide_names_the_formats_the_limit_and_the_words() -> None:
    assert f"up to {Config().max_file_bytes // 1_000_000} MB" in GUIDE
    named = set(re.findall(r"\(`(\.\w+)`", GUIDE)) | set(re.findall(r", `(\.\w+)`", GUIDE))
    assert {".md", ".txt", ".html", ".jsonl", ".csv", ".zip"} <= named <= set(extensions())
    for percent in (90, 70, 50):
        words = confidence_words(percent / 100)
        assert re.search(rf'"{words}" means {percent} % or more', GUIDE)
    assert "Rebuild index" in GUIDE


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert project["version"] == qa.__version__
    assert f"## [{qa.__version__}]" in changelog


def test_links_between_the_documents_lead_somewhere() -> None:
    pages = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    for page in (*pages, *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / Path(target)).exists(), f"{page.name} links to {target}"
