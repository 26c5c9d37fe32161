"""Which words the program shows: the keys that templates and modules look up, and the literals that they contain."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import nodes

from qa.ui.answers.templating import _ENVIRONMENT

PACKAGE = Path(__file__).parent.parent / "qa"
TEMPLATES = sorted((PACKAGE / "ui" / "templates").glob("*.html"))
_LOOK_UP = {"_", "forms", "words", "say", "template"}
_NAME = re.compile(r"\{\w+\}")


def skeleton(text: str) -> str:
    """A sentence whose values have no names, so that a key can be compared with an f-string."""
    return _NAME.sub("{}", text)


def remedy(key: str) -> str:
    """What an error's sentence ends with, which is written by itself (see `failures`)."""
    return key.removeprefix("{problem}: ").removesuffix(".") if key.startswith("{problem}: ") else key


def halves(key: str) -> list[str]:
    """What failed and what to do, of a sentence that `feedback.tables` puts together."""
    return skeleton(key).removesuffix(".").split(" ({}): ")


def keys_of_template(path: Path) -> Iterator[str]:
    for call in _ENVIRONMENT.parse(path.read_text("utf-8")).find_all((nodes.Call, nodes.Filter)):
        if isinstance(call, nodes.Filter) and call.name == "counted":
            (noun,) = call.args
            assert isinstance(noun, nodes.Const)
            yield f"{{n}} {noun.value}s"
        elif isinstance(call, nodes.Call) and isinstance(call.node, nodes.Name) and call.node.name in _LOOK_UP:
            assert isinstance(call.args[0], nodes.Const), f"{path.name}: what is looked up is computed"
            yield call.args[0].value


def keys_of_module(path: Path) -> Iterator[str]:
    """The keys that a module looks up by literals, as it does wherever it can."""
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        for place, argument in enumerate(call.args):
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                if function in _LOOK_UP and place == 0:
                    yield argument.value
                elif function == "counted" and place == 1:
                    yield f"{{n}} {argument.value}s"


def literals_of_module(path: Path) -> Iterator[tuple[ast.AST, str]]:
    """The strings of a module, f-strings as skeletons, without its docstrings and what is logged."""
    tree = ast.parse(path.read_text("utf-8"))
    left_out = {id(node) for each in ast.walk(tree) for node in _not_shown(each)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            left_out |= {id(part) for part in node.values if isinstance(part, ast.Constant)}
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            left_out |= {id(part) for part in ast.walk(node.format_spec)}
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node, skeleton(node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node, "".join(map(str, parts))


def _not_shown(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node):
        yield from ast.walk(node.body[0])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        value = node.func.value
        if isinstance(value, ast.Name) and value.id == "logger":
            yield from ast.walk(node)
