"""The fuzzing program itself: it tries every format, repeats its inputs, and detects failures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import fuzz
import fuzz_inputs
import pytest
from conftest import ROOT

from qa import formats
from qa.formats import ReadingSettings
from qa.formats.kinds import FORMATS
from qa.formats.plain import parse_plain
from qa.text.document import Document, Section, Span

TEXT = "The bees sleep in winter, and the keeper waits for spring.\n\nThen they fly again, one after the other.\n"
DOCUMENT = parse_plain("x.txt", TEXT)


def test_every_extension_is_tried_or_is_a_synonym_of_one() -> None:
    tried = {form.ending for form in fuzz_inputs.FORMATS.values()}
    untried = [form.name for form in FORMATS if not tried & set(form.extensions)]
    assert untried == []
    assert tried <= {extension for form in FORMATS for extension in form.extensions} | {*fuzz_inputs.TEXT_FILES}


@pytest.mark.parametrize("name", fuzz_inputs.FORMATS)
def test_inputs_of_every_format_do_no_harm(name: str) -> None:
    """Some that were grown, and some that were damaged."""
    ending = fuzz_inputs.FORMATS[name].ending
    numbers = [*range(0, 25, 8), *range(25, 31)]
    inputs = [fuzz_inputs.input_of(name, 7, number) for number in numbers]
    assert len(set(inputs)) > 5
    outcomes = {number: fuzz.examined(f"x{ending}", data) for number, data in zip(numbers, inputs, strict=True)}
    assert {number: wrong for number, (outcome, wrong) in outcomes.items() if outcome == "failed"} == {}


def test_the_same_number_gives_the_same_input() -> None:
    for name in ("markdown", "rst"):
        before = [fuzz_inputs.input_of(name, 3, number) for number in (0, 24, 25, 70)]
        fuzz_inputs._grown.cache_clear()
        assert [fuzz_inputs.input_of(name, 3, number) for number in (0, 24, 25, 70)] == before


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda d: replace(d, sections=(Section((), 0, Span(0, 9_999)),)), "section outside"),
        (lambda d: replace(d, blocks=d.blocks[::-1]), "block that overlaps"),
        (lambda d: replace(d, blocks=(replace(d.blocks[0], span=Span(3, 3)),)), "empty block"),
        (lambda d: replace(d, blocks=(replace(d.blocks[0], parts=(Span(0, 99),)),)), "part outside"),
        (lambda d: replace(d, pages=(Span(5, 9), Span(0, 4))), "page that overlaps"),
        (lambda d: replace(d, title="\ud800"), "half a character"),
        (lambda d: replace(d, sections=()), "block of no section"),
        (lambda d: replace(d, metadata={5: "x"}), "not the same after JSON"),
    ],
)
def test_broken_invariants_are_detected(change: Callable[[Document], Document], wrong: str) -> None:
    assert [*fuzz.problems(DOCUMENT)] == []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            formats, "parse", lambda path, data, settings: SimpleNamespace(documents=(DOCUMENT, change(DOCUMENT)))
        )
        outcome, problem = fuzz.examined("x.txt", b"")
    assert outcome == "failed"
    assert wrong in problem


@pytest.mark.parametrize(("error", "outcome"), [(RecursionError(), "refused"), (KeyError("x"), "failed")])
def test_only_errors_that_are_known_are_refusals(
    error: Exception, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(path: str, data: bytes, settings: ReadingSettings) -> Document:
        raise error

    monkeypatch.setattr(formats, "parse", fails)
    assert fuzz.examined("x.txt", b"")[0] == outcome


@pytest.mark.skipif(sys.platform == "win32", reason="there are no rlimits on Windows")
def test_the_program_prints_a_table_and_keeps_what_fails(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz", "markdown", "--seconds", "0.5", "--processes", "1", "--failures"]
    done = subprocess.run([*command, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    row = done.stdout.splitlines()[2].split("|")
    assert row[1].strip() == "markdown"
    assert int(row[2].replace(",", "")) > 0
    assert [*tmp_path.iterdir()] == []


@pytest.mark.skipif(sys.platform == "win32", reason="there are no rlimits on Windows")
def test_an_input_that_ends_its_process_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import os, pathlib, signal, sys\n"
        "folder, first = pathlib.Path(sys.argv[-1]), int(sys.argv[3])\n"
        "(folder / '0').write_bytes(b'bees')\n"
        "if first < 2:\n    os.kill(os.getpid(), signal.SIGSEGV)\n"
        'print(\'[2, "parsed", 0.1, ""]\')\n'
    )
    monkeypatch.setattr(fuzz, "__file__", str(program))
    tally = fuzz.fuzz("markdown", 0, 20.0, 1, tmp_path / "kept")
    assert (tally.outcomes["failed"], tally.outcomes["parsed"]) == (2, 1)
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["markdown-0-0.md", "markdown-0-1.md"]
    assert (tmp_path / "kept" / "markdown-0-0.md").read_bytes() == b"bees"
