"""Any SentenceTransformer in torch: what the run-time encoder is made from and measured against.

It knows nothing about passages or indexes. torch is loaded with the first encoder, not with this module.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ModelError
from .protocols import EncoderIdentity, Vectors

_BATCH = 32
_COUNTED = 10_000  # texts: what the tokeniser makes of each takes kilobytes
# What a folder that is damaged, incomplete or something else leads to (OSError and ValueError most often).
_UNUSABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, RuntimeError)


def _stay_offline() -> None:
    """Nothing is fetched, whoever imported the hub's library first and whatever the environment says."""
    os.environ["HF_HUB_OFFLINE"] = os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    from huggingface_hub import constants  # reads the environment once, when it is imported

    constants.HF_HUB_OFFLINE = constants.HF_HUB_DISABLE_TELEMETRY = True


def folder_of(name: str) -> Path:
    """The folder itself, or where a model with this name is on this machine. Raises OSError where it is not."""
    if Path(name).is_dir():
        return Path(name)
    _stay_offline()
    from huggingface_hub import snapshot_download

    try:
        found = snapshot_download(name if "/" in name else f"sentence-transformers/{name}", local_files_only=True)
    except _UNUSABLE as error:
        raise OSError(str(error)) from error
    return Path(found)


def unusable(name: str, error: Exception) -> ModelError:
    """The error for a name or folder that holds no encoder."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return ModelError(
        f"No encoder could be loaded from {name!r} ({reason[:160]}): "
        "set QA_ENCODER to the folder of a SentenceTransformer on this machine, or unset it."
    )


class TorchEncoder:
    """The SentenceTransformer in a folder; on the processor, or the fastest device that torch sees (None).

    Raises ModelError where there is none.
    """

    def __init__(
        self,
        folder: Path,
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
        self._languages = tuple(languages)
        prompts = dict(getattr(self.model, "prompts", None) or {})
        self._query_prompt = query_prompt if query_prompt is not None else prompts.get("query") or ""
        if passage_prompt is None:
            passage_prompt = prompts.get("passage") or prompts.get("document") or ""
        self._passage_prompt = passage_prompt
        max_tokens = int(self.model.max_seq_length or 512)
        if passage_prompt:
            max_tokens -= len(self.model.tokenizer.encode(passage_prompt, add_special_tokens=False))
        self._identity = EncoderIdentity(
            name=name,
            weights_sha256=weights_sha256,
            dimension=int(self.model.get_embedding_dimension()),
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
                encoded = self.model.tokenizer(some, add_special_tokens=False, truncation=False, verbose=False)
            counts += map(len, encoded["input_ids"])
        return counts

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
