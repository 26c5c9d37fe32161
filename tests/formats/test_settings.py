"""Settings and logs: their own text, in lines that can each be cited, below the names around them."""

from __future__ import annotations

import fuzz
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.formats import parse
from qa.formats.decoding import Empty
from qa.text.document import Document

YAML = """# The hive
name: bees
server:
  host: bees.example.org
  # in seconds
  timeout: 30
  database:
    port: 5432
version: 3
steps:
- name: build
text: |
  Bees sleep.

  They wake.
"""
TOML = 'title = "x"\n\n[tool.ruff]\nselect = [\n  "E",\n]\n\n[[package]]\nname = "bees"\n'
LOG = "10:00 INFO started\n10:01 ERROR failed\n  at x\n  at y\nCaused by: z\n10:02 INFO done\n"


def read(path: str, text: str) -> Document:
    (document,) = parse(path, text.encode()).documents
    assert [*fuzz.problems(document)] == []
    assert document.text == text
    return document


def lines(document: Document) -> list[tuple[str, str]]:
    """Each line that can be cited, with the headings above it."""
    return [
        (" > ".join(document.sections[block.section].path), part.of(document.text))
        for block in document.blocks
        for part in block.parts
    ]


def test_the_lines_of_yaml_are_below_the_name_around_them() -> None:
    assert lines(read("a.yaml", YAML)) == [
        ("", "# The hive"), ("", "name: bees"),
        ("server", "host: bees.example.org"), ("server", "# in seconds"), ("server", "timeout: 30"),
        ("server", "database:"), ("server", "port: 5432"),
        ("", "version: 3"), ("", "steps:"), ("", "- name: build"),
        ("text", "Bees sleep."), ("text", "They wake."),
    ]  # fmt: skip


@pytest.mark.parametrize("ending", ["toml", "ini", "cfg", "conf"])
def test_a_table_is_a_heading(ending: str) -> None:
    assert lines(read(f"a.{ending}", TOML)) == [
        ("", 'title = "x"'), ("tool.ruff", "select = ["), ("tool.ruff", '"E",'), ("tool.ruff", "]"),
        ("package", 'name = "bees"'),
    ]  # fmt: skip


def test_a_line_of_a_log_keeps_the_indented_lines_below_it() -> None:
    assert [line for _, line in lines(read("a.log", LOG))] == [
        "10:00 INFO started", "10:01 ERROR failed\n  at x\n  at y\nCaused by: z", "10:02 INFO done"
    ]  # fmt: skip


def test_a_file_of_headings_only_is_read() -> None:
    assert [line for _, line in lines(read("a.ini", "[one]\n[two]\n"))] == ["[one]", "[two]"]


def test_nothing_is_evaluated() -> None:
    text = "a: &a !!python/object/apply:os.system ['x']\nb: *a\nc: ${HOME}\n!include /etc/passwd\n"
    assert [line for _, line in lines(read("a.yml", text))] == text.splitlines()


def test_a_file_without_text_is_empty() -> None:
    with pytest.raises(Empty, match="contains no text"):
        parse("a.ini", b"\n \n")


@pytest.mark.parametrize("ending", ["yaml", "log"])
@given(text=st.text("ab:=[]{}#-|> \n", max_size=120))
def test_every_line_is_a_heading_or_can_be_cited(ending: str, text: str) -> None:
    try:
        (document,) = parse(f"a.{ending}", text.encode()).documents
    except Empty:
        assert not text.strip()
        return
    assert [*fuzz.problems(document)] == []
    cited = "".join(block.span.of(text) for block in document.blocks)
    headings = "".join(section.span.of(text) for section in document.sections if section.level)
    assert all(line.strip() in cited + headings for line in text.splitlines())
