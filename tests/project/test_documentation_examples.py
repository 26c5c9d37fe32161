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
from documented import Block, blocks_in, files_on

import qa
from qa.build import build
from qa.config import Config
from qa.models.protocols import Encoder

MOST_PARTS = 2


def package_example() -> Block:
    """The example in the docstring of the package."""
    assert qa.__doc__ is not None
    lines = qa.__doc__.splitlines(keepends=True)
    code = textwrap.dedent("".join(line for line in lines if line[:4] in ("    ", "\n")))
    return Block("qa/__init__.py", "python", "", code)


PYTHON, JSON, CONSOLE = [*blocks_in("python"), package_example()], blocks_in("json"), blocks_in("console")


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
    assert {block.page for block in PYTHON} >= {"README.md", "qa/__init__.py"}
    assert JSON and CONSOLE
    marks = [block.mark for block in PYTHON]
    assert set(marks) <= {"", "part"} and marks.count("part") <= MOST_PARTS


@pytest.mark.model
@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.place)
def test_a_python_example_runs_and_prints_something(block: Block, folder: Path) -> None:
    compile(block.code, block.place, "exec")
    if block.mark != "part":
        assert output_of(folder, "-c", block.code).strip()


@pytest.mark.parametrize("block", JSON, ids=lambda block: block.place)
def test_an_example_of_json_is_json(block: Block) -> None:
    assert json.loads(block.code)


@pytest.mark.model
@pytest.mark.parametrize("block", CONSOLE, ids=lambda block: block.place)
def test_console_examples_show_the_actual_output(block: Block, folder: Path) -> None:
    def masked(text: str) -> str:
        """On one line, as a page is narrower than a console; without percentages, which depend on the processor."""
        return re.sub(r"[\s|]+", " ", re.sub(r"\d+ %", "… %", text)).strip()

    for name, text in files_on(ROOT / block.page).items():
        (folder / name).write_text(text, "utf-8")
    for call in re.split(r"^\$ ", block.code, flags=re.MULTILINE)[1:]:
        command, _, output = call.partition("\n")
        program, *arguments = shlex.split(command)
        assert Path(program).name == "qa"
        shown, cut, _ = output.partition("\n…\n")  # the rest is left out
        printed = masked(output_of(folder, "-m", "qa", *arguments))
        assert printed.startswith(masked(shown)) if cut else printed == masked(output)
        assert masked(shown)
