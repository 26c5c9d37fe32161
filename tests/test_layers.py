"""Who may import whom (docs and code agree on one table), and what may be imported nowhere."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import qa

PACKAGE = Path(qa.__file__).parent
BASE = {"errors", "types"}
LOW = BASE | {
    "sentences", "languages", "terms", "config", "formats", "passages", "onnx_encoder", "onnx_layers", "torch_encoder",
    "faiss_index", "lexical", "bm25", "reader", "answer", "conversation", "metrics", "render", "journal", "estimate",
    "interrupts", "document_json", "query", "parts", "spelling", "acronyms", "machine", "manifest", "rows",
    "background", "offline", "embedded", "frames", "packed", "pieces",
}  # fmt: skip
MILVUS = {"milvus_client", "milvus_facts", "milvus_lease", "milvus_rows", "milvus_index"}
MIDDLE = MILVUS | {
    "encoders", "export", "documents", "changes", "workers", "embedding", "generation", "store", "stores", "search",
    "milvus_store", "prepared", "reading", "sandbox",
}  # fmt: skip
BELOW_3 = LOW | MIDDLE

# A module (or a package of modules) → the ones that it may import.
MAY_IMPORT: dict[str, set[str]] = {
    # layer 0
    "errors": set(),
    "types": set(),
    "sentences": {"types"},
    "languages": set(),
    "machine": set(),
    "offline": set(),
    "terms": {"types"},
    "embedded": {"types"},
    "frames": set(),
    # layer 1
    "config": BASE | {"machine"},
    "formats": BASE | {"embedded"},
    "packed": BASE,
    "pieces": BASE | {"sentences"},
    "passages": BASE | {"embedded", "pieces", "sentences"},
    "onnx_encoder": BASE | {"machine"},
    "onnx_layers": set(),
    "torch_encoder": BASE | {"offline"},
    "faiss_index": BASE | {"machine"},
    "lexical": BASE | {"terms"},
    "bm25": BASE | {"terms"},
    "reader": BASE | {"machine", "onnx_encoder"},  # how a model is opened
    "answer": BASE,
    "conversation": BASE | {"query"},
    "metrics": BASE,
    "render": BASE,
    "journal": BASE,
    "estimate": BASE,
    "manifest": BASE | {"machine"},
    "document_json": BASE | {"packed"},
    "rows": BASE,
    "interrupts": set(),
    "query": BASE,
    "background": set(),
    "parts": set(),
    "spelling": set(),
    "acronyms": set(),
    # layer 2
    "export": BASE | {"onnx_encoder", "onnx_layers", "torch_encoder"},
    "encoders": BASE | {"languages", "onnx_encoder", "torch_encoder"},  # it runs the export in a process of its own
    "reading": BASE | {"formats", "languages", "packed", "passages"},
    "documents": BASE | {"formats", "reading"},
    "changes": BASE | {"documents"},
    "sandbox": BASE | {"formats", "frames", "document_json", "passages", "reading"},
    "workers": BASE
    | {"formats", "frames", "document_json", "languages", "machine", "packed", "passages", "reading", "sandbox"},
    "embedding": BASE | {"journal"},
    "prepared": BASE | {"documents", "document_json", "passages", "reading"},
    "generation": BASE | {"faiss_index", "lexical", "manifest", "rows", "spelling", "terms"},
    "store": BASE | {"acronyms", "background", "generation", "faiss_index", "lexical", "manifest", "rows", "terms"},
    "milvus_client": BASE | {"config"},
    "milvus_facts": BASE | {"manifest", "milvus_client"},
    "milvus_lease": BASE | {"milvus_client", "milvus_facts"},
    "milvus_rows": BASE | {"milvus_client", "milvus_facts", "rows", "terms"},
    "milvus_index": BASE
    | {"bm25", "document_json", "manifest", "rows", "spelling", "terms"}
    | (MILVUS - {"milvus_index", "milvus_lease"}),
    "milvus_store": BASE
    | {"acronyms", "background", "config", "document_json", "manifest", "rows", "store", "terms"}
    | MILVUS,
    "stores": BASE | {"config", "manifest", "store", "milvus_store"},
    "search": BASE | {"terms", "conversation"},
    # layer 3
    "build": BELOW_3,
    "engine": BELOW_3,
    "ray_build": BELOW_3 | {"__version__"},  # which all machines must have alike
    "watch": {"config", "documents", "errors"},
    "evaluate": BELOW_3 | {"engine"},  # it measures the program as it answers
    # layer 4
    "ui": BELOW_3 | {"build", "engine", "evaluate", "watch"},
    "cli": BELOW_3 | {"build", "engine", "evaluate", "ray_build", "watch", "ui"},
    # the package itself
    "__init__": {"config", "errors", "types", "offline", "engine"},  # the engine only when it is asked for
    "__main__": {"cli"},
}

# What is heavy or foreign has one home.
HOMES = {
    "faiss": {"faiss_index"},
    "tantivy": {"lexical", "terms"},
    "sentence_transformers": {"torch_encoder"},
    "transformers": {"torch_encoder", "onnx_layers"},
    "safetensors": {"torch_encoder"},
    "huggingface_hub": {"torch_encoder"},
    "torch": {"export", "onnx_layers"},
    "onnxruntime": {"onnx_encoder"},
    "tokenizers": {"onnx_encoder"},
    "sentencex": {"sentences"},
    "py3langid": {"languages"},
    "markdown_it": {"formats"},
    "trafilatura": {"formats"},
    "lxml": {"formats"},
    "pypdfium2": {"formats"},
    "PIL": {"formats"},
    "pypandoc": {"formats"},
    "yaml": {"formats", "encoders"},
    "sqlite3": {"generation", "store", "ui"},
    "pymilvus": {"milvus_client"},
    "grpc": {"milvus_client"},
    "watchfiles": {"watch"},
    "ray": {"ray_build"},
    "pyarrow": {"ray_build"},
    "gradio": {"ui"},
    "fastapi": {"ui"},
    "starlette": {"ui"},
    "uvicorn": {"ui"},
    "orjson": {"ui"},
}
UNPICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}

FILES = sorted(PACKAGE.rglob("*.py"))


def unit(path: Path) -> str:
    """The module, or the package in `qa`, that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node, but for what stands under `if TYPE_CHECKING:`."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for other in child.orelse:
                yield other
                yield from nodes(other)
        else:
            yield child
            yield from nodes(child)


def code(path: Path) -> list[ast.AST]:
    return list(nodes(ast.parse(path.read_text("utf-8"))))


def imported(path: Path) -> Iterator[str]:
    """The dotted name of everything that a file imports, `qa.` before the project's own."""
    package = ["qa", *path.relative_to(PACKAGE).parts[:-1]]
    for node in code(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def own(path: Path) -> set[str]:
    """The units of the project that a file imports."""
    parts = [name.split(".") for name in imported(path)]
    return {names[1] for names in parts if names[0] == "qa" and len(names) > 1} - {unit(path)}


def test_every_module_stands_in_the_table() -> None:
    assert {unit(path) for path in FILES} - set(MAY_IMPORT) == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_what_stands_below_it(path: Path) -> None:
    assert own(path) - MAY_IMPORT[unit(path)] == set()


def test_the_table_itself_has_no_circle() -> None:
    left = dict(MAY_IMPORT)
    while left:
        free = [name for name, below in left.items() if not below & set(left)]
        assert free, f"a circle among {sorted(left)}"
        for name in free:
            del left[name]


@pytest.mark.parametrize("library", HOMES)
def test_a_foreign_library_has_one_home(library: str) -> None:
    users = {unit(path) for path in FILES for name in imported(path) if name.split(".")[0] == library}
    assert users <= HOMES[library]


def test_modules_are_not_imported_by_name_at_run_time_but_by_the_package() -> None:
    for path in FILES:
        if unit(path) != "__init__":
            source = path.read_text("utf-8")
            assert "import_module" not in source, path
            assert "__import__" not in source, path


# --- what may stand nowhere -------------------------------------------------------------------------------------------


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


def test_the_public_names_are_these() -> None:
    assert qa.__all__ == [
        "Answer", "Citation", "Config", "Document", "Encoder", "Engine", "Hit", "Passage", "QAError", "Span",
    ]  # fmt: skip


def test_no_public_name_is_hidden_by_a_module_of_that_name() -> None:
    assert set(qa.__all__) & set(MAY_IMPORT) == set()


@pytest.mark.parametrize("name", qa.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(qa, name) is not None


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'qa' has no attribute 'nothing'"):
        _ = qa.nothing


@pytest.mark.parametrize("module", ["qa", "qa.cli", "qa.types", "qa.documents", "qa.passages", "qa.encoders"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    heavy = {
        "torch",
        "gradio",
        "faiss",
        "transformers",
        "tantivy",
        "sentence_transformers",
        "onnxruntime",
        "tokenizers",
        "pymilvus",
    }
    program = f"import sys, {module}; print(*sorted({heavy!r} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


# --- beside the package -----------------------------------------------------------------------------------------------


def test_the_package_imports_neither_what_trains_nor_what_measures() -> None:
    used = {name.split(".")[0] for path in FILES for name in imported(path)}
    assert used & {"training", "benchmarks", "tests"} == set()


def test_the_runtime_that_reports_on_its_use_is_imported_where_it_is_silenced_and_nowhere_else() -> None:
    root = PACKAGE.parent
    files = {path for folder in ("benchmarks", "qa", "training") for path in (root / folder).rglob("*.py")}
    users = {
        p.relative_to(root)
        for p in files
        if re.search(r"^\s*(?:from|import) onnxruntime\b", p.read_text("utf-8"), re.M)
    }
    assert users == {Path("qa/onnx_encoder.py")}


def test_what_trains_is_imported_by_no_benchmark() -> None:
    for path in (PACKAGE.parent / "benchmarks").glob("*.py"):
        assert not re.search(r"^\s*(?:from|import) training\b", path.read_text("utf-8"), re.MULTILINE), path
