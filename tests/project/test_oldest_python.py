"""No regular expression needs a newer Python than the oldest that is supported: here, nothing else would notice."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ROOT

NEWER = {"POSSESSIVE_REPEAT", "ATOMIC_GROUP"}  # since 3.11
BY_THEMSELVES = {"qa.__main__", "qa.sandbox.program"}  # they run when they are imported


def modules() -> Iterator[str]:
    for path in sorted(ROOT.glob("qa/**/*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if name not in BY_THEMSELVES and not name.startswith("qa.adapters"):
            yield name


def operations(parsed: Any) -> Iterator[str]:
    """The names of all operations of a parsed expression, those inside others included."""
    if isinstance(parsed, (tuple, list)) or hasattr(parsed, "data"):
        for part in parsed:
            yield from operations(part)
    elif hasattr(parsed, "name"):
        yield str(parsed.name)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the oldest Python refuses such an expression itself")
def test_no_regular_expression_is_too_new() -> None:
    from re import _parser  # type: ignore[attr-defined]

    def uses_newer(pattern: str | bytes, flags: int = 0) -> bool:
        return not NEWER.isdisjoint(operations(_parser.parse(pattern, flags)))

    assert uses_newer("a(b*+)") and uses_newer(b"(?>x)") and not uses_newer("a(b*)[+*]+")
    patterns = [
        (name, value)
        for name in modules()
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, re.Pattern)
    ]
    assert len(patterns) > 200
    assert [(name, each.pattern) for name, each in patterns if uses_newer(each.pattern, each.flags & re.VERBOSE)] == []
