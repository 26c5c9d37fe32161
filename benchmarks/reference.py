"""The reference for every speed: the same weights in sentence-transformers, at full precision."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from qa.models.protocols import EncoderIdentity, Vectors


class ReferenceEncoder:
    """An `Encoder` that runs sentence-transformers; `identity` is that of the encoder with which it is compared."""

    languages = ("en",)

    def __init__(self, model: Path, identity: EncoderIdentity) -> None:
        self._model = SentenceTransformer(str(model), device="cpu", local_files_only=True)
        self.identity = identity

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        rows = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(rows, dtype=np.float32)

    encode_queries = encode_passages

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(self._model.tokenizer.encode(text, add_special_tokens=False)) for text in texts]
