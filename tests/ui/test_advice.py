"""Whatever keeps a file from being read, a person is told what to do about it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import qa
from qa.ui.library.advice import advice, says_itself


def reasons() -> Iterator[str]:
    """Every reason that the formats give, with "5" for what they insert."""
    for path in sorted((Path(qa.__file__).parent / "formats").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or ast.unparse(node.func) not in ("Unreadable", "Empty") or not node.args:
                continue
            text = node.args[0]
            parts = text.values if isinstance(text, ast.JoinedStr) else [text]
            words = [str(part.value) if isinstance(part, ast.Constant) else "5" for part in parts]
            if any(isinstance(part, ast.Constant) and len(str(part.value)) > 3 for part in parts):
                yield "".join(words)


def says_what_to_do(reason: str) -> bool:
    return bool(advice(reason)) or says_itself(reason) or "(5)" in reason  # "(5)" is how to install what reads images


@pytest.mark.parametrize("reason", sorted(set(reasons())))
def test_every_reason_of_the_formats_says_what_to_do_or_gets_advice(reason: str) -> None:
    assert says_what_to_do(reason)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("locked: it needs a password", "Save a copy of it without a password."),
        ("is 30.1 MB, over the limit of 20 MB", "Split it, or start the chat with a higher QA_MAX_FILE_MB."),
        ("has no extension such as .md or .txt", "Give it an ending that says what it is."),
        ("is empty", "Write something into it, or remove it."),
        ("cannot be read: Permission denied", "Give this account permission to read it."),
        ("is a link that leads out of the folder", "Put the file itself into the folder."),
        ("is in an unknown text encoding: save it as UTF-8", ""),
        ("has a name that is not UTF-8: rename it", ""),
        ("is an archive inside an archive: unpack it", ""),
        ("", ""),
    ],
)
def test_advice_fits_the_reason(reason: str, words: str) -> None:
    assert advice(reason) == words
