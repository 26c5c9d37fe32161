"""What a person is told who uses a retriever without its framework."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "library", "extra"),
    [
        ("langchain", "langchain_core", "langchain"),
        ("llama_index", "llama_index", "llama-index"),
        ("haystack", "haystack", "haystack"),
    ],
)
def test_a_missing_framework_is_named_with_the_extra_that_brings_it(module: str, library: str, extra: str) -> None:
    program = f"import sys; sys.modules[{library!r}] = None; import qa.adapters.{module}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(f"which is not installed: pip install 'qa-articles[{extra}]'.")
