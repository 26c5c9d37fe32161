"""A real shell completes commands, options, choices and files, as the parser knows them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from qa.cli import main
from qa.cli.entry import cli


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `qa`, as an installation has it."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "qa").write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m qa "$@"\n', "utf-8")
    (folder / "qa").chmod(0o755)
    return folder


def completed(program: Path, folder: Path, *words: str) -> set[str]:
    """What bash offers for the last of the words."""
    line = " ".join(f"'{word}'" for word in words)
    script = f"""
eval "$(qa completion bash)"
COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}
compopt() {{ :; }}
_qa_completion qa
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    environment = {**os.environ, "PATH": f"{program}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.split())


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_commands_options_and_choices(program: Path, tmp_path: Path) -> None:
    assert completed(program, tmp_path, "qa", "") == set(cli.commands)
    assert {"--full", "--watch", "--corpus", "--dry-run"} <= completed(program, tmp_path, "qa", "build", "--")
    assert completed(program, tmp_path, "qa", "completion", "") == {"bash", "zsh", "fish"}


@pytest.mark.parametrize(("shell", "begins"), [("zsh", "#compdef qa"), ("fish", "function _qa_completion")])
def test_other_shells_have_their_scripts(shell: str, begins: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(begins)
    assert "_QA_COMPLETE" in printed
    if executable := shutil.which(shell):
        subprocess.run([executable, "-n"], input=printed, text=True, check=True)


def test_another_shell_is_refused_with_the_names_of_those_that_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "tcsh"]) == 2
    assert "'bash', 'zsh', 'fish'" in capsys.readouterr().err
