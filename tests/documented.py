"""The blocks of code in the documents, and the pages that have them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from conftest import ROOT

BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>\w*)(?P<mark>[^\n]*)\n(?P<code>.*?)^(?P=indent)```$", re.M | re.S)
NAMED = re.compile(r"^`(\S+)` (?:has|says)\b(?:(?!```).)*^```text\n(.*?)^```", re.M | re.S)
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    *(path for folder in ("docs", "corpus") for path in sorted((ROOT / folder).glob("*.md"))),
    *(ROOT / folder / "README.md" for folder in ("examples", "examples/open-webui", "extension", "index")),
    ROOT / "benchmarks" / "collections" / "README.md",
]


class Block(NamedTuple):
    """A block of a page: where it begins, as page and line, its language, how it is marked, and its lines."""

    place: str
    language: str
    mark: str
    code: str

    @property
    def page(self) -> str:
        return self.place.partition(":")[0]


def blocks_of(pages: Sequence[Path] = PAGES) -> list[Block]:
    """The blocks of pages, in order."""
    found = []
    for page in pages:
        text = page.read_text("utf-8")
        for match in BLOCK.finditer(text):
            place = f"{page.relative_to(ROOT).as_posix()}:{text.count(chr(10), 0, match.start()) + 1}"
            found.append(Block(place, match["language"], match["mark"].strip(), textwrap.dedent(match["code"])))
    return found


def blocks_in(language: str) -> list[Block]:
    """The blocks of all pages in a language."""
    return [block for block in blocks_of() if block.language == language]


def files_on(page: Path) -> dict[str, str]:
    """The files that a page shows, each introduced as "`name` has …" or "`name` says …"."""
    return dict(NAMED.findall(page.read_text("utf-8")))
