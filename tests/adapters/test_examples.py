"""The programs in `examples/` run as they stand, on the shipped corpus and encoder."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import ROOT

from qa.build import build
from qa.config import Config
from qa.models.protocols import Encoder

EXAMPLES = ROOT / "examples"
REFUSED = "Your articles do not seem to contain the answer."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """A working folder as a user has it: the shipped articles and their index."""
    folder = tmp_path_factory.mktemp("examples")
    shutil.copytree(ROOT / "corpus", folder / "corpus")
    build(Config(folder / "corpus", folder / "index"), encoder)
    return folder


def printed(folder: Path, *arguments: str) -> str:
    settings = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    settings |= {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    settings["QA_READER_MS"] = "60000"  # a busy machine gives the same answer, only later
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.adapters
@pytest.mark.model
@pytest.mark.parametrize(
    ("name", "library", "said"),
    [
        ("langchain_retriever.py", "langchain_core", ("summit.md ", REFUSED, "[]")),
        ("llama_index_retriever.py", "llama_index", ("summit.md ", "not in the articles")),
        ("haystack_pipeline.py", "haystack", ("Question: Which forums", "BRICS", REFUSED)),
    ],
)
def test_an_example_runs(folder: Path, name: str, library: str, said: tuple[str, ...]) -> None:
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed: see examples/README.md for the extra that brings it")
    shown = printed(folder, str(EXAMPLES / name))
    assert [words for words in said if words not in shown] == []


@pytest.mark.model
def test_the_notebook_shows_an_answer_and_a_refusal(folder: Path) -> None:
    cells = json.loads((EXAMPLES / "notebook.ipynb").read_text("utf-8"))["cells"]
    codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    lines = []
    for code in codes:  # a notebook shows the value of the last expression of a cell
        tree = ast.parse(code)
        last = tree.body[-1]
        if isinstance(last, ast.Expr) and ".ask(" in ast.unparse(last):
            last.value = ast.parse(f"print(({ast.unparse(last.value)})._repr_html_())", mode="eval").body
        lines.append(ast.unparse(tree))
    shown = printed(folder, "-c", "\n".join(lines)).strip().splitlines()
    assert len(shown) == 2
    assert "<mark" in shown[0] and "BRICS" in shown[0]
    assert REFUSED in shown[1]


def test_every_example_is_listed_and_run() -> None:
    listed = (EXAMPLES / "README.md").read_text("utf-8")
    tests = Path(__file__).read_text("utf-8")
    names = [path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".ipynb")]
    assert [name for name in names if f"`{name}`" not in listed or f'"{name}"' not in tests] == []
