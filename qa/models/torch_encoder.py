"""Runs any SentenceTransformer in torch: the model that the ONNX encoder is exported from and compared with.

torch is imported with the first encoder, not with this module.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelError
from ..system import offline
from ..system.precedence import questions
from .base import BaseEncoder
from .packaged import sentence_transformer
from .protocols import EncoderIdentity, Vectors

_BATCH = 32
# What the libraries raise for a folder that is damaged, incomplete or not a model (mostly OSError and ValueError).
_UNUSABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, RuntimeError)


def _stay_offline() -> None:
    """Forbid downloads, even if huggingface_hub was imported earlier or the environment permits them."""
    offline.forbid_downloads()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    from huggingface_hub import constants  # reads the environment once, when it is imported

    constants.HF_HUB_OFFLINE = constants.HF_HUB_DISABLE_TELEMETRY = True


def folder_of(name: str) -> Path:
    """The folder with this name, or that of a model in this machine's cache. Raises OSError if there is neither."""
    if Path(name).is_dir():
        return Path(name)
    _stay_offline()
    from huggingface_hub import snapshot_download

    try:
        snapshot = snapshot_download(name if "/" in name else f"sentence-transformers/{name}", local_files_only=True)
    except _UNUSABLE as error:
        raise OSError(str(error)) from error
    return Path(snapshot)


def unusable(name: str, error: Exception) -> ModelError:
    """The ModelError for a name or folder from which no encoder can be loaded."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return ModelError(
        f"No encoder could be loaded from {name!r} ({reason[:160]}): "
        "set QA_ENCODER to the folder of a SentenceTransformer on this machine, or unset it."
    )


class TorchEncoder(BaseEncoder):
    """The SentenceTransformer in a folder or packed file, on `device`; None is the fastest device that torch finds.

    Safe to use from several threads, one at a time. Raises ModelError if `source` contains no SentenceTransformer.
    """

    def __init__(
        self,
        source: Path,
        name: str,
        weights_sha256: str,
        query_prompt: str | None = None,
        passage_prompt: str | None = None,
        languages: Sequence[str] = (),
        device: str | None = "cpu",
    ) -> None:
        _stay_offline()
        import transformers
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer

        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            with sentence_transformer(source) as folder:
                self.model: Any = SentenceTransformer(
                    str(folder),
                    device=device,
                    local_files_only=True,
                    trust_remote_code=False,
                    model_kwargs={"use_safetensors": True},  # never unpickle
                )
        except (*_UNUSABLE, SafetensorError) as error:
            raise unusable(name, error) from error
        self._lock = threading.Lock()
        self._arguments = (name, weights_sha256, query_prompt, passage_prompt, device)
        prompts = dict(getattr(self.model, "prompts", None) or {})
        if query_prompt is None:
            query_prompt = prompts.get("query") or ""
        if passage_prompt is None:
            passage_prompt = prompts.get("passage") or prompts.get("document") or ""
        max_tokens = int(self.model.max_seq_length or 512)
        if passage_prompt:
            max_tokens -= len(self.model.tokenizer.encode(passage_prompt, add_special_tokens=False))
        identity = EncoderIdentity(
            name=name,
            weights_sha256=weights_sha256,
            dimension=int(self.model.get_embedding_dimension()),
            max_tokens=max_tokens,
            normalised=True,
            query_prompt=query_prompt,
            passage_prompt=passage_prompt,
        )
        super().__init__(identity, languages)

    def was_loaded_with(
        self, name: str, weights_sha256: str, query_prompt: str | None, passage_prompt: str | None, device: str | None
    ) -> bool:
        """Whether the encoder was created with these arguments."""
        return self._arguments == (name, weights_sha256, query_prompt, passage_prompt, device)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        questions.give_way()
        return super().encode_passages(texts)

    def _count_batch(self, texts: list[str]) -> list[int]:
        with self._lock:
            encoded = self.model.tokenizer(texts, add_special_tokens=False, truncation=False, verbose=False)
        return list(map(len, encoded["input_ids"]))

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        if not texts:
            return np.zeros((0, self._identity.dimension), dtype=np.float32)
        with self._lock:
            rows = self.model.encode(
                list(texts),
                prompt=prompt,
                batch_size=_BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return np.ascontiguousarray(rows, dtype=np.float32)
