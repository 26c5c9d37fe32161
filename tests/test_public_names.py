"""What `qa` offers to programs: everything that its public methods take and return, typed, and loaded on demand."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import qa

PACKAGE = Path(qa.__file__).parent
# Used by the rooms above the engine; no other program should use it, since it may change with any version.
OWN_AFFAIRS = {"Engine.corpus", "Engine.generation", "Engine.pages", "Engine.resources"}


def test_the_public_names_are_these() -> None:
    assert qa.__all__ == [
        "Address", "Answer", "AnswerSpan", "AppliedScope", "AsOf", "Block", "Box", "BuildReport", "Citation", "Config",
        "Contents", "Document", "Empty", "Encoder", "EncoderIdentity", "Engine", "Evidence", "FileRecord",
        "FileState", "Hit", "Judgement", "Lead", "Limit", "OpenCompound", "OtherValue", "PagePicture", "Passage",
        "PassageSettings", "PluginAddress", "Progress", "QAError", "Query", "QueryTerm", "Ranking", "Ranks", "Reader",
        "ReaderScores", "Remedy", "Scope", "Searched", "Section", "Span", "State", "Statement", "Status", "TableRow",
        "TextBuilder", "Turn", "Unreadable", "Why", "__version__", "build_index", "decode", "load_encoder",
    ]  # fmt: skip
    assert set(qa.__all__) <= set(dir(qa))


def test_no_public_name_is_hidden_by_a_module_of_that_name() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py")} | {path.name for path in PACKAGE.iterdir() if path.is_dir()}
    assert set(qa.__all__) & modules == set()


@pytest.mark.parametrize("name", qa.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(qa, name) is not None


@pytest.mark.parametrize("name", sorted(set(qa.__all__) - {"__version__"}))
def test_every_public_name_is_documented(name: str) -> None:
    assert (inspect.getdoc(getattr(qa, name)) or "").strip()


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'qa' has no attribute 'nothing'"):
        _ = qa.nothing  # type: ignore[attr-defined]


def test_a_name_is_loaded_when_it_is_asked_for_and_a_room_stays_a_room() -> None:
    program = (
        "import sys, qa; before = set(sys.modules); qa.Span; after = set(sys.modules)\n"
        "from qa import build, build_index\n"
        "print('qa.engine' in after, 'qa.text.document' in after - before, callable(build), callable(build_index))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "True", "False", "True"]


def hints(owner: str, thing: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    for name, hint in get_type_hints(thing).items():
        yield f"{owner}({name})", hint


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """The types of its fields, and of what its public methods and properties take and return."""
    if is_dataclass(cls):
        known = get_type_hints(cls)
        yield from ((f"{cls.__name__}.{field.name}", known[field.name]) for field in fields(cls))
    for name, member in vars(cls).items():
        place = f"{cls.__name__}.{name}"
        if name.startswith("_") or place in OWN_AFFAIRS:
            continue
        if isinstance(member, property):
            assert member.fget is not None
            yield from hints(place, member.fget)
        elif isinstance(member, (classmethod, staticmethod)):
            yield from hints(place, member.__func__)
        elif inspect.isfunction(member):
            yield from hints(place, member)


def own_types(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and hint.__module__.partition(".")[0] == "qa":
        yield hint
    for part in get_args(hint):
        for inner in part if isinstance(part, list) else [part]:  # the parameters of a Callable are a list
            yield from own_types(inner)


@pytest.mark.parametrize("name", sorted(set(qa.__all__) - {"__version__"}))
def test_whatever_a_public_name_takes_and_returns_is_public(name: str) -> None:
    public = [getattr(qa, each) for each in qa.__all__]
    thing = getattr(qa, name)
    seen = list(members(thing) if isinstance(thing, type) else hints(name, thing))
    assert seen or issubclass(thing, (Exception, Enum))
    missing = {f"{place}: {cls.__name__}" for place, hint in seen for cls in own_types(hint) if cls not in public}
    assert missing == set()


def test_what_is_checked_covers_the_calls_of_the_engine() -> None:
    places = {place for place, _ in members(qa.Engine)}
    assert {"Engine.ask(history)", "Engine.ask(return)", "Engine.status(return)", "Engine.open(settings)"} <= places
    assert {qa.Turn} == {
        cls for place, hint in members(qa.Engine) if place == "Engine.ask(history)" for cls in own_types(hint)
    }


def test_the_page_on_formats_names_what_a_parser_imports_and_nothing_that_is_not_public() -> None:
    page = (PACKAGE.parent / "docs" / "adding-a-format.md").read_text("utf-8")
    table = page.partition("| name |")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    imported = {name for line in re.findall(r"^from qa import (.*)", page, re.MULTILINE) for name in line.split(", ")}
    assert imported <= named <= set(qa.__all__)
    assert named == {"Block", "Contents", "Document", "Empty", "Section", "Span", "TextBuilder", "Unreadable", "decode"}
