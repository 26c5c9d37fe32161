"""Which room may import which (the contracts in pyproject.toml), and what may not be imported or run anywhere."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from conftest import LOADED, ROOT

import qa

PACKAGE = Path(qa.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
CHAT = r"^qa\.ui\..*"  # the rooms of the chat
UNPICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}


def test_the_import_contracts_hold() -> None:
    # In a separate process: it configures logging, and would silence the loggers of all later tests.
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@cache
def code(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text("utf-8"))))


def imported(path: Path) -> Iterator[str]:
    """The dotted name of everything that a file imports, with `qa.` before the project's own modules."""
    package = ["qa", *path.relative_to(PACKAGE).parts[:-1]]
    for node in code(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def test_no_module_has_more_than_350_lines_and_no_function_more_than_60() -> None:
    lengths = {path.relative_to(PACKAGE): len(path.read_text("utf-8").splitlines()) for path in FILES}
    assert {path: length for path, length in lengths.items() if length > 350} == {}
    functions = {
        f"{path.relative_to(PACKAGE)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in FILES
        for node in code(path)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    assert {name: length for name, length in functions.items() if length > 60} == {}


def room_of(module: str) -> str:
    """The folder of a module; the module itself if it is at the top of the package."""
    place = PACKAGE.joinpath(*module.split(".")[1:])
    while not place.is_dir() and not place.with_suffix(".py").exists():
        place = place.parent  # what is imported is no module, but in one
    room = place if place.is_dir() else place.parent
    return ".".join((place if room == PACKAGE else room).relative_to(PACKAGE.parent).parts)


@cache
def arrows() -> set[tuple[str, str]]:
    """The pairs of rooms of which one imports the other."""
    found = {
        (room_of(".".join(["qa", *path.relative_to(PACKAGE).with_suffix("").parts])), room_of(name))
        for path in FILES
        for name in imported(path)
        if name.startswith("qa.")
    }
    return {(one, other) for one, other in found if one != other and "qa" not in (one, other)}


def test_there_are_few_rooms_and_few_arrows_between_them() -> None:
    whole = {(re.sub(CHAT, "qa.ui", one), re.sub(CHAT, "qa.ui", other)) for one, other in arrows()}
    whole = {(one, other) for one, other in whole if one != other}
    # `check` compares drafts with the articles, and `receipts` read the files again: no question needs either, and both
    # stand on nearly all rooms below.
    # So do `watchlist`, which asks pinned questions again, also when the chat has built an index, and `conflicts`,
    # which compares the articles themselves. `earlier` is an engine of another state of the folder.
    assert len({room for arrow in whole for room in arrow}) <= 32
    # Among them sandbox → models, whose tokenizer counts tokens there; engine, corpus and check → system, since
    # questions that go first, what is made once for many threads, and what the machine lacks are matters of the whole
    # process; and system and sandbox → errors: what the machine lacks is worded once, and no file is blamed for it.
    # Eleven are those of `conflicts`, which stands on what asking and checking stand on, and compares the articles of
    # an engine once for each generation, for the command line and the chat alike.
    assert 100 < len(whole) <= 191


def test_the_chat_consists_of_few_rooms_of_few_modules_with_few_arrows_between_them() -> None:
    # They are counted apart: almost each of them needs the engine, the errors and the texts, which says little.
    inside = {(one, other) for one, other in arrows() if one.startswith("qa.ui") and other.startswith("qa.ui")}
    rooms = {room for arrow in inside for room in arrow}
    assert len(rooms) <= 11
    assert 20 < len(inside) <= 31
    sizes = {room: len(list(PACKAGE.parent.joinpath(*room.split(".")).glob("[!_]*.py"))) for room in rooms}
    assert {room: size for room, size in sizes.items() if size > 18} == {}


def test_modules_are_not_imported_by_name_at_run_time_but_by_the_package() -> None:
    for path in FILES:
        if path != PACKAGE / "__init__.py":
            source = path.read_text("utf-8")
            assert "import_module" not in source, path
            assert "__import__" not in source, path


# --- forbidden everywhere ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_nothing_hostile_can_run_and_no_error_is_swallowed_whole(path: Path) -> None:
    assert {name.split(".")[0] for name in imported(path)} & UNPICKLERS == set()
    for node in code(path):
        place = f"{path}:{getattr(node, 'lineno', '?')}"
        assert not (isinstance(node, ast.ExceptHandler) and node.type is None), place
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in {"eval", "exec", "os.system", "os.popen"}, place
            for keyword in node.keywords:
                value = ast.unparse(keyword.value)
                assert not (keyword.arg in {"trust_remote_code", "allow_pickle", "shell"} and value != "False"), place
                assert keyword.arg != "Loader" or value == "yaml.BaseLoader", place


# --- the package ------------------------------------------------------------------------------------------------------


HEAVY = {
    "torch", "gradio", "faiss", "transformers", "tantivy", "sentence_transformers", "onnxruntime", "tokenizers",
    "pymilvus", "jinja2",
}  # fmt: skip


@pytest.mark.parametrize(
    "module",
    ["qa", "qa.cli", "qa.text.document", "qa.corpus.documents", "qa.text.passages", "qa.models.encoders", "qa.index"],
)
def test_importing_loads_nothing_heavy(module: str) -> None:
    program = f"import sys, {module}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


def test_asking_loads_no_parser() -> None:
    parsers = {"qa.formats.registry", "charset_normalizer", "markdown_it", "tqdm"}
    program = f"import sys, qa.cli.ask, qa.engine, qa.ask.pipeline; print(*sorted({parsers!r} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


def test_collecting_the_tests_loads_nothing_that_takes_seconds(request: pytest.FixtureRequest) -> None:
    light = {"tantivy", "tokenizers", "jinja2"}  # a tenth of a second together
    heavy = HEAVY - light | {"gradio_client", "pandas", "ray", "scipy", "sklearn"}
    assert request.config.stash[LOADED] & heavy == set()


# --- outside the package ----------------------------------------------------------------------------------------------


def test_the_package_imports_neither_training_nor_benchmarks() -> None:
    used = {name.split(".")[0] for path in FILES for name in imported(path)}
    assert used & {"training", "benchmarks", "tests"} == set()


def test_onnxruntime_is_imported_only_where_its_reports_are_switched_off() -> None:
    root = PACKAGE.parent
    files = {path for folder in ("benchmarks", "qa", "training") for path in (root / folder).rglob("*.py")}
    users = {
        p.relative_to(root)
        for p in files
        if re.search(r"^\s*(?:from|import) onnxruntime\b", p.read_text("utf-8"), re.M)
    }
    assert users == {Path("qa/models/onnx_encoder.py")}


def test_no_benchmark_imports_training() -> None:
    for path in (PACKAGE.parent / "benchmarks").glob("*.py"):
        assert not re.search(r"^\s*(?:from|import) training\b", path.read_text("utf-8"), re.MULTILINE), path


def test_no_two_test_files_share_a_name() -> None:
    """Pytest imports them by their bare name, and stops at the second of two before it has run anything."""
    names = sorted(path.name for path in Path(__file__).parents[1].rglob("test_*.py"))
    assert len(set(names)) == len(names), sorted({name for name in names if names.count(name) > 1})
