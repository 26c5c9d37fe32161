"""The examples in the documents are run as written, on the shipped corpus and encoder.

A Python block that is not a complete program is marked (```python part) and only compiled; few are allowed. Console
output is compared with the actual output, except for percentages and line breaks; a line with only an ellipsis stands
for the rest.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from conftest import ROOT

import qa
from qa.build import build
from qa.config import Config
from qa.models.protocols import Encoder

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += sorted((ROOT / "corpus").glob("*.md"))
BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>\w+)(?P<mark>[^\n]*)\n(?P<code>.*?)^(?P=indent)```$", re.M | re.S)
MOST_PARTS = 2
Block = tuple[str, str, str]  # where it begins, as page and line; how it is marked; its lines


def blocks(language: str) -> list[Block]:
    examples = []
    for page in PAGES:
        text = page.read_text("utf-8")
        for match in BLOCK.finditer(text):
            if match["language"] == language:
                place = f"{page.relative_to(ROOT).as_posix()}:{text.count(chr(10), 0, match.start()) + 1}"
                examples.append((place, match["mark"].strip(), textwrap.dedent(match["code"])))
    return examples


def package_example() -> Block:
    """The example in the docstring of the package."""
    assert qa.__doc__ is not None
    lines = qa.__doc__.splitlines(keepends=True)
    return "qa/__init__.py", "", textwrap.dedent("".join(line for line in lines if line[:4] in ("    ", "\n")))


PYTHON, JSON, CONSOLE = [*blocks("python"), package_example()], blocks("json"), blocks("console")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """A working folder as a user has it: the shipped articles and their index."""
    folder = tmp_path_factory.mktemp("documented")
    shutil.copytree(ROOT / "corpus", folder / "corpus")
    build(Config(folder / "corpus", folder / "index"), encoder)
    return folder


def output_of(folder: Path, *arguments: str) -> str:
    """What Python prints when it is called in that folder."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    settings |= {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    settings["QA_READER_MS"] = "60000"  # a busy machine gives the same answer, only later
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=settings, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_are_examples_and_few_are_incomplete() -> None:
    assert {place.partition(":")[0] for place, _, _ in PYTHON} >= {"README.md", "qa/__init__.py"}
    assert JSON and CONSOLE
    assert {mark for _, mark, _ in PYTHON} <= {"", "part"}
    assert sum(mark == "part" for _, mark, _ in PYTHON) <= MOST_PARTS


@pytest.mark.model
@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block[0])
def test_a_python_example_runs_and_prints_something(block: Block, folder: Path) -> None:
    place, mark, code = block
    compile(code, place, "exec")
    if mark != "part":
        assert output_of(folder, "-c", code).strip()


@pytest.mark.parametrize("block", JSON, ids=lambda block: block[0])
def test_an_example_of_json_is_json(block: Block) -> None:
    assert json.loads(block[2])


@pytest.mark.model
@pytest.mark.parametrize("block", CONSOLE, ids=lambda block: block[0])
def test_console_examples_show_the_actual_output(block: Block, folder: Path) -> None:
    def masked(text: str) -> str:
        """On one line, as a page is narrower than a console; without percentages, which depend on the processor."""
        return re.sub(r"[\s|]+", " ", re.sub(r"\d+ %", "… %", text)).strip()

    for call in re.split(r"^\$ ", block[2], flags=re.MULTILINE)[1:]:
        command, _, output = call.partition("\n")
        program, *arguments = shlex.split(command)
        assert Path(program).name == "qa"
        shown, cut, _ = output.partition("\n…\n")  # the rest is left out
        printed = masked(output_of(folder, "-m", "qa", *arguments))
        assert printed.startswith(masked(shown)) if cut else printed == masked(output)
        assert masked(shown)
