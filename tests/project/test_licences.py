"""The page of licences is complete, the bill of materials is well formed, and the lock file pins what is declared."""

from __future__ import annotations

import re
import sys
from datetime import datetime, timezone
from typing import Any

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from docs.licences import COPYLEFT, PAGE, Group, bill, groups, licence

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TEXT = PAGE.read_text("utf-8")
LOCK = (ROOT / "requirements-tested.txt").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
TESTED = {"python_version": "3.11", "python_full_version": "3.11.7", "sys_platform": "linux"}  # where both were made


@pytest.fixture(scope="module")
def installed() -> list[Group]:
    """What is installed here of each group; CI does not install every extra in each environment."""
    return [group for group in groups() if not group.missing]


def declared(wanted: list[str]) -> list[Requirement]:
    found = map(Requirement, wanted)
    return [each for each in found if each.marker is None or each.marker.evaluate(TESTED)]


def section(name: str) -> str:
    (text,) = re.findall(rf"\n## [^\n]*{name}[^\n]*\n(.*?)(?=\n## |\Z)", TEXT, re.DOTALL)
    return str(text)


def test_each_declared_package_is_on_the_page_with_its_licence() -> None:
    for requirement in declared(PROJECT["dependencies"]):
        row = rf"^\| \*\*{canonicalize_name(requirement.name)}\*\* \| \S.* \|$"
        assert re.search(row, section("The default install"), re.MULTILINE), requirement
    for extra, wanted in PROJECT["optional-dependencies"].items():
        for requirement in declared(wanted):
            row = rf"^\| \*\*{canonicalize_name(requirement.name)}\*\* \| \S.* \|$"
            place = section(f"`{extra}`") + section("The default install")
            assert re.search(row, place, re.MULTILINE), (extra, requirement)


def test_whatever_is_copyleft_is_named_with_its_use(installed: list[Group]) -> None:
    """Also a package that a new release of another brings: then write the page again."""
    assert {"default", "test"} <= {group.name for group in installed}
    found = {name: each for group in installed for name, each in group.packages.items()}
    assert len(found) > 80
    copyleft = {name for name, each in found.items() if COPYLEFT.search(licence(each))}
    assert {"tld", "orjson", "pypandoc-binary", "certifi", "tqdm"} <= copyleft
    table = section("Copyleft")
    assert {name for name in copyleft if f"| {name} | " not in table} == set()
    assert "GPL-2.0-or-later" in table and "LGPL-2.1-or-later" in table


def test_every_file_of_the_package_that_is_no_code_is_named() -> None:
    named = re.findall(r"`(qa/[^`]+)`", section("Weights, texts and data"))
    assert all((ROOT / path).exists() for path in named)
    code = {".py", ".pyc", ".html", ".css", ".js", ".typed"}
    others = [path.relative_to(ROOT).as_posix() for path in (ROOT / "qa").rglob("*") if path.suffix not in code]
    files = [path for path in others if (ROOT / path).is_file() and not path.endswith(".png")]  # pictures of our own
    assert len(files) > 10
    assert [path for path in files if not path.startswith(tuple(named))] == []


def test_the_bill_of_materials_names_each_package_once_and_what_it_needs(installed: list[Group]) -> None:
    made: Any = bill(installed, datetime(2026, 1, 2, tzinfo=timezone.utc))
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert made["metadata"]["timestamp"] == "2026-01-02T00:00:00+00:00"
    refs = [each["bom-ref"] for each in made["components"]]
    assert len(refs) == len(set(refs)) > 80
    assert all(re.fullmatch(r"pkg:pypi/[a-z0-9-]+@[\w.%+!]+", ref) for ref in refs)
    known = {*refs, made["metadata"]["component"]["bom-ref"]}
    needs = {each["ref"]: each["dependsOn"] for each in made["dependencies"]}
    assert needs.keys() == known
    assert all(needed in known for wanted in needs.values() for needed in wanted)
    (gradio,) = [ref for ref in refs if ref.startswith("pkg:pypi/gradio@")]
    assert any(ref.startswith("pkg:pypi/python-multipart@") for ref in needs[gradio])


def test_the_lock_file_pins_and_hashes_what_is_declared_and_names_no_machine() -> None:
    pins = dict(re.findall(r"^([a-z0-9-]+)(?:\[[^]]*\])?==(\S+)", LOCK, re.MULTILINE))
    assert pins["torch"] == "2.13.0"
    assert [name for name in pins if name.startswith(("cuda-", "nvidia-", "triton"))] == []  # they were not tested
    for requirement in declared([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]):
        assert pins[canonicalize_name(requirement.name)] in requirement.specifier, requirement
    entries = re.split(r"\n(?=[a-z0-9])", LOCK.split("\n\n", 1)[1].strip())
    assert len(entries) == len(pins) > 80
    assert [entry for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)] == []
    assert not re.search(r"https?:|file:|--(extra-)?index|--find-links|--trusted|/(opt|work|tmp|root)/", LOCK)
