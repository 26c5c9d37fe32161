"""Compares what `qa estimate` says with the build that follows: `python -m benchmarks.forecasts`.

Collections: real articles beside the project, files of the tests, and made-up Markdown files, which are built, changed
in part and built again. Prints a table for docs/decisions.md. Memory is the peak resident set of the building process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.building import write_corpus
from benchmarks.common import ROOT, SHARED, machine

_REAL, _FILES, _CHANGED = 30, 100, 20
_PROGRAM = """
import resource, sys
from qa.cli import main
code = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def _run(folder: Path, *arguments: str) -> tuple[dict[str, Any], int]:
    """The JSON of a command on the collection in a folder, and its peak memory in bytes."""
    places = ["--corpus", str(folder / "corpus"), "--index", str(folder / "index")]
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments, "--json", *places],
        cwd=ROOT, env={**os.environ, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout), int(done.stderr.split()[-1]) * 1_024


def _collections(folder: Path) -> Iterator[tuple[str, Path]]:
    for name in ("pdf", "cpp-docs"):
        files = sorted(path for path in (SHARED / "articles" / name).rglob("*") if path.is_file())
        (folder / name / "corpus").mkdir(parents=True)
        for path in files[:: max(1, len(files) // _REAL)][:_REAL]:
            shutil.copy(path, folder / name / "corpus")
        yield f"{name}, {_REAL} files at most", folder / name
    for name in ("office", "html", "pdf"):
        shutil.copytree(ROOT / "tests" / "files" / name, folder / "tests" / "corpus" / name)
    yield "files of the tests", folder / "tests"
    write_corpus(folder / "made" / "corpus", _FILES)
    yield f"{_FILES} Markdown files", folder / "made"
    for path in sorted((folder / "made" / "corpus").rglob("*.md"))[:_CHANGED]:
        text = path.read_text("utf-8")
        path.write_text(text.replace(" the ", " this ") + "\nA line at the end.\n", "utf-8")
    yield f"the same, {_CHANGED} of them changed", folder / "made"


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def main() -> None:
    """Estimate, build, and print both."""
    print(f"Measured on {machine()}, load {os.getloadavg()[0]:.1f}.\n")
    print("| collection | passages encoded | seconds | disk, MB | memory, MB |\n|---|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as temporary:
        for name, folder in _collections(Path(temporary)):
            said, _ = _run(folder, "estimate")
            built, memory = _run(folder, "build")
            disk = _size(folder / "index" / "generations" / built["generation"])
            pairs = [
                f"{said['encoded']:,} / {built['passages_encoded']:,}",
                f"{said['seconds']:.0f} / {built['seconds']:.0f}",
                f"{said['disk'] / 1e6:.1f} / {disk / 1e6:.1f}",
                f"{said['memory'] / 1e6:.0f} / {memory / 1e6:.0f}",
            ]
            print(f"| {name} | {' | '.join(pairs)} |", flush=True)


if __name__ == "__main__":
    main()
